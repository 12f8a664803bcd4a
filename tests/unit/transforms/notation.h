/*
 * notation.h - records written as text, so that a test of a transform is one row of a table.
 *
 * A record is parts joined by " ; ": t=TOPIC p=PARTITION ts=TIMESTAMP sink=OFFSET k=SCHEMA:VALUE
 * v=SCHEMA:VALUE h.NAME=SCHEMA:VALUE. A SCHEMA (nothing = schemaless) is a type (int8 ... string, bytes,
 * Date, Time, Timestamp, Decimal(SCALE)), [item], <key,value> or {field:SCHEMA,...}, then
 * (name=N,version=V,doc=D,param=P,...), then "?" for optional, then "=VALUE" for a default. A VALUE is null,
 * true, a number (schemaless: with b s i f for INT8, INT16, INT32, FLOAT32), "text", xHEX, [..] or
 * {key:VALUE,..}. Records are written in the same form, maps in order of their keys; what has its usual value
 * (t=t, no key) is left out.
 */
#ifndef NOTATION_H
#define NOTATION_H

#include "support/support.h"

#include <model/batch.h>
#include <model/schema.h>
#include <sluice/text.h>
#include <transforms/java_number.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct notation {
    const char *at;
    const char *whole;
    sl_batch *batch;
} notation;

#define bad_notation(n, what)                                                                                \
    do {                                                                                                     \
        print_error("notation: expected %s at '%s' of '%s'\n", (what), (n)->at, (n)->whole);                 \
        fail();                                                                                              \
    } while (0)

static const struct {
    const char *word;
    sl_type type;
    const char *name;
} notation_types[] = {
    {"int8", SL_INT8, NULL},
    {"int16", SL_INT16, NULL},
    {"int32", SL_INT32, NULL},
    {"int64", SL_INT64, NULL},
    {"float32", SL_FLOAT32, NULL},
    {"float64", SL_FLOAT64, NULL},
    {"boolean", SL_BOOL, NULL},
    {"string", SL_STRING, NULL},
    {"bytes", SL_BYTES, NULL},
    {"Date", SL_INT32, "org.apache.kafka.connect.data.Date"},
    {"Timestamp", SL_INT64, "org.apache.kafka.connect.data.Timestamp"},
    {"Time", SL_INT32, "org.apache.kafka.connect.data.Time"},
    {"Decimal", SL_BYTES, "org.apache.kafka.connect.data.Decimal"},
};
#define NOTATION_TYPES (sizeof notation_types / sizeof notation_types[0])

static bool notation_take(notation *n, const char *word) {
    size_t len = strlen(word);
    if (strncmp(n->at, word, len) != 0) {
        return false;
    }
    n->at += len;
    return true;
}

static void notation_need(notation *n, const char *word) {
    if (!notation_take(n, word)) {
        bad_notation(n, word);
    }
}

static sl_str notation_until(notation *n, const char *stops) {
    size_t len = strcspn(n->at, stops);
    sl_str s = sl_arena_str(&n->batch->arena, sl_str_make(n->at, len));
    n->at += len;
    return s;
}

static sl_value notation_value(notation *n, const sl_schema *s);
static const sl_schema *notation_schema(notation *n);

/* ---- reading schemas ---- */

static const sl_schema *notation_intern(notation *n, const sl_schema *def) {
    const sl_schema *s = NULL;
    test_assert_ok(sl__schema_intern(def, &s));
    sl_batch_keep(n->batch, s);
    sl__schema_unref(s);
    return s;
}

static void notation_attrs(notation *n, sl_schema *def) {
    sl_schema_param *params = sl_arena_zalloc(&n->batch->arena, 8 * sizeof *params);
    def->params = params;
    while (!notation_take(n, ")")) {
        sl_str key = notation_until(n, "=,)");
        sl_str value = notation_take(n, "=") ? notation_until(n, ",)") : SL_STR("");
        (void)notation_take(n, ",");
        if (sl_str_eqz(key, "name")) {
            def->name = value;
        } else if (sl_str_eqz(key, "doc")) {
            def->doc = value;
        } else if (sl_str_eqz(key, "version")) {
            def->has_version = true;
            int64_t version = 0;
            assert_true(sl_str_to_i64(value, &version));
            def->version = (int32_t)version;
        } else if (value.n == 0) {
            params[def->nparams++] = (sl_schema_param){SL_STR("scale"), key};
        } else {
            params[def->nparams++] = (sl_schema_param){key, value};
        }
    }
}

