/* Names, filters, masks, decimals, calendars, envelopes of connectors/cdc. */
#include "support/arena.h"

#include <stdio.h>

#include <cdc/config.h>
#include <cdc/decimal.h>
#include <cdc/emit.h>
#include <cdc/mapper.h>
#include <cdc/naming.h>
#include <cdc/regex.h>
#include <cdc/temporal.h>

static void names_are_adjusted(void **state) {
    (void)state;
    test_assert_str(cdc_name_topic(&arena, SL_STR("p.s.Mixed Case")), "p.s.Mixed_Case");
    test_assert_str(cdc_name_topic(&arena, SL_STR("p.s.n\xc3\xa4me")), "p.s.n_me");
    test_assert_str(cdc_name_topic(&arena, SL_STR("p.\xf0\x9f\x98\x80")), "p.__");
    test_assert_str(cdc_name_topic(&arena, SL_STR("..")), "__");
    char text[300];
    memset(text, 'a', sizeof text);
    assert_int_equal(cdc_name_topic(&arena, (sl_str){text, sizeof text}).n, 249);
    test_assert_str(cdc_name_schema(&arena, SL_STR("p-1.a b.Value"), CDC_ADJUST_NONE), "p-1.a b.Value");
    test_assert_str(cdc_name_schema(&arena, SL_STR("p-1.a b.Value"), CDC_ADJUST_AVRO), "p_1.a_b.Value");
    test_assert_str(cdc_name_schema(&arena, SL_STR("p-1.a_b"), CDC_ADJUST_AVRO_UNICODE), "p_u002d1.a_u005fb");
    test_assert_str(cdc_name_field(&arena, SL_STR("1c"), CDC_ADJUST_AVRO), "_1c");
    test_assert_str(cdc_name_field(&arena, SL_STR("a.b"), CDC_ADJUST_AVRO), "a_b");
    test_assert_str(cdc_name_field(&arena, SL_STR("\xe4\xb8\xad"), CDC_ADJUST_AVRO_UNICODE), "_u4e2d");
}

