/*
 * convert.c - see convert.h: from a type's oid to its schema and parser. The names and shapes are Debezium's.
 */
#include "convert.h"

#include <openssl/evp.h>

#define MAX_LENGTH 2147483647
#define MAX_NESTING 32
#define EMPTY_COLLECTION 9 /* bytes of GEOMETRYCOLLECTION EMPTY */

enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_CHAR = 18,
    OID_NAME = 19,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_OID = 26,
    OID_JSON = 114,
    OID_XML = 142,
    OID_XML_ARRAY = 143,
    OID_POINT = 600,
    OID_CIDR = 650,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_MACADDR8 = 774,
    OID_MONEY = 790,
    OID_MONEY_ARRAY = 791,
    OID_MACADDR = 829,
    OID_INET = 869,
    OID_NAME_ARRAY = 1003,
    OID_POINT_ARRAY = 1017,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_DATE = 1082,
    OID_TIME = 1083,
    OID_TIMESTAMP = 1114,
    OID_TIMESTAMPTZ = 1184,
    OID_INTERVAL = 1186,
    OID_INTERVAL_ARRAY = 1187,
    OID_TIMETZ = 1266,
    OID_BIT = 1560,
    OID_BIT_ARRAY = 1561,
    OID_VARBIT = 1562,
    OID_VARBIT_ARRAY = 1563,
    OID_NUMERIC = 1700,
    OID_REFCURSOR_ARRAY = 2201,
    OID_UUID = 2950,
    OID_TSVECTOR = 3614,
    OID_JSONB = 3802,
    OID_INT4RANGE = 3904,
    OID_NUMRANGE = 3906,
    OID_TSRANGE = 3908,
    OID_TSTZRANGE = 3910,
    OID_DATERANGE = 3912,
    OID_INT8RANGE = 3926,
};

#define DATA(x) "io.debezium.data." x

typedef struct simple {
    uint32_t oid;
    pg_parse parse;
    sl_type type;
    const char *schema; /* NULL = none */
    bool is_text;
    int32_t length;
    int32_t scale;
} simple;

/* Types whose form depends on no setting. */
static const simple simples[] = {
    {OID_BOOL, pg_parse_bool, SL_BOOL, NULL, false, 1, 0},
    {OID_CHAR, pg_parse_text, SL_STRING, NULL, true, 1, 0},
    {OID_NAME, pg_parse_text, SL_STRING, NULL, true, MAX_LENGTH, 0},
    {OID_INT8, pg_parse_int8, SL_INT64, NULL, false, 19, 0},
    {OID_INT2, pg_parse_int2, SL_INT16, NULL, false, 5, 0},
    {OID_INT4, pg_parse_int4, SL_INT32, NULL, false, 10, 0},
    {OID_TEXT, pg_parse_text, SL_STRING, NULL, true, MAX_LENGTH, 0},
    {OID_OID, pg_parse_int8, SL_INT64, NULL, false, 10, 0},
    {OID_JSON, pg_parse_text, SL_STRING, DATA("Json"), false, MAX_LENGTH, 0},
    {OID_XML, pg_parse_text, SL_STRING, DATA("Xml"), false, MAX_LENGTH, 0},
    {OID_CIDR, pg_parse_text, SL_STRING, NULL, false, MAX_LENGTH, 0},
    {OID_FLOAT4, pg_parse_float4, SL_FLOAT32, NULL, false, 8, 8},
    {OID_FLOAT8, pg_parse_float8, SL_FLOAT64, NULL, false, 17, 17},
    {OID_MACADDR8, pg_parse_text, SL_STRING, NULL, false, MAX_LENGTH, 0},
    {OID_MACADDR, pg_parse_text, SL_STRING, NULL, false, MAX_LENGTH, 0},
    {OID_INET, pg_parse_text, SL_STRING, NULL, false, MAX_LENGTH, 0},
    {OID_BPCHAR, pg_parse_text, SL_STRING, NULL, true, MAX_LENGTH, 0},
    {OID_VARCHAR, pg_parse_text, SL_STRING, NULL, true, MAX_LENGTH, 0},
    {OID_UUID, pg_parse_text, SL_STRING, DATA("Uuid"), false, MAX_LENGTH, 0},
    {OID_TSVECTOR, pg_parse_text, SL_STRING, DATA("Tsvector"), false, MAX_LENGTH, 0},
    {OID_JSONB, pg_parse_text, SL_STRING, DATA("Json"), false, MAX_LENGTH, 0},
    {OID_INT4RANGE, pg_parse_text, SL_STRING, NULL, false, MAX_LENGTH, 0},
    {OID_NUMRANGE, pg_parse_text, SL_STRING, NULL, false, MAX_LENGTH, 0},
    {OID_TSRANGE, pg_parse_text, SL_STRING, NULL, false, MAX_LENGTH, 0},
    {OID_TSTZRANGE, pg_parse_text, SL_STRING, NULL, false, MAX_LENGTH, 0},
    {OID_DATERANGE, pg_parse_text, SL_STRING, NULL, false, MAX_LENGTH, 0},
    {OID_INT8RANGE, pg_parse_text, SL_STRING, NULL, false, MAX_LENGTH, 0},
};

