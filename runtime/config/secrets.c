/*
 * secrets.c - what must not be shown; see providers.h.
 */
#include "config/providers.h"

/* A shorter value may be part of any word, so it is replaced only where a message quotes it. */
enum { LONG_ENOUGH = 4 };

/* A message that cuts a long value keeps at least this much of it. */
enum { CUT = 32 };

void sl__secrets_init(sl__secrets *s, sl_arena *arena) {
    *s = (sl__secrets){.arena = arena};
}

sl_error *sl__secrets_add(sl__secrets *s, sl_str value, sl_str shown) {
    if (!value.n) {
        return NULL;
    }
    value = sl_arena_str(s->arena, value);
    shown = sl_arena_str(s->arena, shown);
    if (!value.p || !shown.p) {
        return sl_error_nomem();
    }
    sl__secret *items = sl_arena_grow(s->arena, s->items, s->n, &s->cap, sizeof *items);
    if (!items) {
        return sl_error_nomem();
    }
    s->items = items;
    s->items[s->n++] = (sl__secret){value, shown};
    return NULL;
}

/* secret_at gives how many bytes of a secret stand at a place, 0 = none. A message may have cut a long one
 * short. */
static size_t secret_at(const sl__secret *secret, sl_str text, size_t at) {
    sl_str rest = sl_str_skip(text, at);
    size_t n = 0;
    size_t most = rest.n < secret->value.n ? rest.n : secret->value.n;
    while (n < most && rest.p[n] == secret->value.p[n]) {
        n++;
    }
    if (n < (secret->value.n < CUT ? secret->value.n : CUT)) {
        return 0;
    }
    if (secret->value.n >= LONG_ENOUGH) {
        return n;
    }
    return at > 0 && text.p[at - 1] == '\'' && rest.n > n && rest.p[n] == '\'' ? n : 0;
}

/* longest_at gives the secret of which most stands at a place, so that no rest of it stays. */
static const sl__secret *longest_at(const sl__secrets *s, sl_str text, size_t at, size_t *length) {
    const sl__secret *best = NULL;
    *length = 0;
    for (size_t i = 0; i < s->n; i++) {
        size_t n = secret_at(&s->items[i], text, at);
        if (n > *length) {
            best = &s->items[i];
            *length = n;
        }
    }
    return best;
}

sl_str sl__secrets_scrub(const sl__secrets *s, sl_str text, sl_arena *arena) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    for (size_t at = 0; at < text.n;) {
        size_t length = 0;
        const sl__secret *secret = longest_at(s, text, at, &length);
        if (secret) {
            sl_buf_add_str(&b, secret->shown);
            at += length;
        } else {
            sl_buf_add_char(&b, text.p[at++]);
        }
    }
    sl_str out = b.failed ? SL_STR_NONE : sl_arena_str(arena, b.n ? sl_buf_view(&b) : SL_STR(""));
    sl_buf_deinit(&b);
    return out;
}
