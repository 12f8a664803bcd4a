/*
 * kafka.c - the shared parts, made and freed together.
 */
#include "kafka/kafka.h"

#include "kafka/topics_impl.h"

struct sl__kafka {
    sl__embedded *embedded; /* owned; NULL = a real cluster */
    sl__producers *producers;
    sl__topics *topics;
};

static sl_error *make_parts(sl__kafka *k, const sl__client_config *admin) {
    if (admin->embedded) {
        SL_TRY(sl__embedded_new(&k->embedded));
    }
    SL_TRY(sl__producers_new(k->embedded, &k->producers));
    return sl__topics_new(admin, k->embedded, &k->topics);
}

sl_error *sl__kafka_new(const sl__client_config *admin, sl__kafka **out) {
    sl__kafka *k = sl_calloc(1, sizeof(*k));
    if (!k) {
        return sl_error_nomem();
    }
    sl_error *err = make_parts(k, admin);
    if (err) {
        sl__kafka_free(k);
        return err;
    }
    *out = k;
    return NULL;
}

void sl__kafka_free(sl__kafka *k) {
    if (!k) {
        return;
    }
    sl__topics_free(k->topics);
    sl__producers_free(k->producers);
    sl__embedded_free(k->embedded);
    sl_free(k);
}

sl__producers *sl__kafka_producers(sl__kafka *k) {
    return k->producers;
}

sl__topics *sl__kafka_topics(sl__kafka *k) {
    return k->topics;
}

sl__embedded *sl__kafka_embedded(sl__kafka *k) {
    return k->embedded;
}

sl_str sl__kafka_cluster_id(sl__kafka *k, int timeout_ms, sl_arena *arena) {
    return sl__topics_cluster_id(k->topics, timeout_ms, arena);
}
