/*
 * samples.c - a configuration that makes sense for each shipped definition.
 */
#include "contract.h"

#include <stdio.h>

static const sample samples[] = {
    {"file-source", "file=@DIR@/in.txt\ntopic=lines", false},
    {"file-sink", "file=@DIR@/out.txt", false},
    {"postgres-cdc",
     "database.hostname=127.0.0.1\ndatabase.port=1\ndatabase.user=nobody\ndatabase.password=x\ndatabase."
     "dbname=none\n"
     "topic.prefix=shop\nslot.name=contract",
     true},
    {"jdbc-sink", "connection.url=jdbc:sqlite:@DIR@/target.db\nauto.create=true\nauto.evolve=true", false},
    {"JdbcSinkConnector", "connection.url=jdbc:sqlite:@DIR@/target2.db\nschema.evolution=basic", false},
    {"template-counter", "topic=numbers\ninterval.ms=0", false},
    {"RegexRouter", "regex=(.*)\nreplacement=new-$1", false},
    {"InsertField", "static.field=added\nstatic.value=v\ntopic.field=t\ntimestamp.field=ts", false},
    {"ReplaceField", "exclude=name\nrenames=id:key", false},
    {"ExtractField", "field=id", false},
    {"ValueToKey", "fields=id", false},
    {"Cast", "spec=id:string,amount:float64", false},
    {"MaskField", "fields=name", false},
    {"ExtractNewRecordState",
     "delete.tombstone.handling.mode=rewrite\nadd.fields=op,table,source.ts_ms\nadd.headers=db", false},
    {"HoistField", "field=wrapped", false},
    {"HeaderFrom", "fields=name\nheaders=n\noperation=copy", false},
    {"DropHeaders", "headers=a,b", false},
    {"InsertHeader", "header=h\nvalue.literal=v", false},
    {"SetSchemaMetadata", "schema.name=renamed\nschema.version=2", false},
    {"TimestampConverter", "field=ts\ntarget.type=string\nformat=yyyy-MM-dd", false},
    {"TimestampRouter", "topic.format=${topic}-${timestamp}\ntimestamp.format=yyyyMMdd", false},
    {"TopicNameMatches", "pattern=ord.*", false},
    {"HasHeaderKey", "name=a", false},
    {"FileConfigProvider", "allowed.paths=@DIR@", false},
    {"DirectoryConfigProvider", "allowed.paths=@DIR@", false},
};

static bool named(const sl_plugin_def *def, const char *name) {
    if (strcmp(def->name, name) == 0) {
        return true;
    }
    for (size_t i = 0; def->aliases && def->aliases[i]; i++) {
        const char *dot = strrchr(def->aliases[i], '.');
        const char *simple = dot ? dot + 1 : def->aliases[i];
        size_t n = strlen(name);
        if (strncmp(simple, name, n) == 0 && (simple[n] == '\0' || simple[n] == '$')) {
            return true;
        }
    }
    return false;
}

const sample *sample_of(const sl_plugin_def *def) {
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        if (named(def, samples[i].name)) {
            return &samples[i];
        }
    }
    return NULL;
}

/* made_up gives a value that a row should accept. */
static sl_str made_up(const sl_config_row *row, sl_arena *arena) {
    if (row->enums) {
        return sl_str_of(row->enums[0].name);
    }
    if (row->recommended) {
        sl_str rest = sl_str_of(row->recommended), first;
        (void)sl_str_next(&rest, ',', &first);
        return first;
    }
    switch (row->type) {
    case SL_CONFIG_BOOLEAN:
        return SL_STR("true");
    case SL_CONFIG_INT:
    case SL_CONFIG_LONG:
    case SL_CONFIG_DOUBLE:
        return sl_arena_printf(arena, "%lld", row->has_min ? (long long)row->min : 1LL);
    case SL_CONFIG_STRING:
    case SL_CONFIG_LIST:
    case SL_CONFIG_PASSWORD:
    case SL_CONFIG_CLASS:
        break;
    }
    return SL_STR("x");
}

/* in_dir replaces @DIR@. */
static sl_str in_dir(const subject *s, sl_str value, sl_arena *arena) {
    size_t at = sl_str_find_str(value, SL_STR("@DIR@"));
    if (at == value.n) {
        return sl_arena_str(arena, value);
    }
    return sl_arena_printf(arena, "%.*s%s%.*s", (int)at, value.p, s->dir,
                           SL_STR_ARG(sl_str_skip(value, at + 5)));
}

sl_config with_value(const sl_config *c, const char *key, sl_str value, sl_arena *arena) {
    sl_config_entry *entries = sl_arena_zalloc(arena, (c->n + 1) * sizeof(*entries));
    size_t n = 0;
    assert_non_null(entries);
    for (size_t i = 0; i < c->n; i++) {
        if (!sl_str_eqz(c->entries[i].key, key)) {
            entries[n++] = c->entries[i];
        }
    }
    entries[n++] = (sl_config_entry){.key = sl_arena_str(arena, sl_str_of(key)), .value = value};
    return (sl_config){entries, n};
}

sl_config sample_config(const subject *s, sl_arena *arena) {
    const sample *known = sample_of(s->def);
    sl_config c = {0};
    sl_str rest = sl_str_of(known ? known->config : NULL);
    sl_str line;
    while (sl_str_next(&rest, '\n', &line)) {
        size_t at = sl_str_find(line, '=');
        char key[128];
        snprintf(key, sizeof(key), "%.*s", (int)at, line.p);
        c = with_value(&c, key, in_dir(s, sl_str_skip(line, at + 1), arena), arena);
    }
    for (size_t i = 0; i < s->def->nsettings; i++) {
        const sl_config_row *row = &s->def->settings[i];
        if (row->required && !row->pattern && !sl_config_find(&c, sl_str_of(row->name))) {
            c = with_value(&c, row->name, made_up(row, arena), arena);
        }
    }
    return c;
}
