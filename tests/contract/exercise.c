/*
 * exercise.c - instances of every kind: opening, using in the ways of their kind, closing.
 */
#include "contract.h"
#include "alloc.h"

#include <model/batch.h>

#include <ctype.h>
#include <stdio.h>

/* CALL: a call into the plugin, during which planned allocation failures are on. */
#define CALL(err, expression)                                                                                \
    do {                                                                                                     \
        alloc_on();                                                                                          \
        (err) = (expression);                                                                                \
        alloc_off();                                                                                         \
    } while (0)

void check_error(sl_error *err, const char *what) {
    assert_non_null(err);
    bool good =
        err->message && strlen(err->message) >= 8 && (unsigned)err->code < SL_E_COUNT && err->cls != SL_BUG;
    if (!good && !err->immortal) {
        char text[1024];
        fail_msg("%s: not a clear error: class %s, '%s'", what, sl_error_class_name(err->cls),
                 sl_error_text(err, text, sizeof(text)));
    }
    sl_error_free(err);
}

sl_error *instance_init(instance *in, const subject *s, const sl_config *config) {
    *in = (instance){.subject = s};
    sl_arena_init(&in->arena, 0);
    in->config = config ? *config : sample_config(s, &in->arena);
    sl_error *err = sl__instance_init(&in->inst, s->def, &in->config, SL_STR_NONE, &in->arena, NULL);
    if (err) {
        instance_deinit(in);
        return err;
    }
    in->inst.context.host = &fake_host;
    in->inst.context.connector = SL_STR("contract");
    in->inst.context.task = 0;
    in->inst.context.runtime = &in->host;
    return NULL;
}

void instance_deinit(instance *in) {
    fake_state_deinit(&in->host);
    sl_arena_deinit(&in->arena);
}

static sl_error *open_def(instance *in) {
    const sl_plugin_def *def = in->subject->def;
    const sl_context *ctx = &in->inst.context;
    switch (def->kind) {
    case SL_KIND_SOURCE:
        return def->source->open(ctx, &in->state);
    case SL_KIND_SINK:
        return def->sink->open(ctx, &in->state);
    case SL_KIND_TRANSFORM:
        return def->transform->open(ctx, &in->state);
    case SL_KIND_PREDICATE:
        return def->predicate->open(ctx, &in->state);
    case SL_KIND_CONVERTER:
        return def->converter->open(ctx, SL_CONVERT_VALUE, &in->state);
    case SL_KIND_HEADER_CONVERTER:
        return def->converter->open(ctx, SL_CONVERT_HEADER, &in->state);
    case SL_KIND_CONFIG_PROVIDER:
        return def->config_provider->open(ctx, &in->state);
    case SL_KIND_COUNT:
        break;
    }
    return sl_error_new(SL_E_PLUGIN, SL_BUG, "unknown kind");
}

sl_error *instance_open(instance *in) {
    sl_error *err;
    in->state = NULL;
    CALL(err, open_def(in));
    if (err) {
        in->state = NULL;
    }
    return err;
}

void instance_close(instance *in) {
    const sl_plugin_def *def = in->subject->def;
    switch (def->kind) {
    case SL_KIND_SOURCE:
        def->source->close(in->state);
        break;
    case SL_KIND_SINK:
        def->sink->close(in->state);
        break;
    case SL_KIND_TRANSFORM:
        def->transform->close(in->state);
        break;
    case SL_KIND_PREDICATE:
        def->predicate->close(in->state);
        break;
    case SL_KIND_CONVERTER:
    case SL_KIND_HEADER_CONVERTER:
        def->converter->close(in->state);
        break;
    case SL_KIND_CONFIG_PROVIDER:
        def->config_provider->close(in->state);
        break;
    case SL_KIND_COUNT:
        break;
    }
    in->state = NULL;
}

void instance_interrupt(instance *in) {
    const sl_plugin_def *def = in->subject->def;
    if (def->kind == SL_KIND_SOURCE && def->source->interrupt) {
        def->source->interrupt(in->state);
    }
    if (def->kind == SL_KIND_SINK && def->sink->interrupt) {
        def->sink->interrupt(in->state);
    }
}

static bool count_error(sl_error *err, const char *what, size_t *errors) {
    if (err) {
        (*errors)++;
        check_error(err, what);
    }
    return err != NULL;
}

/* ---- by kind ---- */