static void notation_fields(notation *n, sl_schema *def) {
    sl_field *fields = sl_arena_zalloc(&n->batch->arena, 64 * sizeof *fields);
    def->type = SL_STRUCT;
    def->fields = fields;
    while (!notation_take(n, "}")) {
        sl_field *f = &fields[def->nfields++];
        f->name = notation_until(n, ":");
        notation_need(n, ":");
        f->schema = notation_schema(n);
        (void)notation_take(n, ",");
    }
}

static void notation_base(notation *n, sl_schema *def) {
    if (notation_take(n, "{")) {
        notation_fields(n, def);
        return;
    }
    if (notation_take(n, "[")) {
        def->type = SL_ARRAY;
        def->element = notation_schema(n);
        notation_need(n, "]");
        return;
    }
    if (notation_take(n, "<")) {
        def->type = SL_MAP;
        def->key = notation_schema(n);
        notation_need(n, ",");
        def->element = notation_schema(n);
        notation_need(n, ">");
        return;
    }
    for (size_t i = 0; i < NOTATION_TYPES; i++) {
        if (notation_take(n, notation_types[i].word)) {
            def->type = notation_types[i].type;
            def->name = sl_str_of(notation_types[i].name);
            def->has_version = notation_types[i].name != NULL;
            def->version = def->has_version;
            return;
        }
    }
    bad_notation(n, "a schema");
}

static const sl_schema *notation_schema(notation *n) {
    sl_schema def = {0};
    sl_value value;
    notation_base(n, &def);
    if (notation_take(n, "(")) {
        notation_attrs(n, &def);
    }
    def.optional = notation_take(n, "?");
    if (notation_take(n, "=")) {
        value = notation_value(n, notation_intern(n, &def));
        def.default_value = &value;
    }
    return notation_intern(n, &def);
}

/* ---- reading values ---- */

static sl_str notation_text(notation *n) {
    char *out = sl_arena_bytes(&n->batch->arena, strlen(n->at) + 1);
    size_t len = 0;
    while (*n->at && *n->at != '"') {
        n->at += *n->at == '\\';
        out[len++] = *n->at++;
    }
    notation_need(n, "\"");
    return sl_str_make(out, len);
}

static sl_value notation_hex(notation *n) {
    char *out = sl_arena_bytes(&n->batch->arena, strlen(n->at) + 1);
    size_t len = 0;
    while (isxdigit((unsigned char)n->at[0]) && isxdigit((unsigned char)n->at[1])) {
        char pair[3] = {n->at[0], n->at[1], '\0'};
        out[len++] = (char)strtol(pair, NULL, 16);
        n->at += 2;
    }
    return sl_bytes(sl_str_make(out, len));
}

static sl_value notation_number(notation *n, const sl_schema *s) {
    size_t len = strcspn(n->at, ",]}:; ");
    char text[64] = "";
    java_decimal d;
    assert_true(len > 0 && len < sizeof text);
    memcpy(text, n->at, len);
    n->at += len;
    char last = text[len - 1];
    sl_type type = s ? s->type : SL_INT64;
    if (s && s->logical == SL_LOGICAL_DECIMAL) {
        int64_t scale = 0;
        assert_true(sl_str_to_i64(s->params[0].value, &scale));
        assert_true(java_decimal_parse(&n->batch->arena, sl_str_of(text), &d));
        return sl_bytes(java_decimal_bytes(&n->batch->arena, &d, scale));
    }
    if (!s && strpbrk(text, ".eNI")) {
        type = last == 'f' ? SL_FLOAT32 : SL_FLOAT64;
    } else if (!s) {
        type = last == 'b' ? SL_INT8 : last == 's' ? SL_INT16 : last == 'i' ? SL_INT32 : SL_INT64;
        text[len - 1] = isalpha((unsigned char)last) ? '\0' : last;
    }
    if (type == SL_FLOAT32 || type == SL_FLOAT64) {
        sl_value v = {.type = (uint8_t)type};
        assert_true(java_parse_double(sl_str_of(text), type, &v.f));
        return v;
    }
    return sl_int(type, strtoll(text, NULL, 10));
}

