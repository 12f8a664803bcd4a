/*
 * record.h - records and batches.
 *
 * A batch is an arena and an array of records. Everything that a poll produces, that transforms add and that
 * converters write lives in that arena, and is freed with the batch. A batch belongs to one task, on one
 * thread at a time; a plugin may use it only during the call that hands it over.
 */
#ifndef SLUICE_RECORD_H
#define SLUICE_RECORD_H

#include <sluice/value.h>

struct sl_host;

#define SL_NO_TIMESTAMP INT64_MIN
#define SL_NO_PARTITION (-1)

typedef struct sl_header {
    sl_str name;
    const sl_schema *schema; /* NULL = none */
    sl_value value;
} sl_header;

typedef struct sl_record {
    sl_str topic;
    int32_t partition;           /* SL_NO_PARTITION = let the partitioner choose (sources) */
    int64_t timestamp;           /* milliseconds since 1970, or SL_NO_TIMESTAMP */
    const sl_schema *key_schema; /* NULL = schemaless */
    const sl_schema *value_schema;
    sl_value key;
    sl_value value;     /* SL_NULL = tombstone */
    sl_header *headers; /* in the arena */
    uint32_t nheaders;
    bool dropped; /* filtered out by a transform; the pipeline passes over it */
    /* sinks: where the record came from, unchanged by transforms */
    sl_str kafka_topic;
    int32_t kafka_partition;
    int64_t kafka_offset;
} sl_record;

/* The position of a source behind a batch: committable once every record up to here is safe in Kafka. Both
   are MAP values with STRING keys, without a schema; they are stored as JSON, so use strings, numbers,
   booleans and nulls. */
typedef struct sl_batch_offset {
    sl_value partition;
    sl_value offset; /* SL_NULL: the offset is to be deleted */
} sl_batch_offset;

#define SL_BATCH_SCHEMA_SLOTS 16

typedef struct sl_batch {
    const struct sl_host *host;
    sl_arena arena;
    sl_record *records;
    size_t n;
    size_t cap;
    sl_batch_offset *offsets; /* one for each source partition in this batch */
    size_t noffsets;
    const sl_schema **schemas; /* each holds a reference until the batch is freed */
    size_t nschemas;
    size_t schemas_cap;
    const sl_schema *recent[SL_BATCH_SCHEMA_SLOTS]; /* seen lately, so that keeping is cheap */
    bool failed;                                    /* out of memory somewhere; the runtime fails the step */
    bool
        store_now; /* set by a source: store these offsets as soon as they may be, not at the next interval */
    /* A source that can define transaction boundaries (SL_OFFERS_BOUNDARIES) sets it when behind this batch
       none of its transactions is open: with transaction.boundary=connector the records so far are committed
       together. */
    bool ends_transaction;
} sl_batch;

/* sl_batch_add appends an empty record (partition and timestamp unset, key and value null); NULL when out of
 * memory. */
sl_record *sl_batch_add(sl_batch *b);

/* sl_batch_keep_slow takes a reference on s for the batch's life. */
void sl_batch_keep_slow(sl_batch *b, const sl_schema *s);

/* sl_batch_keep: call it for every schema that a record of the batch points to, unless sl_record_set_* did.
 */
static inline void sl_batch_keep(sl_batch *b, const sl_schema *s) {
    if (s && b->recent[s->id % SL_BATCH_SCHEMA_SLOTS] != s) {
        sl_batch_keep_slow(b, s);
    }
}

static inline void sl_record_set_key(sl_batch *b, sl_record *r, const sl_schema *s, sl_value v) {
    sl_batch_keep(b, s);
    r->key_schema = s;
    r->key = v;
}

static inline void sl_record_set_value(sl_batch *b, sl_record *r, const sl_schema *s, sl_value v) {
    sl_batch_keep(b, s);
    r->value_schema = s;
    r->value = v;
}

/* sl_record_add_header appends a header (name and value are borrowed from the arena). False when out of
 * memory. */
bool sl_record_add_header(sl_batch *b, sl_record *r, sl_str name, const sl_schema *s, sl_value v);

/* sl_batch_set_offset says where the source stands behind the records added so far; a later call for an equal
   partition replaces the earlier one. The values are borrowed from the batch's arena. False when out of
   memory. */
bool sl_batch_set_offset(sl_batch *b, sl_value partition, sl_value offset);

#endif
