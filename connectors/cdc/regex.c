/*
 * regex.c - see regex.h. Memory: heap, freed with cdc_patterns_free.
 */
#include "regex.h"

#include "java_regex.h"

struct cdc_patterns {
    java_regex **all;
    size_t n;
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

static sl_error *compile(const char *key, sl_str text, java_regex **out) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_add_z(&b, "(?i)");
    sl_buf_add_str(&b, text);
    sl_error *err = b.failed ? sl_error_nomem() : java_regex_new(sl_buf_view(&b), out);
    sl_buf_deinit(&b);
    return err && err->code == SL_E_CONFIG
               ? sl_error_wrap(err, "%s: expected a list of regular expressions, but '%.*s' is none", key,
                               SL_STR_ARG(text))
               : err;
}

sl_error *cdc_patterns_new(const char *key, sl_str list, cdc_patterns **out) {
    *out = NULL;
    list = sl_str_trim(list);
    if (!list.p || list.n == 0) {
        return NULL;
    }
    cdc_patterns *p = sl_calloc(1, sizeof *p);
    sl_error *err = p ? NULL : sl_error_nomem();
    sl_str rest = list;
    sl_str part;
    while (!err && cdc_list_next(&rest, ',', &part)) {
        if (part.n == 0) {
            continue;
        }
        java_regex **all = sl_realloc(p->all, (p->n + 1) * sizeof(java_regex *));
        if (!all) {
            err = sl_error_nomem();
            break;
        }
        p->all = all;
        err = compile(key, part, &p->all[p->n]);
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
        java_regex_free(p->all[i]);
    }
    sl_free(p->all);
    sl_free(p);
}

size_t cdc_patterns_count(const cdc_patterns *p) {
    return p ? p->n : 0;
}

bool cdc_patterns_match_one(const cdc_patterns *p, size_t i, sl_str s) {
    bool matches = false;
    sl_error *err = java_regex_matches(p->all[i], s, &matches);
    if (err) { /* it took too long */
        sl_error_free(err);
        return false;
    }
    return matches;
}

bool cdc_patterns_match(const cdc_patterns *p, sl_str s) {
    for (size_t i = 0; p && i < p->n; i++) {
        if (cdc_patterns_match_one(p, i, s)) {
            return true;
        }
    }
    return false;
}
