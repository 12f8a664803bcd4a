/*
 * java_key.c - see java_key.h. The form is that of the "Java Object Serialization Specification".
 *
 * Class descriptions are written in full each time, without references back, which readers accept; what is
 * read may have them.
 */
#include "java_key.h"

#include <sluice/text.h>
#include <stdlib.h>

enum { TC_NULL = 0x70, TC_REFERENCE, TC_CLASSDESC, TC_OBJECT, TC_STRING, TC_ARRAY, TC_ENDBLOCKDATA = 0x78 };
#define FIRST_HANDLE 0x7e0000u
#define HANDLES_MAX 4096
#define FIELDS_MAX 16
#define DEPTH_MAX 16
#define DIGITS_MAX 4096 /* of a number */
#define WRITES 1        /* SC_WRITE_METHOD: data of its own may follow the fields */

/* ---- numbers ---- */

/* Decimal digits into bytes, the highest first; gives their number. */
static size_t to_magnitude(sl_str digits, unsigned char *out, size_t cap) {
    size_t n = 0; /* the lowest first, until the end */
    for (size_t i = 0; i < digits.n; i++) {
        unsigned carry = (unsigned)(digits.p[i] - '0');
        for (size_t k = 0; k < n; k++) {
            carry += out[k] * 10u;
            out[k] = (unsigned char)carry;
            carry >>= 8;
        }
        if (carry && n < cap) {
            out[n++] = (unsigned char)carry;
        }
    }
    for (size_t i = 0; i < n / 2; i++) {
        unsigned char c = out[i];
        out[i] = out[n - 1 - i];
        out[n - 1 - i] = c;
    }
    return n;
}

static sl_str from_magnitude(sl_str bytes, sl_arena *a) {
    size_t cap = bytes.n * 3 + 1;
    char *out = sl_arena_bytes(a, cap);
    size_t n = 0; /* digits, the lowest first, until the end */
    if (!out) {
        return SL_STR_NONE;
    }
    for (size_t i = 0; i < bytes.n; i++) {
        unsigned carry = (unsigned char)bytes.p[i];
        for (size_t k = 0; k < n; k++) {
            carry += (unsigned)(out[k] - '0') * 256u;
            out[k] = (char)('0' + carry % 10);
            carry /= 10;
        }
        for (; carry && n < cap; carry /= 10) {
            out[n++] = (char)('0' + carry % 10);
        }
    }
    if (n == 0) {
        out[n++] = '0';
    }
    for (size_t i = 0; i < n / 2; i++) {
        char c = out[i];
        out[i] = out[n - 1 - i];
        out[n - 1 - i] = c;
    }
    return (sl_str){out, n};
}

/* ---- writing ---- */

static void put_u32(sl_buf *b, uint32_t v) {
    for (int i = 24; i >= 0; i -= 8) {
        sl_buf_add_char(b, (char)(unsigned char)(v >> i));
    }
}

static void put_u64(sl_buf *b, uint64_t v) {
    put_u32(b, (uint32_t)(v >> 32));
    put_u32(b, (uint32_t)v);
}

static void put_utf(sl_buf *b, sl_str s) {
    sl_buf_add_char(b, (char)(unsigned char)(s.n >> 8));
    sl_buf_add_char(b, (char)(unsigned char)s.n);
    sl_buf_add_str(b, s);
}

static void put_class(sl_buf *b, const char *name, uint64_t uid, uint8_t flags, uint8_t fields) {
    sl_buf_add_char(b, TC_CLASSDESC);
    put_utf(b, sl_str_of(name));
    put_u64(b, uid);
    sl_buf_add_char(b, (char)flags);
    sl_buf_add_char(b, 0);
    sl_buf_add_char(b, (char)fields);
}

static void put_field(sl_buf *b, char type, const char *name, const char *class_name) {
    sl_buf_add_char(b, type);
    put_utf(b, sl_str_of(name));
    if (class_name) {
        sl_buf_add_char(b, TC_STRING);
        put_utf(b, sl_str_of(class_name));
    }
}

