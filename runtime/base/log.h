/*
 * log.h - one line for each message, to standard error.
 *
 * As text or as JSON (one object a line: ts, level, component, msg). Control characters are escaped, so that
 * a line stays one line. Components are names like "connector:orders.task:0" or "herder"; a level set for a
 * name holds for all names that begin with it and go on with '.' or ':'; the longest one counts.
 *
 * Not for: metrics, or payloads and secrets of any kind.
 * Threads: any. No lock is held while writing. Memory: a line is built on the stack, long ones on the heap.
 */
#ifndef SLUICE_BASE_LOG_H
#define SLUICE_BASE_LOG_H

#include <stdarg.h>

#include <sluice/host.h>

#define SL_LOG_INHERIT (-1)
#define SL_LOG_OFF (SL_LOG_ERROR + 1)

/* sl__log_init chooses the format and the level of everything that has no level of its own. Before it is
 * called: text, INFO. */
void sl__log_init(bool json, sl_log_level level);

/* sl__log writes one line. component NULL or "" = "sluice". */
void sl__log(sl_log_level level, const char *component, const char *fmt, ...) SL_PRINTF(3, 4);
void sl__logv(sl_log_level level, const char *component, const char *fmt, va_list args) SL_PRINTF(3, 0);

/* sl__log_enabled tells whether a line would be written; cheap. */
bool sl__log_enabled(sl_log_level level, const char *component);

/* sl__log_set_level sets the level of a component and of all below it; SL_LOG_INHERIT takes its setting back.
   NULL, "" and "root" are the root. False when out of memory or out of range. */
bool sl__log_set_level(const char *component, int level);

/* sl__log_level_of gives the level in force for a component. */
int sl__log_level_of(const char *component);

/* sl__log_each_level calls cb for the root ("root") and for every component with a level of its own, sorted
   by name. cb gets the time (wall clock, milliseconds) of the last change, 0 = never changed. cb must not set
   levels. */
typedef void (*sl__log_level_cb)(void *arg, const char *component, int level, int64_t changed_ms);
void sl__log_each_level(sl__log_level_cb cb, void *arg);

/* sl__log_level_name: "TRACE" to "ERROR", "OFF". sl__log_level_parse reads such a name in any case, and
   "FATAL" as ERROR; -1 = unknown. */
const char *sl__log_level_name(int level);
int sl__log_level_parse(sl_str name);

/* sl__log_set_fd: where lines go instead of standard error (tests). */
void sl__log_set_fd(int fd);

#endif
