/*
 * naming.c - see naming.h.
 *
 * Debezium works on UTF-16: a character outside the basic plane is two units there, each replaced by itself,
 * and so it is here ("_" twice, or two "_uXXXX").
 */
#include "naming.h"

#define MAX_TOPIC 249

uint32_t cdc_utf8_next(sl_str s, size_t *at) {
    const unsigned char *p = (const unsigned char *)s.p + *at;
    size_t left = s.n - *at;
    if (p[0] >= 0xf0 && left >= 4) {
        *at += 4;
        return ((uint32_t)(p[0] & 7) << 18) | ((uint32_t)(p[1] & 63) << 12) | ((uint32_t)(p[2] & 63) << 6) |
               (uint32_t)(p[3] & 63);
    }
    if (p[0] >= 0xe0 && p[0] < 0xf0 && left >= 3) {
        *at += 3;
        return ((uint32_t)(p[0] & 15) << 12) | ((uint32_t)(p[1] & 63) << 6) | (uint32_t)(p[2] & 63);
    }
    if (p[0] >= 0xc0 && p[0] < 0xe0 && left >= 2) {
        *at += 2;
        return ((uint32_t)(p[0] & 31) << 6) | (uint32_t)(p[1] & 63);
    }
    *at += 1;
    return p[0];
}

static bool is_alpha(uint32_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(uint32_t c) {
    return c >= '0' && c <= '9';
}

static bool topic_ok(uint32_t c) {
    return is_alpha(c) || is_digit(c) || c == '.' || c == '-';
}

/* In the unicode modes '_' starts an escape, so it is escaped itself. */
static bool name_ok(uint32_t c, bool first, cdc_adjust how, bool field) {
    if (how == CDC_ADJUST_AVRO_UNICODE && c == '_') {
        return false;
    }
    return is_alpha(c) || (!first && is_digit(c)) || (!first && !field && c == '.');
}

static void add_unit(sl_buf *b, uint32_t unit, cdc_adjust how) {
    if (how == CDC_ADJUST_AVRO_UNICODE) {
        sl_buf_printf(b, unit > 0xff ? "_u%x" : "_u00%x", unit);
    } else {
        sl_buf_add_char(b, '_');
    }
}

static void add_replaced(sl_buf *b, uint32_t c, cdc_adjust how) {
    if (c > 0xffff) {
        c -= 0x10000;
        add_unit(b, 0xd800 + (c >> 10), how);
        c = 0xdc00 + (c & 0x3ff);
    }
    add_unit(b, c, how);
}

static sl_str name_topic(sl_arena *a, sl_str name, cdc_adjust how) {
    bool dots = sl_str_eqz(name, ".") || sl_str_eqz(name, "..");
    sl_buf b;
    sl_buf_init(&b, a);
    for (size_t at = 0; at < name.n && b.n < MAX_TOPIC;) {
        uint32_t c = cdc_utf8_next(name, &at);
        if (topic_ok(c) && !dots && (c != '_' || how == CDC_ADJUST_NONE)) {
            sl_buf_add_char(&b, (char)c);
        } else {
            add_replaced(&b, c, how);
        }
    }
    sl_str out = sl_buf_take(&b);
    out.n = out.n > MAX_TOPIC ? MAX_TOPIC : out.n;
    return out;
}

sl_str cdc_name_topic(sl_arena *a, sl_str name) {
    return name_topic(a, name, CDC_ADJUST_NONE);
}

sl_str cdc_name_topic_unicode(sl_arena *a, sl_str name) {
    return name_topic(a, name, CDC_ADJUST_AVRO_UNICODE);
}

static sl_str adjust(sl_arena *a, sl_str name, cdc_adjust how, bool field) {
    bool fine = how == CDC_ADJUST_NONE;
    if (!fine) {
        fine = true;
        for (size_t i = 0; fine && i < name.n; i++) {
            fine = name_ok((unsigned char)name.p[i], i == 0, how, field);
        }
    }
    if (fine) {
        return name;
    }
    sl_buf b;
    sl_buf_init(&b, a);
    for (size_t at = 0; at < name.n;) {
        bool first = at == 0;
        uint32_t c = cdc_utf8_next(name, &at);
        if (name_ok(c, first, how, field)) {
            sl_buf_add_char(&b, (char)c);
            continue;
        }
        add_replaced(&b, c, how);
        if (first && is_digit(c) && how == CDC_ADJUST_AVRO) {
            sl_buf_add_char(&b, (char)c); /* "1a" and "2a" stay two names */
        }
    }
    return sl_buf_take(&b);
}

sl_str cdc_name_schema(sl_arena *a, sl_str name, cdc_adjust how) {
    return adjust(a, name, how, false);
}

sl_str cdc_name_field(sl_arena *a, sl_str name, cdc_adjust how) {
    return adjust(a, name, how, true);
}
