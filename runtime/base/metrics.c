/*
 * metrics.c - the registry of named numbers.
 *
 * One lock guards the map from name and labels to metric and the counts of references; values are atomics.
 *
 * Not for: rates or histograms. Threads: any.
 * Memory: a metric is freed when it is neither listed nor referenced.
 */
#include "base/metrics.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"

static struct {
    pthread_mutex_t lock;
    sl__map map; /* of sl__metric, borrowed */
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Stands in when there is no memory for a metric; nobody sees it. */
static sl__metric spare = {.name = "", .connector = "", .task = -1, .refs = 1};

static sl_str make_key(sl_buf *b, const char *name, sl_str connector, int32_t task) {
    sl_buf_add_z(b, name);
    sl_buf_add_char(b, '\0');
    sl_buf_add_str(b, connector);
    sl_buf_add_char(b, '\0');
    sl_buf_add_i64(b, task);
    return b->failed ? SL_STR_NONE : sl_buf_view(b);
}

static void free_metric(sl__metric *m) {
    sl_free((char *)m->name);
    sl_free((char *)m->connector);
    sl_free(m);
}

static sl__metric *new_metric(const char *name, sl_str connector, int32_t task) {
    sl__metric *m = sl_calloc(1, sizeof *m);
    if (!m) {
        return NULL;
    }
    m->name = sl_strdup(sl_str_of(name));
    m->connector = sl_strdup(connector);
    m->task = task;
    m->listed = true;
    if (!m->name || !m->connector) {
        free_metric(m);
        return NULL;
    }
    return m;
}

/* find_or_add: under the lock. */
static sl__metric *find_or_add(sl_str key, const char *name, sl_str connector, int32_t task) {
    sl__metric *m = sl__map_get(&registry.map, key);
    if (m || !(m = new_metric(name, connector, task))) {
        return m;
    }
    if (!sl__map_put(&registry.map, key, m)) {
        free_metric(m);
        return NULL;
    }
    return m;
}

sl__metric *sl__metric_get(const char *name, sl_str connector, int32_t task) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_str key = make_key(&b, name, connector, task);
    sl__metric *m = NULL;
    if (key.p) {
        pthread_mutex_lock(&registry.lock);
        m = find_or_add(key, name, connector, task);
        if (m) {
            m->refs++;
        }
        pthread_mutex_unlock(&registry.lock);
    }
    sl_buf_deinit(&b);
    return m ? m : &spare;
}

void sl__metric_release(sl__metric *m) {
    if (!m || m == &spare) {
        return;
    }
    pthread_mutex_lock(&registry.lock);
    m->refs--;
    bool unused = m->refs == 0 && !m->listed;
    pthread_mutex_unlock(&registry.lock);
    if (unused) {
        free_metric(m);
    }
}

void sl__metric_count(const char *name) {
    sl__metric *m = sl__metric_get(name, SL_STR_NONE, -1);
    sl__metric_add(m, 1);
    sl__metric_release(m);
}

static int compare_metrics(const void *a, const void *b) {
    const sl__metric *x = *(sl__metric *const *)a;
    const sl__metric *y = *(sl__metric *const *)b;
    int c = strcmp(x->name, y->name);
    c = c ? c : strcmp(x->connector, y->connector);
    return c ? c : (x->task > y->task) - (x->task < y->task);
}

/* take_all copies the listed metrics with a reference on each, so that cb runs without the lock. */
static sl__metric **take_all(size_t *n) {
    size_t at = 0;
    void *value;
    *n = 0;
    pthread_mutex_lock(&registry.lock);
    sl__metric **all = sl_alloc(sl__map_count(&registry.map) * sizeof *all);
    while (all && sl__map_next(&registry.map, &at, NULL, &value)) {
        all[(*n)++] = value;
        all[*n - 1]->refs++;
    }
    pthread_mutex_unlock(&registry.lock);
    return all;
}

void sl__metrics_each(sl__metric_cb cb, void *arg) {
    size_t n;
    sl__metric **all = take_all(&n);
    if (n) {
        qsort(all, n, sizeof *all, compare_metrics);
    }
    for (size_t i = 0; i < n; i++) {
        cb(arg, all[i], sl__metric_value(all[i]));
        sl__metric_release(all[i]);
    }
    sl_free(all);
}

/* remove_one drops one metric from the list. */
static void remove_one(sl__metric *m) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_str key = make_key(&b, m->name, sl_str_of(m->connector), m->task);
    if (key.p) {
        pthread_mutex_lock(&registry.lock);
        if (m->listed) {
            (void)sl__map_take(&registry.map, key);
            m->listed = false;
        }
        pthread_mutex_unlock(&registry.lock);
    }
    sl_buf_deinit(&b);
}

void sl__metrics_remove(sl_str connector, int32_t task) {
    size_t n;
    sl__metric **all = take_all(&n);
    for (size_t i = 0; i < n; i++) {
        sl__metric *m = all[i];
        if (sl_str_eqz(connector, m->connector) && (task < 0 || m->task == task)) {
            remove_one(m);
        }
        sl__metric_release(m);
    }
    sl_free(all);
}
