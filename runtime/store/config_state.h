/*
 * config_state.h - what the config topic says once its records are put together, with Kafka Connect's rules.
 *
 * Task configurations count only from the commit that follows them, and only when it finds one for each task
 * it speaks of; if not (compaction has taken some away), the connector is inconsistent until a whole set is
 * committed again. A commit for a connector that is not there clears what was left of it.
 *
 * Not for: reading the topic (config_topic.h). Pure: records go in, the state comes out.
 * Threads: one owner. Memory: everything belongs to the state; pointers that it gives are valid until the
 * next sl__config_state_apply.
 */
#ifndef SLUICE_STORE_CONFIG_STATE_H
#define SLUICE_STORE_CONFIG_STATE_H

#include "store/config_record.h"

typedef struct sl__config_state sl__config_state;

/* One connector as the topic has it. */
typedef struct sl__stored_connector {
    sl_str name;
    const sl_config *config; /* as it was given, unresolved; NULL = there is no such connector (any more) */
    sl__target target;
    const sl_config *const *tasks; /* of the last complete commit, unresolved */
    int32_t ntasks;                /* 0 also when inconsistent */
    bool committed;                /* a commit was seen since the connector was made */
    bool inconsistent;             /* its task configurations must be written again */
    const sl_config *applied; /* the connector's configuration at the last complete commit; NULL = none */
    int32_t generation;       /* how many complete commits were seen, less one; -1 = none */
    int32_t fenced_tasks;     /* of the last tasks-fencing record; -1 = none */
    bool needs_fencing;       /* tasks were committed after that record */
} sl__stored_connector;

/* What one record changed; for the listener. */
typedef enum sl__config_change {
    SL_CHANGE_NONE, /* nothing that anybody must act on (a task's configuration before its commit, ...) */
    SL_CHANGE_CONNECTOR, /* a connector's configuration is new or different */
    SL_CHANGE_REMOVED,   /* a connector was removed */
    SL_CHANGE_TASKS,     /* a commit: the connector's tasks are different, or it became inconsistent */
    SL_CHANGE_TARGET,    /* the target state of a connector that is there is another one */
    SL_CHANGE_FENCED,    /* a tasks-fencing record */
    SL_CHANGE_SESSION_KEY,
    SL_CHANGE_RESTART, /* a request to restart: record->restart; act on it only when it is new */
    SL_CHANGE_LOGGER,  /* record->level for the namespace; act on it only when it is new */
    SL_CHANGE_OWN,     /* one of Sluice's own keys */
} sl__config_change;

sl__config_state *sl__config_state_new(void); /* NULL when out of memory */
void sl__config_state_free(sl__config_state *s);

/* sl__config_state_apply puts a record in. *change says what it did. */
SL_MUST_CHECK sl_error *sl__config_state_apply(sl__config_state *s, const sl__config_record *r,
                                               sl__config_change *change);

/* sl__config_state_get gives a connector; false when it has no configuration. */
bool sl__config_state_get(const sl__config_state *s, sl_str name, sl__stored_connector *out);

/* sl__config_state_each walks the connectors that have a configuration, sorted by name. */
typedef void (*sl__stored_connector_cb)(void *arg, const sl__stored_connector *c);
SL_MUST_CHECK sl_error *sl__config_state_each(const sl__config_state *s, sl__stored_connector_cb cb,
                                              void *arg);
size_t sl__config_state_count(const sl__config_state *s);

/* sl__config_state_session_key: key absent = none yet. */
sl__session_key sl__config_state_session_key(const sl__config_state *s);

/* sl__config_state_own gives the JSON text of one of Sluice's own keys (without "sluice-"); absent = not
   there. _each_own walks those that start with a prefix, in no order. */
sl_str sl__config_state_own(const sl__config_state *s, sl_str name);
typedef void (*sl__own_record_cb)(void *arg, sl_str name, sl_str json);
void sl__config_state_each_own(const sl__config_state *s, sl_str prefix, sl__own_record_cb cb, void *arg);

#endif