static sl_value notation_map(notation *n, const sl_schema *s) {
    sl_value map = sl_value_alloc(&n->batch->arena, SL_MAP, 32);
    map.n = 0;
    while (!notation_take(n, "}")) {
        sl_value *entry = &map.items[2 * (size_t)map.n++];
        if (s && s->key->type != SL_STRING) {
            entry[0] = notation_value(n, s->key);
        } else {
            entry[0] = sl_string(notation_take(n, "\"") ? notation_text(n) : notation_until(n, ":"));
        }
        notation_need(n, ":");
        entry[1] = notation_value(n, s ? s->element : NULL);
        (void)notation_take(n, ",");
    }
    return map;
}

static sl_value notation_struct(notation *n, const sl_schema *s) {
    sl_value v = sl_value_alloc(&n->batch->arena, SL_STRUCT, s->nfields);
    while (!notation_take(n, "}")) {
        sl_str name = notation_until(n, ":");
        int i = sl_schema_field(s, name);
        notation_need(n, ":");
        if (i < 0) {
            bad_notation(n, "a field of the schema before this");
        }
        v.items[i] = notation_value(n, s->fields[i].schema);
        (void)notation_take(n, ",");
    }
    return v;
}

static sl_value notation_array(notation *n, const sl_schema *s) {
    sl_value v = sl_value_alloc(&n->batch->arena, SL_ARRAY, 32);
    v.n = 0;
    while (!notation_take(n, "]")) {
        v.items[v.n++] = notation_value(n, s ? s->element : NULL);
        (void)notation_take(n, ",");
    }
    return v;
}

static sl_value notation_value(notation *n, const sl_schema *s) {
    if (notation_take(n, "null")) {
        return sl_null();
    }
    if (notation_take(n, "true")) {
        return sl_bool(true);
    }
    if (notation_take(n, "false")) {
        return sl_bool(false);
    }
    if (notation_take(n, "\"")) {
        return sl_string(notation_text(n));
    }
    if (notation_take(n, "x")) {
        return notation_hex(n);
    }
    if (notation_take(n, "[")) {
        return notation_array(n, s);
    }
    if (notation_take(n, "{")) {
        return s && s->type == SL_STRUCT ? notation_struct(n, s) : notation_map(n, s);
    }
    return notation_number(n, s);
}

/* ---- reading records ---- */

static const sl_schema *notation_pair(notation *n, sl_value *v) {
    const sl_schema *s = *n->at == ':' ? NULL : notation_schema(n);
    notation_need(n, ":");
    *v = notation_value(n, s);
    return s;
}

static void notation_part(notation *n, sl_record *rec) {
    sl_value v;
    if (notation_take(n, "t=")) {
        rec->topic = notation_until(n, " ");
    } else if (notation_take(n, "p=")) {
        rec->partition = (int32_t)strtol(n->at, (char **)&n->at, 10);
    } else if (notation_take(n, "ts=")) {
        rec->timestamp = strtoll(n->at, (char **)&n->at, 10);
    } else if (notation_take(n, "sink=")) {
        rec->kafka_topic = SL_STR("t");
        rec->kafka_partition = 0;
        rec->kafka_offset = strtoll(n->at, (char **)&n->at, 10);
    } else if (notation_take(n, "k=")) {
        const sl_schema *s = notation_pair(n, &v);
        sl_record_set_key(n->batch, rec, s, v);
    } else if (notation_take(n, "v=")) {
        const sl_schema *s = notation_pair(n, &v);
        sl_record_set_value(n->batch, rec, s, v);
    } else if (notation_take(n, "h.")) {
        sl_str name = notation_until(n, "=");
        notation_need(n, "=");
        const sl_schema *s = notation_pair(n, &v);
        assert_true(sl_record_add_header(n->batch, rec, name, s, v));
    } else {
        bad_notation(n, "a part of a record");
    }
}

