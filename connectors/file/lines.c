/*
 * lines.c - cutting bytes into lines. See lines.h.
 *
 * The two searches for LF and CR go through every byte once, whatever the mix of line ends, because each
 * remembers how far it came.
 */
#include "lines.h"

#define ROOM_MIN ((size_t)4096)

void lines_init(lines *l, size_t max, long_line policy) {
    *l = (lines){.max = max, .policy = policy};
}

void lines_deinit(lines *l) {
    sl_free(l->buf);
    l->buf = NULL;
}

void lines_restart(lines *l, int64_t position) {
    l->start = l->end = 0;
    l->lf = l->cr = (line_mark){0};
    l->over = false;
    l->dropped = 0;
    l->position = position;
}

bool lines_held(const lines *l) {
    return l->end > l->start || l->over;
}

/* mark_find moves a mark to the first c at or behind the start, before `limit`. */
static bool mark_find(const lines *l, line_mark *m, char c, size_t limit) {
    if (m->found && m->at >= l->start) {
        return m->at < limit;
    }
    m->found = false;
    size_t from = m->at > l->start ? m->at : l->start;
    if (from >= limit) {
        return false;
    }
    const char *hit = memchr(l->buf + from, c, limit - from);
    m->found = hit != NULL;
    m->at = hit ? (size_t)(hit - l->buf) : limit;
    return m->found;
}

/* find_end gives the place of the line's end and the end's length; false when it is not here yet. */
static bool find_end(lines *l, bool final, size_t *at, size_t *length) {
    if (l->start == l->end) {
        return false;
    }
    bool lf = mark_find(l, &l->lf, '\n', l->end);
    if (!mark_find(l, &l->cr, '\r', lf ? l->lf.at : l->end)) {
        *at = lf ? l->lf.at : l->end;
        *length = 1;
        return lf;
    }
    *at = l->cr.at;
    if (*at + 1 == l->end) { /* LF may follow */
        *length = 1;
        return final;
    }
    *length = l->buf[*at + 1] == '\n' ? 2 : 1;
    return true;
}

/* utf8_cut shortens n so that no character of p is torn. */
static size_t utf8_cut(const char *p, size_t n) {
    size_t cut = n;
    while (cut > 0 && n - cut < 4 && ((unsigned char)p[cut] & 0xc0u) == 0x80u) {
        cut--;
    }
    return ((unsigned char)p[cut] & 0xc0u) == 0x80u ? n : cut;
}

static void step_over(lines *l, size_t behind) {
    l->position += l->dropped + (int64_t)(behind - l->start);
    l->start = behind;
    l->over = false;
    l->dropped = 0;
}

/* drop_more throws away what came of a line that is too long, but for what the policy keeps. */
static void drop_more(lines *l) {
    size_t keep = l->policy == LONG_LINE_TRUNCATE ? l->max + 1 : 0;
    size_t to = l->end;
    if (to > l->start && l->buf[to - 1] == '\r') { /* may be half of CR LF */
        to--;
    }
    if (to <= l->start + keep) {
        return;
    }
    size_t gone = to - (l->start + keep);
    memmove(l->buf + l->start + keep, l->buf + to, l->end - to);
    l->end -= gone;
    l->dropped += (int64_t)gone;
    size_t next = l->start + keep;
    l->lf = l->cr = (line_mark){.at = next};
}

/* long_result ends a line of more than max bytes. */
static lines_result long_result(lines *l, size_t behind, sl_str *line) {
    if (l->policy == LONG_LINE_FAIL) {
        return LINES_TOO_LONG;
    }
    bool cut = l->policy == LONG_LINE_TRUNCATE;
    if (cut) {
        const char *p = l->buf + l->start;
        *line = sl_str_make(p, utf8_cut(p, l->max));
    }
    step_over(l, behind);
    return cut ? LINES_CUT : LINES_SKIPPED;
}

static lines_result no_end(lines *l) {
    if (!l->over && l->end - l->start <= l->max + 1) { /* one more: it may be the CR */
        return LINES_NONE;
    }
    if (l->policy == LONG_LINE_FAIL) {
        return LINES_TOO_LONG;
    }
    l->over = true;
    drop_more(l);
    return LINES_NONE;
}

lines_result lines_next(lines *l, bool final, sl_str *line) {
    size_t at, length;
    if (!find_end(l, final, &at, &length)) {
        if (!final || !lines_held(l)) {
            return no_end(l);
        }
        at = l->end;
        length = 0;
    }
    if (l->over || at - l->start > l->max) {
        return long_result(l, at + length, line);
    }
    *line = sl_str_make(l->buf + l->start, at - l->start);
    step_over(l, at + length);
    return LINES_ONE;
}

static bool resize(lines *l, size_t cap) {
    char *p = sl_realloc(l->buf, cap);
    if (!p) {
        return false;
    }
    l->buf = p;
    l->cap = cap;
    return true;
}

static void move_mark(line_mark *m, size_t by) {
    if (m->at < by) {
        *m = (line_mark){0};
    } else {
        m->at -= by;
    }
}

char *lines_room(lines *l, size_t *size) {
    if (l->start > 0) {
        size_t n = l->end - l->start;
        if (n > 0) {
            memmove(l->buf, l->buf + l->start, n);
        }
        move_mark(&l->lf, l->start);
        move_mark(&l->cr, l->start);
        l->start = 0;
        l->end = n;
    }
    if (l->cap < LINES_BLOCK && !resize(l, LINES_BLOCK)) {
        return NULL;
    }
    if (l->cap - l->end < ROOM_MIN && !resize(l, l->cap * 2)) {
        return NULL;
    }
    *size = l->cap - l->end;
    return l->buf + l->end;
}

void lines_add(lines *l, size_t n) {
    l->end += n;
}

void lines_trim(lines *l) {
    size_t n = l->end - l->start;
    if (n == 0) {
        sl_free(l->buf);
        l->buf = NULL;
        l->cap = l->start = l->end = 0;
        l->lf = l->cr = (line_mark){0};
        return;
    }
    if (l->start == 0 && l->cap >= LINES_BLOCK && n <= LINES_BLOCK / 4) {
        (void)resize(l, n); /* failing, it stays as large as it was */
    }
}
