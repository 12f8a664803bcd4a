/*
 * java_file.c - a strict reader, and the writer, of one serialised HashMap<byte[], byte[]>.
 *
 * Grammar (Java Object Serialization Specification, 6.4), with what this class writes:
 *   stream    = AC ED 00 05 object
 *   object    = 73 mapClass loadFactor(4) threshold(4) 77 08 capacity(4) size(4) { array array } 78
 *   mapClass  = 72 utf"java.util.HashMap" uid(8) 03 00 02 'F' utf"loadFactor" 'I' utf"threshold" 78 70
 *   array     = 70 | 75 arrayClass length(4) bytes | 71 handle(4)
 *   arrayClass = 72 utf"[B" uid(8) 02 00 00 78 70 | 71 handle(4)
 * Handles number class descriptions and objects from 00 7E 00 00 in the order in which they begin.
 */
#include "store/java_file.h"

#define TC_NULL 0x70
#define TC_REFERENCE 0x71
#define TC_CLASSDESC 0x72
#define TC_OBJECT 0x73
#define TC_ARRAY 0x75
#define TC_BLOCKDATA 0x77
#define TC_ENDBLOCKDATA 0x78
#define FIRST_HANDLE 0x7e0000u
#define MAP_UID 0x0507dac1c31660d1u
#define BYTES_UID 0xacf317f8060854e0u

static const char map_fields[] = "\0\2F\0\12loadFactorI\0\11threshold\x78\x70";

typedef struct parser {
    sl_reader in;
    const unsigned char *begin;
    uint32_t next_handle;
    uint32_t array_class; /* handle of "[B", 0 = not seen */
} parser;

static sl_error *bad(const parser *p, const char *expected) {
    return sl_error_new(SL_E_DATA, SL_USER, "byte %zu: expected %s", (size_t)(p->in.p - p->begin), expected);
}

/* want reads n given bytes. */
static bool want(parser *p, const char *bytes, size_t n) {
    sl_str got = sl_reader_bytes(&p->in, n);
    return got.p && memcmp(got.p, bytes, n) == 0;
}

static bool want_u8(parser *p, uint8_t byte) {
    return sl_reader_u8(&p->in) == byte && !p->in.short_read;
}

/* class_head reads a class description up to its fields. */
static bool class_head(parser *p, sl_str name, uint64_t uid, uint8_t flags) {
    return want_u8(p, TC_CLASSDESC) && sl_reader_u16be(&p->in) == name.n && want(p, name.p, name.n) &&
           sl_reader_u64be(&p->in) == uid && want_u8(p, flags);
}

static sl_error *read_map_class(parser *p) {
    if (!class_head(p, SL_STR("java.util.HashMap"), MAP_UID, 3) ||
        !want(p, map_fields, sizeof map_fields - 1)) {
        return bad(p, "a java.util.HashMap");
    }
    p->next_handle += 2; /* the class and the map */
    return NULL;
}

static sl_error *read_array_class(parser *p) {
    if (sl_reader_left(&p->in) && *p->in.p == TC_REFERENCE) {
        (void)sl_reader_u8(&p->in);
        uint32_t handle = sl_reader_u32be(&p->in);
        return p->array_class && handle == p->array_class ? NULL : bad(p, "the class byte[]");
    }
    if (p->array_class || !class_head(p, SL_STR("[B"), BYTES_UID, 2) || !want(p, "\0\0\x78\x70", 4)) {
        return bad(p, "the class byte[]");
    }
    p->array_class = p->next_handle++;
    return NULL;
}

static sl_error *read_array(parser *p, sl_str *out) {
    *out = SL_STR_NONE;
    uint8_t tag = sl_reader_u8(&p->in);
    if (tag == TC_NULL && !p->in.short_read) {
        return NULL;
    }
    if (tag != TC_ARRAY) {
        return bad(p, "a byte[]");
    }
    SL_TRY(read_array_class(p));
    p->next_handle++;
    uint32_t n = sl_reader_u32be(&p->in);
    *out = sl_reader_bytes(&p->in, n);
    return out->p && !p->in.short_read ? NULL : bad(p, "a byte[] that ends within the file");
}