/* notation_record adds the record that the text says to the batch. */
static sl_record *notation_record(sl_batch *batch, const char *text) {
    notation n = {text, text, batch};
    sl_record *rec = sl_batch_add(batch);
    assert_non_null(rec);
    rec->topic = SL_STR("t");
    while (*n.at) {
        notation_part(&n, rec);
        if (*n.at) {
            notation_need(&n, " ; ");
        }
    }
    return rec;
}

/* ---- writing ---- */

static void notation_write_value(sl_buf *out, const sl_schema *s, const sl_value *v);

static void notation_write_attrs(sl_buf *out, const sl_schema *s, bool known) {
    const char *sep = "(";
    if (s->name.p && !known) {
        sl_buf_printf(out, "%sname=%.*s", sep, SL_STR_ARG(s->name));
        sep = ",";
    }
    if (s->has_version && !(known && s->version == 1)) {
        sl_buf_printf(out, "%sversion=%d", sep, s->version);
        sep = ",";
    }
    if (s->doc.p) {
        sl_buf_printf(out, "%sdoc=%.*s", sep, SL_STR_ARG(s->doc));
        sep = ",";
    }
    for (uint32_t i = 0; i < s->nparams; i++) {
        bool scale = known && sl_str_eqz(s->params[i].name, "scale");
        sl_buf_printf(out, "%s%.*s%s%.*s", sep, scale ? 0 : (int)s->params[i].name.n, s->params[i].name.p,
                      scale ? "" : "=", SL_STR_ARG(s->params[i].value));
        sep = ",";
    }
    sl_buf_add_z(out, *sep == ',' ? ")" : "");
}

static void notation_write_schema(sl_buf *out, const sl_schema *s) {
    bool known = false;
    if (s->type == SL_STRUCT) {
        for (uint32_t i = 0; i < s->nfields; i++) {
            sl_buf_printf(out, "%s%.*s:", i ? "," : "{", SL_STR_ARG(s->fields[i].name));
            notation_write_schema(out, s->fields[i].schema);
        }
        sl_buf_add_z(out, s->nfields ? "}" : "{}");
    } else if (s->type == SL_ARRAY) {
        sl_buf_add_z(out, "[");
        notation_write_schema(out, s->element);
        sl_buf_add_z(out, "]");
    } else if (s->type == SL_MAP) {
        sl_buf_add_z(out, "<");
        notation_write_schema(out, s->key);
        sl_buf_add_z(out, ",");
        notation_write_schema(out, s->element);
        sl_buf_add_z(out, ">");
    }
    for (size_t i = NOTATION_TYPES; i-- > 0 && s->type <= SL_BYTES && !known;) {
        bool same = s->type == notation_types[i].type;
        known = same && notation_types[i].name && sl_str_eqz(s->name, notation_types[i].name);
        if (known || (same && !notation_types[i].name)) {
            sl_buf_add_z(out, notation_types[i].word);
            break;
        }
    }
    notation_write_attrs(out, s, known);
    sl_buf_add_z(out, s->optional ? "?" : "");
    if (s->default_value) {
        sl_buf_add_z(out, "=");
        notation_write_value(out, s, s->default_value);
    }
}

static int notation_by_key(const void *a, const void *b) {
    return sl_str_cmp(sl_value_str(a), sl_value_str(b));
}

