/*
 * leader.c - what the leader of a cluster does: takes the right to write, shares out what is to run, writes
 * the tasks' configurations that connectors propose, keeps the session's key. What it fences is in fencing.c.
 *
 * Nothing is remembered that a new leader could not do without: where it does not know what a worker may
 * still run, it waits until that worker has said so or has left the group.
 */
#include "herder/fencing.h"

#include <openssl/rand.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/build.h"
#include "herder/assignment.h"

#define COMPONENT "cluster"
#define LOOK_MS 1000  /* while something waits */
#define IDLE_MS 30000 /* else changes wake it: to be sure */
#define AGAIN_MS 100
#define FORGET_MS 60000
#define KEY_BYTES 32
#define PROPOSALS_AT_ONCE 100
#define RECORD_BYTES_MAX ((size_t)900 * 1024)

/* ---- losing it ---- */

static void free_revoked(sl__dist *d) {
    size_t at = 0;
    void *value;
    while (sl__map_next(&d->revoked, &at, NULL, &value)) {
        sl__revoked *r = value;
        sl_free(r->member);
        sl_free(r);
    }
    sl__map_deinit(&d->revoked);
    sl__map_init(&d->revoked, NULL);
}

void sl__leader_lost(sl__dist *d) {
    if (d->lead == SL_LEAD_NONE) {
        free_revoked(d);
        return;
    }
    sl__log(SL_LOG_INFO, COMPONENT, "%.*s does not lead the cluster any more", SL_STR_ARG(d->id));
    d->lead = SL_LEAD_NONE;
    d->term++;
    d->assigning = d->accepting = d->keying = false;
    d->look_at_ms = sl__now_ms() + AGAIN_MS;
    sl__fence_forget(d);
    free_revoked(d);
}

/* ---- becoming it ---- */

static void lead(sl__dist *d) {
    d->lead = SL_LEAD_READY;
    d->ready_ms = sl__now_ms();
    d->lead_dirty = d->asked = d->leftovers = true;
    for (sl__worker *w = d->workers.first; w; w = w->next) {
        bool told = w->member && w->given_member && strcmp(w->member, w->given_member) == 0;
        w->barrier = w->given_member && !(told && w->done >= w->generation) ? w->generation : 0;
        w->lost_ms = 0;
    }
    sl__log(SL_LOG_INFO, COMPONENT, "%.*s leads the cluster", SL_STR_ARG(d->id));
}

static void told(sl__dist *d, sl__dist_write *w, const sl_error *err) {
    if (w->term != d->term || d->lead != SL_LEAD_READING) {
        return;
    }
    if (err) {
        sl__log(SL_LOG_WARN, COMPONENT, "this worker could not begin to lead: %s", err->message);
        sl__leader_lost(d);
        return;
    }
    lead(d);
}

/* claimed: all that was written before has been fenced; what is there now is read, behind this worker's own
 * record. */
static void claimed(sl__dist *d, sl__dist_write *w, const sl_error *err) {
    if (w->term != d->term || d->lead != SL_LEAD_CLAIMING) {
        return;
    }
    sl__dist_write *next = err || !d->member ? NULL : sl__dist_write_new(d, NULL, told);
    sl__config_record *r = next ? sl__dist_write_add(next, SL_CR_OWN, SL_STR("leader")) : NULL;
    if (!r) {
        if (err) {
            sl__log(SL_LOG_WARN, COMPONENT, "this worker cannot lead now: %s", err->message);
        }
        if (err && err->code == SL_E_AUTH) {
            sl__dist_fail(d, sl_error_new(SL_E_AUTH, SL_USER, "%s", err->message));
        }
        sl__dist_write_free(next);
        sl__leader_lost(d);
        return;
    }
    sl_free(d->deposed);
    d->deposed = d->workers.leader_member ? sl_strdup(sl_str_of(d->workers.leader_member)) : NULL;
    r->json = sl__leader_text(&next->arena, sl_str_of(d->member), d->id);
    d->lead = SL_LEAD_READING;
    sl__dist_write_send(next);
}