static void patterns_match_whole_names(void **state) {
    (void)state;
    cdc_patterns *p = NULL;
    test_assert_ok(cdc_patterns_new("k", SL_STR(" public\\.a , s2\\..* ,x\\,y"), &p));
    assert_int_equal(cdc_patterns_count(p), 3);
    assert_true(cdc_patterns_match(p, SL_STR("PUBLIC.A")));
    assert_true(cdc_patterns_match(p, SL_STR("s2.anything")));
    assert_true(cdc_patterns_match(p, SL_STR("x,y")));
    assert_false(cdc_patterns_match(p, SL_STR("public.ab")));
    assert_false(cdc_patterns_match(p, SL_STR("xpublic.a")));
    cdc_patterns_free(p);
    test_assert_ok(cdc_patterns_new("k", SL_STR("  "), &p));
    assert_null(p);
    assert_false(cdc_patterns_match(NULL, SL_STR("a")));
    test_assert_error(cdc_patterns_new("table.include.list", SL_STR("a,(b"), &p), SL_E_CONFIG, "'(b'");
    test_assert_ok(cdc_patterns_new("k", SL_STR("(a+)+b"), &p)); /* hits the limit instead of stalling */
    assert_false(cdc_patterns_match(p, SL_STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac")));
    cdc_patterns_free(p);
}

static void decimals_become_bytes(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int want;
        int scale;
        const char *hex;
    } cases[] = {{"12.345", 3, 3, "3039"},
                 {"-0.001", 3, 3, "ff"},
                 {"0", 0, 0, "00"},
                 {"127", 0, 0, "7f"},
                 {"128", 0, 0, "0080"},
                 {"-128", 0, 0, "80"},
                 {"-129", 0, 0, "ff7f"},
                 {"1.5", 3, 3, "05dc"},
                 {"1.500", 1, 1, "0f"},
                 {"1.500", -1, 1, "0f"},
                 {"200", -1, 0, "00c8"},
                 {"0.00", -1, 0, "00"},
                 {"999999999999999999", 0, 0, "0de0b6b3a763ffff"},
                 {"9223372036854775808", 0, 0, "008000000000000000"},
                 {"-9223372036854775808", 0, 0, "8000000000000000"},
                 {"18446744073709551616", 0, 0, "010000000000000000"},
                 {"-18446744073709551616", 0, 0, "ff0000000000000000"},
                 {"123456789012345678901234567890.5000", -1, 1, "0f951a9fa3a286c94f0e766c39"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sl_value v;
        int32_t scale = -1;
        assert_true(cdc_decimal_parse(&arena, sl_str_of(cases[i].text), cases[i].want, &scale, &v));
        assert_int_equal(scale, cases[i].scale);
        char hex[80] = "";
        for (uint32_t k = 0; k < v.n; k++) {
            snprintf(hex + k * 2, sizeof hex - k * 2, "%02x", (unsigned char)v.s[k]);
        }
        assert_string_equal(hex, cases[i].hex);
    }
    static const char *const bad[] = {"", "-", ".", "1e5", "1.2.3", "NaN", "1.25x", " 1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sl_value v;
        int32_t scale;
        assert_false(cdc_decimal_parse(&arena, sl_str_of(bad[i]), 2, &scale, &v));
    }
    sl_value v;
    int32_t scale;
    assert_false(cdc_decimal_parse(&arena, SL_STR("1.255"), 2, &scale, &v));
}

static void days_go_both_ways(void **state) {
    (void)state;
    assert_int_equal(cdc_days_of(1970, 1, 1), 0);
    assert_int_equal(cdc_days_of(2000, 2, 29), 11016);
    assert_int_equal(cdc_days_of(-43, 3, 15), -735160);
    assert_int_equal(cdc_days_of(99999, 12, 31), 35804721);
    for (int64_t d = -3000000; d < 3000000; d += 997) {
        int64_t y;
        int m;
        int day;
        cdc_days_split(d, &y, &m, &day);
        assert_int_equal(cdc_days_of(y, m, day), d);
    }
}

static void times_have_their_forms(void **state) {
    (void)state;
    sl_value v = cdc_timestamp_value(CDC_FORM_ISO_TS, &arena, 18263, INT64_C(11045500000));
    test_assert_str(sl_value_str(&v), "2020-01-02T03:04:05.5Z");
    v = cdc_timestamp_value(CDC_FORM_TS_MS, &arena, -1, CDC_MICROS_PER_DAY - 1000);
    assert_int_equal(v.i, -1);
    v = cdc_timestamp_value(CDC_FORM_TS_NS, &arena, 400000, 0);
    assert_true(v.i == INT64_MAX);
    v = cdc_timestamp_value(CDC_FORM_TS_US, &arena, INT32_MIN, 0);
    assert_true(v.i == INT64_MIN);
    v = cdc_timestamp_value(CDC_FORM_TS_US, &arena, 106751991, INT64_C(14454775807)); /* the last one */
    assert_true(v.i == INT64_MAX);
    v = cdc_timestamp_value(CDC_FORM_TS_MS, &arena, 106751991 + 1, 0);
    assert_true(v.i == INT64_C(9223372108800000));
    v = cdc_date_value(CDC_FORM_ISO_DATE, &arena, -735160);
    test_assert_str(sl_value_str(&v), "-0043-03-15Z");
    v = cdc_date_value(CDC_FORM_ISO_DATE, &arena, 35804721);
    test_assert_str(sl_value_str(&v), "+99999-12-31Z");
    v = cdc_time_value(CDC_FORM_ISO_TIME, &arena, CDC_MICROS_PER_DAY);
    test_assert_str(sl_value_str(&v), "00:00:00Z");
    assert_string_equal(cdc_time_of_day_type(CDC_TIME_ADAPTIVE, 3).name, "io.debezium.time.Time");
    assert_string_equal(cdc_time_of_day_type(CDC_TIME_ADAPTIVE, 4).name, "io.debezium.time.MicroTime");
    assert_string_equal(cdc_time_of_day_type(CDC_TIME_ADAPTIVE_MICROS, 0).name, "io.debezium.time.MicroTime");
    assert_string_equal(cdc_timestamp_type(CDC_TIME_ADAPTIVE_MICROS, 3).name, "io.debezium.time.Timestamp");
}

/* ---- a table and its events ---- */

typedef struct fixture {
    sl_config map;
    cdc_config config;
    cdc_rules rules;
    const sl_schema *source;
    cdc_schemas schemas;
    cdc_emitter emitter;
    sl_context ctx;
    cdc_table *table;
} fixture;

static void default_config(cdc_config *c) {
    *c = (cdc_config){.topic_prefix = SL_STR("p"),
                      .topic_delimiter = SL_STR("."),
                      .topic_transaction = SL_STR("transaction"),
                      .topic_heartbeat_prefix = SL_STR("__debezium-heartbeat"),
                      .skipped_operations = SL_STR("t"),
                      .tombstones = true,
                      .extended_headers = true};
}

static void add_column(cdc_table *t, uint32_t i, const char *name, sl_type type, bool optional) {
    t->cols[i].name = sl_str_of(name);
    t->cols[i].base = (sl_schema){.type = type};
    t->cols[i].known = true;
    t->cols[i].optional = optional;
    t->cols[i].is_text = type == SL_STRING;
    t->cols[i].type_name = SL_STR("text");
    t->cols[i].zero = type == SL_STRING ? sl_string(SL_STR("")) : sl_int32(0);
}

static void open_fixture(fixture *f) {
    f->ctx = (sl_context){.host = test_host(), .task = 0, .config = &f->map};
    test_assert_ok(cdc_rules_init(&f->rules, &f->config, &f->map));
    const sl_schema *string;
    test_assert_ok(sl_schema_simple(f->ctx.host, SL_STRING, false, &string));
    sl_field field = {SL_STR("db"), string};
    test_assert_ok(cdc_struct_schema(f->ctx.host, SL_STR("Source"), 1, false, &field, 1, &f->source));
    f->ctx.host->schema_unref(string);
    test_assert_ok(cdc_schemas_init(&f->schemas, f->ctx.host, f->source));
    test_assert_ok(cdc_emitter_init(&f->emitter, &f->ctx, &f->config, &f->schemas, "test"));
    f->table = cdc_table_new(SL_STR("s"), SL_STR("t"), 3);
    add_column(f->table, 0, "id", SL_INT32, false);
    add_column(f->table, 1, "v", SL_STRING, true);
    add_column(f->table, 2, "w", SL_STRING, false);
    sl_str pk = SL_STR("id");
    test_assert_ok(cdc_table_build(f->table, &f->schemas, &f->config, &f->rules, &pk, 1));
}

static void close_fixture(fixture *f) {
    cdc_table_free(f->table, f->ctx.host);
    cdc_emitter_deinit(&f->emitter);
    cdc_schemas_deinit(&f->schemas);
    f->ctx.host->schema_unref(f->source);
    cdc_rules_deinit(&f->rules);
}

static sl_value *row(sl_batch *b, int id, const char *v, const char *w) {
    sl_value *r = sl_arena_alloc(&b->arena, 3 * sizeof *r);
    r[0] = sl_int32(id);
    r[1] = v ? sl_string(sl_str_of(v)) : sl_null();
    r[2] = w ? sl_string(sl_str_of(w)) : sl_null();
    return r;
}

static cdc_event event_of(fixture *f, sl_batch *b) {
    sl_value source = sl_value_alloc(&b->arena, SL_STRUCT, 1);
    source.items[0] = sl_string(SL_STR("db"));
    (void)f;
    return (cdc_event){.source = source, .now_ns = INT64_C(1234567890)};
}

static void init_batch(sl_batch *b) {
    memset(b, 0, sizeof *b);
    b->host = test_host();
    sl_arena_init(&b->arena, 0);
}

static void deinit_batch(sl_batch *b) {
    for (size_t i = 0; i < b->n; i++) {
        if (b->records[i].value_schema) {
            test_assert_ok(sl_value_check(b->records[i].value_schema, &b->records[i].value));
        }
        if (b->records[i].key_schema) {
            test_assert_ok(sl_value_check(b->records[i].key_schema, &b->records[i].key));
        }
    }
    for (size_t i = 0; i < b->nschemas; i++) {
        b->host->schema_unref(b->schemas[i]);
    }
    sl_free(b->schemas);
    sl_free(b->records);
    sl_arena_deinit(&b->arena);
}

static void envelopes_have_their_shape(void **state) {
    (void)state;
    fixture f = {0};
    default_config(&f.config);
    open_fixture(&f);
    test_assert_str(f.table->topic, "p.s.t");
    test_assert_str(f.table->envelope->name, "p.s.t.Envelope");
    assert_int_equal(f.table->envelope->version, 2);
    test_assert_str(f.table->value->name, "p.s.t.Value");
    assert_true(f.table->value->optional);
    test_assert_str(f.table->key->name, "p.s.t.Key");
    static const char *const fields[] = {"before", "after", "source", "transaction",
                                         "op",     "ts_ms", "ts_us",  "ts_ns"};
    assert_int_equal(f.table->envelope->nfields, 8);
    for (uint32_t i = 0; i < 8; i++) {
        test_assert_str(f.table->envelope->fields[i].name, fields[i]);
    }
    sl_batch b;
    init_batch(&b);
    test_assert_ok(cdc_emit_begin(&f.emitter, &b));
    cdc_event ev = event_of(&f, &b);
    test_assert_ok(cdc_emit_row(&f.emitter, f.table, CDC_OP_CREATE, NULL, row(&b, 1, "a", NULL), &ev));
    assert_int_equal(b.n, 1);
    test_assert_str(b.records[0].topic, "p.s.t");
    assert_int_equal(b.records[0].key.items[0].i, 1);
    assert_int_equal(b.records[0].value.items[0].type, SL_NULL);
    test_assert_str(sl_value_str(&b.records[0].value.items[1].items[2]),
                    ""); /* a required column is never null */
    assert_int_equal(b.records[0].value.items[5].i, 1234);
    assert_int_equal(b.records[0].nheaders, 4);
    test_assert_str(b.records[0].headers[0].name, "__debezium.context.connectorLogicalName");
    test_assert_ok(cdc_emit_row(&f.emitter, f.table, CDC_OP_TRUNCATE, NULL, NULL, &ev));
    assert_int_equal(b.n, 1); /* skipped by default */
    deinit_batch(&b);
    close_fixture(&f);
}

static void key_changes_are_delete_and_create(void **state) {
    (void)state;
    fixture f = {0};
    default_config(&f.config);
    open_fixture(&f);
    sl_batch b;
    init_batch(&b);
    test_assert_ok(cdc_emit_begin(&f.emitter, &b));
    cdc_event ev = event_of(&f, &b);
    test_assert_ok(
        cdc_emit_row(&f.emitter, f.table, CDC_OP_UPDATE, row(&b, 1, "a", "w"), row(&b, 2, "a", "w"), &ev));
    assert_int_equal(b.n, 3);
    test_assert_str(sl_value_str(&b.records[0].value.items[4]), "d");
    test_assert_str(b.records[0].headers[0].name, "__debezium.newkey");
    assert_int_equal(b.records[0].headers[0].value.items[0].i, 2);
    assert_int_equal(b.records[0].nheaders, 5);
    assert_int_equal(b.records[1].value.type, SL_NULL);
    assert_int_equal(b.records[1].key.items[0].i, 1);
    test_assert_str(sl_value_str(&b.records[2].value.items[4]), "c");
    test_assert_str(b.records[2].headers[0].name, "__debezium.oldkey");
    assert_int_equal(b.records[2].key.items[0].i, 2);
    test_assert_ok(cdc_emit_row(&f.emitter, f.table, CDC_OP_DELETE, row(&b, 2, NULL, NULL), NULL, &ev));
    assert_int_equal(b.n, 5);
    assert_int_equal(b.records[4].value.type, SL_NULL);
    deinit_batch(&b);
    close_fixture(&f);
}

static void columns_are_masked_cut_and_left_out(void **state) {
    (void)state;
    fixture f = {0};
    default_config(&f.config);
    f.config.column_exclude = SL_STR("s\\.t\\.id");
    f.config.skip_unchanged = true;
    f.map =
        test_config(&arena, "column.truncate.to.2.chars", "s.t.v", "column.mask.with.3.chars", "s.t.w", NULL);
    open_fixture(&f);
    assert_int_equal(f.table->value->nfields, 2);
    assert_non_null(f.table->key);
    test_assert_str(sl_schema_param_get(f.table->value->fields[0].schema, SL_STR("truncateLength")), "2");
    test_assert_str(sl_schema_param_get(f.table->value->fields[1].schema, SL_STR("masked")), "true");
    sl_batch b;
    init_batch(&b);
    test_assert_ok(cdc_emit_begin(&f.emitter, &b));
    cdc_event ev = event_of(&f, &b);
    test_assert_ok(cdc_emit_row(&f.emitter, f.table, CDC_OP_CREATE, NULL,
                                row(&b, 1, "\xc3\xa4\xc3\xb6\xc3\xbc", "secret"), &ev));
    test_assert_str(sl_value_str(&b.records[0].value.items[1].items[0]), "\xc3\xa4\xc3\xb6");
    test_assert_str(sl_value_str(&b.records[0].value.items[1].items[1]), "***");
    assert_int_equal(b.records[0].key.items[0].i, 1);
    test_assert_ok(cdc_emit_row(&f.emitter, f.table, CDC_OP_UPDATE, row(&b, 1, "abc", "x"),
                                row(&b, 1, "abd", "y"), &ev));
    assert_int_equal(b.n, 1); /* nothing that is seen changed */
    deinit_batch(&b);
    close_fixture(&f);
}

static void hashes_are_debeziums(void **state) {
    (void)state;
    cdc_config c;
    default_config(&c);
    cdc_rules r;
    sl_config map = test_config(&arena, "column.mask.hash.SHA-256.with.salt.abc", "s.t.v",
                                "column.mask.hash.v2.MD-5.with.salt.x", "s.t.w",
                                "column.mask.hash.v2.SHA-256.with.salt.abc", "s.t.x", NULL);
    test_assert_error(cdc_rules_init(&r, &c, &(sl_config){map.entries + 1, 1}), SL_E_CONFIG,
                      "expected column.mask.hash");
    map = test_config(&arena, "column.mask.hash.v2.SHA-256.with.salt.abc", "s.t.v", NULL);
    test_assert_ok(cdc_rules_init(&r, &c, &map));
    sl_value v = sl_string(SL_STR("x"));
    assert_true(cdc_mapper_apply(cdc_rules_mapper(&r, SL_STR("s.t.v"), SL_STR("s.t.text")), &arena, 0, &v));
    /* printf abcx | sha256sum */
    test_assert_str(sl_value_str(&v), "7571ce1f8e21c6b13dd7ec2c5ec7c9e4dd9852e209869511853f2f1f74b17927");
    cdc_rules_deinit(&r);
}

static void keys_can_be_chosen(void **state) {
    (void)state;
    fixture f = {0};
    default_config(&f.config);
    f.config.message_key_columns = SL_STR("s.x:a;s.t:w,v");
    open_fixture(&f);
    assert_int_equal(f.table->nkey, 2);
    test_assert_str(f.table->key->fields[0].name, "w");
    test_assert_str(f.table->key->fields[1].name, "v");
    close_fixture(&f);
}

/* ---- transactions ---- */

static void counts_go_on_behind_a_cut(void **state) {
    (void)state;
    fixture f = {0};
    default_config(&f.config);
    f.config.transaction_metadata = true;
    open_fixture(&f);
    sl_batch b;
    init_batch(&b);
    test_assert_ok(cdc_emit_begin(&f.emitter, &b));
    sl_value offset = sl_value_alloc(&arena, SL_MAP, 1);
    offset.items[0] = sl_string(SL_STR("lsn"));
    offset.items[1] = sl_int64(9);
    sl_value none = offset;
    test_assert_ok(cdc_transaction_store(&f.emitter.tx, &arena, &none));
    assert_int_equal(none.n, 1); /* none is open */

    test_assert_ok(cdc_emit_tx_begin(&f.emitter, SL_STR("7"), SL_STR("7:1"), 5, false));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cdc_transaction_value(&f.emitter, &arena, SL_STR("7:2"), f.table).items[2].i, i + 1);
    }
    cdc_transaction_value(&f.emitter, &arena, SL_STR("7:3"), NULL);
    test_assert_ok(cdc_transaction_store(&f.emitter.tx, &arena, &offset));
    assert_int_equal(offset.n, 4);
    test_assert_str(sl_value_str(sl_map_get(&offset, SL_STR("transaction_id"))), "7");
    assert_int_equal(sl_map_get(&offset, SL_STR("transaction_data_collection_order_s.t"))->i, 3);

    test_assert_ok(cdc_emit_tx_begin(&f.emitter, SL_STR("8"), SL_STR("8:1"), 5, false)); /* another run */
    test_assert_ok(cdc_transaction_load(&f.emitter.tx, &offset));
    size_t n = b.n;
    test_assert_ok(cdc_emit_tx_begin(&f.emitter, SL_STR("7"), SL_STR("7:1"), 5, true));
    assert_int_equal(b.n, n); /* its begin was written */
    sl_value v = cdc_transaction_value(&f.emitter, &arena, SL_STR("7:4"), f.table);
    assert_int_equal(v.items[1].i, 5);
    assert_int_equal(v.items[2].i, 4);
    test_assert_ok(cdc_emit_tx_end(&f.emitter, SL_STR("7:5"), 6));
    const sl_value *end = &b.records[b.n - 1].value;
    assert_int_equal(end->items[2].i, 5);
    assert_int_equal(end->items[3].n, 1); /* a logical message is of no table */
    assert_int_equal(end->items[3].items[0].items[1].i, 4);
    test_assert_ok(cdc_transaction_store(&f.emitter.tx, &arena, &none));
    assert_int_equal(none.n, 1);

    /* what is not known cannot go on: its rest is a transaction of its own, as in Debezium */
    test_assert_ok(cdc_transaction_load(&f.emitter.tx, &none));
    n = b.n;
    test_assert_ok(cdc_emit_tx_begin(&f.emitter, SL_STR("7"), SL_STR("7:1"), 5, true));
    assert_int_equal(b.n, n + 1);
    offset.items[offset.n * 2 - 1] = sl_string(SL_STR("many"));
    test_assert_error(cdc_transaction_load(&f.emitter.tx, &offset), SL_E_DATA, "number of events");
    deinit_batch(&b);
    close_fixture(&f);
}

