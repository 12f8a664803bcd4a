/*
 * str.h - string views.
 *
 * A view is a pointer and a length; it owns nothing and is valid as long as what it points into
 * (an arena, a message, a literal). Views need not end in a zero byte. A view whose pointer is NULL
 * is "absent", which differs from an empty string.
 */
#ifndef SLUICE_STR_H
#define SLUICE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SL_MUST_CHECK __attribute__((warn_unused_result))
#define SL_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

typedef struct sl_str {
    const char *p; /* borrowed; NULL = absent */
    size_t n;      /* bytes */
} sl_str;

/* A list of views, as LIST settings are parsed. */
typedef struct sl_str_list {
    sl_str *items;
    size_t n;
} sl_str_list;

#define SL_STR(lit) ((sl_str){"" lit, sizeof(lit) - 1})
#define SL_STR_INIT(lit)                                                                                     \
    { "" lit, sizeof(lit) - 1 }
#define SL_STR_NONE ((sl_str){NULL, 0})
/* printf("%.*s", SL_STR_ARG(s)) */
#define SL_STR_ARG(s) (int)(s).n, ((s).p ? (s).p : "")

/* sl_str_of views a C string; NULL gives the absent view. */
static inline sl_str sl_str_of(const char *z) {
    return (sl_str){z, z ? strlen(z) : 0};
}

static inline sl_str sl_str_make(const char *p, size_t n) {
    return (sl_str){p, n};
}

static inline bool sl_str_eq(sl_str a, sl_str b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool sl_str_eqz(sl_str a, const char *z) {
    return sl_str_eq(a, sl_str_of(z));
}

static inline bool sl_str_starts(sl_str s, sl_str prefix) {
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool sl_str_ends(sl_str s, sl_str suffix) {
    return s.n >= suffix.n && (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

static inline sl_str sl_str_skip(sl_str s, size_t n) {
    return n > s.n ? (sl_str){s.p + s.n, 0} : (sl_str){s.p + n, s.n - n};
}

/* sl_str_eq_nocase compares, folding ASCII letters only. */
bool sl_str_eq_nocase(sl_str a, sl_str b);

/* sl_str_cmp orders by unsigned bytes, shorter first on a tie. */
int sl_str_cmp(sl_str a, sl_str b);

/* sl_str_trim drops ASCII white space at both ends. */
sl_str sl_str_trim(sl_str s);

/* sl_str_find gives the index of the first `c`, or s.n. */
size_t sl_str_find(sl_str s, char c);

/* sl_str_find_str gives the index of the first `needle`, or s.n. */
size_t sl_str_find_str(sl_str s, sl_str needle);

/* sl_str_next cuts the next token off *rest at `sep`; false when *rest is used up (its pointer is NULL then).
   "a,,b" gives "a", "", "b"; "" gives one empty token. */
bool sl_str_next(sl_str *rest, char sep, sl_str *token);

/* sl_str_to_i64 / _f64 / _bool parse the whole view; false when it is anything else or out of range.
   Booleans are true and false, in any case. f64 takes finite decimal numbers only: no NaN, Infinity or
   hexadecimals. */
bool sl_str_to_i64(sl_str s, int64_t *out);
bool sl_str_to_f64(sl_str s, double *out);
bool sl_str_to_bool(sl_str s, bool *out);

/* sl_str_hash is a fast 64-bit hash, the same within one process only. */
uint64_t sl_str_hash(sl_str s);

/* sl_str_is_utf8 tells whether s is well-formed UTF-8 (RFC 3629). */
bool sl_str_is_utf8(sl_str s);

/* sl_str_distance is the Levenshtein distance of a and b, capped at 64 characters each; for "did you mean".
 */
unsigned sl_str_distance(sl_str a, sl_str b);

#endif
