/*
 * scheduler.c - the run queue, the pool and the reactor.
 *
 * The reactor sleeps in epoll_wait until a descriptor, the earliest timer, or its own eventfd. Descriptors
 * are registered one-shot and edge-free: after each wake the unit's next wait arms them again. The pool grows
 * in the reactor's watch: when the oldest queued unit has waited GROW_AFTER_MS and no thread is free, one
 * thread is added.
 */
#include "task/scheduler.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define GROW_AFTER_MS 20
#define SHRINK_AFTER_MS 5000
#define SHRINK_STEP_MS 1000
#define LONG_MS 1000    /* a wait that may be a little longer */
#define TOGETHER_MS 100 /* by less than this */
#define EPOLL_BATCH 64

struct sl__sched {
    pthread_mutex_t lock;
    pthread_cond_t ready;  /* the queue has something, or stopping */
    pthread_cond_t gone;   /* a pool thread ended */
    sl__unit *head, *tail; /* run queue */
    sl__unit *finished;    /* done, their done callback still to be called by the reactor */
    unsigned queued;
    sl__unit **timers; /* binary heap by until_ms, from index 1 */
    size_t ntimers, timers_cap;
    unsigned threads, busy, min_threads, max_threads;
    unsigned surplus;  /* so many idle threads may end */
    int64_t window_ms; /* when that was last thought about */
    int64_t waited_ms; /* when a unit last waited long for a thread */
    uint64_t steps;
    bool stopping;
    int epoll_fd;
    int event_fd;
    int64_t reactor_until; /* when the reactor will look next, 0 = no time */
    pthread_t reactor;
};

/* ---- timers: a binary heap; call with the lock held ---- */

static void timer_place(sl__sched *s, size_t i, sl__unit *u) {
    s->timers[i] = u;
    u->timer_index = i;
}

static void timer_up(sl__sched *s, size_t i, sl__unit *u) {
    while (i > 1 && s->timers[i / 2]->until_ms > u->until_ms) {
        timer_place(s, i, s->timers[i / 2]);
        i /= 2;
    }
    timer_place(s, i, u);
}

static void timer_down(sl__sched *s, size_t i, sl__unit *u) {
    for (;;) {
        size_t child = i * 2;
        if (child > s->ntimers) {
            break;
        }
        if (child < s->ntimers && s->timers[child + 1]->until_ms < s->timers[child]->until_ms) {
            child++;
        }
        if (s->timers[child]->until_ms >= u->until_ms) {
            break;
        }
        timer_place(s, i, s->timers[child]);
        i = child;
    }
    timer_place(s, i, u);
}

static void timer_remove(sl__sched *s, sl__unit *u) {
    size_t i = u->timer_index;
    if (i == 0) {
        return;
    }
    u->timer_index = 0;
    sl__unit *last = s->timers[s->ntimers--];
    if (last == u) {
        return;
    }
    if (i > 1 && s->timers[i / 2]->until_ms > last->until_ms) {
        timer_up(s, i, last);
    } else {
        timer_down(s, i, last);
    }
}

static bool timer_add(sl__sched *s, sl__unit *u) {
    sl__unit **more = sl_grow(s->timers, s->ntimers + 1, &s->timers_cap, sizeof *more);
    if (!more) {
        return false;
    }
    s->timers = more;
    timer_up(s, ++s->ntimers, u);
    return true;
}

/* ---- units ---- */

static void kick_reactor(sl__sched *s) {
    uint64_t one = 1;
    ssize_t r = write(s->event_fd, &one, sizeof(one));
    (void)r; /* a full counter wakes it as well */
}

/* watch_growth makes the reactor look in time whether the pool must grow: units wait and no thread is free.
   @locks s->lock held */
static void watch_growth(sl__sched *s) {
    if (s->head && s->busy >= s->threads && s->threads < s->max_threads &&
        (s->reactor_until == 0 || s->reactor_until > s->head->queued_ms + GROW_AFTER_MS)) {
        kick_reactor(s);
    }
}

