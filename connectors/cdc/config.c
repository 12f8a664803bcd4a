/*
 * config.c - the words and checks of the settings in config.h.
 */
#include "config.h"

#include <sluice/text.h>

#include "regex.h"

#define STRATEGY(x) "io.debezium.schema." x "TopicNamingStrategy"

const sl_config_enum cdc_naming_enum[] = {{STRATEGY("Schema"), CDC_NAMING_SCHEMA},
                                          {STRATEGY("Default"), CDC_NAMING_TABLE},
                                          {STRATEGY("SchemaUnicode"), CDC_NAMING_SCHEMA_UNICODE},
                                          {STRATEGY("DefaultUnicode"), CDC_NAMING_TABLE_UNICODE},
                                          {STRATEGY("SchemaRegex"), CDC_NAMING_SCHEMA_REGEX},
                                          {STRATEGY("DefaultRegex"), CDC_NAMING_TABLE_REGEX},
                                          {NULL, 0}};
const sl_config_enum cdc_guard_enum[] = {{"warn", CDC_GUARD_WARN}, {"fail", CDC_GUARD_FAIL}, {NULL, 0}};
const sl_config_enum cdc_tx_factory_enum[] = {
    {"io.debezium.pipeline.txmetadata.DefaultTransactionMetadataFactory", 0}, {NULL, 0}};
const sl_config_enum cdc_adjust_enum[] = {{"none", CDC_ADJUST_NONE},
                                          {"avro", CDC_ADJUST_AVRO},
                                          {"avro_unicode", CDC_ADJUST_AVRO_UNICODE},
                                          {NULL, 0}};
const sl_config_enum cdc_decimal_enum[] = {{"precise", CDC_DECIMAL_PRECISE},
                                           {"double", CDC_DECIMAL_DOUBLE},
                                           {"string", CDC_DECIMAL_STRING},
                                           {NULL, 0}};
const sl_config_enum cdc_time_enum[] = {{"adaptive", CDC_TIME_ADAPTIVE},
                                        {"adaptive_time_microseconds", CDC_TIME_ADAPTIVE_MICROS},
                                        {"connect", CDC_TIME_CONNECT},
                                        {"isostring", CDC_TIME_ISOSTRING},
                                        {"microseconds", CDC_TIME_MICROSECONDS},
                                        {"nanoseconds", CDC_TIME_NANOSECONDS},
                                        {NULL, 0}};
const sl_config_enum cdc_binary_enum[] = {{"bytes", CDC_BINARY_BYTES},
                                          {"base64", CDC_BINARY_BASE64},
                                          {"base64-url-safe", CDC_BINARY_BASE64_URL},
                                          {"hex", CDC_BINARY_HEX},
                                          {NULL, 0}};
const sl_config_enum cdc_failure_enum[] = {{"fail", CDC_ON_FAILURE_FAIL},
                                           {"warn", CDC_ON_FAILURE_WARN},
                                           {"skip", CDC_ON_FAILURE_SKIP},
                                           {"ignore", CDC_ON_FAILURE_SKIP},
                                           {NULL, 0}};

const sl_config_enum cdc_order_enum[] = {{"disabled", CDC_ORDER_NAMES},
                                         {"ascending", CDC_ORDER_ASCENDING},
                                         {"descending", CDC_ORDER_DESCENDING},
                                         {NULL, 0}};

const sl_config_enum cdc_watermark_enum[] = {
    {"insert_insert", CDC_INSERT_INSERT}, {"insert_delete", CDC_INSERT_DELETE}, {NULL, 0}};

const char *cdc_check_topic_part(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                    c == '_' || c == '-';
        if (!fine) {
            return sl_arena_printf(
                       arena,
                       "expected letters, digits, '.', '_' and '-' only, for it is part of a topic's name")
                .p;
        }
    }
    return value.n ? NULL : "expected a name";
}

const char *cdc_check_patterns(const sl_config_row *row, sl_str value, sl_arena *arena) {
    cdc_patterns *p = NULL;
    sl_error *err = cdc_patterns_new(row->name, value, &p);
    cdc_patterns_free(p);
    if (!err) {
        return NULL;
    }
    char line[400];
    const char *text = sl_arena_printf(arena, "%s", sl_error_text(err, line, sizeof line)).p;
    sl_error_free(err);
    return text;
}

const char *cdc_check_operations(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    (void)arena;
    sl_str rest = value;
    sl_str part;
    bool none = false;
    size_t n = 0;
    while (cdc_list_next(&rest, ',', &part)) {
        n++;
        if (sl_str_eqz(part, "none")) {
            none = true;
        } else if (part.n != 1 || !memchr("cudt", part.p[0], 4)) {
            return "expected a list of c (create), u (update), d (delete) and t (truncate), or none";
        }
    }
    return none && n > 1 ? "expected none alone, or a list of c, u, d and t" : NULL;
}

