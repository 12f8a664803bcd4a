/*
 * config_plugins.c - see config_plugins.h.
 */
#include "support/config_plugins.h"

#include "support/support.h"

unsigned fake_validated;
bool fake_was_offline;
int fake_providers_open;

typedef struct connector_settings {
    sl_str host;
    int32_t port;
    sl_str password;
    int mode;
} connector_settings;

static const sl_config_enum modes[] = {{"fast", 1}, {"safe", 2}, {NULL, 0}};
static const sl_config_row connector_rows[] = {
    {.name = "database.hostname",
     .type = SL_CONFIG_STRING,
     .required = true,
     .field = SL_FIELD(connector_settings, host)},
    {.name = "database.port",
     .type = SL_CONFIG_INT,
     .default_value = "5432",
     .has_min = true,
     .min = 1,
     .field = SL_FIELD(connector_settings, port)},
    {.name = "database.password",
     .type = SL_CONFIG_PASSWORD,
     .field = SL_FIELD(connector_settings, password)},
    {.name = "snapshot.mode",
     .type = SL_CONFIG_STRING,
     .enums = modes,
     .default_value = "fast",
     .aliases = "snapshot.kind",
     .field = SL_FIELD(connector_settings, mode)},
    {.name = "column.mask.*", .type = SL_CONFIG_STRING, .pattern = true},
    {.name = "old.key", .type = SL_CONFIG_STRING, .support = SL_REFUSED, .remedy = "use the new one"},
};

/* connector_validate complains about a password, so that a test sees it taken out of the message. */
static void connector_validate(const sl_context *ctx, sl_config_report *report) {
    const connector_settings *s = ctx->settings;
    fake_validated++;
    fake_was_offline = ctx->offline;
    if (s->port == 666) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("database.port"),
                             "login with '%.*s' at %.*s failed", SL_STR_ARG(s->password),
                             SL_STR_ARG(s->host));
    }
}

static const sl_source_ops source_ops = {.validate = connector_validate};
static const sl_sink_ops sink_ops = {.validate = connector_validate};

typedef struct part_settings {
    sl_str field;
    bool strict;
} part_settings;

static const sl_config_row part_rows[] = {
    {.name = "field", .type = SL_CONFIG_STRING, .required = true, .field = SL_FIELD(part_settings, field)},
    {.name = "strict.mode",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "false",
     .field = SL_FIELD(part_settings, strict)},
};

static void transform_validate(const sl_context *ctx, sl_config_report *report) {
    const part_settings *s = ctx->settings;
    if (sl_str_eqz(s->field, "forbidden")) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("field"), "expected an allowed field");
    }
}

static const sl_transform_ops transform_ops = {.validate = transform_validate};
static const sl_predicate_ops predicate_ops = {.validate = NULL};

static const sl_config_row converter_rows[] = {
    {.name = "schemas.enable", .type = SL_CONFIG_BOOLEAN, .default_value = "true"},
};
static const sl_converter_ops converter_ops = {.validate = NULL};

/* ---- the provider ---- */

typedef struct provider_settings {
    sl_str paths;
} provider_settings;

static const sl_config_row provider_rows[] = {
    {.name = "allowed.paths",
     .type = SL_CONFIG_STRING,
     .default_value = "",
     .field = SL_FIELD(provider_settings, paths)},
    {.name = "level", .type = SL_CONFIG_INT, .default_value = "1"},
};

static sl_error *provider_open(const sl_context *ctx, void **state) {
    const provider_settings *s = ctx->settings;
    if (sl_str_eqz(s->paths, "broken")) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "allowed.paths cannot be used");
    }
    fake_providers_open++;
    *state = NULL;
    return NULL;
}