/* unwatch takes the unit's descriptor out of epoll. Done before each step: the step may close the descriptor,
   and another unit may get the same number. @locks s->lock held */
static void unwatch(sl__sched *s, sl__unit *u) {
    if (u->epoll_fd >= 0) {
        (void)epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, u->epoll_fd, NULL);
        u->epoll_fd = -1;
    }
}

/* enqueue puts a unit on the run queue. @locks s->lock held */
static void enqueue(sl__sched *s, sl__unit *u) {
    assert(u->state != SL_UNIT_DONE && u->state != SL_UNIT_QUEUED);
    timer_remove(s, u);
    unwatch(s, u);
    u->state = SL_UNIT_QUEUED;
    u->woken = false;
    u->next = NULL;
    u->queued_ms = sl__now_ms();
    if (s->tail) {
        s->tail->next = u;
    } else {
        s->head = u;
    }
    s->tail = u;
    s->queued++;
    pthread_cond_signal(&s->ready);
    watch_growth(s);
}

/* watch registers the wait's descriptor. Gives false when epoll refuses it (the unit then steps again soon).
 */
static bool watch(sl__sched *s, sl__unit *u, const sl_wait *w) {
    struct epoll_event ev = {.events = EPOLLONESHOT, .data = {.ptr = u}};
    ev.events |= w->readable ? (uint32_t)EPOLLIN : 0u;
    ev.events |= w->writable ? (uint32_t)EPOLLOUT : 0u;
    if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, w->fd, &ev) != 0) {
        return false;
    }
    u->epoll_fd = w->fd;
    return true;
}

/* due gives when a unit is woken: long waits end together with others, so that many idle units wake the
 * process a few times a second and not each by itself. */
static int64_t due(int64_t until_ms) {
    bool lasts = until_ms && until_ms - sl__now_ms() >= LONG_MS;
    return lasts ? (until_ms + TOGETHER_MS - 1) / TOGETHER_MS * TOGETHER_MS : until_ms;
}

/* park puts a unit to sleep as its wait says. @locks s->lock held */
static void park(sl__sched *s, sl__unit *u, const sl_wait *w) {
    u->state = SL_UNIT_IDLE;
    u->until_ms = due(w->until_ms);
    if (w->fd >= 0 && !watch(s, u, w)) {
        int64_t soon = sl__now_ms() + 10;
        u->until_ms = u->until_ms && u->until_ms < soon ? u->until_ms : soon;
    }
    if (u->until_ms == 0) {
        return;
    }
    if (!timer_add(s, u)) {
        enqueue(s, u); /* no memory for a timer: look again at once rather than never */
        return;
    }
    if (s->reactor_until == 0 || u->until_ms < s->reactor_until) {
        kick_reactor(s);
    }
}

/* finish leaves a unit to the reactor, which alone may still hold an event that names it. @locks s->lock held
 */
static void finish(sl__sched *s, sl__unit *u) {
    u->state = SL_UNIT_DONE;
    u->next = s->finished;
    s->finished = u;
    kick_reactor(s);
}

/* run_unit does one step of u. @locks s->lock held on entry and exit, released during the step */
static void run_unit(sl__sched *s, sl__unit *u) {
    u->state = SL_UNIT_RUNNING;
    s->busy++;
    s->steps++;
    watch_growth(s);
    pthread_mutex_unlock(&s->lock);
    sl_wait wait = {.fd = -1};
    bool more = u->step(u, &wait);
    pthread_mutex_lock(&s->lock);
    s->busy--;
    if (!more) {
        finish(s, u);
    } else if (!wait.idle || u->woken) {
        enqueue(s, u);
    } else {
        park(s, u, &wait);
    }
}

static void cond_wait_ms(pthread_cond_t *c, pthread_mutex_t *m, int64_t ms) {
    struct timespec until = sl__deadline_in(ms);
    pthread_cond_timedwait(c, m, &until);
}