static const uint32_t omitted_arrays[] = {OID_MONEY_ARRAY,    OID_NAME_ARRAY, OID_INTERVAL_ARRAY,
                                          OID_VARBIT_ARRAY,   OID_XML_ARRAY,  OID_POINT_ARRAY,
                                          OID_REFCURSOR_ARRAY};

typedef struct maker {
    pg_types *types;
    const pg_settings *s;
    sl_arena *arena;
    int depth;
} maker;

static sl_error *make(maker *m, uint32_t oid, int32_t typmod, pg_column_type *out);

static void set_base(pg_column_type *out, sl_type type, const char *name, int version) {
    out->known = true;
    out->base = (sl_schema){
        .type = type, .name = sl_str_of(name), .has_version = name != NULL, .version = name ? version : 0};
    switch (type) {
    case SL_STRING:
        out->zero = sl_string(SL_STR(""));
        break;
    case SL_BYTES:
        out->zero = sl_bytes(SL_STR(""));
        break;
    case SL_BOOL:
        out->zero = sl_bool(false);
        break;
    case SL_FLOAT32:
    case SL_FLOAT64:
        out->zero = (sl_value){.type = (uint8_t)type, .f = 0};
        break;
    case SL_ARRAY:
    case SL_MAP:
        out->zero = sl_container(type, NULL, 0);
        break;
    default:
        out->zero = sl_int(type, 0);
        break;
    }
}

static sl_error *add_param(maker *m, pg_column_type *out, const char *name, sl_str value) {
    sl_schema_param *params = sl_arena_alloc(m->arena, (out->base.nparams + 1) * sizeof *params);
    if (!params) {
        return sl_error_nomem();
    }
    if (out->base.nparams) {
        memcpy(params, out->base.params, out->base.nparams * sizeof *params);
    }
    params[out->base.nparams++] = (sl_schema_param){sl_str_of(name), value};
    out->base.params = params;
    return m->arena->failed ? sl_error_nomem() : NULL;
}

static sl_error *hold_simple(maker *m, sl_type type, bool optional, const sl_schema **out) {
    sl_schema def = {.type = type, .optional = optional};
    return pg_types_hold(m->types, &def, out);
}

static sl_error *set_fields(maker *m, pg_column_type *out, const sl_field *fields, uint32_t n) {
    sl_field *copy = sl_arena_alloc(m->arena, n * sizeof *copy);
    if (!copy) {
        return sl_error_nomem();
    }
    memcpy(copy, fields, n * sizeof *copy);
    out->base.fields = copy;
    out->base.nfields = n;
    out->zero = sl_value_alloc(m->arena, SL_STRUCT, n);
    return out->zero.type == SL_STRUCT ? NULL : sl_error_nomem();
}

/* ---- numbers ---- */

