/*
 * log.c - writes log lines and keeps the levels of components.
 *
 * A line is built first and then written with one write(2), so that lines of several threads do not mix. One
 * lock guards the table of levels; an atomic copy of the lowest level in it lets most lines that are not
 * wanted pass without it.
 *
 * Not for: files, rotation or syslog: whoever started the process sees to that.
 * Threads: any. Memory: the table of levels is never freed; a line is on the stack, a long one on the heap.
 */
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

typedef struct component_level {
    char *name;
    int level; /* SL_LOG_INHERIT = none of its own any more */
    int64_t changed_ms;
} component_level;

static struct {
    pthread_mutex_t lock; /* guards table, n, cap, root_changed_ms */
    component_level *table;
    size_t n;
    size_t cap;
    int64_t root_changed_ms;
    _Atomic int root;
    _Atomic int lowest; /* of root and table */
    _Atomic int own;    /* how many components have a level of their own */
    _Atomic bool json;
    _Atomic int fd;
} logger = {
    .lock = PTHREAD_MUTEX_INITIALIZER, .root = SL_LOG_INFO, .lowest = SL_LOG_INFO, .fd = STDERR_FILENO};

/* ---- levels ---- */

static const char *const level_names[] = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "OFF"};

const char *sl__log_level_name(int level) {
    return level >= SL_LOG_TRACE && level <= SL_LOG_OFF ? level_names[level] : "UNKNOWN";
}

int sl__log_level_parse(sl_str name) {
    for (int i = 0; i <= SL_LOG_OFF; i++) {
        if (sl_str_eq_nocase(name, sl_str_of(level_names[i]))) {
            return i;
        }
    }
    if (sl_str_eq_nocase(name, SL_STR("WARNING"))) {
        return SL_LOG_WARN;
    }
    return sl_str_eq_nocase(name, SL_STR("FATAL")) ? SL_LOG_ERROR : -1;
}

static bool is_root(const char *component) {
    return !component || !component[0] || strcmp(component, "root") == 0;
}

/* update_lowest: under the lock. */
static void update_lowest(void) {
    int lowest = atomic_load(&logger.root);
    int own = 0;
    for (size_t i = 0; i < logger.n; i++) {
        int level = logger.table[i].level;
        own += level != SL_LOG_INHERIT;
        lowest = level != SL_LOG_INHERIT && level < lowest ? level : lowest;
    }
    atomic_store(&logger.own, own);
    atomic_store(&logger.lowest, lowest);
}

void sl__log_init(bool json, sl_log_level level) {
    pthread_mutex_lock(&logger.lock);
    atomic_store(&logger.json, json);
    atomic_store(&logger.root, (int)level);
    update_lowest();
    pthread_mutex_unlock(&logger.lock);
}

void sl__log_set_fd(int fd) {
    atomic_store(&logger.fd, fd);
}

/* covers tells whether a level set for `name` holds for `component`. */
static bool covers(const char *name, const char *component) {
    size_t n = strlen(name);
    return strncmp(name, component, n) == 0 && (!component[n] || component[n] == '.' || component[n] == ':');
}

/* level_in_table: under the lock. */
static int level_in_table(const char *component) {
    const component_level *best = NULL;
    for (size_t i = 0; i < logger.n; i++) {
        const component_level *c = &logger.table[i];
        if (c->level != SL_LOG_INHERIT && covers(c->name, component) &&
            (!best || strlen(c->name) > strlen(best->name))) {
            best = c;
        }
    }
    return best ? best->level : atomic_load(&logger.root);
}

int sl__log_level_of(const char *component) {
    if (is_root(component) || atomic_load_explicit(&logger.own, memory_order_relaxed) == 0) {
        return atomic_load(&logger.root);
    }
    pthread_mutex_lock(&logger.lock);
    int level = level_in_table(component);
    pthread_mutex_unlock(&logger.lock);
    return level;
}

bool sl__log_enabled(sl_log_level level, const char *component) {
    if ((int)level < atomic_load_explicit(&logger.lowest, memory_order_relaxed)) {
        return false;
    }
    return (int)level >= sl__log_level_of(component);
}

/* place_of gives the entry of a component, a new one if need be, or NULL when out of memory; under the lock.
 */
static component_level *place_of(const char *component) {
    size_t at = 0;
    while (at < logger.n && strcmp(logger.table[at].name, component) < 0) {
        at++;
    }
    if (at < logger.n && strcmp(logger.table[at].name, component) == 0) {
        return &logger.table[at];
    }
    component_level *table = sl_grow(logger.table, logger.n, &logger.cap, sizeof *table);
    if (!table) {
        return NULL;
    }
    logger.table = table;
    char *name = sl_strdup(sl_str_of(component));
    if (!name) {
        return NULL;
    }
    memmove(logger.table + at + 1, logger.table + at, (logger.n - at) * sizeof *logger.table);
    logger.table[at] = (component_level){.name = name, .level = SL_LOG_INHERIT};
    logger.n++;
    return &logger.table[at];
}

bool sl__log_set_level(const char *component, int level) {
    bool done = false;
    if (level < SL_LOG_INHERIT || level > SL_LOG_OFF || (is_root(component) && level == SL_LOG_INHERIT)) {
        return false;
    }
    pthread_mutex_lock(&logger.lock);
    if (is_root(component)) {
        atomic_store(&logger.root, level);
        logger.root_changed_ms = sl__wall_ms();
        done = true;
    } else {
        component_level *c = place_of(component);
        if (c) {
            c->level = level;
            c->changed_ms = sl__wall_ms();
            done = true;
        }
    }
    update_lowest();
    pthread_mutex_unlock(&logger.lock);
    return done;
}