/* tighten leaves no room in the batch's arena, so that what a plugin takes from it is an allocation that can
 * fail. */
static void tighten(sl_batch *b) {
    b->arena.end = b->arena.cur;
    b->arena.chunk_size = 1;
}

static void exercise_source(instance *in, size_t *errors) {
    const sl_source_ops *ops = in->subject->def->source;
    sl_batch *batch = sl__batch_new(&fake_host);
    sl_error *err = NULL;
    for (int i = 0; i < 3 && !err; i++) {
        sl_wait wait = {0};
        sl__batch_reset(batch);
        tighten(batch);
        CALL(err, ops->poll(in->state, batch, &wait));
        for (size_t o = 0; !err && ops->committed && o < batch->noffsets; o++) {
            CALL(err, ops->committed(in->state, &batch->offsets[o].partition, &batch->offsets[o].offset));
        }
    }
    int64_t again = 0;
    if (!err && (in->subject->def->offers & SL_OFFERS_KEEP)) {
        CALL(err, ops->keep(in->state, &again));
    }
    count_error(err, "poll", errors);
    sl__batch_free(batch);
}

/* copy_of gives a batch of its own with the same records, as plugins change what they get. */
static sl_batch *copy_of(const sl_batch *from) {
    sl_batch *b = sl__batch_new(&fake_host);
    assert_non_null(b);
    for (size_t i = 0; i < from->n; i++) {
        sl_record *r = sl_batch_add(b);
        assert_non_null(r);
        *r = from->records[i];
        sl_batch_keep(b, r->key_schema);
        sl_batch_keep(b, r->value_schema);
        assert_true(sl_value_copy(&b->arena, &from->records[i].value, &r->value));
        assert_true(sl_value_copy(&b->arena, &from->records[i].key, &r->key));
        r->headers = NULL;
        r->nheaders = 0;
        for (uint32_t h = 0; h < from->records[i].nheaders; h++) {
            const sl_header *header = &from->records[i].headers[h];
            assert_true(sl_record_add_header(b, r, header->name, header->schema, header->value));
        }
    }
    tighten(b);
    return b;
}

static void exercise_sink(instance *in, const sl_batch *records, size_t *errors) {
    const sl_sink_ops *ops = in->subject->def->sink;
    sl_topic_partition part = {SL_STR("shop.public.orders"), 0, -1};
    sl_batch *batch = copy_of(records);
    sl_batch *empty = sl__batch_new(&fake_host);
    sl_error *err = NULL;
    if (ops->assigned) {
        CALL(err, ops->assigned(in->state, &part, 1));
    }
    if (!count_error(err, "assigned", errors)) {
        CALL(err, ops->put(in->state, empty));
        count_error(err, "put of nothing", errors);
        CALL(err, ops->put(in->state, batch));
        count_error(err, "put", errors);
        part.offset = (int64_t)records->n + 1;
        err = NULL;
        if (ops->pre_commit) {
            CALL(err, ops->pre_commit(in->state, &part, 1));
        }
        count_error(err, "pre_commit", errors);
        if (ops->revoked) {
            ops->revoked(in->state, &part, 1, false);
        }
    }
    sl__batch_free(empty);
    sl__batch_free(batch);
}

static void check_record(const sl_record *r) {
    if (r->dropped || (!r->value_schema && r->value.type != SL_STRUCT)) {
        return;
    }
    sl_error *err = sl_value_check(r->value_schema, &r->value);
    char text[512];
    if (err) {
        fail_msg("a transform made a value that does not fit its schema: %s",
                 sl_error_text(err, text, sizeof(text)));
    }
    assert_true(r->topic.p && r->topic.n > 0);
}

static void exercise_transform(instance *in, const sl_batch *records, size_t *errors) {
    const sl_transform_ops *ops = in->subject->def->transform;
    sl_batch *batch = copy_of(records);
    for (size_t i = 0; i < records->n; i++) {
        sl_error *err;
        tighten(batch);
        CALL(err, ops->apply(in->state, batch, &batch->records[i]));
        if (!count_error(err, "apply", errors) && !batch->failed && !batch->arena.failed) {
            check_record(&batch->records[i]);
        }
    }
    sl__batch_free(batch);
}

static void exercise_predicate(instance *in, const sl_batch *records, size_t *errors) {
    for (size_t i = 0; i < records->n; i++) {
        bool result;
        sl_error *err;
        CALL(err, in->subject->def->predicate->test(in->state, &records->records[i], &result));
        count_error(err, "test", errors);
    }
}