static void each_message_of_debezium_is_one_event(void **state) {
    (void)state;
    cdc_transaction t;
    cdc_transaction_init(&t);
    static const char *const texts[] = {
        "transaction_id", "transaction_data_collection_order_public.a",
        "transaction_data_collection_order_io.debezium.connector.postgresql.LogicalDecodingMessageMonitor$"
        "LogicalDecodingMessageId@1f2e3d4c",
        "transaction_data_collection_order_io.debezium.connector.postgresql.LogicalDecodingMessageMonitor$"
        "LogicalDecodingMessageId@5b6a7988"};
    sl_value offset = sl_value_alloc(&arena, SL_MAP, 4);
    for (size_t i = 0; i < 4; i++) {
        offset.items[i * 2] = sl_string(sl_str_of(texts[i]));
        offset.items[i * 2 + 1] = i ? sl_int64(i == 1 ? 40 : 1) : sl_string(SL_STR("1234"));
    }
    test_assert_ok(cdc_transaction_load(&t, &offset));
    assert_int_equal(t.total, 42);
    assert_int_equal(t.messages, 2);
    assert_int_equal(t.ncounts, 1);
    assert_true(cdc_transaction_is(&t, SL_STR("1234")));
    cdc_transaction_deinit(&t);
}

/* ---- topics ---- */