static sl__unit *dequeue(sl__sched *s) {
    sl__unit *u = s->head;
    s->head = u->next;
    if (!s->head) {
        s->tail = NULL;
    }
    s->queued--;
    int64_t now = sl__now_ms();
    if (now - u->queued_ms >= GROW_AFTER_MS) {
        s->waited_ms = now;
    }
    return u;
}

/* may_end tells a thread without work whether it is one too many. When no unit has waited long for a while, a
   quarter of what is above the minimum goes, and so on; short steps that come in bursts keep no thread that
   they could do without. @locks s->lock held */
static bool may_end(sl__sched *s) {
    int64_t now = sl__now_ms();
    if (now - s->window_ms >= SHRINK_STEP_MS) {
        bool quiet = now - s->waited_ms >= SHRINK_AFTER_MS;
        s->surplus = quiet && s->threads > s->min_threads ? (s->threads - s->min_threads + 3) / 4 : 0;
        s->window_ms = now;
    }
    if (!s->surplus || s->threads <= s->min_threads) {
        return false;
    }
    s->surplus--;
    return true;
}

static void *pool_main(void *arg) {
    sl__sched *s = arg;
    pthread_mutex_lock(&s->lock);
    while (!s->stopping) {
        if (s->head) {
            run_unit(s, dequeue(s));
        } else if (s->threads <= s->min_threads) {
            pthread_cond_wait(&s->ready, &s->lock);
        } else if (may_end(s)) {
            break;
        } else {
            cond_wait_ms(&s->ready, &s->lock, SHRINK_STEP_MS);
        }
    }
    s->threads--;
    pthread_cond_broadcast(&s->gone);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* add_thread starts one pool thread. @locks s->lock held */
static bool add_thread(sl__sched *s) {
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, 512 * 1024);
    pthread_t t;
    bool ok = pthread_create(&t, &attr, pool_main, s) == 0;
    pthread_attr_destroy(&attr);
    if (ok) {
        s->threads++;
    }
    return ok;
}

/* ---- the reactor ---- */

/* fire_timers queues every unit whose time has come, and tells when to look again (0 = no time). @locks
 * s->lock held */
static int64_t fire_timers(sl__sched *s, int64_t now) {
    while (s->ntimers && s->timers[1]->until_ms <= now) {
        enqueue(s, s->timers[1]);
    }
    int64_t next = s->ntimers ? s->timers[1]->until_ms : 0;
    if (s->head && s->busy >= s->threads && s->threads < s->max_threads) {
        int64_t grow = s->head->queued_ms + GROW_AFTER_MS;
        if (grow <= now) {
            (void)add_thread(s); /* without a thread the units wait for those that exist */
            grow = now + GROW_AFTER_MS;
        }
        next = next && next < grow ? next : grow;
    }
    return next;
}

static void take_events(sl__sched *s, const struct epoll_event *ev, int n) {
    for (int i = 0; i < n; i++) {
        sl__unit *u = ev[i].data.ptr;
        if (!u) {
            uint64_t count;
            ssize_t r = read(s->event_fd, &count, sizeof(count));
            (void)r;
        } else if (u->state == SL_UNIT_IDLE) {
            enqueue(s, u);
        }
    }
}

/* bury calls done for the finished units. @locks s->lock held on entry and exit, released during the
 * callbacks */
static void bury(sl__sched *s) {
    sl__unit *u = s->finished;
    s->finished = NULL;
    pthread_mutex_unlock(&s->lock);
    while (u) {
        sl__unit *next = u->next;
        u->done(u);
        u = next;
    }
    pthread_mutex_lock(&s->lock);
}

