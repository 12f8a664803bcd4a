/*
 * fuzz_pgtypes.c - the text forms of PostgreSQL's types on any bytes, in every handling mode.
 *
 * The first byte chooses the type, the second the modes, the rest is the text, in memory that ends where it
 * does. What a parser takes must be valid for the schema. Links: connectors/postgres-cdc, connectors/cdc, the
 * runtime. An entry of libFuzzer.
 */
// LINK: connectors/postgres-cdc connectors/cdc -lpq -lpcre2-8 -ljansson -lcrypto
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "model/schema.h"
#include "postgres-cdc/convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const sl_host host = {.struct_size = sizeof(sl_host),
                             .schema_intern = sl__schema_intern,
                             .schema_ref = sl__schema_ref,
                             .schema_unref = sl__schema_unref};

/* New ones at the end: the seeds name them by their place. */
static const uint32_t oids[] = {16,   17,   20,   21,    23,    25,    26,   114,   142,   600,   700,
                                701,  790,  1042, 1043,  1082,  1083,  1114, 1184,  1186,  1266,  1560,
                                1562, 1700, 2950, 3802,  1007,  1009,  1231, 1185,  70000, 70001, 18,
                                19,   650,  829,  869,   774,   3614,  3904, 3912,  1182,  1115,  1270,
                                2951, 1001, 1020, 70002, 70003, 70004, 1000, 70005, 70006, 70007, 70008};

static void add_types(pg_types *t) {
    static const pg_type more[] = {
        {.oid = 1007,
         .name = SL_STR_INIT("_int4"),
         .kind = 'b',
         .category = 'A',
         .delimiter = ',',
         .element = 23},
        {.oid = 1009,
         .name = SL_STR_INIT("_text"),
         .kind = 'b',
         .category = 'A',
         .delimiter = ',',
         .element = 25},
        {.oid = 1231,
         .name = SL_STR_INIT("_numeric"),
         .kind = 'b',
         .category = 'A',
         .delimiter = ',',
         .element = 1700},
        {.oid = 1185,
         .name = SL_STR_INIT("_timestamptz"),
         .kind = 'b',
         .category = 'A',
         .delimiter = ',',
         .element = 1184},
        {.oid = 1182,
         .name = SL_STR_INIT("_date"),
         .kind = 'b',
         .category = 'A',
         .delimiter = ',',
         .element = 1082},
        {.oid = 1115,
         .name = SL_STR_INIT("_timestamp"),
         .kind = 'b',
         .category = 'A',
         .delimiter = ',',
         .element = 1114},
        {.oid = 1270,
         .name = SL_STR_INIT("_timetz"),
         .kind = 'b',
         .category = 'A',
         .delimiter = ',',
         .element = 1266},
        {.oid = 2951,
         .name = SL_STR_INIT("_uuid"),
         .kind = 'b',
         .category = 'A',
         .delimiter = ',',
         .element = 2950},
        {.oid = 1001,
         .name = SL_STR_INIT("_bytea"),
         .kind = 'b',
         .category = 'A',
         .delimiter = ',',
         .element = 17},
        {.oid = 1020,
         .name = SL_STR_INIT("_box"),
         .kind = 'b',
         .category = 'A',
         .delimiter = ';',
         .element = 603},
        {.oid = 1000,
         .name = SL_STR_INIT("_bool"),
         .kind = 'b',
         .category = 'A',
         .delimiter = ',',
         .element = 16},
        {.oid = 70002,
         .name = SL_STR_INIT("_mood"),
         .kind = 'b',
         .category = 'A',
         .delimiter = ',',
         .element = 70001},
        {.oid = 70005, .name = SL_STR_INIT("geometry"), .kind = 'b', .category = 'U'},
        {.oid = 70006, .name = SL_STR_INIT("vector"), .kind = 'b', .category = 'U'},
        {.oid = 70007, .name = SL_STR_INIT("sparsevec"), .kind = 'b', .category = 'U'},
        {.oid = 70008,
         .name = SL_STR_INIT("_geometry"),
         .kind = 'b',
         .category = 'A',
         .delimiter = ':',
         .element = 70005},
        {.oid = 70003, .name = SL_STR_INIT("comp"), .kind = 'c', .category = 'C'},
        {.oid = 70004,
         .name = SL_STR_INIT("amount"),
         .kind = 'd',
         .base = 1700,
         .typmod = (10 << 16 | 3) + 4},
        {.oid = 70000, .name = SL_STR_INIT("hstore"), .kind = 'b', .category = 'U'},
        {.oid = 70001, .name = SL_STR_INIT("mood"), .kind = 'e', .labels = SL_STR_INIT("a,b")}};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        sl_error_free(pg_types_add(t, &more[i]));
    }
}

static void check(const pg_column_type *t, const sl_value *v) {
    sl_schema def = t->base;
    const sl_schema *s = NULL;
    def.optional = true;
    sl_error *err = sl__schema_intern(&def, &s);
    err = err ? err : sl_value_check(s, v);
    if (err) {
        __builtin_trap();
    }
    sl_error_free(err);
    sl__schema_unref(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3) {
        return 0;
    }
    pg_settings s = {.money_digits = 2,
                     .unknown_types = true,
                     .hstore_mode = data[1] & 1,
                     .interval_mode = data[1] >> 1 & 1,
                     .cdc = {.decimal_mode = data[1] % 3,
                             .time_mode = data[1] % 6,
                             .binary_mode = data[1] % 4,
                             .unavailable_placeholder = SL_STR("x")}};
    pg_types types;
    pg_types_init(&types, &host, NULL);
    add_types(&types);
    types.money = data[1] >> 3 & 3;
    sl_arena a;
    sl_arena_init(&a, 0);
    pg_column_type t;
    int32_t typmod = data[1] & 64 ? (10 << 16 | 3) + 4 : data[1] & 32 ? 3 : -1;
    sl_error *err = pg_conv_make(&types, &s, oids[data[0] % (sizeof oids / sizeof *oids)], typmod, &a, &t);
    char *text = malloc(size - 2);
    memcpy(text, data + 2, size - 2);
    sl_value v = {0};
    if (!err && t.known && data[1] & 128) {
        if (pg_conv_default(&t, &a, (sl_str){text, size - 2}, &v)) {
            check(&t, &v);
        }
    } else if (!err && t.known && t.conv.parse(&t.conv, &a, text, size - 2, &v)) {
        check(&t, &v);
    }
    sl_error_free(err);
    free(text);
    sl_arena_deinit(&a);
    pg_types_deinit(&types);
    return 0;
}
