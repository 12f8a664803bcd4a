/*
 * analyser.h - what clang-tidy's analyser cannot see across files: making an error never gives NULL.
 *
 * Included before every source by tests/lint/analyse.sh, except where these functions are defined; no part of
 * a build.
 */
#ifndef SLUICE_LINT_ANALYSER_H
#define SLUICE_LINT_ANALYSER_H

#include <sluice/error.h>

static inline sl_error *sl__lint_never_null(sl_error *err) {
    if (!err) {
        __builtin_unreachable();
    }
    return err;
}

#define sl_error_new(...) sl__lint_never_null(sl_error_new(__VA_ARGS__))
#define sl_error_wrap(...) sl__lint_never_null(sl_error_wrap(__VA_ARGS__))
#define sl_error_nomem() sl__lint_never_null(sl_error_nomem())

#endif