static void check_topic(cdc_config *c, const char *table, const char *topic, const char *value) {
    cdc_topics t;
    sl_str name;
    sl_str field;
    sl_str got;
    test_assert_ok(cdc_topics_init(&t, c));
    test_assert_ok(cdc_topics_name(&t, &arena, SL_STR("s"), sl_str_of(table), &name));
    test_assert_str(name, topic);
    test_assert_ok(cdc_topics_field(&t, &arena, SL_STR("s"), sl_str_of(table), &field, &got));
    if (value) {
        test_assert_str(field, "f");
        test_assert_str(got, value);
    } else {
        assert_null(field.p);
    }
    cdc_topics_deinit(&t);
}

static void topics_are_named_by_strategy(void **state) {
    (void)state;
    cdc_config c;
    default_config(&c);
    c.topic_key_field = SL_STR("f");
    c.topic_key_unique = true;
    static const char *const names[] = {"p.s.a_b", "p.a_b", "p.s.a_u0020b", "p.a_u0020b"};
    for (int i = 0; i < 4; i++) {
        c.topic_naming = i;
        check_topic(&c, "a b", names[i], NULL);
    }
    c.topic_naming = CDC_NAMING_SCHEMA_REGEX;
    c.topic_regex = SL_STR("(.*)\\.shard_[0-9]+");
    c.topic_replacement = SL_STR("$1.all");
    check_topic(&c, "shard_17", "p.s.all", "p.s.shard_17");
    check_topic(&c, "shard_1\xc3\xa4", "p.s.shard_1_", "p.s.shard_1\xc3\xa4"); /* matched as it is in Kafka */
    check_topic(&c, "xshard_17x", "p.s.xshard_17x", "p.s.xshard_17x");         /* the whole name */
    c.topic_naming = CDC_NAMING_TABLE_REGEX;
    c.topic_key_regex = SL_STR("p.shard_(?<n>.*)");
    c.topic_key_replacement = SL_STR("<${n}>");
    check_topic(&c, "shard_17", "p.all", "<17>");
    check_topic(&c, "other", "p.other", "p.other");
    c.topic_key_unique = false;
    check_topic(&c, "shard_17", "p.all", NULL);
    c.topic_regex = SL_STR("(p).*|");
    c.topic_replacement = SL_STR("$1x$1"); /* the first match in the name, not the name */
    check_topic(&c, "y", "pxp", NULL);
}