static void end_class(sl_buf *b, bool number) {
    sl_buf_add_char(b, TC_ENDBLOCKDATA);
    if (number) {
        put_class(b, "java.lang.Number", 0x86ac951d0b94e08bu, 2, 0);
        sl_buf_add_char(b, TC_ENDBLOCKDATA);
    }
    sl_buf_add_char(b, TC_NULL);
}

static void put_boxed(sl_buf *b, const char *name, uint64_t uid, char type, bool number) {
    sl_buf_add_char(b, TC_OBJECT);
    put_class(b, name, uid, 2, 1);
    put_field(b, type, "value", NULL);
    end_class(b, number);
}

static void put_string(sl_buf *b, sl_str s) {
    sl_buf_add_char(b, s.n > 0xffff ? 0x7c : TC_STRING);
    if (s.n > 0xffff) {
        put_u64(b, s.n);
        sl_buf_add_str(b, s);
    } else {
        put_utf(b, s);
    }
}

static bool put_integer(sl_buf *b, cdc_java_class cls, sl_str text) {
    int64_t v = 0;
    if (!sl_str_to_i64(text, &v)) {
        return false;
    }
    if (cls == CDC_JAVA_LONG) {
        put_boxed(b, "java.lang.Long", 0x3b8be490cc8f23dfu, 'J', true);
        put_u64(b, (uint64_t)v);
        return true;
    }
    if (cls == CDC_JAVA_SHORT && v >= INT16_MIN && v <= INT16_MAX) {
        put_boxed(b, "java.lang.Short", 0x684d37133460da52u, 'S', true);
        sl_buf_add_char(b, (char)(unsigned char)((uint64_t)v >> 8));
        sl_buf_add_char(b, (char)(unsigned char)v);
        return true;
    }
    if (v < INT32_MIN || v > INT32_MAX) {
        return false;
    }
    put_boxed(b, "java.lang.Integer", 0x12e2a0a4f7818738u, 'I', true);
    put_u32(b, (uint32_t)v);
    return true;
}

static bool put_floating(sl_buf *b, cdc_java_class cls, sl_str text) {
    double d = 0;
    if (!sl_str_to_f64(text, &d)) {
        return false;
    }
    if (cls == CDC_JAVA_FLOAT) {
        float f = (float)d;
        uint32_t bits = 0;
        memcpy(&bits, &f, sizeof bits);
        put_boxed(b, "java.lang.Float", 0xdaedc9a2db3cf0ecu, 'F', true);
        put_u32(b, bits);
        return true;
    }
    uint64_t bits = 0;
    memcpy(&bits, &d, sizeof bits);
    put_boxed(b, "java.lang.Double", 0x80b3c24a296bfb04u, 'D', true);
    put_u64(b, bits);
    return true;
}

static bool put_uuid(sl_buf *b, sl_str text) {
    uint64_t half[2] = {0, 0};
    size_t digits = 0;
    for (size_t i = 0; i < text.n; i++) {
        int d = sl_hex_digit(text.p[i]);
        if (d < 0 && text.p[i] == '-') {
            continue;
        }
        if (d < 0 || digits == 32) {
            return false;
        }
        half[digits / 16] = half[digits / 16] << 4 | (unsigned)d;
        digits++;
    }
    if (digits != 32) {
        return false;
    }
    sl_buf_add_char(b, TC_OBJECT);
    put_class(b, "java.util.UUID", 0xbc9903f7986d852fu, 2, 2);
    put_field(b, 'J', "leastSigBits", NULL);
    put_field(b, 'J', "mostSigBits", NULL);
    end_class(b, false);
    put_u64(b, half[1]);
    put_u64(b, half[0]);
    return true;
}

