/*
 * settings.c - what the settings mean together: combinations that cannot work, and one form for both vendors.
 *
 * No state; any thread.
 */
#include "settings.h"

static bool confluent(const sl_context *ctx) {
    return ctx->variant == JDBC_CONFLUENT;
}

static sl_str pk_mode_key(const sl_context *ctx) {
    return confluent(ctx) ? SL_STR("pk.mode") : SL_STR("primary.key.mode");
}

static sl_str pk_fields_key(const sl_context *ctx) {
    return confluent(ctx) ? SL_STR("pk.fields") : SL_STR("primary.key.fields");
}

static void check_keys(const sl_context *ctx, const jdbc_raw *raw, sl_config_report *r) {
    if (raw->insert_mode != JDBC_INSERT && raw->pk_mode == JDBC_PK_NONE) {
        sl_config_report_add(r, SL_SEV_ERROR, pk_mode_key(ctx),
                             "insert.mode=upsert and update need a key: expected kafka, record_key%s",
                             confluent(ctx) ? " or record_value" : ", record_value or record_header");
    }
    if (raw->delete_enabled && raw->pk_mode != JDBC_PK_KEY &&
        (confluent(ctx) || raw->pk_mode == JDBC_PK_NONE || raw->pk_mode == JDBC_PK_KAFKA)) {
        sl_config_report_add(
            r, SL_SEV_ERROR, SL_STR("delete.enabled"), "deletes need the row's key: set %.*s=record_key%s",
            SL_STR_ARG(pk_mode_key(ctx)), confluent(ctx) ? "" : ", record_value or record_header");
    }
    if (raw->pk_mode == JDBC_PK_KAFKA && raw->pk_fields.n != 0 && raw->pk_fields.n != 3) {
        sl_config_report_add(
            r, SL_SEV_ERROR, pk_fields_key(ctx),
            "with the kafka key mode expected three column names, for topic, partition and offset");
    }
    if (raw->include.n && raw->exclude.n) {
        sl_config_report_add(r, SL_SEV_ERROR, SL_STR("field.exclude.list"),
                             "cannot be used together with field.include.list");
    }
}

static void check_dialect(const jdbc_raw *raw, const jdbc_url *url, sl_config_report *r) {
    bool sqlite = url->kind == JDBC_URL_SQLITE;
    if (raw->dialect_name.n && sl_str_starts(raw->dialect_name, SL_STR("Sqlite")) != sqlite) {
        sl_config_report_add(r, SL_SEV_ERROR, SL_STR("dialect.name"),
                             "does not fit connection.url, which names %s", sqlite ? "SQLite" : "PostgreSQL");
    }
}

static void check_tables(const jdbc_raw *raw, sl_config_report *r) {
    for (size_t i = 0; i < raw->table_types.n; i++) {
        sl_str t = raw->table_types.items[i];
        if (!sl_str_eq_nocase(t, SL_STR("TABLE")) && !sl_str_eq_nocase(t, SL_STR("VIEW")) &&
            !sl_str_eq_nocase(t, SL_STR("PARTITIONED TABLE"))) {
            sl_config_report_add(r, SL_SEV_ERROR, SL_STR("table.types"),
                                 "'%.*s' is not known: expected TABLE, PARTITIONED TABLE or VIEW",
                                 SL_STR_ARG(t));
        }
    }
    if (raw->exactly_once && raw->exactly_once_table.n == 0) {
        sl_config_report_add(r, SL_SEV_ERROR, SL_STR("exactly.once.table"), "expected the name of a table");
    }
}

/* check_format: every ${...} must be one that can be filled in. */
static void check_format(const sl_context *ctx, const jdbc_raw *raw, sl_config_report *r) {
    sl_str key = confluent(ctx) ? SL_STR("table.name.format") : SL_STR("collection.name.format");
    sl_str rest = raw->table_format;
    if (sl_str_trim(rest).n == 0) {
        sl_config_report_add(r, SL_SEV_ERROR, key, "expected a table name, e.g. ${topic}");
    }
    for (;;) {
        size_t at = sl_str_find_str(rest, SL_STR("${"));
        if (at == rest.n) {
            return;
        }
        rest = sl_str_skip(rest, at + 2);
        size_t end = sl_str_find(rest, '}');
        sl_str name = sl_str_make(rest.p, end);
        if (end == rest.n ||
            !(sl_str_eqz(name, "topic") || (sl_str_starts(name, SL_STR("source.")) && name.n > 7))) {
            sl_config_report_add(
                r, SL_SEV_ERROR, key,
                "'${%.*s}' is not known: expected ${topic} or ${source.NAME}, e.g. ${source.table}",
                SL_STR_ARG(name));
            return;
        }
    }
}