static void topics_by_regex_need_their_settings(void **state) {
    (void)state;
    cdc_topics t;
    cdc_config c;
    default_config(&c);
    c.topic_naming = CDC_NAMING_SCHEMA_REGEX;
    test_assert_error(cdc_topics_init(&t, &c), SL_E_CONFIG, "topic.regex: expected an expression");
    c.topic_regex = SL_STR("(.*)");
    test_assert_error(cdc_topics_init(&t, &c), SL_E_CONFIG, "topic.replacement: expected a replacement");
    c.topic_replacement = SL_STR("$2");
    test_assert_error(cdc_topics_init(&t, &c), SL_E_CONFIG, "topic.replacement: $n stands for a group");
    c.topic_replacement = SL_STR("$1");
    c.topic_key_regex = SL_STR("(");
    c.topic_key_replacement = SL_STR("x");
    test_assert_error(cdc_topics_init(&t, &c), SL_E_CONFIG, "topic.key.field.regex");
}

static void keys_tell_the_table(void **state) {
    (void)state;
    fixture f = {0};
    default_config(&f.config);
    f.config.topic_naming = CDC_NAMING_SCHEMA_REGEX;
    f.config.topic_regex = SL_STR("p.*");
    f.config.topic_replacement = SL_STR("all");
    f.config.topic_key_unique = true;
    f.config.topic_key_field = SL_STR("table");
    open_fixture(&f);
    test_assert_str(f.table->key->name, "all.Key");
    assert_int_equal(f.table->key->nfields, 2);
    cdc_table *none = cdc_table_new(SL_STR("s"), SL_STR("keyless"), 1);
    add_column(none, 0, "id", SL_INT32, true);
    test_assert_ok(cdc_table_build(none, &f.schemas, &f.config, &f.rules, NULL, 0));
    assert_int_equal(none->key->nfields, 1);
    sl_batch b;
    init_batch(&b);
    test_assert_ok(cdc_emit_begin(&f.emitter, &b));
    cdc_event ev = event_of(&f, &b);
    test_assert_ok(cdc_emit_row(&f.emitter, f.table, CDC_OP_CREATE, NULL, row(&b, 4, "v", "w"), &ev));
    test_assert_ok(cdc_emit_row(&f.emitter, none, CDC_OP_CREATE, NULL, row(&b, 4, "v", "w"), &ev));
    assert_int_equal(b.records[0].key.items[0].i, 4);
    test_assert_str(sl_value_str(&b.records[0].key.items[1]), "p.s.t");
    test_assert_str(sl_value_str(&b.records[1].key.items[0]), "p.s.keyless");
    test_assert_str(b.records[1].topic, "all");
    cdc_table_free(none, f.ctx.host);
    deinit_batch(&b);

    f.config.topic_key_field = SL_STR("id");
    cdc_table *clash = cdc_table_new(SL_STR("s"), SL_STR("t"), 1);
    add_column(clash, 0, "id", SL_INT32, false);
    sl_str pk = SL_STR("id");
    test_assert_error(cdc_table_build(clash, &f.schemas, &f.config, &f.rules, &pk, 1), SL_E_CONFIG,
                      "topic.key.field.name: 'id' is a column");
    cdc_table_free(clash, f.ctx.host);
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_are_adjusted, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(patterns_match_whole_names, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(decimals_become_bytes, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(days_go_both_ways, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(times_have_their_forms, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(envelopes_have_their_shape, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(key_changes_are_delete_and_create, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(columns_are_masked_cut_and_left_out, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(hashes_are_debeziums, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(keys_can_be_chosen, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(counts_go_on_behind_a_cut, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(topics_are_named_by_strategy, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(topics_by_regex_need_their_settings, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(keys_tell_the_table, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(each_message_of_debezium_is_one_event, setup_arena, teardown_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