static void put_big_integer(sl_buf *b, bool negative, sl_str digits) {
    unsigned char bytes[DIGITS_MAX / 2];
    size_t n = to_magnitude(digits, bytes, sizeof bytes);
    sl_buf_add_char(b, TC_OBJECT);
    put_class(b, "java.math.BigInteger", 0x8cfc9f1fa93bfb1du, 2 | WRITES, 6);
    put_field(b, 'I', "bitCount", NULL);
    put_field(b, 'I', "bitLength", NULL);
    put_field(b, 'I', "firstNonzeroByteNum", NULL);
    put_field(b, 'I', "lowestSetBit", NULL);
    put_field(b, 'I', "signum", NULL);
    put_field(b, '[', "magnitude", "[B");
    end_class(b, true);
    put_u32(b, UINT32_MAX);
    put_u32(b, UINT32_MAX);
    put_u32(b, UINT32_MAX - 1);
    put_u32(b, UINT32_MAX - 1);
    put_u32(b, n == 0 ? 0 : negative ? UINT32_MAX : 1);
    sl_buf_add_char(b, TC_ARRAY);
    put_class(b, "[B", 0xacf317f8060854e0u, 2, 0);
    end_class(b, false);
    put_u32(b, (uint32_t)n);
    sl_buf_add(b, bytes, n);
    sl_buf_add_char(b, TC_ENDBLOCKDATA);
}

static bool put_decimal(sl_buf *b, sl_str text) {
    char digits[DIGITS_MAX];
    size_t n = 0;
    uint32_t scale = 0;
    bool point = false;
    bool negative = text.n && text.p[0] == '-';
    for (size_t i = negative; i < text.n; i++) {
        char c = text.p[i];
        if (c == '.' && !point) {
            point = true;
        } else if (c < '0' || c > '9' || n == sizeof digits) {
            return false;
        } else {
            digits[n++] = c;
            scale += point;
        }
    }
    if (!n) {
        return false;
    }
    sl_buf_add_char(b, TC_OBJECT);
    put_class(b, "java.math.BigDecimal", 0x54c71557f981284fu, 2 | WRITES, 2);
    put_field(b, 'I', "scale", NULL);
    put_field(b, 'L', "intVal", "Ljava/math/BigInteger;");
    end_class(b, true);
    put_u32(b, scale);
    put_big_integer(b, negative, (sl_str){digits, n});
    sl_buf_add_char(b, TC_ENDBLOCKDATA);
    return true;
}

static void put_part(sl_buf *b, const cdc_key_part *p) {
    bool done = false;
    if (!p->text.p) {
        sl_buf_add_char(b, TC_NULL);
        return;
    }
    switch (p->cls) {
    case CDC_JAVA_INTEGER:
    case CDC_JAVA_LONG:
    case CDC_JAVA_SHORT:
        done = put_integer(b, p->cls, p->text);
        break;
    case CDC_JAVA_FLOAT:
    case CDC_JAVA_DOUBLE:
        done = put_floating(b, p->cls, p->text);
        break;
    case CDC_JAVA_UUID:
        done = put_uuid(b, p->text);
        break;
    case CDC_JAVA_DECIMAL:
        done = put_decimal(b, p->text);
        break;
    case CDC_JAVA_BOOLEAN:
        put_boxed(b, "java.lang.Boolean", 0xcd207280d59cfaeeu, 'Z', false);
        sl_buf_add_char(b, p->text.n && (*p->text.p == 't' || *p->text.p == '1'));
        done = true;
        break;
    default:
        break;
    }
    if (!done) {
        put_string(b, p->text);
    }
}

sl_str cdc_java_write(const cdc_key_part *parts, size_t n, sl_arena *a) {
    static const char set[] = "0123456789abcdef";
    sl_buf b;
    sl_buf_init(&b, a);
    sl_buf_add(&b, "\xac\xed\0\5", 4);
    if (!parts) {
        sl_buf_add_char(&b, TC_NULL);
    } else {
        sl_buf_add_char(&b, TC_ARRAY);
        put_class(&b, "[Ljava.lang.Object;", 0x90ce589f1073296cu, 2, 0);
        end_class(&b, false);
        put_u32(&b, (uint32_t)n);
    }
    for (size_t i = 0; parts && i < n; i++) {
        put_part(&b, &parts[i]);
    }
    sl_str raw = sl_buf_view(&b);
    char *out = b.failed ? NULL : sl_arena_bytes(a, raw.n * 2);
    for (size_t i = 0; out && i < raw.n; i++) {
        out[2 * i] = set[(unsigned char)raw.p[i] >> 4];
        out[2 * i + 1] = set[(unsigned char)raw.p[i] & 15];
    }
    return out ? (sl_str){out, raw.n * 2} : SL_STR_NONE;
}

/* ---- reading ---- */

