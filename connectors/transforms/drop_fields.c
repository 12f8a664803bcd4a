/*
 * drop_fields.c - see drop_fields.h.
 */
#include "drop_fields.h"

void drop_fields_init(drop_fields *d, const sl_host *host, bool compatible) {
    memset(d, 0, sizeof *d);
    d->host = host;
    d->compatible = compatible;
}

static void free_plan(drop_fields *d, drop_plan *p) {
    if (p->schema) {
        d->host->schema_unref(p->schema);
        tf_plan_free(d->host, p->plan);
        sl_arena_deinit(&p->arena);
    }
    memset(p, 0, sizeof *p);
}

void drop_fields_deinit(drop_fields *d) {
    for (uint32_t i = 0; i < DROP_PLANS; i++) {
        free_plan(d, &d->plans[i]);
    }
}

static bool is_named(const sl_value *names, sl_str field) {
    for (uint32_t i = 0; i < names->n; i++) {
        if (sl_str_eq(sl_value_str(&names->items[i]), field)) {
            return true;
        }
    }
    return false;
}

static bool is_dropped(const drop_fields *d, const sl_value *names, uint32_t limit, const sl_schema *schema,
                       uint32_t i) {
    const sl_field *f = &schema->fields[i];
    return i < limit && (!d->compatible || f->schema->optional) && is_named(names, f->name);
}

/* plan_fields makes the plan; none when only optional fields may go and none of them is named. */
static sl_error *plan_fields(const drop_fields *d, const sl_value *names, uint32_t limit,
                             const sl_schema *schema, tf_plan **out) {
    tf_draft draft;
    tf_plan *plan = tf_plan_new(schema->nfields);
    *out = NULL;
    if (!plan) {
        return sl_error_nomem();
    }
    plan->n = 0;
    tf_draft_init(&draft, d->host, schema);
    for (uint32_t i = 0; i < schema->nfields; i++) {
        if (!is_dropped(d, names, limit, schema, i)) {
            tf_draft_add(&draft, schema->fields[i].name, schema->fields[i].schema);
            plan->from[plan->n++] = (int32_t)i;
        }
    }
    if (d->compatible && plan->n == schema->nfields) {
        tf_draft_deinit(&draft);
        tf_plan_free(d->host, plan);
        return NULL;
    }
    sl_error *err = tf_draft_build(&draft, &plan->out);
    if (err) {
        tf_plan_free(d->host, plan);
        return err;
    }
    *out = plan;
    return NULL;
}

static sl_error *find_plan(drop_fields *d, const sl_value *names, uint32_t limit, const sl_schema *schema,
                           tf_plan **out) {
    for (uint32_t i = 0; i < DROP_PLANS; i++) {
        drop_plan *p = &d->plans[i];
        if (p->schema == schema && p->limit == limit && sl_value_eq(&p->names, names)) {
            *out = p->plan;
            return NULL;
        }
    }
    SL_TRY(plan_fields(d, names, limit, schema, out));
    drop_plan *p = &d->plans[d->next++ % DROP_PLANS];
    free_plan(d, p);
    sl_arena_init(&p->arena, 0);
    d->host->schema_ref(schema);
    p->schema = schema;
    p->limit = limit;
    p->plan = *out;
    if (!sl_value_copy(&p->arena, names, &p->names)) {
        free_plan(d, p);
        return sl_error_nomem();
    }
    return NULL;
}

sl_error *drop_fields_apply(drop_fields *d, const sl_value *names, uint32_t limit, sl_arena *arena,
                            const sl_schema **schema, sl_value *v) {
    tf_plan *plan = NULL;
    sl_value out;
    SL_TRY(find_plan(d, names, limit, *schema, &plan));
    if (!plan) {
        return NULL;
    }
    SL_TRY(tf_plan_apply(plan, v, false, arena, &out));
    for (uint32_t i = 0; i < plan->n; i++) {
        if (plan->from[i] < (int32_t)limit) {
            out.items[i] = *tf_defaulted(plan->out->fields[i].schema, &out.items[i]);
        }
    }
    *schema = plan->out;
    *v = out;
    return NULL;
}