const char *cdc_check_placeholder(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    (void)arena;
    if (!sl_str_starts(value, SL_STR("hex:"))) {
        return NULL;
    }
    bool fine = value.n % 2 == 0;
    for (size_t i = 4; i < value.n; i++) {
        fine = fine && sl_hex_digit(value.p[i]) >= 0;
    }
    return fine ? NULL : "expected text, or hex: and two hexadecimal digits for each byte";
}

sl_str cdc_config_placeholder(const cdc_config *c, sl_arena *arena) {
    sl_str text = c->unavailable_placeholder;
    if (!sl_str_starts(text, SL_STR("hex:"))) {
        return text;
    }
    size_t n = (text.n - 4) / 2;
    char *to = sl_arena_bytes(arena, n + 1);
    for (size_t i = 0; to && i < n; i++) {
        to[i] = (char)(sl_hex_digit(text.p[4 + 2 * i]) << 4 | sl_hex_digit(text.p[5 + 2 * i]));
    }
    return to ? (sl_str){to, n} : SL_STR_NONE;
}

const char *cdc_check_struct_maker(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    (void)arena;
    bool own = sl_str_starts(value, SL_STR("io.debezium.connector.")) &&
               sl_str_ends(value, SL_STR("SourceInfoStructMaker"));
    return own ? NULL : "expected the connector's own class, for Java classes cannot be loaded: remove it";
}

const char *cdc_check_key_columns(const sl_config_row *row, sl_str value, sl_arena *arena) {
    sl_str rest = sl_str_trim(value);
    sl_str part;
    while (rest.n && sl_str_next(&rest, ';', &part)) {
        part = sl_str_trim(part);
        size_t colon = sl_str_find(part, ':');
        if (part.n == 0) {
            continue;
        }
        if (colon == 0 || colon + 1 >= part.n ||
            sl_str_find(sl_str_skip(part, colon + 1), ':') < part.n - colon - 1) {
            return "expected schema.table:column,column and more such parts separated by ';'";
        }
        const char *why = cdc_check_patterns(row, (sl_str){part.p, colon}, arena);
        if (why) {
            return why;
        }
    }
    return NULL;
}

bool cdc_listed(sl_str list, const char *word) {
    sl_str part;
    while (list.n && cdc_list_next(&list, ',', &part)) {
        if (sl_str_eqz(part, word)) {
            return true;
        }
    }
    return false;
}

const char *cdc_check_signal_channels(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    (void)arena;
    sl_str part;
    while (value.n && cdc_list_next(&value, ',', &part)) {
        if (sl_str_eqz(part, "jmx") || sl_str_eqz(part, "in-process")) {
            return "expected source, kafka and file: there is no Java in this worker for jmx or in-process; "
                   "use file instead";
        }
        if (!sl_str_eqz(part, "source") && !sl_str_eqz(part, "kafka") && !sl_str_eqz(part, "file")) {
            return "expected a list of source, kafka and file";
        }
    }
    return NULL;
}

const char *cdc_check_notify_channels(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    (void)arena;
    sl_str part;
    while (value.n && cdc_list_next(&value, ',', &part)) {
        if (sl_str_eqz(part, "jmx")) {
            return "expected sink and log: there is no JMX in this worker; use log, and /metrics";
        }
        if (!sl_str_eqz(part, "sink") && !sl_str_eqz(part, "log")) {
            return "expected a list of sink and log";
        }
    }
    return NULL;
}

bool cdc_signal_table(const cdc_config *c, sl_str *schema, sl_str *table) {
    sl_str id = sl_str_trim(c->signal_table);
    size_t dot = sl_str_find(id, '.');
    if (dot >= id.n) {
        return false;
    }
    *schema = (sl_str){id.p, dot};
    *table = sl_str_skip(id, dot + 1);
    size_t more = sl_str_find(*table, '.');
    if (more < table->n) { /* database.schema.table */
        *schema = (sl_str){table->p, more};
        *table = sl_str_skip(*table, more + 1);
    }
    return true;
}

static void check_signals(const cdc_config *c, sl_config_report *report) {
    sl_str schema;
    sl_str table;
    if (c->signal_table.n && !cdc_signal_table(c, &schema, &table)) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("signal.data.collection"),
                             "expected schema.table, got '%.*s'", SL_STR_ARG(c->signal_table));
    }
    if (cdc_listed(c->notify_channels, "sink") && !c->notify_topic.n) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("notification.sink.topic.name"),
                             "expected the topic of notifications, for notification.enabled.channels has "
                             "sink");
    }
}

static void check_pair(sl_config_report *report, const char *include, sl_str a, const char *exclude,
                       sl_str b) {
    if (a.n && b.n) {
        sl_config_report_add(report, SL_SEV_ERROR, sl_str_of(exclude), "expected %s or %s, not both", include,
                             exclude);
    }
}

void cdc_config_check(const cdc_config *c, sl_config_report *report) {
    check_pair(report, "schema.include.list", c->schema_include, "schema.exclude.list", c->schema_exclude);
    check_pair(report, "table.include.list", c->table_include, "table.exclude.list", c->table_exclude);
    check_pair(report, "column.include.list", c->column_include, "column.exclude.list", c->column_exclude);
    check_signals(c, report);
}