static sl_error *read_head(parser *p, uint32_t *size) {
    if (!want(p, "\xac\xed\0\5", 4) || !want_u8(p, TC_OBJECT)) {
        return bad(p, "a Java object");
    }
    SL_TRY(read_map_class(p));
    (void)sl_reader_u32be(&p->in); /* load factor */
    (void)sl_reader_u32be(&p->in); /* threshold */
    if (!want_u8(p, TC_BLOCKDATA) || !want_u8(p, 8)) {
        return bad(p, "the map's size");
    }
    (void)sl_reader_u32be(&p->in); /* capacity */
    *size = sl_reader_u32be(&p->in);
    return p->in.short_read ? bad(p, "the map's size") : NULL;
}

bool sl__java_file_is(sl_str text) {
    return sl_str_starts(text, sl_str_make("\xac\xed", 2));
}

sl_error *sl__java_file_read(sl_str text, sl__java_entry_cb cb, void *arg) {
    parser p = {.in = sl_reader_of(text.p, text.n), .next_handle = FIRST_HANDLE};
    uint32_t size = 0;
    p.begin = p.in.p;
    SL_TRY(read_head(&p, &size));
    for (uint32_t i = 0; i < size; i++) {
        sl_str key, value;
        SL_TRY(read_array(&p, &key));
        SL_TRY(read_array(&p, &value));
        SL_TRY(cb(arg, key, value));
    }
    if (!want_u8(&p, TC_ENDBLOCKDATA) || sl_reader_left(&p.in)) {
        return bad(&p, "the end of the map and of the file");
    }
    return NULL;
}

/* ---- writing ---- */

static void put_be(sl_buf *out, uint64_t v, unsigned bytes) {
    while (bytes-- > 0) {
        sl_buf_add_char(out, (char)(unsigned char)(v >> (8 * bytes)));
    }
}

static void put_class(sl_buf *out, sl_str name, uint64_t uid, uint8_t flags) {
    sl_buf_add_char(out, TC_CLASSDESC);
    put_be(out, name.n, 2);
    sl_buf_add_str(out, name);
    put_be(out, uid, 8);
    put_be(out, flags, 1);
}

static void put_array(sl_buf *out, sl_str bytes, bool first) {
    sl_buf_add_char(out, TC_ARRAY);
    if (first) {
        put_class(out, SL_STR("[B"), BYTES_UID, 2);
        put_be(out, 0, 2); /* no fields */
        sl_buf_add_char(out, TC_ENDBLOCKDATA);
        sl_buf_add_char(out, TC_NULL); /* no class above */
    } else {
        sl_buf_add_char(out, TC_REFERENCE);
        put_be(out, FIRST_HANDLE + 2, 4); /* after the map's class and the map */
    }
    put_be(out, bytes.n, 4);
    sl_buf_add_str(out, bytes);
}

void sl__java_file_write_head(uint32_t n, sl_buf *out) {
    uint32_t capacity = 16;
    while (capacity / 4 * 3 < n && capacity < 1u << 30) {
        capacity *= 2;
    }
    put_be(out, 0xaced0005, 4);
    sl_buf_add_char(out, TC_OBJECT);
    put_class(out, SL_STR("java.util.HashMap"), MAP_UID, 3);
    sl_buf_add_str(out, sl_str_make(map_fields, sizeof map_fields - 1));
    put_be(out, 0x3f400000, 4); /* load factor 0.75 */
    put_be(out, capacity / 4 * 3, 4);
    sl_buf_add_char(out, TC_BLOCKDATA);
    put_be(out, 8, 1);
    put_be(out, capacity, 4);
    put_be(out, n, 4);
}

void sl__java_file_write_entry(sl_str key, sl_str value, bool first, sl_buf *out) {
    put_array(out, key, first);
    put_array(out, value, false);
}

void sl__java_file_write_end(sl_buf *out) {
    sl_buf_add_char(out, TC_ENDBLOCKDATA);
}