void jdbc_settings_check(const sl_context *ctx, sl_config_report *report) {
    const jdbc_raw *raw = ctx->settings;
    if (!raw || !raw->url.n) {
        return; /* the table has said so */
    }
    jdbc_url url;
    jdbc_zone *zone = NULL;
    sl_error *err = jdbc_url_parse(raw->url, raw->user, raw->password, report->arena, &url);
    if (err) {
        sl_str text = sl_str_of(err->message);
        sl_str prefix = SL_STR("connection.url: ");
        text = sl_str_starts(text, prefix) ? sl_str_skip(text, prefix.n) : text;
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("connection.url"), "%.*s", SL_STR_ARG(text));
        sl_error_free(err);
    } else {
        check_dialect(raw, &url, report);
    }
    err = jdbc_zone_open(raw->time_zone, &zone);
    if (err) {
        sl_config_report_add(report, SL_SEV_ERROR,
                             confluent(ctx) ? SL_STR("db.timezone") : SL_STR("use.time.zone"), "%s",
                             err->message);
        sl_error_free(err);
    }
    jdbc_zone_close(zone);
    check_keys(ctx, raw, report);
    check_tables(raw, report);
    check_format(ctx, raw, report);
}

static sl_error *check_all(const sl_context *ctx) {
    sl_arena arena;
    sl_config_report report;
    sl_arena_init(&arena, 0);
    sl_config_report_init(&report, &arena);
    jdbc_settings_check(ctx, &report);
    sl_error *err = sl_config_report_error(&report);
    sl_arena_deinit(&arena);
    return err;
}

static bool is_utc(const jdbc_zone *z) {
    return jdbc_zone_offset(z, 0) == 0 && jdbc_zone_offset(z, INT64_C(1750000000)) == 0 &&
           jdbc_zone_offset(z, INT64_C(1735000000)) == 0 && jdbc_zone_offset(z, INT64_C(-2500000000)) == 0;
}

static void fill_rules(jdbc_settings *s) {
    const jdbc_raw *raw = s->raw;
    s->rules.zone = s->zone;
    s->rules.date_zone = s->confluent && raw->date_zone == JDBC_DATE_DB_ZONE ? s->zone : NULL;
    s->rules.connect_stamp_in_zone = s->confluent;
    s->rules.null_to_default = s->confluent && raw->null_to_default;
    s->rules.julian = s->confluent && raw->calendar == JDBC_CALENDAR_LEGACY;
    s->rules.nano_fields = raw->stamp_precision == JDBC_STAMP_NANOS;
    s->rules.bc_suffix = s->url.kind == JDBC_URL_POSTGRES;
    s->rules.unavailable = raw->unavailable.n ? raw->unavailable : SL_STR_NONE;
}

sl_error *jdbc_settings_open(const sl_context *ctx, jdbc_settings **out) {
    if (!ctx->settings) {
        return sl_error_new(SL_E_CONFIG, SL_BUG, "the sink was opened without settings");
    }
    SL_TRY(check_all(ctx));
    jdbc_settings *s = sl_calloc(1, sizeof *s);
    if (!s) {
        return sl_error_nomem();
    }
    sl_arena_init(&s->arena, 0);
    const jdbc_raw *raw = s->raw = ctx->settings;
    s->variant = ctx->variant;
    s->confluent = confluent(ctx);
    s->create = s->confluent ? raw->auto_create : raw->evolution == JDBC_EVOLVE_BASIC;
    s->evolve = s->confluent ? raw->auto_evolve : raw->evolution == JDBC_EVOLVE_BASIC;
    s->fold = s->confluent ? raw->quote_method == JDBC_QUOTE_NEVER : !raw->quote_identifiers;
    s->topic_dots = s->confluent || sl_str_ends(raw->naming, SL_STR(".PassthroughCollectionNamingStrategy"));
    sl_error *err = jdbc_url_parse(raw->url, raw->user, raw->password, &s->arena, &s->url);
    if (!err) {
        err = jdbc_zone_open(raw->time_zone, &s->zone);
    }
    if (err) {
        jdbc_settings_close(s);
        return err;
    }
    if (is_utc(s->zone)) {
        jdbc_zone_close(s->zone);
        s->zone = NULL;
    }
    fill_rules(s);
    *out = s;
    return NULL;
}

void jdbc_settings_close(jdbc_settings *s) {
    if (!s) {
        return;
    }
    for (size_t i = 0; i < s->url.nparams; i++) { /* one of them is the password */
        explicit_bzero(s->url.params[i].value, strlen(s->url.params[i].value));
    }
    jdbc_zone_close(s->zone);
    sl_arena_deinit(&s->arena);
    sl_free(s);
}
