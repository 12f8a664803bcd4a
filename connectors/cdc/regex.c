/*
 * regex.c - see regex.h. Memory: heap, freed with cdc_patterns_free.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "regex.h"

#define MATCH_LIMIT 200000
#define DEPTH_LIMIT 5000

struct cdc_patterns {
    pcre2_code **codes;
    size_t n;
    pcre2_match_data *data;
    pcre2_match_context *limits;
};

bool cdc_list_next(sl_str *rest, char sep, sl_str *part) {
    if (!rest->p) {
        return false;
    }
    size_t i = 0;
    while (i < rest->n && !(rest->p[i] == sep && (i == 0 || rest->p[i - 1] != '\\'))) {
        i++;
    }
    *part = sl_str_trim((sl_str){rest->p, i});
    *rest = i < rest->n ? sl_str_skip(*rest, i + 1) : SL_STR_NONE;
    return true;
}

static sl_error *compile(const char *key, sl_str text, pcre2_code **out) {
    int code = 0;
    PCRE2_SIZE at = 0;
    *out = pcre2_compile((PCRE2_SPTR)(text.n ? text.p : ""), text.n,
                         PCRE2_UTF | PCRE2_CASELESS | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &code, &at, NULL);
    if (*out) {
        return NULL;
    }
    PCRE2_UCHAR why[128] = "";
    pcre2_get_error_message(code, why, sizeof why);
    return sl_error_new(SL_E_CONFIG, SL_USER,
                        "%s: expected a list of regular expressions, but '%.*s' is none: %s at character %zu",
                        key, SL_STR_ARG(text), (const char *)why, (size_t)at + 1);
}

static sl_error *prepare(cdc_patterns *p) {
    p->data = pcre2_match_data_create(1, NULL);
    p->limits = pcre2_match_context_create(NULL);
    if (!p->data || !p->limits) {
        return sl_error_nomem();
    }
    pcre2_set_match_limit(p->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(p->limits, DEPTH_LIMIT);
    return NULL;
}

sl_error *cdc_patterns_new(const char *key, sl_str list, cdc_patterns **out) {
    *out = NULL;
    list = sl_str_trim(list);
    if (!list.p || list.n == 0) {
        return NULL;
    }
    cdc_patterns *p = sl_calloc(1, sizeof *p);
    sl_error *err = p ? prepare(p) : sl_error_nomem();
    sl_str rest = list;
    sl_str part;
    while (!err && cdc_list_next(&rest, ',', &part)) {
        if (part.n == 0) {
            continue;
        }
        pcre2_code **codes = sl_realloc(p->codes, (p->n + 1) * sizeof *codes);
        if (!codes) {
            err = sl_error_nomem();
            break;
        }
        p->codes = codes;
        err = compile(key, part, &p->codes[p->n]);
        p->n += err ? 0 : 1;
    }
    if (err) {
        cdc_patterns_free(p);
        return err;
    }
    *out = p;
    return NULL;
}

void cdc_patterns_free(cdc_patterns *p) {
    if (!p) {
        return;
    }
    for (size_t i = 0; i < p->n; i++) {
        pcre2_code_free(p->codes[i]);
    }
    sl_free(p->codes);
    pcre2_match_data_free(p->data);
    pcre2_match_context_free(p->limits);
    sl_free(p);
}

size_t cdc_patterns_count(const cdc_patterns *p) {
    return p ? p->n : 0;
}

bool cdc_patterns_match_one(const cdc_patterns *p, size_t i, sl_str s) {
    return pcre2_match(p->codes[i], (PCRE2_SPTR)(s.n ? s.p : ""), s.n, 0, 0, p->data, p->limits) >= 0;
}

bool cdc_patterns_match(const cdc_patterns *p, sl_str s) {
    for (size_t i = 0; p && i < p->n; i++) {
        if (cdc_patterns_match_one(p, i, s)) {
            return true;
        }
    }
    return false;
}