void sl__leader_look(sl__dist *d) {
    bool may = d->view.owner && d->member && d->read && !d->h->stopping && !d->failure;
    d->lead_dirty = true;
    if (!may) {
        if (d->lead != SL_LEAD_NONE) {
            sl__leader_lost(d);
            sl__config_topic_relinquish(d->config);
        }
        return;
    }
    if (d->lead != SL_LEAD_NONE || d->look_at_ms > sl__now_ms()) {
        return;
    }
    sl__dist_write *w = sl__dist_write_new(d, NULL, claimed);
    if (w) {
        d->lead = SL_LEAD_CLAIMING;
        d->term++;
        w->term = d->term;
        sl__dist_write_send(w);
    }
}

/* ---- who is there ---- */

static bool in_group(const sl__dist *d, const char *member) {
    for (size_t i = 0; member && i < d->view.nothers; i++) {
        if (sl_str_eqz(d->view.others[i], member)) {
            return true;
        }
    }
    return false;
}

/* mark_live numbers the workers that can be given something; gives how many there are. */
static size_t mark_live(sl__dist *d, int64_t now) {
    int32_t n = 0;
    for (sl__worker *w = d->workers.first; w; w = w->next) {
        bool same = w->member && w->given_member && strcmp(w->member, w->given_member) == 0;
        bool old_there = w->given_member && in_group(d, w->given_member);
        w->live = in_group(d, w->member) && (same || !old_there);
        w->index = w->live ? n++ : SL__NOBODY;
        w->missing_ms = in_group(d, w->member) ? 0 : w->missing_ms ? w->missing_ms : now;
        if (w->given_member && !old_there) {
            /* the leader before this one was gone when the partition was given away */
            bool deposed = d->deposed && strcmp(d->deposed, w->given_member) == 0;
            w->lost_ms = w->lost_ms ? w->lost_ms : deposed ? d->owner_ms : now;
            w->barrier = 0; /* the group has forgotten it: its lease was over before */
        }
        if (same && w->done >= w->barrier) {
            w->barrier = 0;
        }
    }
    return (size_t)n;
}

/* revoked_over tells whether a unit that was taken away is let go of. */
static bool revoked_over(const sl__dist *d, const sl__revoked *r, sl_str name, int32_t task) {
    if (!in_group(d, r->member)) {
        return true;
    }
    for (const sl__worker *w = d->workers.first; w; w = w->next) {
        if (w->member && strcmp(w->member, r->member) == 0) {
            return w->done >= r->generation && !sl__units_has(&w->still, name, task);
        }
    }
    return false;
}

/* ---- what is to be shared out ---- */

typedef struct unit {
    sl_str name;
    int32_t task;
    sl__worker *owner; /* who has it now, NULL = nobody */
} unit;

typedef struct plan {
    sl__dist *d;
    unit *units;
    sl__place *places;
    size_t n, cap, places_cap;
    bool failed;
    bool held;    /* something waits */
    bool unknown; /* it is not known what some worker runs */
    int64_t now;
    int64_t next; /* when to look again */
} plan;

static void later(plan *p, int64_t at) {
    p->next = p->next && p->next < at ? p->next : at;
}