static void notation_write_items(sl_buf *out, const sl_schema *s, const sl_value *v) {
    sl_buf_add_z(out, v->type == SL_ARRAY ? "[" : "{");
    if (v->type == SL_MAP && v->n > 1 && (!s || s->key->type == SL_STRING)) {
        qsort(v->items, v->n, 2 * sizeof *v->items, notation_by_key);
    }
    for (uint32_t i = 0; i < v->n; i++) {
        sl_buf_add_z(out, i ? "," : "");
        if (v->type == SL_STRUCT) {
            sl_buf_printf(out, "%.*s:", SL_STR_ARG(s->fields[i].name));
            notation_write_value(out, s->fields[i].schema, &v->items[i]);
        } else if (v->type == SL_ARRAY) {
            notation_write_value(out, s ? s->element : NULL, &v->items[i]);
        } else {
            const sl_value *key = &v->items[2 * (size_t)i];
            if (key->type == SL_STRING) {
                sl_buf_add_str(out, sl_value_str(key));
            } else {
                notation_write_value(out, s ? s->key : NULL, key);
            }
            sl_buf_add_z(out, ":");
            notation_write_value(out, s ? s->element : NULL, key + 1);
        }
    }
    sl_buf_add_z(out, v->type == SL_ARRAY ? "]" : "}");
}

static void notation_write_bytes(sl_buf *out, const sl_schema *s, const sl_value *v) {
    int64_t scale = 0;
    if (s && s->logical == SL_LOGICAL_DECIMAL && sl_str_to_i64(s->params[0].value, &scale) && v->n) {
        (void)sl_buf_add_decimal(out, sl_value_str(v), (int32_t)scale);
    } else {
        sl_buf_add_z(out, "x");
        for (uint32_t i = 0; i < v->n; i++) {
            sl_buf_printf(out, "%02x", (unsigned char)v->s[i]);
        }
    }
}

static void notation_write_value(sl_buf *out, const sl_schema *s, const sl_value *v) {
    static const char *const suffix[] = {
        [SL_INT8] = "b", [SL_INT16] = "s", [SL_INT32] = "i", [SL_INT64] = ""};
    switch ((sl_type)v->type) {
    case SL_NULL:
        sl_buf_add_z(out, "null");
        break;
    case SL_BOOL:
        sl_buf_add_z(out, v->b ? "true" : "false");
        break;
    case SL_STRING:
        sl_buf_printf(out, "\"%.*s\"", SL_STR_ARG(sl_value_str(v)));
        break;
    case SL_BYTES:
        notation_write_bytes(out, s, v);
        break;
    case SL_FLOAT32:
    case SL_FLOAT64:
        (v->type == SL_FLOAT32 ? sl_buf_add_float : sl_buf_add_double)(out, v->f);
        sl_buf_add_z(out, !s && v->type == SL_FLOAT32 ? "f" : "");
        break;
    case SL_ARRAY:
    case SL_MAP:
    case SL_STRUCT:
        notation_write_items(out, s, v);
        break;
    default:
        sl_buf_add_i64(out, v->i);
        sl_buf_add_z(out, s ? "" : suffix[v->type]);
        break;
    }
}

static void notation_write_pair(sl_buf *out, const char *key, sl_str name, const sl_schema *s,
                                const sl_value *v) {
    sl_buf_printf(out, "%s%s%.*s=", out->n ? " ; " : "", key, SL_STR_ARG(name));
    if (s) {
        notation_write_schema(out, s);
    }
    sl_buf_add_z(out, ":");
    notation_write_value(out, s, v);
}

/* notation_write writes a record. */
static void notation_write(sl_buf *out, const sl_record *rec) {
    if (!sl_str_eqz(rec->topic, "t")) {
        sl_buf_printf(out, "t=%.*s", SL_STR_ARG(rec->topic));
    }
    if (rec->partition != SL_NO_PARTITION) {
        sl_buf_printf(out, "%sp=%d", out->n ? " ; " : "", rec->partition);
    }
    if (rec->timestamp != SL_NO_TIMESTAMP) {
        sl_buf_printf(out, "%sts=%lld", out->n ? " ; " : "", (long long)rec->timestamp);
    }
    if (rec->key_schema || !sl_is_null(&rec->key)) {
        notation_write_pair(out, "k", SL_STR_NONE, rec->key_schema, &rec->key);
    }
    notation_write_pair(out, "v", SL_STR_NONE, rec->value_schema, &rec->value);
    for (uint32_t i = 0; i < rec->nheaders; i++) {
        const sl_header *h = &rec->headers[i];
        notation_write_pair(out, "h.", h->name, h->schema, &h->value);
    }
}

#endif