static sl_error *variable_decimal(maker *m, pg_column_type *out) {
    const sl_schema *scale;
    const sl_schema *value;
    set_base(out, SL_STRUCT, DATA("VariableScaleDecimal"), 1);
    out->base.doc = SL_STR("Variable scaled decimal");
    SL_TRY(hold_simple(m, SL_INT32, false, &scale));
    SL_TRY(hold_simple(m, SL_BYTES, false, &value));
    sl_field fields[] = {{SL_STR("scale"), scale}, {SL_STR("value"), value}};
    SL_TRY(set_fields(m, out, fields, 2));
    out->zero.items[0] = sl_int32(0);
    out->zero.items[1] = sl_bytes((sl_str){"\0", 1});
    return NULL;
}

static sl_error *decimal(maker *m, pg_column_type *out, int32_t precision, int32_t scale) {
    set_base(out, SL_BYTES, "org.apache.kafka.connect.data.Decimal", 1);
    out->zero = sl_bytes((sl_str){"\0", 1});
    SL_TRY(add_param(m, out, "scale", sl_arena_printf(m->arena, "%d", scale)));
    if (precision > 0) {
        SL_TRY(add_param(m, out, "connect.decimal.precision", sl_arena_printf(m->arena, "%d", precision)));
    }
    return NULL;
}

/* "0", or "0.00" with as many digits as the column has. */
static sl_value zero_text(maker *m, int32_t scale) {
    return sl_string(scale > 0 ? sl_arena_printf(m->arena, "0.%0*d", scale, 0) : SL_STR("0"));
}

static sl_error *make_numeric(maker *m, int32_t typmod, pg_column_type *out) {
    bool any = typmod < 4;
    int32_t precision = any ? 0 : (typmod - 4) >> 16 & 0xffff;
    int32_t scale = any ? 0 : (typmod - 4) & 0x7ff;
    scale = scale >= 1024 ? scale - 2048 : scale; /* since 15 a scale may be negative */
    out->conv =
        (pg_conv){.parse = pg_parse_numeric, .scale = any ? -1 : scale, .form = m->s->cdc.decimal_mode};
    out->length = precision;
    out->has_scale = !any;
    out->scale = scale;
    switch (m->s->cdc.decimal_mode) {
    case CDC_DECIMAL_DOUBLE:
        set_base(out, SL_FLOAT64, NULL, 0);
        return NULL;
    case CDC_DECIMAL_STRING:
        set_base(out, SL_STRING, NULL, 0);
        out->zero = zero_text(m, scale);
        return NULL;
    default:
        break;
    }
    if (any || scale < 0) {
        out->conv.scale = -1;
        return variable_decimal(m, out);
    }
    return decimal(m, out, precision, scale);
}

static sl_error *make_money(maker *m, pg_column_type *out) {
    out->conv =
        (pg_conv){.parse = pg_parse_money, .scale = m->s->money_digits, .form = m->s->cdc.decimal_mode};
    SL_TRY(pg_types_money(m->types, &out->conv.digits));
    if (m->s->cdc.decimal_mode == CDC_DECIMAL_PRECISE) {
        return decimal(m, out, 0, m->s->money_digits);
    }
    bool text = m->s->cdc.decimal_mode == CDC_DECIMAL_STRING;
    set_base(out, text ? SL_STRING : SL_FLOAT64, NULL, 0);
    if (text) {
        out->zero = zero_text(m, m->s->money_digits);
    }
    return NULL;
}

/* ---- bytes, bits, points, hstore ---- */

static void make_bytes(maker *m, pg_parse parse, pg_column_type *out) {
    int mode = m->s->cdc.binary_mode;
    out->conv = (pg_conv){.parse = parse, .form = mode};
    set_base(out, mode == CDC_BINARY_BYTES ? SL_BYTES : SL_STRING, NULL, 0);
}

static sl_error *make_bits(maker *m, int32_t typmod, pg_column_type *out) {
    int32_t length = typmod > 0 ? typmod : MAX_LENGTH;
    out->conv = (pg_conv){.parse = pg_parse_bit, .scale = length};
    out->length = length;
    if (length == 1) {
        set_base(out, SL_BOOL, NULL, 0);
        return NULL;
    }
    set_base(out, SL_BYTES, DATA("Bits"), 1);
    return add_param(m, out, "length", sl_arena_printf(m->arena, "%d", length));
}

