/*
 * buf.c - growing byte buffers, on the heap or at the tip of an arena.
 *
 * An arena buffer reserves p..p+cap at the arena's tip. As long as nothing else was allocated behind it, it
 * grows in place; otherwise it moves to a new block, which is still correct but leaves the old one unused. A
 * large buffer that has its chunk for itself grows with it.
 *
 * Not for: text formats beyond a JSON string. Threads: one owner at a time.
 */
#include <sluice/text.h>

#include <stdarg.h>
#include <stdio.h>

#define SMALLEST 128u
#define OWN_CHUNK (1u << 20)    /* so large a buffer is moved with its chunk */
#define LARGE_STRING (1u << 20) /* the room for so long a JSON string is counted first */

void sl_buf_init(sl_buf *b, sl_arena *arena) {
    *b = (sl_buf){.arena = arena};
}

static bool at_tip(const sl_buf *b) {
    return b->p && b->p + b->cap == b->arena->cur;
}

void sl_buf_deinit(sl_buf *b) {
    if (!b->arena) {
        sl_free(b->p);
    } else if (at_tip(b)) {
        b->arena->cur = b->p;
    }
    sl_buf_init(b, b->arena);
}

/* extend_tip grows the reservation in place, to at least need and at most want bytes. */
static bool extend_tip(sl_buf *b, size_t need, size_t want) {
    sl_arena *a = b->arena;
    char *base = at_tip(b) ? b->p : a->cur;
    if (!base || (b->n && !at_tip(b)) || (size_t)(a->end - base) < need) {
        return false;
    }
    size_t room = (size_t)(a->end - base);
    b->p = base;
    b->cap = room < want ? room : want;
    a->cur = base + b->cap;
    return true;
}

static bool grow_in_arena(sl_buf *b, size_t need, size_t want) {
    if (extend_tip(b, need, want)) {
        return true;
    }
    bool tip = at_tip(b);
    char *p = tip && b->cap >= OWN_CHUNK ? sl_arena_regrow(b->arena, b->p, want) : NULL;
    if (p) {
        b->p = p;
        b->cap = want;
        return true;
    }
    if (tip) {
        b->arena->cur = b->p + b->n;
    }
    p = sl_arena_more(b->arena, want, 1);
    if (!p) {
        return false;
    }
    if (b->p && b->n) {
        memcpy(p, b->p, b->n);
    }
    b->p = p;
    b->cap = want;
    return true;
}

static bool grow_on_heap(sl_buf *b, size_t want) {
    char *p = sl_realloc(b->p, want);
    if (!p) {
        return false;
    }
    b->p = p;
    b->cap = want;
    return true;
}

bool sl_buf_grow(sl_buf *b, size_t more) {
    size_t need;
    if (b->failed || __builtin_add_overflow(b->n, more, &need)) {
        b->failed = true;
        return false;
    }
    if (need <= b->cap && b->p) {
        return true;
    }
    size_t want = b->cap > SIZE_MAX / 2 ? need : b->cap * 2;
    if (want < need) { /* room for what follows a large piece, so that it is not moved for a few bytes */
        want = need < SIZE_MAX - need / 64 - SMALLEST ? need + need / 64 + SMALLEST : need;
    }
    want = want < SMALLEST ? SMALLEST : want;
    if (b->arena ? !grow_in_arena(b, need, want) : !grow_on_heap(b, want)) {
        b->failed = true;
        b->cap = b->n; /* later appends must come here and fail too */
        return false;
    }
    return true;
}

void sl_buf_add_z(sl_buf *b, const char *z) {
    sl_buf_add_str(b, sl_str_of(z));
}

void sl_buf_printf(sl_buf *b, const char *fmt, ...) {
    va_list args;
    size_t room = b->cap - b->n;
    va_start(args, fmt);
    int n = vsnprintf(room ? b->p + b->n : NULL, room, fmt, args);
    va_end(args);
    if (n < 0 || b->failed) {
        b->failed = true;
        return;
    }
    if ((size_t)n >= room) {
        char *to = sl_buf_room(b, (size_t)n + 1);
        if (!to) {
            return;
        }
        va_start(args, fmt);
        vsnprintf(to, (size_t)n + 1, fmt, args);
        va_end(args);
    }
    b->n += (size_t)n;
}

void sl_buf_add_i64(sl_buf *b, int64_t v) {
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
        "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
        "8081828384858687888990919293949596979899";
    char digits[20];
    char *at = digits + sizeof digits;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    while (u >= 100) {
        at -= 2;
        memcpy(at, pairs + u % 100 * 2, 2);
        u /= 100;
    }
    if (u >= 10) {
        at -= 2;
        memcpy(at, pairs + u * 2, 2);
    } else {
        *--at = (char)('0' + u);
    }
    if (v < 0) {
        *--at = '-';
    }
    sl_buf_add(b, at, (size_t)(digits + sizeof digits - at));
}

/* ---- JSON strings ---- */

#define EACH(byte) (0x0101010101010101u * (byte))

/* needs_care finds, in eight bytes at once, control characters, quotes, backslashes and first bytes of
   characters beyond the Basic Multilingual Plane; it may also speak up for what follows such a byte. */
static inline bool needs_care(uint64_t w) {
    uint64_t quote = w ^ EACH(0x22);
    uint64_t slash = w ^ EACH(0x5c);
    uint64_t low = (w - EACH(0x20)) | (quote - EACH(1)) | (slash - EACH(1)); /* borrows into the top bits */
    uint64_t astral = w & (w << 1) & (w << 2) & (w << 3);                    /* 1111xxxx */
    return ((low & ~w) | astral) & EACH(0x80);
}