/* place_of tells where a unit is. */
static void place_of(plan *p, unit *u, sl__place *place) {
    sl__dist *d = p->d;
    char key[1200];
    for (sl__worker *w = d->workers.first; w; w = w->next) {
        if (!w->given_member || !sl__units_has(&w->given, u->name, u->task)) {
            continue;
        }
        if (w->live) { /* it has it, or a new process of the same name gets it back */
            u->owner = w;
            place->owner = w->index;
            return;
        }
        int64_t until = w->lost_ms + d->spec->group->delay_ms;
        if (!w->lost_ms || until > p->now) {
            place->held = true;
            later(p, w->lost_ms ? until : p->now + AGAIN_MS);
            return;
        }
    }
    int n = snprintf(key, sizeof key, "%d/%.*s", (int)u->task, SL_STR_ARG(u->name));
    sl_str k = sl_str_make(key, (size_t)n < sizeof key ? (size_t)n : sizeof key - 1);
    sl__revoked *r = sl__map_get(&d->revoked, k);
    if (r && revoked_over(d, r, u->name, u->task)) {
        (void)sl__map_remove(&d->revoked, k);
        sl_free(r->member);
        sl_free(r);
        r = NULL;
    }
    place->held = r || p->unknown;
    for (const sl__worker *w = d->workers.first; w && !place->held; w = w->next) {
        place->held = in_group(d, w->member) && sl__units_has(&w->still, u->name, u->task);
    }
}

static void add_unit(plan *p, sl_str name, int32_t task) {
    unit *units = sl_grow(p->units, p->n, &p->cap, sizeof *units);
    p->units = units ? units : p->units;
    sl__place *places = sl_grow(p->places, p->n, &p->places_cap, sizeof *places);
    p->places = places ? places : p->places;
    if (!units || !places) {
        p->failed = true;
        return;
    }
    unit *u = &p->units[p->n];
    sl__place *place = &p->places[p->n++];
    *u = (unit){.name = name, .task = task};
    *place = (sl__place){.task = task >= 0, .owner = SL__NOBODY};
    place_of(p, u, place);
    p->held = p->held || place->held;
}

static void add_connector(void *arg, const sl__stored_connector *c) {
    plan *p = arg;
    for (int32_t i = -1; i < c->ntasks; i++) {
        add_unit(p, c->name, i);
    }
}

/* ---- writing assignments ---- */

static bool note_revoked(sl__dist *d, sl_str name, int32_t task, const char *member, int64_t generation) {
    sl_arena arena;
    sl_arena_init(&arena, 256);
    sl_str key = sl_arena_printf(&arena, "%d/%.*s", (int)task, SL_STR_ARG(name));
    sl__revoked *r = sl_calloc(1, sizeof *r);
    bool ok = key.p && r && (r->member = sl_strdup(sl_str_of(member)));
    sl__revoked *old = ok ? sl__map_take(&d->revoked, key) : NULL;
    ok = ok && sl__map_put(&d->revoked, key, r);
    if (old) {
        sl_free(old->member);
        sl_free(old);
    }
    if (ok) {
        r->generation = generation;
    } else if (r) {
        sl_free(r->member);
        sl_free(r);
    }
    sl_arena_deinit(&arena);
    return ok;
}

/* written ends a write of the leader's; false: it was of an earlier term. */
static bool written(const sl__dist *d, const sl__dist_write *w, const sl_error *err, const char *what) {
    if (w->term == d->term && err) {
        sl__log(SL_LOG_WARN, COMPONENT, "%s could not be written: %s", what, err->message);
    }
    return w->term == d->term;
}

static void assigned(sl__dist *d, sl__dist_write *w, const sl_error *err) {
    if (written(d, w, err, "the assignment")) {
        d->assigning = false;
        d->lead_dirty = true;
    }
}

/* want fills what each worker is to have: what moves from one to another is with neither for now. */
static bool want(const plan *p, sl__worker **live) {
    for (sl__worker *w = p->d->workers.first; w; w = w->next) {
        sl__units_deinit(&w->wanted);
        sl__units_init(&w->wanted);
    }
    for (size_t i = 0; i < p->n; i++) {
        const unit *u = &p->units[i];
        int32_t to = p->places[i].owner;
        bool stays = to >= 0 && (!u->owner || u->owner == live[to]);
        if (stays && !sl__units_add(&live[to]->wanted, u->name, u->task)) {
            return false;
        }
        if (to < 0 && u->owner && u->owner->live && !sl__units_add(&u->owner->wanted, u->name, u->task)) {
            return false;
        }
    }
    return true;
}