static void *reactor_main(void *arg) {
    sl__sched *s = arg;
    struct epoll_event ev[EPOLL_BATCH];
    pthread_mutex_lock(&s->lock);
    while (!s->stopping) {
        int64_t now = sl__now_ms();
        s->reactor_until = fire_timers(s, now);
        int64_t ms = s->reactor_until ? s->reactor_until - now : -1;
        pthread_mutex_unlock(&s->lock);
        int n = epoll_wait(s->epoll_fd, ev, EPOLL_BATCH, ms > 3600000 ? 3600000 : (int)(ms < -1 ? 0 : ms));
        pthread_mutex_lock(&s->lock);
        s->reactor_until = 1; /* awake: nobody needs to kick it */
        take_events(s, ev, n < 0 ? 0 : n);
        bury(s);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---- public ---- */

void sl__unit_start(sl__sched *s, sl__unit *u) {
    u->sched = s;
    u->epoll_fd = -1;
    u->state = SL_UNIT_IDLE;
    pthread_mutex_lock(&s->lock);
    enqueue(s, u);
    pthread_mutex_unlock(&s->lock);
}

void sl__unit_wake(sl__unit *u) {
    sl__sched *s = u->sched;
    pthread_mutex_lock(&s->lock);
    if (u->state == SL_UNIT_IDLE) {
        enqueue(s, u);
    } else if (u->state == SL_UNIT_RUNNING) {
        u->woken = true;
    }
    pthread_mutex_unlock(&s->lock);
}

void sl__sched_stats_get(sl__sched *s, sl__sched_stats *out) {
    pthread_mutex_lock(&s->lock);
    *out = (sl__sched_stats){s->threads, s->busy, s->queued, s->steps};
    pthread_mutex_unlock(&s->lock);
}

static void sched_destroy(sl__sched *s) {
    if (s->epoll_fd >= 0) {
        close(s->epoll_fd);
    }
    if (s->event_fd >= 0) {
        close(s->event_fd);
    }
    pthread_cond_destroy(&s->ready);
    pthread_cond_destroy(&s->gone);
    pthread_mutex_destroy(&s->lock);
    sl_free(s->timers);
    sl_free(s);
}

static void stop_threads(sl__sched *s) {
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_broadcast(&s->ready);
    while (s->threads) {
        pthread_cond_wait(&s->gone, &s->lock);
    }
    pthread_mutex_unlock(&s->lock);
}

static sl__sched *sched_make(unsigned min_threads, unsigned max_threads) {
    sl__sched *s = sl_calloc(1, sizeof(*s));
    if (!s) {
        return NULL;
    }
    pthread_mutex_init(&s->lock, NULL);
    sl__cond_init(&s->ready);
    sl__cond_init(&s->gone);
    s->min_threads = min_threads;
    s->max_threads = max_threads < min_threads ? min_threads : max_threads;
    s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    s->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return s;
}

static bool sched_start(sl__sched *s) {
    struct epoll_event ev = {.events = EPOLLIN};
    if (s->epoll_fd < 0 || s->event_fd < 0 || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->event_fd, &ev) != 0 ||
        pthread_create(&s->reactor, NULL, reactor_main, s) != 0) {
        return false;
    }
    pthread_mutex_lock(&s->lock);
    bool ok = true;
    for (unsigned i = 0; ok && i < s->min_threads; i++) {
        ok = add_thread(s);
    }
    pthread_mutex_unlock(&s->lock);
    if (!ok) {
        stop_threads(s);
        kick_reactor(s);
        pthread_join(s->reactor, NULL);
    }
    return ok;
}

sl_error *sl__sched_new(unsigned min_threads, unsigned max_threads, sl__sched **out) {
    *out = NULL;
    sl__sched *s = sched_make(min_threads, max_threads);
    if (!s) {
        return sl_error_nomem();
    }
    if (!sched_start(s)) {
        sl_error *err =
            sl_error_new(SL_E_IO, SL_FATAL, "cannot start the task scheduler: %s", strerror(errno));
        sched_destroy(s);
        return err;
    }
    *out = s;
    return NULL;
}

void sl__sched_free(sl__sched *s) {
    if (!s) {
        return;
    }
    stop_threads(s);
    kick_reactor(s);
    pthread_join(s->reactor, NULL);
    sched_destroy(s);
}
