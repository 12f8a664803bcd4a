/*
 * error.h - errors as objects.
 *
 * A function that can fail returns sl_error * (NULL = success), owned by the caller. Making an error cannot
 * fail: out of memory gives a static one. Messages are lower case, quote values with '...', say what was
 * expected and what to do, and never contain secrets or payloads.
 */
#ifndef SLUICE_ERROR_H
#define SLUICE_ERROR_H

#include <sluice/str.h>

/* X(name, text): what went wrong. The text is what status traces and logs show. */
#define SL_ERROR_CODES(X)                                                                                    \
    X(NOMEM, "out of memory")                                                                                \
    X(CONFIG, "configuration")                                                                               \
    X(IO, "input/output")                                                                                    \
    X(NETWORK, "network")                                                                                    \
    X(AUTH, "authentication or privilege")                                                                   \
    X(DATA, "bad record")                                                                                    \
    X(SCHEMA, "schema")                                                                                      \
    X(KAFKA, "kafka")                                                                                        \
    X(DATABASE, "database")                                                                                  \
    X(PLUGIN, "plugin")                                                                                      \
    X(NOT_FOUND, "not found")                                                                                \
    X(CONFLICT, "conflict")                                                                                  \
    X(TIMEOUT, "timeout")                                                                                    \
    X(INTERRUPTED, "interrupted")                                                                            \
    X(UNSUPPORTED, "unsupported")                                                                            \
    X(INTERNAL, "internal")

typedef enum sl_error_code {
#define SL_ERROR_ENUM(name, text) SL_E_##name,
    SL_ERROR_CODES(SL_ERROR_ENUM)
#undef SL_ERROR_ENUM
        SL_E_COUNT
} sl_error_code;

/* What the runtime does about it. */
typedef enum sl_error_class {
    SL_RETRIABLE, /* an outage: the same call may succeed later; never a bad record */
    SL_FATAL,     /* the task cannot go on */
    SL_USER,      /* a setting, a request or a record is wrong: the error policy decides */
    SL_BUG,       /* Sluice or the plugin is wrong */
} sl_error_class;

typedef struct sl_error {
    sl_error_code code;
    sl_error_class cls;
    char *message;          /* owned, zero-terminated */
    struct sl_error *cause; /* owned; NULL = none */
    char *topic;            /* owned; the record at fault, NULL = none */
    int32_t partition;      /* valid with topic; -1 = unknown */
    int64_t offset;         /* valid with topic; -1 = unknown */
    bool immortal;          /* the static out-of-memory error; sl_error_free leaves it alone */
} sl_error;

/* sl_error_new makes an error; never NULL. */
sl_error *sl_error_new(sl_error_code code, sl_error_class cls, const char *fmt, ...) SL_PRINTF(3, 4);

/* sl_error_wrap puts a message before `cause`, which it takes over, with the code and class of the cause. */
sl_error *sl_error_wrap(sl_error *cause, const char *fmt, ...) SL_PRINTF(2, 3);

/* sl_error_nomem gives the static out-of-memory error (class RETRIABLE). */
sl_error *sl_error_nomem(void);

/* sl_error_at names the record at fault; the error is returned for chaining. */
sl_error *sl_error_at(sl_error *err, sl_str topic, int32_t partition, int64_t offset);

/* sl_error_free frees the whole chain; NULL is allowed. */
void sl_error_free(sl_error *err);

/* sl_error_text writes "message: cause: cause" into out, cut to size, zero-terminated; gives out. */
const char *sl_error_text(const sl_error *err, char *out, size_t size);

const char *sl_error_code_name(sl_error_code code);
const char *sl_error_class_name(sl_error_class cls);

/* SL_TRY(call): returns the error of `call` to the caller's caller, if any. */
#define SL_TRY(call)                                                                                         \
    do {                                                                                                     \
        sl_error *sl_try_err = (call);                                                                       \
        if (sl_try_err) {                                                                                    \
            return sl_try_err;                                                                               \
        }                                                                                                    \
    } while (0)

#endif