static sl_error *make_point(maker *m, pg_column_type *out) {
    const sl_schema *f64;
    const sl_schema *bytes;
    const sl_schema *i32;
    out->conv = (pg_conv){.parse = pg_parse_point};
    set_base(out, SL_STRUCT, DATA("geometry.Point"), 1);
    out->base.doc = SL_STR("Geometry (POINT)");
    SL_TRY(hold_simple(m, SL_FLOAT64, false, &f64));
    SL_TRY(hold_simple(m, SL_BYTES, true, &bytes));
    SL_TRY(hold_simple(m, SL_INT32, true, &i32));
    sl_field fields[] = {
        {SL_STR("x"), f64}, {SL_STR("y"), f64}, {SL_STR("wkb"), bytes}, {SL_STR("srid"), i32}};
    SL_TRY(set_fields(m, out, fields, 4));
    char *wkb = sl_arena_bytes(m->arena, PG_WKB_POINT);
    if (!wkb) {
        return sl_error_nomem();
    }
    pg_wkb_point(wkb, 0, 0);
    out->zero.items[0] = sl_float64(0);
    out->zero.items[1] = sl_float64(0);
    out->zero.items[2] = sl_bytes((sl_str){wkb, PG_WKB_POINT});
    return NULL;
}

static sl_error *make_hstore(maker *m, pg_column_type *out) {
    out->conv = (pg_conv){.parse = pg_parse_hstore, .form = m->s->hstore_mode};
    if (m->s->hstore_mode == PG_HSTORE_JSON) {
        set_base(out, SL_STRING, DATA("Json"), 1);
        out->zero = sl_string(SL_STR("{}"));
        return NULL;
    }
    set_base(out, SL_MAP, NULL, 0);
    SL_TRY(hold_simple(m, SL_STRING, false, &out->base.key));
    return hold_simple(m, SL_STRING, true, &out->base.element);
}

/* ---- dates and times ---- */

static void set_time_type(pg_column_type *out, cdc_time_type t, pg_parse parse) {
    out->conv.parse = parse;
    out->conv.form = (int32_t)t.form;
    set_base(out, t.type, t.name, 1);
    if (t.type == SL_STRING) {
        out->zero = sl_string(t.form == CDC_FORM_ISO_DATE   ? SL_STR("1970-01-01Z")
                              : t.form == CDC_FORM_ISO_TIME ? SL_STR("00:00:00Z")
                                                            : SL_STR("1970-01-01T00:00:00Z"));
    }
}

static int32_t time_length(int32_t base, int32_t precision) {
    return base + (precision ? precision + 1 : 0);
}

static bool make_time(maker *m, uint32_t oid, int32_t typmod, pg_column_type *out) {
    cdc_time_mode mode = (cdc_time_mode)m->s->cdc.time_mode;
    int32_t precision = typmod >= 0 && typmod <= 6 ? typmod : 6;
    out->scale = precision;
    switch (oid) {
    case OID_DATE:
        set_time_type(out, cdc_date_type(mode), pg_parse_date);
        out->length = 13;
        out->scale = 0;
        return true;
    case OID_TIME:
        set_time_type(out, cdc_time_of_day_type(mode, precision), pg_parse_time);
        out->length = time_length(8, precision);
        return true;
    case OID_TIMESTAMP:
        set_time_type(out, cdc_timestamp_type(mode, precision), pg_parse_timestamp);
        out->length = time_length(22, precision);
        return true;
    case OID_TIMETZ:
        out->conv.parse = pg_parse_timetz;
        set_base(out, SL_STRING, "io.debezium.time.ZonedTime", 1);
        out->length = time_length(14, precision);
        out->zero = sl_string(SL_STR("00:00:00Z"));
        return true;
    case OID_TIMESTAMPTZ:
        out->conv = (pg_conv){.parse = pg_parse_timestamptz, .scale = precision};
        set_base(out, SL_STRING, "io.debezium.time.ZonedTimestamp", 1);
        out->length = time_length(28, precision);
        out->zero = sl_string(SL_STR("1970-01-01T00:00:00Z"));
        return true;
    case OID_INTERVAL: {
        bool text = m->s->interval_mode == PG_INTERVAL_STRING;
        out->conv = (pg_conv){.parse = pg_parse_interval, .form = m->s->interval_mode};
        set_base(out, text ? SL_STRING : SL_INT64,
                 text ? "io.debezium.time.Interval" : "io.debezium.time.MicroDuration", 1);
        out->length = 49;
        if (text) {
            out->zero = sl_string(SL_STR("P0Y0M0DT0H0M0S"));
        }
        return true;
    }
    default:
        out->scale = 0;
        return false;
    }
}