void sl__log_each_level(sl__log_level_cb cb, void *arg) {
    pthread_mutex_lock(&logger.lock);
    size_t n = logger.n;
    int root = atomic_load(&logger.root);
    int64_t root_changed_ms = logger.root_changed_ms;
    component_level *copy = sl_alloc(n * sizeof *copy);
    if (copy && n) {
        memcpy(copy, logger.table, n * sizeof *copy); /* names are never freed */
    }
    pthread_mutex_unlock(&logger.lock);
    cb(arg, "root", root, root_changed_ms);
    for (size_t i = 0; copy && i < n; i++) {
        if (copy[i].level != SL_LOG_INHERIT) {
            cb(arg, copy[i].name, copy[i].level, copy[i].changed_ms);
        }
    }
    sl_free(copy);
}

/* ---- lines ---- */

static void add_time(sl_buf *b) {
    int64_t ms = sl__wall_ms();
    time_t sec = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&sec, &tm);
    sl_buf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                  tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(ms % 1000));
}

/* sequence_length gives the length of the well-formed UTF-8 sequence at the start of s, 0 = none. */
static size_t sequence_length(sl_str s) {
    for (size_t n = 1; n <= 4 && n <= s.n; n++) {
        if (sl_str_is_utf8(sl_str_make(s.p, n))) {
            return n;
        }
    }
    return 0;
}

static bool is_control(sl_str c) {
    unsigned char first = (unsigned char)c.p[0];
    return first < 0x20 || first == 0x7f || (c.n == 2 && first == 0xc2 && (unsigned char)c.p[1] < 0xa0);
}

/* add_printable appends s with control characters (C0, DEL, C1) and what is no UTF-8 escaped; as JSON with
 * its rules. */
static void add_printable(sl_buf *b, sl_str s, bool json) {
    while (s.n) {
        size_t n = sequence_length(s);
        sl_str c = sl_str_make(s.p, n ? n : 1);
        unsigned code = c.n == 2 ? (unsigned char)c.p[1] : (unsigned char)c.p[0];
        if (json && n && (*c.p == '"' || *c.p == '\\')) {
            sl_buf_printf(b, "\\%c", *c.p);
        } else if (n && !is_control(c)) {
            sl_buf_add_str(b, c);
        } else if (*c.p == '\n' || *c.p == '\t' || *c.p == '\r') {
            sl_buf_printf(b, "\\%c", *c.p == '\n' ? 'n' : *c.p == '\t' ? 't' : 'r');
        } else if (json) {
            sl_buf_printf(b, "\\u%04x", n ? code : 0xfffdu);
        } else {
            sl_buf_printf(b, "\\x%02x", code);
        }
        s = sl_str_skip(s, c.n);
    }
}

static void build_line(sl_buf *b, bool json, sl_log_level level, const char *component, sl_str text) {
    if (json) {
        sl_buf_add_z(b, "{\"ts\":\"");
        add_time(b);
        sl_buf_printf(b, "\",\"level\":\"%s\",\"component\":\"", sl__log_level_name((int)level));
        add_printable(b, sl_str_of(component), true);
        sl_buf_add_z(b, "\",\"msg\":\"");
        add_printable(b, text, true);
        sl_buf_add_z(b, "\"}\n");
        return;
    }
    add_time(b);
    sl_buf_printf(b, " %-5s ", sl__log_level_name((int)level));
    add_printable(b, sl_str_of(component), false);
    sl_buf_add_z(b, ": ");
    add_printable(b, text, false);
    sl_buf_add_char(b, '\n');
}

/* write_line gives up on a descriptor that takes nothing for a second: logging must not stop the worker. */
static void write_line(sl_str line) {
    int fd = atomic_load(&logger.fd);
    while (line.n) {
        ssize_t n = write(fd, line.p, line.n);
        if (n > 0) {
            line = sl_str_skip(line, (size_t)n);
        } else if (n < 0 && errno == EAGAIN) {
            struct pollfd p = {.fd = fd, .events = POLLOUT};
            if (poll(&p, 1, 1000) <= 0) {
                return;
            }
        } else if (n == 0 || errno != EINTR) {
            return;
        }
    }
}

void sl__logv(sl_log_level level, const char *component, const char *fmt, va_list args) {
    int saved = errno;
    component = component && component[0] ? component : "sluice";
    if (!sl__log_enabled(level, component)) {
        return;
    }
    char small[1024];
    char *text = small;
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, fmt, args);
    if (n >= (int)sizeof small && (text = sl_alloc((size_t)n + 1))) {
        vsnprintf(text, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    sl_str view = text ? sl_str_of(text) : sl_str_make(small, sizeof small - 1);
    sl_buf line;
    sl_buf_init(&line, NULL);
    build_line(&line, atomic_load(&logger.json), level, component, n < 0 ? SL_STR("?") : view);
    write_line(line.failed ? SL_STR("sluice: out of memory while logging\n") : sl_buf_view(&line));
    sl_buf_deinit(&line);
    if (text != small) {
        sl_free(text);
    }
    errno = saved;
}

void sl__log(sl_log_level level, const char *component, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    sl__logv(level, component, fmt, args);
    va_end(args);
}