static const sl_str payloads[] = {
    SL_STR_INIT(""),
    SL_STR_INIT("text"),
    SL_STR_INIT("\x00\x00\x00\x01"),
    SL_STR_INIT("\x01"),
    SL_STR_INIT("\xff\xfe\xfd"),
    SL_STR_INIT("null"),
    SL_STR_INIT("{\"a\":[1,2.5,\"x\",null,{\"b\":true}]}"),
    SL_STR_INIT("{\"schema\":{\"type\":\"int32\",\"optional\":false},\"payload\":7}"),
    SL_STR_INIT("{\"schema\":{\"type\":\"struct\",\"fields\":[{\"field\":\"id\",\"type\":\"int64\","
                "\"optional\":true}],"
                "\"name\":\"n\"},\"payload\":{\"id\":5}}"),
    SL_STR_INIT("{\"schema\":{\"type\":\"int32\"},\"payload\":\"no number\"}"),
    SL_STR_INIT("{\"schema\":{\"type\":\"nonsense\"},\"payload\":1}"),
    SL_STR_INIT("{broken"),
    SL_STR_INIT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["),
    SL_STR_INIT("8 bytes!"),
};

static void exercise_reading(instance *in, size_t *errors) {
    const sl_converter_ops *ops = in->subject->def->converter;
    sl_batch *batch = sl__batch_new(&fake_host);
    for (size_t i = 0; i <= sizeof(payloads) / sizeof(payloads[0]); i++) {
        bool absent = i == sizeof(payloads) / sizeof(payloads[0]);
        const sl_schema *schema = NULL;
        sl_value value = sl_null();
        sl_error *err;
        tighten(batch);
        CALL(err, ops->from_bytes(in->state, SL_STR("orders"), SL_STR("h"),
                                  absent ? SL_STR_NONE : payloads[i], batch, &schema, &value));
        if (!count_error(err, "from_bytes", errors) && schema && !batch->failed) {
            err = sl_value_check(schema, &value);
            if (err) {
                fail_msg("a converter read a value that does not fit its schema: %s", err->message);
            }
        }
    }
    sl__batch_free(batch);
}

static void exercise_writing(instance *in, const sl_batch *records, size_t *errors) {
    const sl_converter_ops *ops = in->subject->def->converter;
    sl_buf out;
    sl_buf_init(&out, NULL);
    for (size_t i = 0; i < records->n; i++) {
        const sl_record *r = &records->records[i];
        bool is_null = false;
        size_t before = out.n;
        sl_error *err;
        CALL(err,
             ops->to_bytes(in->state, r->topic, SL_STR("h"), r->value_schema, &r->value, &out, &is_null));
        if (!count_error(err, "to_bytes", errors) && is_null && !out.failed) {
            assert_int_equal(out.n, before);
        }
        if (out.failed) {
            sl_buf_clear(&out);
        }
    }
    sl_buf_deinit(&out);
}

static void exercise_provider(instance *in, size_t *errors) {
    static const char *const paths[] = {"", "/no/such/file", "../..", "\xff"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        sl_arena arena;
        sl_str value = SL_STR_NONE;
        sl_error *err;
        sl_arena_init(&arena, 0);
        CALL(err, in->subject->def->config_provider->get(in->state, sl_str_of(paths[i]),
                                                         SL_STR("no such key"), &arena, &value));
        if (!err) {
            fail_msg("a config provider gave a value for path '%s' and a key that is not there", paths[i]);
        }
        count_error(err, "get", errors);
        sl_arena_deinit(&arena);
    }
}

void exercise(instance *in, const sl_batch *records, size_t *errors) {
    switch (in->subject->def->kind) {
    case SL_KIND_SOURCE:
        exercise_source(in, errors);
        break;
    case SL_KIND_SINK:
        exercise_sink(in, records, errors);
        break;
    case SL_KIND_TRANSFORM:
        exercise_transform(in, records, errors);
        break;
    case SL_KIND_PREDICATE:
        exercise_predicate(in, records, errors);
        break;
    case SL_KIND_CONVERTER:
    case SL_KIND_HEADER_CONVERTER:
        exercise_reading(in, errors);
        exercise_writing(in, records, errors);
        break;
    case SL_KIND_CONFIG_PROVIDER:
        exercise_provider(in, errors);
        break;
    case SL_KIND_COUNT:
        break;
    }
}
