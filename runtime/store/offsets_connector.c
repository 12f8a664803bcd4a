/*
 * offsets_connector.c - see offsets_connector.h.
 */
#include "store/offsets_connector.h"

#include "config/worker_topics.h"

static sl_error *translate(sl__client_kind kind, const sl__connector_offsets *c, sl_arena *arena,
                           sl__client_config *out) {
    sl_config settings;
    sl_config_report report;
    sl_config_report_init(&report, arena);
    SL_TRY(sl__client_settings(kind, c->worker, c->connector, arena, &settings));
    SL_TRY(sl__client_translate(kind, &settings, SL_STR_NONE, arena, &report, out));
    return sl_config_report_error(&report);
}

static sl_error *open_own(sl__kafka *k, const sl__connector_offsets *c, sl_str topic,
                          const sl__topic_settings *made, sl_arena *arena, sl__offsets **out) {
    sl__client_config consumer, producer, admin;
    SL_TRY(translate(SL__CLIENT_CONSUMER, c, arena, &consumer));
    SL_TRY(translate(SL__CLIENT_PRODUCER, c, arena, &producer));
    SL_TRY(translate(SL__CLIENT_ADMIN, c, arena, &admin));
    sl__offsets_spec spec = {
        .topic = topic,
        .setting = "offsets.storage.topic",
        .consumer = &consumer,
        .producer = &producer,
        .admin = &admin,
        .partitions = made->partitions,
        .replication_factor = made->replication_factor,
        .configs = &made->configs,
        .flush_timeout_ms = c->flush_timeout_ms,
    };
    return sl__offsets_open_topic(k, &spec, out);
}

/* open_if_needed decides; *out = NULL: the cluster's store is the one. */
static sl_error *open_if_needed(sl__kafka *k, const sl__connector_offsets *c, sl_arena *arena,
                                sl__offsets **out) {
    sl__worker_topics topics;
    sl_config_report report;
    sl_config_report_init(&report, arena);
    SL_TRY(sl__worker_topics_read(c->worker, arena, &report, &topics));
    SL_TRY(sl_config_report_error(&report));
    bool elsewhere = sl_config_get(c->connector, SL_STR("producer.override.bootstrap.servers")).n > 0;
    bool other = c->topic.n > 0 && !sl_str_eq(c->topic, topics.offset.name);
    if (!other && !(elsewhere && (c->exactly_once || c->topic.n > 0))) {
        return NULL;
    }
    return open_own(k, c, c->topic.n ? c->topic : topics.offset.name, &topics.offset, arena, out);
}

sl_error *sl__offsets_open_connector(sl__kafka *k, const sl__connector_offsets *c, sl__offsets **own) {
    sl_arena arena;
    sl__offsets *store = NULL;
    *own = NULL;
    sl_arena_init(&arena, 0);
    sl_error *err = open_if_needed(k, c, &arena, &store);
    sl_arena_deinit(&arena);
    if (err) {
        return sl_error_wrap(err, "the connector's own offset topic");
    }
    return store ? sl__offsets_open_layered(store, c->cluster, own) : NULL;
}
