/*
 * topic_check.c - see topic_check.h.
 */
#include "kafka/topic_check.h"

#include <stdio.h>

#include "base/log.h"

#define COMPONENT "kafka"
#define RETRY_MS 1000
#define SHOW_UP_MS 50

/* step moves the ask one state on. False: the cluster cannot be reached. */
static bool step(sl__topic_admin *a, sl__topic_ask *ask) {
    switch (ask->state) {
    case SL__ASK_LOOK:
        return sl__topic_admin_look(a, &ask, 1);
    case SL__ASK_CREATE:
        return sl__topic_admin_create(a, &ask, 1);
    case SL__ASK_AUTO:
        return sl__topic_admin_auto(a, &ask, 1);
    case SL__ASK_DESCRIBE:
        return sl__topic_admin_describe(a, &ask, 1);
    case SL__ASK_DONE:
    case SL__ASK_FAILED:
        break;
    }
    return true;
}

/* again makes the ask start over after an error that may pass; the reason is logged when it is a new one. */
static void again(const sl__topic_check *c, sl__topic_ask *ask, const char *why, char *said, size_t size) {
    if (strncmp(said, why, size - 1) != 0) {
        snprintf(said, size, "%s", why);
        sl__log(SL_LOG_WARN, COMPONENT, "topic '%.*s' (%s) cannot be looked at, trying on: %s",
                SL_STR_ARG(c->topic), c->setting, why);
    }
    sl_error_free(ask->err);
    ask->err = NULL;
    if (ask->state == SL__ASK_FAILED) {
        ask->state = SL__ASK_LOOK;
        ask->asked_for = false;
    }
}

/* ask_all goes on until the ask is done, has failed for good, or is given up. */
static sl_error *ask_all(const sl__topic_check *c, sl__topic_admin *a, sl__topic_ask *ask) {
    char said[256] = "";
    while (ask->state != SL__ASK_DONE) {
        sl__ask_state before = ask->state;
        bool reached = step(a, ask);
        if (ask->state == SL__ASK_FAILED && ask->err->cls != SL_RETRIABLE) {
            sl_error *err = ask->err;
            ask->err = NULL;
            return sl_error_wrap(err, "the topic of %s", c->setting);
        }
        if (!reached || ask->state == SL__ASK_FAILED) {
            again(c, ask, reached ? ask->err->message : sl__topic_admin_trouble(a), said, sizeof said);
        } else if (ask->state != before) {
            continue;
        }
        if (c->pause(c->arg, !reached || ask->state != before ? RETRY_MS : SHOW_UP_MS)) {
            return sl_error_new(SL_E_INTERRUPTED, SL_RETRIABLE, "looking at topic '%.*s' was given up",
                                SL_STR_ARG(c->topic));
        }
    }
    return NULL;
}

static sl_error *judge(const sl__topic_check *c, const sl__topic_info *info) {
    if (c->partitions_max > 0 && info->partitions > c->partitions_max) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "topic '%.*s' (%s) has %d partitions, expected %d: records would not stay in "
                            "order; name another topic, or remove it to have it made anew",
                            SL_STR_ARG(c->topic), c->setting, (int)info->partitions, (int)c->partitions_max);
    }
    if (info->cleanup[0] && strcmp(info->cleanup, "compact") != 0) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "topic '%.*s' (%s) has cleanup.policy=%s, expected compact: what is kept there "
                            "would be lost in time; set cleanup.policy=compact on it, or name another topic",
                            SL_STR_ARG(c->topic), c->setting, info->cleanup);
    }
    return NULL;
}

/* topic_configs gives the settings of a new topic. */
static sl_error *topic_configs(const sl__topic_check *c, sl_arena *arena, sl_config *out) {
    size_t n = c->configs ? c->configs->n : 0, kept = 0;
    sl_config_entry *entries = sl_arena_zalloc(arena, (n + 1) * sizeof(*entries));
    if (!entries) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < n; i++) {
        if (!sl_str_eqz(c->configs->entries[i].key, "cleanup.policy")) {
            entries[kept++] = c->configs->entries[i];
        }
    }
    entries[kept++] = (sl_config_entry){.key = SL_STR("cleanup.policy"), .value = SL_STR("compact")};
    *out = (sl_config){entries, kept};
    return NULL;
}

sl_error *sl__topic_check_run(const sl__topic_check *c, sl__topic_admin *a, int32_t *partitions) {
    sl_arena arena;
    sl_config configs;
    char prefix[64];
    size_t dot = strlen(c->setting);
    while (dot > 0 && c->setting[dot - 1] != '.') {
        dot--;
    }
    snprintf(prefix, sizeof prefix, "%.*s", (int)dot, c->setting);
    sl_arena_init(&arena, 0);
    sl_error *err = topic_configs(c, &arena, &configs);
    if (!err) {
        sl__topic_ask ask = {
            .state = SL__ASK_LOOK,
            .spec = {.name = c->topic,
                     .create = true,
                     .partitions = c->partitions,
                     .replication_factor = c->replication_factor,
                     .configs = &configs,
                     .setting = prefix},
        };
        err = ask_all(c, a, &ask);
        err = err ? err : judge(c, &ask.info);
        *partitions = ask.info.partitions;
        sl_error_free(ask.err);
    }
    sl_arena_deinit(&arena);
    return err;
}