/* keep_lost keeps what a worker that may come back had. */
static bool keep_lost(const plan *p, const sl__worker *w) {
    return !w->live && w->given_member && sl__units_count(&w->given) > 0 &&
           (!w->lost_ms || w->lost_ms + p->d->spec->group->delay_ms > p->now);
}

static bool revoke(sl__dist *d, const sl__worker *w, int64_t generation) {
    size_t at = 0;
    sl_str name;
    int32_t task;
    while (in_group(d, w->given_member) && sl__units_next(&w->given, &at, &name, &task)) {
        if (!sl__units_has(&w->wanted, name, task) &&
            !note_revoked(d, name, task, w->given_member, generation)) {
            return false;
        }
    }
    return true;
}

/* forget_worker removes what was given to a worker that has not come back in time, and later its own record:
 * a worker may have said who it is before the list of members shows it. */
static bool forget_worker(const plan *p, const sl__worker *w, sl_str name, sl__dist_write *out) {
    const sl__dist *d = p->d;
    bool ok = true;
    if (w->given_member && !keep_lost(p, w) && !in_group(d, w->given_member)) {
        sl__config_record *r = sl__dist_write_add(out, SL_CR_OWN, name);
        ok = r != NULL;
        if (r) {
            r->removed = true;
        }
    }
    if (ok && w->member && w->missing_ms && w->missing_ms + FORGET_MS < p->now) {
        sl__config_record *r =
            sl__dist_write_add(out, SL_CR_OWN, sl_arena_printf(&out->arena, "worker-%s", w->id));
        ok = r != NULL;
        if (r) {
            r->removed = true;
        }
    }
    return ok;
}

/* write_worker adds a worker's record if it is to be another one. False: out of memory. */
static bool write_worker(const plan *p, sl__worker *w, sl__dist_write *out) {
    sl__dist *d = p->d;
    sl_str name = sl_arena_printf(&out->arena, "assignment-%s", w->id);
    if (!w->live) {
        return forget_worker(p, w, name, out);
    }
    bool same_member = w->given_member && strcmp(w->given_member, w->member) == 0;
    if (same_member && sl__units_same(&w->given, &w->wanted)) {
        return true;
    }
    sl__config_record *r = sl__dist_write_add(out, SL_CR_OWN, name);
    if (!r || !revoke(d, w, out->generation)) {
        return false;
    }
    r->json = sl__assignment_text(&out->arena, sl_str_of(w->member), out->generation, &w->wanted);
    if (r->json.n > RECORD_BYTES_MAX) {
        sl__log(SL_LOG_WARN, COMPONENT,
                "the assignment of %s has %zu bytes: max.message.bytes of the config topic must allow that",
                w->id, r->json.n);
    }
    return r->json.p != NULL;
}

/* as_before tells that everybody has what it is to have, as most often: then nothing is to be compared. */
static bool as_before(const plan *p) {
    size_t given = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (!p->units[i].owner || p->places[i].owner != p->units[i].owner->index) {
            return false;
        }
    }
    for (const sl__worker *w = p->d->workers.first; w; w = w->next) {
        if (!w->live || !w->given_member || strcmp(w->given_member, w->member) != 0) {
            return false;
        }
        given += sl__units_count(&w->given);
    }
    return given == p->n;
}

static void write_plan(plan *p, sl__worker **live) {
    sl__dist *d = p->d;
    if (as_before(p)) {
        return;
    }
    sl__dist_write *out = sl__dist_write_new(d, NULL, assigned);
    bool ok = out && want(p, live);
    if (ok) {
        out->generation = d->workers.generation + 1;
    }
    for (sl__worker *w = d->workers.first; ok && w; w = w->next) {
        ok = write_worker(p, w, out);
    }
    if (!ok || out->n == 0) {
        sl__dist_write_free(out);
        if (!ok) {
            later(p, p->now + LOOK_MS);
        }
        return;
    }
    d->assigning = true;
    sl__dist_write_send(out);
}

