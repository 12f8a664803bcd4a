/*
 * draft.c - see draft.h.
 */
#include "draft.h"

sl_schema tf_copy_basics(const sl_schema *from) {
    sl_schema s = *from;
    s.optional = false;
    s.default_value = NULL;
    s.id = 0;
    s.hash = 0;
    return s;
}

void tf_draft_init(tf_draft *d, const sl_host *host, const sl_schema *like) {
    *d = (tf_draft){.host = host};
    sl_arena_init(&d->arena, 0);
    if (like) {
        d->def = tf_copy_basics(like);
        d->def.key = NULL;
        d->def.element = NULL;
    }
    d->def.type = SL_STRUCT;
    d->def.fields = NULL;
    d->def.nfields = 0;
}

void tf_draft_deinit(tf_draft *d) {
    for (uint32_t i = 0; i < d->nmade; i++) {
        d->host->schema_unref(d->made[i]);
    }
    d->nmade = 0;
    sl_arena_deinit(&d->arena);
    sl_error_free(d->err);
    d->err = NULL;
}

void tf_draft_fail(tf_draft *d, sl_error *err) {
    if (d->err) {
        sl_error_free(err);
    } else {
        d->err = err;
    }
}

/* grown is sl_arena_grow, and fails the draft when there is no memory. */
static void *grown(tf_draft *d, void *items, size_t n, size_t *cap, size_t size) {
    void *p = sl_arena_grow(&d->arena, items, n, cap, size);
    if (!p) {
        tf_draft_fail(d, sl_error_nomem());
    }
    return p;
}

static bool has_field(const tf_draft *d, sl_str name) {
    for (uint32_t i = 0; i < d->def.nfields; i++) {
        if (sl_str_eq(d->fields[i].name, name)) {
            return true;
        }
    }
    return false;
}

void tf_draft_add(tf_draft *d, sl_str name, const sl_schema *schema) {
    if (d->err) {
        return;
    }
    if (has_field(d, name)) {
        tf_draft_fail(d, tf_bad("the new schema would have two fields '%.*s': rename or exclude one of them",
                                SL_STR_ARG(name)));
        return;
    }
    sl_field *fields = grown(d, d->fields, d->def.nfields, &d->cap, sizeof *fields);
    if (!fields) {
        return;
    }
    d->fields = fields;
    d->fields[d->def.nfields++] = (sl_field){name.p ? name : SL_STR(""), schema};
}

void tf_draft_add_owned(tf_draft *d, sl_str name, const sl_schema *schema) {
    if (!d->err) {
        const sl_schema **made = grown(d, d->made, d->nmade, &d->made_cap, sizeof *made);
        d->made = made ? made : d->made;
    }
    if (d->err) {
        d->host->schema_unref(schema);
        return;
    }
    d->made[d->nmade++] = schema;
    tf_draft_add(d, name, schema);
}

void tf_draft_add_simple(tf_draft *d, sl_str name, sl_type type, bool optional) {
    const sl_schema *s = NULL;
    sl_error *err = sl_schema_simple(d->host, type, optional, &s);
    if (err) {
        tf_draft_fail(d, err);
    } else {
        tf_draft_add_owned(d, name, s);
    }
}

sl_error *tf_draft_build(tf_draft *d, const sl_schema **out) {
    sl_error *err = d->err;
    d->err = NULL;
    *out = NULL;
    d->def.fields = d->fields;
    if (!err) {
        err = d->host->schema_intern(&d->def, out);
    }
    tf_draft_deinit(d);
    return err;
}

/* ---- plans ---- */

tf_plan *tf_plan_new(uint32_t n) {
    tf_plan *p = sl_calloc(1, sizeof *p + n * sizeof p->from[0]);
    if (p) {
        p->n = n;
        for (uint32_t i = 0; i < n; i++) {
            p->from[i] = -1;
        }
    }
    return p;
}

void tf_plan_free(const sl_host *host, void *plan) {
    tf_plan *p = plan;
    if (p) {
        host->schema_unref(p->out);
        sl_free(p);
    }
}

sl_error *tf_plan_apply(const tf_plan *plan, const sl_value *in, bool with_default, sl_arena *arena,
                        sl_value *out) {
    sl_value *items = sl_arena_alloc(arena, (plan->n ? plan->n : 1) * sizeof *items);
    if (!items) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < plan->n; i++) {
        if (plan->from[i] < 0) {
            items[i] = sl_null();
            continue;
        }
        const sl_value *v = &in->items[plan->from[i]];
        items[i] = with_default ? *tf_defaulted(plan->out->fields[i].schema, v) : *v;
    }
    *out = sl_container(SL_STRUCT, items, plan->n);
    return NULL;
}