/* ---- by name, arrays, the rest ---- */

static bool is_omitted_array(uint32_t oid) {
    for (size_t i = 0; i < sizeof omitted_arrays / sizeof *omitted_arrays; i++) {
        if (omitted_arrays[i] == oid) {
            return true;
        }
    }
    return false;
}

static void make_unknown(maker *m, pg_column_type *out) {
    if (m->s->unknown_types) {
        make_bytes(m, pg_parse_raw, out);
        out->required_element = true;
    }
}

static sl_error *make_array(maker *m, const pg_type *t, int32_t typmod, pg_column_type *out) {
    if (is_omitted_array(t->oid)) {
        return NULL;
    }
    if (t->oid == OID_BIT_ARRAY) { /* Debezium gives it the schema of bits, and no value */
        SL_TRY(make_bits(m, typmod, out));
        out->conv.parse = pg_parse_null;
        return NULL;
    }
    pg_column_type *element = sl_arena_zalloc(m->arena, sizeof *element);
    if (!element) {
        return sl_error_nomem();
    }
    SL_TRY(make(m, t->element, typmod, element));
    if (!element->known) {
        return NULL;
    }
    sl_schema def = element->base;
    def.optional = !element->required_element;
    set_base(out, SL_ARRAY, NULL, 0);
    out->conv = (pg_conv){.parse = pg_parse_array,
                          .element = &element->conv,
                          .delimiter = t->delimiter ? t->delimiter : ',',
                          .required_items = element->required_element};
    out->length = element->length;
    out->scale = element->scale;
    out->has_scale = true;
    return pg_types_hold(m->types, &def, &out->base.element);
}

/* ---- PostGIS and pgvector ---- */

static sl_error *make_geometry(maker *m, const char *name, const char *doc, pg_column_type *out) {
    static const char empty[EMPTY_COLLECTION] = {1, 7};
    const sl_schema *bytes;
    const sl_schema *i32;
    out->conv = (pg_conv){.parse = pg_parse_ewkb};
    set_base(out, SL_STRUCT, name, 1);
    out->base.doc = sl_str_of(doc);
    SL_TRY(hold_simple(m, SL_BYTES, false, &bytes));
    SL_TRY(hold_simple(m, SL_INT32, true, &i32));
    sl_field fields[] = {{SL_STR("wkb"), bytes}, {SL_STR("srid"), i32}};
    SL_TRY(set_fields(m, out, fields, 2));
    out->zero.items[0] = sl_bytes((sl_str){empty, sizeof empty});
    return NULL;
}

static sl_error *make_vector(maker *m, const char *name, sl_type item, pg_column_type *out) {
    set_base(out, SL_ARRAY, name, 1);
    out->conv = (pg_conv){.parse = pg_parse_vector, .form = (int32_t)item};
    return hold_simple(m, item, false, &out->base.element);
}

static sl_error *make_sparse(maker *m, pg_column_type *out) {
    const sl_schema *i16;
    const sl_schema *f64;
    const sl_schema *map;
    set_base(out, SL_STRUCT, DATA("SparseDoubleVector"), 1);
    out->conv = (pg_conv){.parse = pg_parse_sparsevec};
    out->base.doc = SL_STR("Sparse double vector");
    SL_TRY(hold_simple(m, SL_INT16, false, &i16));
    SL_TRY(hold_simple(m, SL_FLOAT64, false, &f64));
    sl_schema def = {.type = SL_MAP, .key = i16, .element = f64};
    SL_TRY(pg_types_hold(m->types, &def, &map));
    sl_field fields[] = {{SL_STR("dimensions"), i16}, {SL_STR("vector"), map}};
    SL_TRY(set_fields(m, out, fields, 2));
    out->zero.items[0] = sl_int16(0);
    out->zero.items[1] = sl_container(SL_MAP, NULL, 0);
    return NULL;
}