/* all_done tells whether every worker has let go of what it is to let go of. */
static bool all_done(const sl__dist *d) {
    for (const sl__worker *w = d->workers.first; w; w = w->next) {
        if (w->live && w->given_member && (w->done < w->generation || sl__units_count(&w->still))) {
            return false;
        }
    }
    return true;
}

/* ---- statuses of tasks that are gone ---- */

static void note_last(void *arg, int32_t task, const sl__status *s) {
    int32_t *last = arg;
    (void)s;
    *last = task > *last ? task : *last;
}

/* destroy_statuses: a worker that died, or slept, has not said that tasks ended which are there no more. */
static void destroy_statuses(void *arg, const sl__stored_connector *st) {
    sl__dist *d = arg;
    int32_t last = -1;
    if (!st->committed || st->inconsistent) {
        return;
    }
    sl__status_topic_tasks(d->status, st->name, note_last, &last);
    for (int32_t task = st->ntasks; task <= last; task++) {
        sl__dist_status(d, st->name, task, SL_STATUS_DESTROYED, SL_STR_NONE, false);
    }
}

/* share_out computes who runs what, and writes it. Gives when to look again. */
static int64_t share_out(sl__dist *d, int64_t now) {
    plan p = {.d = d, .now = now};
    if (d->view.listed_ms < d->ready_ms) {
        sl__dist_look(d);
    }
    if (d->view.listed_ms < d->ready_ms) {
        return now + AGAIN_MS;
    }
    size_t n = mark_live(d, now);
    for (const sl__worker *w = d->workers.first; w; w = w->next) {
        p.unknown = p.unknown || w->barrier > 0;
        if (w->missing_ms) {
            later(&p, w->missing_ms + FORGET_MS + 1);
        }
    }
    sl__worker **live = sl_calloc(n + 1, sizeof *live);
    sl_error *err = sl__config_state_each(sl__config_topic_state(d->config), add_connector, &p);
    for (sl__worker *w = d->workers.first; live && w; w = w->next) {
        if (w->live) {
            live[w->index] = w;
        }
    }
    p.failed =
        p.failed || err || !live || !sl__assign(n, p.places, p.n, !p.held && !p.unknown && all_done(d));
    if (!p.failed && n) {
        write_plan(&p, live);
    } else {
        later(&p, now + LOOK_MS);
    }
    if (p.held || p.unknown) {
        later(&p, now + LOOK_MS);
    }
    sl_error_free(err);
    sl_free(live);
    sl_free(p.units);
    sl_free(p.places);
    return p.next;
}

/* ---- proposals ---- */

static void accepted(sl__dist *d, sl__dist_write *w, const sl_error *err) {
    if (written(d, w, err, "tasks' configurations")) {
        d->accepting = false;
        d->asked = true; /* those that were too many, or were not written */
    }
}

void sl__dist_add_tasks(sl__dist_write *w, sl_str name, const sl_config *configs, size_t n) {
    for (size_t i = 0; i < n; i++) {
        sl__config_record *r = sl__dist_write_add(w, SL_CR_TASK, name);
        if (r) {
            r->task = (int32_t)i;
            r->config = configs[i];
        }
    }
    sl__config_record *r = sl__dist_write_add(w, SL_CR_COMMIT, name);
    if (r) {
        r->count = (int32_t)n;
    }
}

