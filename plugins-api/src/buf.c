/*
 * buf.c - growing byte buffers, on the heap or at the tip of an arena.
 *
 * An arena buffer reserves p..p+cap at the arena's tip. As long as nothing else was allocated behind it, it
 * grows in place; otherwise it moves to a new block, which is still correct but leaves the old one unused.
 *
 * Not for: text formats beyond a JSON string. Threads: one owner at a time.
 */
#include <sluice/memory.h>

#include <stdarg.h>
#include <stdio.h>

#define SMALLEST 128u

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
    if (tip) {
        b->arena->cur = b->p + b->n;
    }
    char *p = sl_arena_more(b->arena, want, 1);
    if (!p) {
        return false;
    }
    if (b->n) {
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
    want = want < need ? need : want;
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
    char digits[20];
    size_t at = sizeof digits;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        digits[--at] = (char)('0' + u % 10);
        u /= 10;
    } while (u);
    if (v < 0) {
        digits[--at] = '-';
    }
    sl_buf_add(b, digits + at, sizeof digits - at);
}

static void add_escape(sl_buf *b, unsigned char c) {
    static const char hex[] = "0123456789abcdef";
    static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: character, letter */
    for (size_t i = 0; i + 1 < sizeof shorts; i += 2) {
        if ((unsigned char)shorts[i] == c) {
            sl_buf_add(b, (char[]){'\\', shorts[i + 1]}, 2);
            return;
        }
    }
    sl_buf_add(b, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
}

void sl_buf_add_json_str(sl_buf *b, sl_str s) {
    size_t from = 0;
    sl_buf_add_char(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == '"' || c == '\\') {
            sl_buf_add(b, s.p + from, i - from);
            add_escape(b, c);
            from = i + 1;
        }
    }
    if (s.n > from) {
        sl_buf_add(b, s.p + from, s.n - from);
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