/* By name: these types come with extensions. *found = false: none of them. */
static sl_error *make_of_extension(maker *m, sl_str name, pg_column_type *out, bool *found) {
    *found = true;
    if (sl_str_eqz(name, "geometry")) {
        out->always_optional = true; /* as Debezium has it */
        return make_geometry(m, DATA("geometry.Geometry"), "Geometry", out);
    }
    if (sl_str_eqz(name, "geography")) {
        return make_geometry(m, DATA("geometry.Geography"), "Geography", out);
    }
    if (sl_str_eqz(name, "vector")) {
        return make_vector(m, DATA("DoubleVector"), SL_FLOAT64, out);
    }
    if (sl_str_eqz(name, "halfvec")) {
        return make_vector(m, DATA("FloatVector"), SL_FLOAT32, out);
    }
    if (sl_str_eqz(name, "sparsevec")) {
        return make_sparse(m, out);
    }
    *found = false;
    return NULL;
}

static sl_error *make_named(maker *m, const pg_type *t, pg_column_type *out) {
    static const struct {
        const char *type;
        const char *schema;
    } named[] = {{"citext", NULL}, {"ltree", DATA("Ltree")}, {"isbn", NULL}};
    if (sl_str_eqz(t->name, "hstore")) {
        return make_hstore(m, out);
    }
    bool found = false;
    SL_TRY(make_of_extension(m, t->name, out, &found));
    if (found) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (sl_str_eqz(t->name, named[i].type)) {
            set_base(out, SL_STRING, named[i].schema, 1);
            out->conv.parse = pg_parse_text;
            return NULL;
        }
    }
    make_unknown(m, out);
    return NULL;
}

static sl_error *make_from_catalog(maker *m, uint32_t oid, int32_t typmod, pg_column_type *out) {
    const pg_type *t = NULL;
    SL_TRY(pg_types_get(m->types, oid, &t));
    if (!t) {
        make_unknown(m, out);
        return NULL;
    }
    if (t->kind == 'd') {
        SL_TRY(make(m, t->base, t->typmod >= 0 ? t->typmod : typmod, out));
        out->type_name = sl_arena_str(m->arena, t->name);
        out->required_element = false;
        return NULL;
    }
    out->type_name = sl_arena_str(m->arena, t->name);
    if (t->kind == 'e') {
        set_base(out, SL_STRING, DATA("Enum"), 1);
        out->conv.parse = pg_parse_text;
        out->is_text = true;
        out->required_element = true;
        return add_param(m, out, "allowed", sl_arena_str(m->arena, t->labels));
    }
    return t->element ? make_array(m, t, typmod, out) : make_named(m, t, out);
}

static bool make_simple(uint32_t oid, int32_t typmod, pg_column_type *out) {
    for (size_t i = 0; i < sizeof simples / sizeof *simples; i++) {
        const simple *s = &simples[i];
        if (s->oid != oid) {
            continue;
        }
        set_base(out, s->type, s->schema, 1);
        out->conv.parse = s->parse;
        out->is_text = s->is_text;
        out->length = (oid == OID_BPCHAR || oid == OID_VARCHAR) && typmod > 4 ? typmod - 4 : s->length;
        out->scale = s->scale;
        return true;
    }
    return false;
}

static sl_error *make(maker *m, uint32_t oid, int32_t typmod, pg_column_type *out) {
    if (m->depth++ > MAX_NESTING) {
        return sl_error_new(SL_E_DATABASE, SL_FATAL, "type %u is nested more than %d deep", oid, MAX_NESTING);
    }
    out->length = MAX_LENGTH;
    out->has_scale = true;
    if (make_simple(oid, typmod, out) || make_time(m, oid, typmod, out)) {
        return NULL;
    }
    switch (oid) {
    case OID_NUMERIC:
        return make_numeric(m, typmod, out);
    case OID_MONEY:
        return make_money(m, out);
    case OID_BYTEA:
        make_bytes(m, pg_parse_bytea, out);
        return NULL;
    case OID_BIT:
    case OID_VARBIT:
        return make_bits(m, typmod, out);
    case OID_POINT:
        return make_point(m, out);
    default:
        return make_from_catalog(m, oid, typmod, out);
    }
}