static bool is_plain_byte(unsigned char c) {
    return c >= 0x20 && c != '"' && c != '\\' && c < 0xf0;
}

static uint64_t load8(const char *p) {
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

static uint32_t load4(const char *p) {
    uint32_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

/* plain_run gives how many bytes from p on can be copied as they are. */
static inline size_t plain_run(const char *p, size_t n) {
    size_t i = 0;
    while (n - i >= 8 && !needs_care(load8(p + i))) {
        i += 8;
    }
    if (n >= 8 ? n - i < 8 && !needs_care(load8(p + n - 8))
               : n >= 4 && !needs_care((uint64_t)load4(p) << 32 | load4(p + n - 4))) {
        return n;
    }
    while (i < n && is_plain_byte((unsigned char)p[i])) {
        i++;
    }
    return i;
}

/* copy_run is memcpy for what is mostly short: up to 16 bytes in two overlapping pieces, without a call. */
static inline void copy_run(char *to, const char *p, size_t n) {
    if (n > 16) {
        memcpy(to, p, n);
    } else if (n >= 8) {
        uint64_t first = load8(p), last = load8(p + n - 8);
        memcpy(to, &first, 8);
        memcpy(to + n - 8, &last, 8);
    } else if (n >= 4) {
        uint32_t first = load4(p), last = load4(p + n - 4);
        memcpy(to, &first, 4);
        memcpy(to + n - 4, &last, 4);
    } else {
        for (size_t i = 0; i < n; i++) {
            to[i] = p[i];
        }
    }
}

static void add_u(sl_buf *b, uint32_t unit) {
    static const char hex[] = "0123456789ABCDEF";
    sl_buf_add(
        b, (char[]){'\\', 'u', hex[unit >> 12], hex[unit >> 8 & 15], hex[unit >> 4 & 15], hex[unit & 15]}, 6);
}

/* add_careful adds the character at p, n > 0, which is not plain; gives its length. */
static size_t add_careful(sl_buf *b, const unsigned char *p, size_t n) {
    static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: character, letter */
    if (p[0] >= 0xf0) {
        if (n < 4) {
            sl_buf_add_char(b, (char)p[0]); /* no UTF-8: left as it is */
            return 1;
        }
        uint32_t c = (p[0] & 7u) << 18 | (p[1] & 63u) << 12 | (p[2] & 63u) << 6 | (p[3] & 63u);
        c = (c - 0x10000) & 0xfffff;
        add_u(b, 0xd800 + (c >> 10));
        add_u(b, 0xdc00 + (c & 1023));
        return 4;
    }
    for (size_t i = 0; i + 1 < sizeof shorts; i += 2) {
        if ((unsigned char)shorts[i] == p[0]) {
            sl_buf_add(b, (char[]){'\\', shorts[i + 1]}, 2);
            return 1;
        }
    }
    add_u(b, p[0]);
    return 1;
}

/* json_length gives how long a string is without its quotes. */
static size_t json_length(sl_str s) {
    char room[16];
    sl_buf one = {.p = room, .cap = sizeof room};
    size_t n = 0;
    for (size_t i = 0; i < s.n;) {
        size_t run = plain_run(s.p + i, s.n - i);
        i += run;
        one.n = 0;
        i += i < s.n ? add_careful(&one, (const unsigned char *)s.p + i, s.n - i) : 0;
        n += run + one.n;
    }
    return n;
}

void sl_buf_add_json_str(sl_buf *b, sl_str s) {
    size_t run = s.n ? plain_run(s.p, s.n) : 0;
    char *to = sl_buf_room(b, run < s.n && s.n > LARGE_STRING ? json_length(s) + 2 : run + 2);
    if (!to) {
        return;
    }
    *to = '"';
    copy_run(to + 1, s.p, run);
    b->n += run + 1;
    if (run == s.n) {
        to[run + 1] = '"';
        b->n++;
        return;
    }
    while (run < s.n) {
        run += add_careful(b, (const unsigned char *)s.p + run, s.n - run);
        size_t more = plain_run(s.p + run, s.n - run);
        sl_buf_add(b, s.p + run, more);
        run += more;
    }
    sl_buf_add_char(b, '"');
}

void sl_buf_clear(sl_buf *b) {
    b->n = 0;
    b->failed = false;
}

sl_str sl_buf_take(sl_buf *b) {
    sl_str out = b->failed ? SL_STR_NONE : b->p ? sl_str_make(b->p, b->n) : SL_STR("");
    if (at_tip(b)) {
        b->arena->cur = b->failed ? b->p : b->p + b->n;
    }
    sl_buf_init(b, b->arena);
    return out;
}

/* ---- base64 (RFC 4648, section 4) ---- */

static const char B64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void sl_buf_add_base64(sl_buf *out, sl_str b) {
    const unsigned char *p = (const unsigned char *)b.p;
    size_t n = (b.n + 2) / 3 * 4;
    char *to = n ? sl_buf_room(out, n) : NULL;
    if (!to) {
        return;
    }
    size_t i = 0;
    for (; i + 3 <= b.n; i += 3, to += 4) {
        uint32_t v = (uint32_t)p[i] << 16 | (uint32_t)p[i + 1] << 8 | p[i + 2];
        to[0] = B64[v >> 18];
        to[1] = B64[v >> 12 & 63];
        to[2] = B64[v >> 6 & 63];
        to[3] = B64[v & 63];
    }
    if (i < b.n) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < b.n ? (uint32_t)p[i + 1] << 8 : 0);
        to[0] = B64[v >> 18];
        to[1] = B64[v >> 12 & 63];
        to[2] = i + 1 < b.n ? B64[v >> 6 & 63] : '=';
        to[3] = '=';
    }
    out->n += n;
}
