/*
 * error.c - error objects.
 *
 * Not for: logging or deciding what an error means. Threads: an error has one owner; the static one is never
 * written. Memory: an error owns its texts and its cause; when there is no memory for one, the static error
 * stands in.
 */
#include <sluice/memory.h>

#include <stdarg.h>
#include <stdio.h>

static sl_error nomem = {
    .code = SL_E_NOMEM,
    .cls = SL_RETRIABLE,
    .message = "out of memory",
    .partition = -1,
    .offset = -1,
    .immortal = true,
};

sl_error *sl_error_nomem(void) {
    return &nomem;
}

static char *format_text(const char *fmt, va_list args) {
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    char *text = n < 0 ? NULL : sl_alloc((size_t)n + 1);
    if (text) {
        vsnprintf(text, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    return text;
}

/* make_error takes text over; NULL gives NULL. */
static sl_error *make_error(sl_error_code code, sl_error_class cls, char *text, sl_error *cause) {
    sl_error *err = text ? sl_calloc(1, sizeof *err) : NULL;
    if (!err) {
        sl_free(text);
        return NULL;
    }
    err->code = code;
    err->cls = cls;
    err->message = text;
    err->cause = cause;
    err->partition = -1;
    err->offset = -1;
    return err;
}

sl_error *sl_error_new(sl_error_code code, sl_error_class cls, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    sl_error *err = make_error(code, cls, format_text(fmt, args), NULL);
    va_end(args);
    return err ? err : &nomem;
}

sl_error *sl_error_wrap(sl_error *cause, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    sl_error *err = make_error(cause->code, cause->cls, format_text(fmt, args), cause);
    va_end(args);
    return err ? err : cause;
}

sl_error *sl_error_at(sl_error *err, sl_str topic, int32_t partition, int64_t offset) {
    if (!err || err->immortal) {
        return err;
    }
    sl_free(err->topic);
    err->topic = sl_strdup(topic);
    err->partition = partition;
    err->offset = offset;
    return err;
}

void sl_error_free(sl_error *err) {
    while (err && !err->immortal) {
        sl_error *cause = err->cause;
        sl_free(err->message);
        sl_free(err->topic);
        sl_free(err);
        err = cause;
    }
}

const char *sl_error_text(const sl_error *err, char *out, size_t size) {
    size_t at = 0;
    if (size == 0) {
        return "";
    }
    out[0] = '\0';
    for (const sl_error *e = err; e && at + 1 < size; e = e->cause) {
        int n = snprintf(out + at, size - at, "%s%s", e == err ? "" : ": ", e->message);
        at += n < 0 ? 0 : (size_t)n;
    }
    return out;
}

const char *sl_error_code_name(sl_error_code code) {
    static const char *const names[] = {
#define ERROR_TEXT(name, text) [SL_E_##name] = text,
        SL_ERROR_CODES(ERROR_TEXT)
#undef ERROR_TEXT
    };
    return (unsigned)code < SL_E_COUNT ? names[code] : "unknown";
}

const char *sl_error_class_name(sl_error_class cls) {
    static const char *const names[] = {
        [SL_RETRIABLE] = "retriable",
        [SL_FATAL] = "fatal",
        [SL_USER] = "user",
        [SL_BUG] = "bug",
    };
    return (unsigned)cls < sizeof names / sizeof names[0] ? names[cls] : "unknown";
}