static sl_error *provider_get(void *state, sl_str path, sl_str key, sl_arena *arena, sl_str *value) {
    static const struct {
        const char *path, *key, *value;
    } secrets[] = {{"", "USER", "scott"},
                   {"", "PORT", "666"},
                   {"", "EMPTY", ""},
                   {"/s/db", "password", "hunter2"},
                   {"/s/db", "n", "7x"},
                   {"/s/db", "class", "fake-json"},
                   {"/s/db", "a:b", "colon"},
                   {"", "TASKS", "2"},
                   {"", "NESTED", "${env:USER}"}};
    (void)state;
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        if (sl_str_eqz(path, secrets[i].path) && sl_str_eqz(key, secrets[i].key)) {
            *value = sl_arena_str(arena, sl_str_of(secrets[i].value));
            return value->p ? NULL : sl_error_nomem();
        }
    }
    return sl_error_new(SL_E_CONFIG, SL_USER, "no '%.*s' in '%.*s'", SL_STR_ARG(key), SL_STR_ARG(path));
}

static void provider_close(void *state) {
    (void)state;
    fake_providers_open--;
}

static const sl_config_provider_ops provider_ops = {provider_open, provider_get, provider_close};

/* ---- the catalog ---- */

#define ROWS(r) .settings = (r), .nsettings = sizeof(r) / sizeof((r)[0])
#define DEF .struct_size = sizeof(sl_plugin_def), .version = "1"

static const char *const source_aliases[] = {"test.connect.FakeSource", NULL};
static const sl_plugin_def defs[] = {
    {DEF, .kind = SL_KIND_SOURCE, .name = "fake-source", .aliases = source_aliases, ROWS(connector_rows),
     .settings_size = sizeof(connector_settings), .source = &source_ops, .offers = SL_OFFERS_EXACTLY_ONCE},
    {DEF, .kind = SL_KIND_SOURCE, .name = "plain-source", ROWS(connector_rows),
     .settings_size = sizeof(connector_settings), .source = &source_ops},
    {DEF, .kind = SL_KIND_SINK, .name = "fake-sink", ROWS(connector_rows),
     .settings_size = sizeof(connector_settings), .sink = &sink_ops},
    {DEF, .kind = SL_KIND_TRANSFORM, .name = "fake-transform", ROWS(part_rows),
     .settings_size = sizeof(part_settings), .transform = &transform_ops},
    {DEF, .kind = SL_KIND_PREDICATE, .name = "fake-predicate", ROWS(part_rows),
     .settings_size = sizeof(part_settings), .predicate = &predicate_ops},
    {DEF, .kind = SL_KIND_CONVERTER, .name = "fake-json", ROWS(converter_rows), .converter = &converter_ops},
    {DEF, .kind = SL_KIND_HEADER_CONVERTER, .name = "fake-json", ROWS(converter_rows),
     .converter = &converter_ops},
    {DEF, .kind = SL_KIND_CONFIG_PROVIDER, .name = "fake-provider", ROWS(provider_rows),
     .settings_size = sizeof(provider_settings), .config_provider = &provider_ops},
};

static sl_error *find_def(void *arg, sl_plugin_kind kind, sl_str name, const sl_plugin_def **def) {
    (void)arg;
    if (sl_str_eqz(name, "ambiguous")) {
        return sl_error_new(SL_E_CONFLICT, SL_USER, "'ambiguous' could be two things");
    }
    if (kind == SL_KIND_HEADER_CONVERTER &&
        sl_str_eqz(name, "org.apache.kafka.connect.storage.SimpleHeaderConverter")) {
        name = SL_STR("fake-json");
    }
    for (size_t i = 0; i < sizeof defs / sizeof defs[0]; i++) {
        const char *alias = defs[i].aliases ? defs[i].aliases[0] : NULL;
        if (defs[i].kind == kind && (sl_str_eqz(name, defs[i].name) || (alias && sl_str_eqz(name, alias)))) {
            *def = &defs[i];
            return NULL;
        }
    }
    return sl_error_new(SL_E_NOT_FOUND, SL_USER, "not there");
}

static const sl_plugin_def *nth_def(void *arg, size_t i) {
    (void)arg;
    return i < sizeof defs / sizeof defs[0] ? &defs[i] : NULL;
}

const sl__catalog fake_catalog = {.find = find_def, .at = nth_def};