/* ---- what stands for a value that was not sent ---- */

static sl_value byte_list(sl_arena *a, sl_str bytes, sl_type type) {
    sl_value v = sl_value_alloc(a, SL_ARRAY, bytes.n);
    for (size_t i = 0; v.type == SL_ARRAY && i < bytes.n; i++) {
        v.items[i] = sl_int(type, (signed char)bytes.p[i]);
    }
    return v;
}

static sl_value one_item(sl_arena *a, sl_type container, sl_value item) {
    sl_value v = sl_value_alloc(a, container, 1);
    if (v.type == container) {
        v.items[0] = item;
        if (container == SL_MAP) {
            v.items[1] = item;
        }
    }
    return v;
}

/* Debezium's: UUID.nameUUIDFromBytes of the placeholder. */
static sl_value uuid_of(sl_arena *a, sl_str text) {
    unsigned char b[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (!EVP_Digest(text.p, text.n, b, &n, EVP_md5(), NULL)) {
        return sl_null();
    }
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x30);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    return sl_string(sl_arena_printf(
        a, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3],
        b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]));
}

static sl_value array_placeholder(sl_arena *a, sl_str text, const pg_column_type *t) {
    const sl_schema *element = t->base.element;
    pg_parse parse = t->conv.element->parse;
    bool integers = parse == pg_parse_int4 || (parse == pg_parse_int8 && !sl_str_eqz(t->type_name, "_oid")) ||
                    (parse == pg_parse_date && sl_str_eqz(element->name, "io.debezium.time.Date"));
    switch (element->type) {
    case SL_STRING:
        return one_item(a, SL_ARRAY,
                        element->name.p && sl_str_eqz(element->name, DATA("Uuid")) ? uuid_of(a, text)
                                                                                   : sl_string(text));
    case SL_BYTES:
        return element->name.p ? sl_null() : one_item(a, SL_ARRAY, sl_bytes(text));
    case SL_INT32:
    case SL_INT64:
        return integers ? byte_list(a, text, element->type) : sl_null();
    default:
        return sl_null();
    }
}

static sl_value placeholder(maker *m, const pg_column_type *t) {
    sl_str text = cdc_config_placeholder(&m->s->cdc, m->arena);
    sl_value v = sl_null();
    if (t->conv.parse == pg_parse_hstore && t->base.type == SL_STRING) {
        return sl_string(
            sl_arena_printf(m->arena, "{\"%.*s\":\"%.*s\"}", SL_STR_ARG(text), SL_STR_ARG(text)));
    }
    switch (t->base.type) {
    case SL_STRING:
        if ((t->conv.parse == pg_parse_bytea || t->conv.parse == pg_parse_raw) &&
            t->conv.form != CDC_BINARY_HEX) {
            return pg_bytes_value(t->conv.form, m->arena, text, &v) ? v : sl_null();
        }
        return t->conv.parse == pg_parse_text || t->conv.parse == pg_parse_bytea ||
                       t->conv.parse == pg_parse_raw
                   ? sl_string(text)
                   : sl_null();
    case SL_BYTES:
        return t->base.name.p ? sl_null() : sl_bytes(text);
    case SL_ARRAY:
        return !t->conv.element ? sl_null() : array_placeholder(m->arena, text, t);
    case SL_MAP:
        return one_item(m->arena, SL_MAP, sl_string(text));
    default:
        return sl_null();
    }
}

sl_error *pg_conv_make(pg_types *types, const pg_settings *s, uint32_t oid, int32_t typmod, sl_arena *a,
                       pg_column_type *out) {
    maker m = {.types = types, .s = s, .arena = a};
    memset(out, 0, sizeof *out);
    SL_TRY(make(&m, oid, typmod, out));
    if (!out->type_name.p) {
        const pg_type *t = NULL;
        SL_TRY(pg_types_get(types, oid, &t));
        out->type_name = t ? sl_arena_str(a, t->name) : SL_STR("");
    }
    if (out->known) {
        out->conv.toast = placeholder(&m, out);
    }
    return a->failed ? sl_error_nomem() : NULL;
}
