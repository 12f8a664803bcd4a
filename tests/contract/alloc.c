/*
 * alloc.c - see alloc.h. What is noted lies in a table of fixed size, so noting allocates nothing.
 */
#include "alloc.h"

#include <errno.h>
#include <execinfo.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static __thread unsigned long planned; /* 0 = none; counts down while on */
static __thread bool on;
static __thread bool failed;

void alloc_plan(unsigned long n) {
    planned = n;
    failed = false;
    on = false;
}

void alloc_on(void) {
    on = true;
}

void alloc_off(void) {
    on = false;
}

bool alloc_failed(void) {
    return failed;
}

static bool must_fail(void) {
    if (!on || planned == 0 || --planned > 0) {
        return false;
    }
    failed = true;
    errno = ENOMEM;
    return true;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

bool sl_test_alloc_fails(void);
bool sl_test_alloc_fails(void) {
    return must_fail();
}

void alloc_track_begin(void) {
}

size_t alloc_track_end(bool print) {
    (void)print;
    return 0;
}

#else

#define NOTES ((size_t)1 << 17)
#define FRAMES 10

typedef struct note {
    uintptr_t at; /* 0 = free, 1 = was used */
    size_t size;
    void *frames[FRAMES];
    int nframes;
} note;

static note notes[NOTES];
static __thread bool tracking;
static __thread bool inside; /* backtrace may allocate */
static size_t noted;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void __libc_free(void *p);

static size_t slot_of(uintptr_t at) {
    return (size_t)((at >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 40) % NOTES;
}

static void add_note(void *p, size_t size) {
    if (!tracking || inside || !p || noted > NOTES / 2) {
        return;
    }
    size_t i = slot_of((uintptr_t)p);
    while (notes[i].at > 1) {
        i = (i + 1) % NOTES;
    }
    notes[i].at = (uintptr_t)p;
    notes[i].size = size;
    inside = true;
    notes[i].nframes = backtrace(notes[i].frames, FRAMES);
    inside = false;
    noted++;
}

static void drop_note(void *p) {
    if (!tracking || inside || !p) {
        return;
    }
    for (size_t i = slot_of((uintptr_t)p); notes[i].at; i = (i + 1) % NOTES) {
        if (notes[i].at == (uintptr_t)p) {
            notes[i].at = 1;
            noted--;
            return;
        }
    }
}

void *malloc(size_t size) {
    void *p = must_fail() ? NULL : __libc_malloc(size);
    add_note(p, size);
    return p;
}

void *calloc(size_t n, size_t size) {
    void *p = must_fail() ? NULL : __libc_calloc(n, size);
    add_note(p, n * size);
    return p;
}

void *realloc(void *old, size_t size) {
    if (must_fail()) {
        return NULL;
    }
    drop_note(old);
    void *p = __libc_realloc(old, size);
    add_note(p ? p : size ? old : NULL, size);
    return p;
}

void free(void *p) {
    drop_note(p);
    __libc_free(p);
}

void alloc_track_begin(void) {
    for (size_t i = 0; i < NOTES; i++) {
        notes[i].at = 0;
    }
    noted = 0;
    tracking = true;
}

size_t alloc_track_end(bool print) {
    int shown = 0;
    tracking = false;
    for (size_t i = 0; print && i < NOTES && shown < 3; i++) {
        if (notes[i].at > 1) {
            fprintf(stderr, "not freed: %zu bytes, allocated by\n", notes[i].size);
            fflush(stderr);
            backtrace_symbols_fd(notes[i].frames + 2, notes[i].nframes - 2, STDERR_FILENO);
            shown++;
        }
    }
    return noted;
}

#endif
