/*
 * hold.c - what was stored and what was finished, by topic, partition and group.
 */
#include "kafka/hold.h"

#define CHUNK_COST ((uint64_t)16 * 1024)      /* records are counted in chunks of about this size */
#define KEPT_COST ((uint64_t)6 * 1024 * 1024) /* older chunks are certainly gone from the broker */

/* A run of records. */
typedef struct chunk {
    int64_t last; /* greatest offset in it */
    uint64_t sum; /* cost of the partition's records up to its end */
} chunk;

typedef struct position {
    char *group; /* owned */
    int64_t next;
} position;

typedef struct hold_part {
    chunk *chunks; /* owned, oldest first */
    size_t nchunks;
    size_t cap;
    uint64_t before; /* sum before the first chunk */
    uint64_t sum;
    int64_t end;         /* offset after the last record */
    position *positions; /* owned */
    size_t npositions;
} hold_part;

typedef struct reader {
    char *group; /* owned */
    unsigned refs;
    int64_t away_until_ms; /* without refs: when it is forgotten */
} reader;

typedef struct hold_topic {
    hold_part *parts; /* owned */
    size_t nparts;
    reader *readers; /* owned */
    size_t nreaders;
    size_t reserved; /* bytes of records under way, with their allowance */
} hold_topic;

static void free_part(hold_part *p) {
    for (size_t i = 0; i < p->npositions; i++) {
        sl_free(p->positions[i].group);
    }
    sl_free(p->positions);
    sl_free(p->chunks);
}

static void free_topic(void *value) {
    hold_topic *t = value;
    for (size_t i = 0; i < t->nparts; i++) {
        free_part(&t->parts[i]);
    }
    for (size_t i = 0; i < t->nreaders; i++) {
        sl_free(t->readers[i].group);
    }
    sl_free(t->parts);
    sl_free(t->readers);
    sl_free(t);
}

void sl__hold_init(sl__hold_table *t) {
    sl__map_init(&t->topics, free_topic);
}

void sl__hold_deinit(sl__hold_table *t) {
    sl__map_deinit(&t->topics);
}

/* need_topic finds or makes a topic; NULL: out of memory. */
static hold_topic *need_topic(sl__hold_table *t, sl_str name) {
    hold_topic *topic = sl__map_get(&t->topics, name);
    if (!topic) {
        topic = sl_calloc(1, sizeof(*topic));
        if (topic && !sl__map_put(&t->topics, name, topic)) {
            sl_free(topic);
            topic = NULL;
        }
    }
    return topic;
}

static hold_part *need_part(hold_topic *topic, int32_t partition) {
    size_t want = (size_t)partition + 1;
    if (want > topic->nparts) {
        hold_part *parts = sl_realloc(topic->parts, want * sizeof(*parts));
        if (!parts) {
            return NULL;
        }
        memset(parts + topic->nparts, 0, (want - topic->nparts) * sizeof(*parts));
        topic->parts = parts;
        topic->nparts = want;
    }
    return &topic->parts[partition];
}

static const hold_part *find_part(const sl__hold_table *t, sl_str name, int32_t partition) {
    const hold_topic *topic = sl__map_get(&t->topics, name);
    return topic && partition >= 0 && (size_t)partition < topic->nparts ? &topic->parts[partition] : NULL;
}

static position *find_position(const hold_part *p, sl_str group) {
    for (size_t i = 0; i < p->npositions; i++) {
        if (sl_str_eqz(group, p->positions[i].group)) {
            return &p->positions[i];
        }
    }
    return NULL;
}

static reader *find_reader(const hold_topic *topic, sl_str group) {
    for (size_t i = 0; i < topic->nreaders; i++) {
        if (sl_str_eqz(group, topic->readers[i].group)) {
            return &topic->readers[i];
        }
    }
    return NULL;
}

/* unread gives what a partition has that the group has not finished; a chunk counts until it is behind the
 * group. */
static uint64_t unread(const hold_part *p, sl_str group) {
    const position *at = find_position(p, group);
    int64_t next = at ? at->next : 0;
    uint64_t done = p->before;
    size_t low = 0;
    size_t high = p->nchunks;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->chunks[middle].last < next) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low > 0) {
        done = p->chunks[low - 1].sum;
    }
    return p->sum - done;
}

/* held gives the unread bytes of the topic's fullest partition, for its slowest reader. */
static uint64_t held(const hold_topic *topic) {
    uint64_t most = 0;
    for (size_t i = 0; i < topic->nparts; i++) {
        for (size_t j = 0; j < topic->nreaders; j++) {
            uint64_t n = unread(&topic->parts[i], sl_str_of(topic->readers[j].group));
            most = n > most ? n : most;
        }
    }
    return most;
}

sl_error *sl__hold_reserve(sl__hold_table *t, sl_str name, size_t bytes, bool *ok) {
    hold_topic *topic = need_topic(t, name);
    if (!topic) {
        return sl_error_nomem();
    }
    size_t cost = bytes + SL__HOLD_RECORD_COST;
    uint64_t used = held(topic) + topic->reserved;
    *ok = !topic->nreaders || used == 0 || used + cost <= SL__HOLD_LIMIT;
    if (*ok) {
        topic->reserved += cost;
    }
    return NULL;
}

