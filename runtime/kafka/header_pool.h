/*
 * header_pool.h - librdkafka's header lists, used again.
 *
 * A list of headers belongs to one message and costs an allocation for each header. Records of a task mostly
 * share theirs (the context headers of change events): the lists of delivered messages are kept and given to
 * the next messages. All lists of a pool say the same, so nobody has to look into one; a pool that is to say
 * something else starts anew, with the next generation.
 *
 * Threads: using and taking are for one thread at a time (the task's step); giving back is for any. Memory:
 * at most SL__HEADER_POOL_MAX lists; clear frees them.
 */
#ifndef SLUICE_KAFKA_HEADER_POOL_H
#define SLUICE_KAFKA_HEADER_POOL_H

#include <pthread.h>

#include <sluice/error.h>
#include <sluice/memory.h>
#include <sluice/str.h>

#define SL__HEADER_POOL_MAX 32768

struct rd_kafka_headers_s;

typedef struct sl__out_header {
    sl_str name;
    sl_str value; /* absent = null */
} sl__out_header;

/* A stack of lists; all owned. */
typedef struct sl__header_stack {
    struct rd_kafka_headers_s **items;
    size_t n, cap;
} sl__header_stack;

typedef struct sl__header_pool {
    sl_arena arena; /* holds headers */
    sl__out_header *headers;
    size_t n;
    sl__header_stack ready;
    pthread_mutex_t lock; /* guards what follows */
    unsigned generation;
    sl__header_stack back;
} sl__header_pool;

void sl__header_pool_init(sl__header_pool *p);
void sl__header_pool_deinit(sl__header_pool *p);

/* sl__header_pool_clear frees the lists that nobody uses now. */
void sl__header_pool_clear(sl__header_pool *p);

/* sl__header_pool_use makes it a pool of lists with these headers; they are copied. *generation: to be told
   when a list is given back. */
SL_MUST_CHECK sl_error *sl__header_pool_use(sl__header_pool *p, const sl__out_header *headers, size_t n,
                                            unsigned *generation);

/* sl__header_pool_take gives a list with the headers in use, owned by the caller. */
SL_MUST_CHECK sl_error *sl__header_pool_take(sl__header_pool *p, struct rd_kafka_headers_s **list);

/* sl__header_pool_give takes a list over, taken in that generation; an older one, or what is too much, is
 * freed. */
void sl__header_pool_give(sl__header_pool *p, unsigned generation, struct rd_kafka_headers_s *list);

/* sl__header_list_make gives a list of its own. */
SL_MUST_CHECK sl_error *sl__header_list_make(const sl__out_header *headers, size_t n,
                                             struct rd_kafka_headers_s **list);

#endif