typedef struct class_desc {
    sl_str name;
    uint8_t flags;
    uint16_t nfields;
    char types[FIELDS_MAX];
    sl_str names[FIELDS_MAX];
    struct class_desc *super;
} class_desc;

typedef enum thing_kind { THING_NULL, THING_STRING, THING_BYTES, THING_OBJECT, THING_CLASS } thing_kind;

/* What is read of an object: all that any of the known classes has. */
typedef struct thing {
    thing_kind kind;
    sl_str text; /* STRING, BYTES */
    class_desc *desc;
    uint64_t value;    /* the field "value" */
    uint64_t least;    /* of a UUID */
    uint64_t most;     /* of a UUID */
    int32_t scale;     /* of a BigDecimal */
    int32_t signum;    /* of a BigInteger */
    struct thing *big; /* intVal, or magnitude */
} thing;

typedef struct java_reader {
    sl_reader r;
    sl_arena *a;
    thing *handles[HANDLES_MAX];
    size_t nhandles;
    unsigned depth;
    bool bad;
} java_reader;

static thing *read_thing(java_reader *j);

static thing *new_thing(java_reader *j, thing_kind kind) {
    thing *t = sl_arena_zalloc(j->a, sizeof *t);
    if (!t || j->nhandles == HANDLES_MAX) {
        j->bad = true;
        return NULL;
    }
    t->kind = kind;
    j->handles[j->nhandles++] = t;
    return t;
}

static thing *read_reference(java_reader *j) {
    uint32_t h = sl_reader_u32be(&j->r) - FIRST_HANDLE;
    if (h >= j->nhandles) {
        j->bad = true;
        return NULL;
    }
    return j->handles[h];
}

static sl_str read_utf(java_reader *j) {
    return sl_reader_bytes(&j->r, sl_reader_u16be(&j->r));
}

static void read_fields(java_reader *j, class_desc *d) {
    d->nfields = sl_reader_u16be(&j->r);
    if (d->nfields > FIELDS_MAX) {
        j->bad = true;
        d->nfields = 0;
    }
    for (uint16_t i = 0; i < d->nfields && !j->bad; i++) {
        d->types[i] = (char)sl_reader_u8(&j->r);
        d->names[i] = read_utf(j);
        if (d->types[i] == 'L' || d->types[i] == '[') {
            (void)read_thing(j); /* the class's name */
        }
    }
}

static class_desc *read_class(java_reader *j) {
    uint8_t what = sl_reader_u8(&j->r);
    if (what == TC_NULL || j->bad || j->depth++ > DEPTH_MAX) {
        j->bad = j->bad || what != TC_NULL;
        return NULL;
    }
    thing *t = what == TC_REFERENCE ? read_reference(j) : NULL;
    if (!t && what == TC_CLASSDESC && !j->bad) {
        class_desc *d = sl_arena_zalloc(j->a, sizeof *d);
        sl_str name = read_utf(j);
        (void)sl_reader_u64be(&j->r);
        t = d ? new_thing(j, THING_CLASS) : NULL;
        if (t) {
            t->desc = d;
            d->name = name;
            d->flags = sl_reader_u8(&j->r);
            read_fields(j, d);
            j->bad = j->bad || sl_reader_u8(&j->r) != TC_ENDBLOCKDATA;
            d->super = j->bad ? NULL : read_class(j);
        }
    }
    j->depth--;
    if (!t || t->kind != THING_CLASS) {
        j->bad = true;
        return NULL;
    }
    return t->desc;
}

static void read_field(java_reader *j, thing *t, char type, sl_str name) {
    uint64_t v = 0;
    thing *other = NULL;
    switch (type) {
    case 'Z':
    case 'B':
        v = sl_reader_u8(&j->r);
        break;
    case 'S':
    case 'C':
        v = (uint64_t)(int64_t)(int16_t)sl_reader_u16be(&j->r);
        break;
    case 'I':
        v = (uint64_t)(int64_t)(int32_t)sl_reader_u32be(&j->r);
        break;
    case 'F':
        v = sl_reader_u32be(&j->r);
        break;
    case 'J':
    case 'D':
        v = sl_reader_u64be(&j->r);
        break;
    default:
        other = read_thing(j);
    }
    if (sl_str_eqz(name, "value")) {
        t->value = v;
    } else if (sl_str_eqz(name, "leastSigBits")) {
        t->least = v;
    } else if (sl_str_eqz(name, "mostSigBits")) {
        t->most = v;
    } else if (sl_str_eqz(name, "scale")) {
        t->scale = (int32_t)v;
    } else if (sl_str_eqz(name, "signum")) {
        t->signum = (int32_t)v;
    } else if (sl_str_eqz(name, "intVal") || sl_str_eqz(name, "magnitude")) {
        t->big = other;
    }
}