static void accept_one(void *arg, sl_str name, sl_str json) {
    sl__dist_write *w = arg;
    sl__stored_connector st;
    uint64_t hash;
    sl_config *configs;
    size_t n;
    if (w->n > PROPOSALS_AT_ONCE) {
        return; /* the next time */
    }
    sl_str connector = sl_str_skip(name, sizeof "proposal-" - 1);
    if (sl__config_state_get(sl__config_topic_state(w->dist->config), connector, &st) &&
        sl__proposal_read(json, &w->arena, &hash, &configs, &n) && hash == sl__config_hash(st.config) &&
        st.target != SL_TARGET_STOPPED) {
        sl__dist_add_tasks(w, connector, configs, n);
    }
    sl__config_record *r = sl__dist_write_add(w, SL_CR_OWN, name);
    if (r) {
        r->removed = true;
    }
}

static void accept_proposals(sl__dist *d) {
    sl__dist_write *w = d->accepting ? NULL : sl__dist_write_new(d, NULL, accepted);
    if (!w) {
        return;
    }
    sl__config_state_each_own(sl__config_topic_state(d->config), SL_STR("proposal-"), accept_one, w);
    if (!w->n) {
        sl__dist_write_free(w);
        return;
    }
    d->accepting = true;
    sl__dist_write_send(w);
}

/* ---- the session's key ---- */

static void keyed(sl__dist *d, sl__dist_write *w, const sl_error *err) {
    if (w->term == d->term) {
        d->keying = false;
    }
    (void)err; /* tried again */
}

/* keep_key makes a key when there is none or it is too old; gives when to look again. */
static int64_t keep_key(sl__dist *d, int64_t now) {
    sl__session_key key = sl__config_state_session_key(sl__config_topic_state(d->config));
    int64_t age = sl__wall_ms() - key.created_ms;
    int64_t ttl = d->spec->group->key_ttl_ms;
    if (d->keying) {
        return 0;
    }
    if (key.key.p && age >= 0 && age < ttl) {
        return now + ttl - age;
    }
    size_t size = d->spec->group->key_size >= 8 ? (size_t)d->spec->group->key_size / 8 : KEY_BYTES;
    sl__dist_write *w = sl__dist_write_new(d, NULL, keyed);
    sl__config_record *r = w ? sl__dist_write_add(w, SL_CR_SESSION_KEY, SL_STR_NONE) : NULL;
    char *bytes = r ? sl_arena_alloc(&w->arena, size) : NULL;
    if (!bytes || RAND_bytes((unsigned char *)bytes, (int)size) != 1) {
        sl__dist_write_free(w);
        return now + LOOK_MS;
    }
    r->session_key = (sl__session_key){.key = sl_str_make(bytes, size),
                                       .algorithm = d->spec->group->key_algorithm,
                                       .created_ms = sl__wall_ms()};
    d->keying = true;
    sl__dist_write_send(w);
    return now + LOOK_MS;
}

/* ---- now and then ---- */

static int64_t earlier(int64_t a, int64_t b) {
    return a && (!b || a < b) ? a : b;
}

int64_t sl__leader_tick(sl__dist *d, int64_t now) {
    if (d->h->stopping) {
        return 0;
    }
    if (d->lead != SL_LEAD_READY) {
        if (d->lead == SL_LEAD_NONE && d->view.owner && d->member && d->read) {
            sl__leader_look(d);
            return d->look_at_ms > now ? d->look_at_ms : now + AGAIN_MS;
        }
        return 0;
    }
    if (d->asked || d->lead_dirty) {
        d->asked = false;
        accept_proposals(d);
        sl__fence_serve(d);
    }
    if (d->look_at_ms > now && (!d->lead_dirty || d->assigning)) {
        return d->look_at_ms;
    }
    int64_t next = now + IDLE_MS;
    if (!d->assigning) {
        d->lead_dirty = false;
        next = earlier(share_out(d, now), next);
    }
    if (d->leftovers && !d->assigning && all_done(d)) {
        d->leftovers = false;
        sl_error_free(sl__config_state_each(sl__config_topic_state(d->config), destroy_statuses, d));
    }
    next = earlier(keep_key(d, now), next);
    d->look_at_ms = next;
    return next;
}