/* drop_old forgets chunks that the broker no longer has. */
static void drop_old(hold_part *p) {
    size_t gone = 0;
    while (gone + 1 < p->nchunks && p->sum - p->chunks[gone].sum > KEPT_COST) {
        gone++;
    }
    if (gone) {
        p->before = p->chunks[gone - 1].sum;
        p->nchunks -= gone;
        memmove(p->chunks, p->chunks + gone, p->nchunks * sizeof(*p->chunks));
    }
}

static bool append(hold_part *p, int64_t offset, uint64_t cost) {
    chunk *last = p->nchunks ? &p->chunks[p->nchunks - 1] : NULL;
    uint64_t start = p->nchunks > 1 ? p->chunks[p->nchunks - 2].sum : p->before;
    if (!last || (last->sum - start >= CHUNK_COST && offset > last->last)) {
        drop_old(p);
        chunk *more = sl_grow(p->chunks, p->nchunks, &p->cap, sizeof *more);
        if (!more) {
            return false;
        }
        p->chunks = more;
        last = &p->chunks[p->nchunks++];
        *last = (chunk){offset, p->sum};
    }
    p->sum += cost;
    last->sum = p->sum;
    last->last = offset > last->last ? offset : last->last;
    p->end = offset >= p->end ? offset + 1 : p->end;
    return true;
}

bool sl__hold_store(sl__hold_table *t, sl_str name, int32_t partition, int64_t offset, size_t bytes,
                    size_t more) {
    hold_topic *topic = need_topic(t, name);
    if (!topic) {
        return false;
    }
    size_t cost = bytes + SL__HOLD_RECORD_COST;
    topic->reserved -= cost < topic->reserved ? cost : topic->reserved;
    if (offset < 0 || partition < 0) {
        return true;
    }
    hold_part *part = need_part(topic, partition);
    return part && append(part, offset, cost + more);
}

bool sl__hold_join(sl__hold_table *t, sl_str group, sl_str name) {
    hold_topic *topic = need_topic(t, name);
    reader *r = topic ? find_reader(topic, group) : NULL;
    if (r) {
        r->refs++;
        return true;
    }
    reader *readers = topic ? sl_realloc(topic->readers, (topic->nreaders + 1) * sizeof(*readers)) : NULL;
    if (!readers) {
        return false;
    }
    topic->readers = readers;
    char *copy = sl_strdup(group);
    if (copy) {
        readers[topic->nreaders++] = (reader){copy, 1, 0};
    }
    return copy != NULL;
}

static void remove_reader(hold_topic *topic, reader *r) {
    sl_free(r->group);
    *r = topic->readers[--topic->nreaders];
}

void sl__hold_leave(sl__hold_table *t, sl_str group, sl_str name, int64_t away_until_ms) {
    hold_topic *topic = sl__map_get(&t->topics, name);
    reader *r = topic ? find_reader(topic, group) : NULL;
    if (!r) {
        return;
    }
    r->refs -= r->refs > 0;
    if (r->refs == 0 && away_until_ms == 0) {
        remove_reader(topic, r);
    } else {
        r->away_until_ms = away_until_ms;
    }
}

int64_t sl__hold_expire(sl__hold_table *t, int64_t now_ms, bool *freed) {
    int64_t next = 0;
    size_t at = 0;
    void *value;
    *freed = false;
    while (sl__map_next(&t->topics, &at, NULL, &value)) {
        hold_topic *topic = value;
        for (size_t i = topic->nreaders; i > 0; i--) {
            reader *r = &topic->readers[i - 1];
            if (r->refs) {
                continue;
            }
            if (r->away_until_ms <= now_ms) {
                remove_reader(topic, r);
                *freed = true;
            } else if (!next || r->away_until_ms < next) {
                next = r->away_until_ms;
            }
        }
    }
    return next;
}

bool sl__hold_finish(sl__hold_table *t, sl_str group, sl_str name, int32_t partition, int64_t next) {
    hold_topic *topic = partition >= 0 ? need_topic(t, name) : NULL;
    hold_part *p = topic ? need_part(topic, partition) : NULL;
    position *at = p ? find_position(p, group) : NULL;
    if (at) {
        at->next = next;
        return true;
    }
    position *positions = p ? sl_realloc(p->positions, (p->npositions + 1) * sizeof(*positions)) : NULL;
    if (!positions) {
        return false;
    }
    p->positions = positions;
    char *copy = sl_strdup(group);
    if (copy) {
        positions[p->npositions++] = (position){copy, next};
    }
    return copy != NULL;
}

int64_t sl__hold_position(const sl__hold_table *t, sl_str group, sl_str topic, int32_t partition) {
    const hold_part *p = find_part(t, topic, partition);
    const position *at = p ? find_position(p, group) : NULL;
    return at ? at->next : -1;
}

int64_t sl__hold_end(const sl__hold_table *t, sl_str topic, int32_t partition) {
    const hold_part *p = find_part(t, topic, partition);
    return p ? p->end : 0;
}

bool sl__hold_pressing(const sl__hold_table *t, sl_str group, size_t bytes) {
    size_t at = 0;
    void *value;
    while (sl__map_next(&t->topics, &at, NULL, &value)) {
        const hold_topic *topic = value;
        if (!find_reader(topic, group)) {
            continue;
        }
        for (size_t i = 0; i < topic->nparts; i++) {
            if (unread(&topic->parts[i], group) >= bytes) {
                return true;
            }
        }
    }
    return false;
}