static void read_data(java_reader *j, thing *t, const class_desc *d) {
    if (d->super) {
        read_data(j, t, d->super);
    }
    for (uint16_t i = 0; i < d->nfields && !j->bad; i++) {
        read_field(j, t, d->types[i], d->names[i]);
    }
    if (d->flags & WRITES) {
        j->bad = j->bad || sl_reader_u8(&j->r) != TC_ENDBLOCKDATA;
    }
}

static thing *read_object(java_reader *j) {
    class_desc *d = read_class(j);
    thing *t = d ? new_thing(j, THING_OBJECT) : NULL;
    if (!t) {
        j->bad = true;
        return NULL;
    }
    t->desc = d;
    read_data(j, t, d);
    return t;
}

static thing *read_bytes(java_reader *j) {
    class_desc *d = read_class(j);
    if (!d || !sl_str_eqz(d->name, "[B")) {
        j->bad = true;
        return NULL;
    }
    thing *t = new_thing(j, THING_BYTES);
    if (t) {
        t->text = sl_reader_bytes(&j->r, sl_reader_u32be(&j->r));
    }
    return t;
}

static thing *read_string(java_reader *j, bool is_long) {
    thing *t = new_thing(j, THING_STRING);
    if (t) {
        t->text = is_long ? sl_reader_bytes(&j->r, (size_t)sl_reader_u64be(&j->r)) : read_utf(j);
    }
    return t;
}

/* NULL: null, or j->bad. */
static thing *read_thing(java_reader *j) {
    thing *t = NULL;
    if (j->bad || j->r.short_read || j->depth++ > DEPTH_MAX) {
        j->bad = true;
        return NULL;
    }
    uint8_t what = sl_reader_u8(&j->r);
    switch (what) {
    case TC_NULL:
        break;
    case TC_REFERENCE:
        t = read_reference(j);
        break;
    case TC_STRING:
    case 0x7c:
        t = read_string(j, what != TC_STRING);
        break;
    case TC_OBJECT:
        t = read_object(j);
        break;
    case TC_ARRAY:
        t = read_bytes(j);
        break;
    default:
        j->bad = true;
    }
    j->depth--;
    return t;
}

static sl_str decimal_text(const thing *t, sl_arena *a) {
    const thing *big = t->big;
    const thing *mag = big ? big->big : NULL;
    sl_str digits = mag ? from_magnitude(mag->text, a) : SL_STR_NONE;
    size_t scale = t->scale > 0 ? (size_t)t->scale : 0;
    if (!digits.p || scale > DIGITS_MAX || t->scale < -DIGITS_MAX) {
        return SL_STR_NONE;
    }
    sl_buf b;
    sl_buf_init(&b, a);
    sl_buf_add_z(&b, big->signum < 0 ? "-" : "");
    for (size_t i = digits.n; i <= scale; i++) { /* 0.05 */
        sl_buf_add_char(&b, '0');
        if (i == digits.n && scale) {
            sl_buf_add_char(&b, '.');
        }
    }
    for (size_t i = 0; i < digits.n; i++) {
        if (i && digits.n - i == scale) {
            sl_buf_add_char(&b, '.');
        }
        sl_buf_add_char(&b, digits.p[i]);
    }
    for (int32_t i = t->scale; i < 0; i++) {
        sl_buf_add_char(&b, '0');
    }
    return sl_buf_take(&b);
}

static sl_str uuid_text(const thing *t, sl_arena *a) {
    return sl_arena_printf(a, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(t->most >> 32),
                           (unsigned)(t->most >> 16) & 0xffff, (unsigned)t->most & 0xffff,
                           (unsigned)(t->least >> 48), (unsigned long long)(t->least & 0xffffffffffffu));
}

static double floating(uint64_t bits, bool small) {
    float f;
    double d;
    uint32_t low = (uint32_t)bits;
    memcpy(&f, &low, sizeof f);
    memcpy(&d, &bits, sizeof d);
    return small ? (double)f : d;
}

static bool to_part(const thing *t, sl_arena *a, cdc_key_part *p) {
    static const char *const names[] = {"",
                                        "java.lang.Integer",
                                        "java.lang.Long",
                                        "java.lang.Short",
                                        "java.lang.Boolean",
                                        "java.lang.Float",
                                        "java.lang.Double",
                                        "java.util.UUID",
                                        "java.math.BigDecimal"};
    *p = (cdc_key_part){.cls = CDC_JAVA_STRING};
    if (!t || t->kind == THING_STRING) {
        p->text = t ? sl_arena_str(a, t->text) : SL_STR_NONE;
        return true;
    }
    size_t k = 1;
    while (t->desc && k < sizeof names / sizeof *names && !sl_str_eqz(t->desc->name, names[k])) {
        k++;
    }
    if (!t->desc || k == sizeof names / sizeof *names) {
        return false;
    }
    p->cls = (cdc_java_class)k;
    switch (p->cls) {
    case CDC_JAVA_BOOLEAN:
        p->text = t->value ? SL_STR("t") : SL_STR("f");
        break;
    case CDC_JAVA_FLOAT:
    case CDC_JAVA_DOUBLE:
        p->text = sl_arena_printf(a, "%.17g", floating(t->value, p->cls == CDC_JAVA_FLOAT));
        break;
    case CDC_JAVA_UUID:
        p->text = uuid_text(t, a);
        break;
    case CDC_JAVA_DECIMAL:
        p->text = decimal_text(t, a);
        break;
    default:
        p->text = sl_arena_printf(a, "%lld", (long long)(int64_t)t->value);
    }
    return p->text.p != NULL;
}

static bool unhex(sl_str hex, sl_arena *a, sl_str *raw) {
    char *out = hex.n % 2 ? NULL : sl_arena_bytes(a, hex.n / 2 + 1);
    for (size_t i = 0; out && i + 1 < hex.n; i += 2) {
        int high = sl_hex_digit(hex.p[i]);
        int low = sl_hex_digit(hex.p[i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i / 2] = (char)(unsigned char)(high << 4 | low);
    }
    *raw = (sl_str){out, hex.n / 2};
    return out != NULL;
}

static bool read_array(java_reader *j, cdc_key_part **parts, size_t *n) {
    class_desc *d = read_class(j);
    if (!d || !sl_str_eqz(d->name, "[Ljava.lang.Object;") || !new_thing(j, THING_OBJECT)) {
        return false;
    }
    uint32_t count = sl_reader_u32be(&j->r);
    if (j->bad || j->r.short_read || count > sl_reader_left(&j->r)) {
        return false;
    }
    *parts = sl_arena_zalloc(j->a, (count + 1) * sizeof **parts);
    for (uint32_t i = 0; *parts && i < count; i++) {
        thing *t = read_thing(j);
        if (j->bad || j->r.short_read || !to_part(t, j->a, &(*parts)[i])) {
            return false;
        }
    }
    *n = count;
    return *parts != NULL;
}

sl_error *cdc_java_read(sl_str hex, sl_arena *a, cdc_key_part **parts, size_t *n) {
    sl_str raw;
    *parts = NULL;
    *n = 0;
    java_reader *j = sl_arena_zalloc(a, sizeof *j);
    bool ok = j && unhex(hex, a, &raw);
    if (ok) {
        j->a = a;
        j->r = sl_reader_of(raw.p, raw.n);
        ok = sl_reader_u32be(&j->r) == 0xaced0005u;
        uint8_t what = ok ? sl_reader_u8(&j->r) : 0;
        ok = ok && (what == TC_NULL || (what == TC_ARRAY && read_array(j, parts, n)));
    }
    if (ok) {
        return NULL;
    }
    *parts = NULL;
    return a->failed ? sl_error_nomem()
                     : sl_error_new(SL_E_DATA, SL_USER, "it is no serialized Java array of a key's values");
}
