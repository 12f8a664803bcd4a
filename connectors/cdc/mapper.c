/*
 * mapper.c - see mapper.h. Digests are OpenSSL's.
 */
#include "mapper.h"

#include <openssl/evp.h>

#define HASH_PREFIX "column.mask.hash."
#define HASH_V2_PREFIX "column.mask.hash.v2."

static const EVP_MD *digest_of(sl_str name) {
    static const struct {
        const char *java;
        const EVP_MD *(*md)(void);
    } known[] = {{"MD5", EVP_md5},        {"SHA-1", EVP_sha1},        {"SHA", EVP_sha1},
                 {"SHA-224", EVP_sha224}, {"SHA-256", EVP_sha256},    {"SHA-384", EVP_sha384},
                 {"SHA-512", EVP_sha512}, {"SHA3-256", EVP_sha3_256}, {"SHA3-512", EVP_sha3_512}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (sl_str_eq_nocase(name, sl_str_of(known[i].java))) {
            return known[i].md();
        }
    }
    return NULL;
}

static sl_error *add_mapper(cdc_rules *r, cdc_mapper_kind kind, sl_str key, sl_str list, cdc_mapper **out) {
    cdc_mapper *m = sl_calloc(1, sizeof *m);
    char *name = sl_strdup(key);
    if (!m || !name) {
        sl_free(m);
        sl_free(name);
        return sl_error_nomem();
    }
    m->kind = kind;
    cdc_mapper **at = &r->mappers; /* the first that matches counts, in Debezium's order of kinds */
    while (*at) {
        at = &(*at)->next;
    }
    *at = m;
    *out = m;
    sl_error *err = cdc_patterns_new(name, list, &m->columns);
    sl_free(name);
    return err;
}

static sl_error *length_of(sl_str key, sl_str digits, int32_t *out) {
    int64_t n;
    if (!sl_str_to_i64(digits, &n) || n < 0 || n > INT32_MAX) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "%.*s: expected a number of characters in the name, got '%.*s'", SL_STR_ARG(key),
                            SL_STR_ARG(digits));
    }
    *out = (int32_t)n;
    return NULL;
}

static sl_error *add_truncate(cdc_rules *r, const sl_config_entry *e, sl_str arg) {
    cdc_mapper *m;
    SL_TRY(add_mapper(r, CDC_MAP_TRUNCATE, e->key, e->value, &m));
    return length_of(e->key, arg, &m->length);
}

static sl_error *add_mask(cdc_rules *r, const sl_config_entry *e, sl_str arg) {
    cdc_mapper *m;
    SL_TRY(add_mapper(r, CDC_MAP_MASK, e->key, e->value, &m));
    SL_TRY(length_of(e->key, arg, &m->length));
    m->mask = sl_alloc((size_t)m->length + 1);
    if (!m->mask) {
        return sl_error_nomem();
    }
    memset(m->mask, '*', (size_t)m->length);
    m->mask[m->length] = 0;
    return NULL;
}

static sl_error *add_hash(cdc_rules *r, const sl_config_entry *e) {
    bool v2 = sl_str_starts(e->key, SL_STR(HASH_V2_PREFIX));
    sl_str rest = sl_str_skip(e->key, v2 ? strlen(HASH_V2_PREFIX) : strlen(HASH_PREFIX));
    size_t at = sl_str_find_str(rest, SL_STR(".with.salt."));
    cdc_mapper *m;
    SL_TRY(add_mapper(r, v2 ? CDC_MAP_HASH_V2 : CDC_MAP_HASH, e->key, e->value, &m));
    m->hash = digest_of((sl_str){rest.p, at});
    if (!m->hash || at >= rest.n) {
        return sl_error_new(
            SL_E_CONFIG, SL_USER,
            "%.*s: expected column.mask.hash.ALGORITHM.with.salt.SALT with one of MD5, SHA-1, SHA-224, "
            "SHA-256, SHA-384, SHA-512, SHA3-256, SHA3-512",
            SL_STR_ARG(e->key));
    }
    m->mask = sl_strdup(sl_str_skip(rest, at + strlen(".with.salt.")));
    return m->mask ? NULL : sl_error_nomem();
}

typedef enum { PASS_TRUNCATE, PASS_MASK, PASS_PROPAGATE, PASS_HASH, PASS_COUNT } pass;

static sl_error *add_by_name(cdc_rules *r, const sl_config_entry *e, int which) {
    sl_str arg[2];
    if (which == PASS_TRUNCATE && sl_config_pattern_match("column.truncate.to.*.chars", e->key, arg, 1)) {
        return add_truncate(r, e, arg[0]);
    }
    if (which == PASS_MASK && sl_config_pattern_match("column.mask.with.*.chars", e->key, arg, 1)) {
        return add_mask(r, e, arg[0]);
    }
    if (which == PASS_HASH && sl_str_starts(e->key, SL_STR(HASH_PREFIX))) {
        return add_hash(r, e);
    }
    return NULL;
}

static sl_error *add_mappers(cdc_rules *r, const cdc_config *c, const sl_config *map) {
    for (int which = 0; which < PASS_COUNT; which++) {
        for (size_t i = 0; i < map->n; i++) {
            if (map->entries[i].value.p) {
                SL_TRY(add_by_name(r, &map->entries[i], which));
            }
        }
        cdc_mapper *m;
        if (which == PASS_PROPAGATE && c->propagate_column.n) {
            SL_TRY(add_mapper(r, CDC_MAP_PROPAGATE, SL_STR("column.propagate.source.type"),
                              c->propagate_column, &m));
        }
        if (which == PASS_PROPAGATE && c->propagate_datatype.n) {
            SL_TRY(add_mapper(r, CDC_MAP_PROPAGATE_TYPE, SL_STR("datatype.propagate.source.type"),
                              c->propagate_datatype, &m));
        }
    }
    return NULL;
}

static sl_error *add_key_rule(cdc_rules *r, sl_str table, sl_str column) {
    cdc_key_rule *k = sl_calloc(1, sizeof *k);
    sl_buf text;
    sl_buf_init(&text, NULL);
    sl_buf_add_str(&text, table);
    sl_buf_add_char(&text, '.');
    sl_buf_add_str(&text, column);
    sl_error *err = k && !text.failed
                        ? cdc_patterns_new("message.key.columns", sl_buf_view(&text), &k->columns)
                        : sl_error_nomem();
    sl_buf_deinit(&text);
    if (err) {
        sl_free(k);
        return err;
    }
    cdc_key_rule **at = &r->keys;
    while (*at) {
        at = &(*at)->next;
    }
    *at = k;
    return NULL;
}

static sl_error *add_key_rules(cdc_rules *r, sl_str text) {
    sl_str part;
    while (text.n && sl_str_next(&text, ';', &part)) {
        part = sl_str_trim(part);
        size_t colon = sl_str_find(part, ':');
        if (part.n == 0 || colon == part.n) {
            continue;
        }
        sl_str columns = sl_str_skip(part, colon + 1);
        sl_str column;
        while (sl_str_next(&columns, ',', &column)) {
            SL_TRY(add_key_rule(r, (sl_str){part.p, colon}, sl_str_trim(column)));
        }
    }
    return NULL;
}

static sl_error *init_rules(cdc_rules *r, const cdc_config *c, const sl_config *map) {
    SL_TRY(cdc_patterns_new("schema.include.list", c->schema_include, &r->schema_include));
    SL_TRY(cdc_patterns_new("schema.exclude.list", c->schema_exclude, &r->schema_exclude));
    SL_TRY(cdc_patterns_new("table.include.list", c->table_include, &r->table_include));
    SL_TRY(cdc_patterns_new("table.exclude.list", c->table_exclude, &r->table_exclude));
    SL_TRY(cdc_patterns_new("column.include.list", c->column_include, &r->column_include));
    SL_TRY(cdc_patterns_new("column.exclude.list", c->column_exclude, &r->column_exclude));
    SL_TRY(cdc_patterns_new("snapshot.include.collection.list", c->snapshot_include, &r->snapshot_include));
    SL_TRY(add_key_rules(r, c->message_key_columns));
    SL_TRY(cdc_topics_init(&r->topics, c));
    return add_mappers(r, c, map);
}

sl_error *cdc_rules_init(cdc_rules *r, const cdc_config *c, const sl_config *map) {
    memset(r, 0, sizeof *r);
    (void)cdc_signal_table(c, &r->signal_schema, &r->signal_table);
    sl_error *err = init_rules(r, c, map);
    if (err) {
        cdc_rules_deinit(r);
    }
    return err;
}

void cdc_rules_deinit(cdc_rules *r) {
    cdc_patterns *all[] = {r->schema_include, r->schema_exclude, r->table_include,   r->table_exclude,
                           r->column_include, r->column_exclude, r->snapshot_include};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        cdc_patterns_free(all[i]);
    }
    cdc_topics_deinit(&r->topics);
    for (cdc_mapper *m = r->mappers, *next; m; m = next) {
        next = m->next;
        cdc_patterns_free(m->columns);
        sl_free(m->mask);
        sl_free(m);
    }
    for (cdc_key_rule *k = r->keys, *next; k; k = next) {
        next = k->next;
        cdc_patterns_free(k->columns);
        sl_free(k);
    }
    memset(r, 0, sizeof *r);
}

static bool listed(const cdc_patterns *include, const cdc_patterns *exclude, sl_str s) {
    if (include) {
        return cdc_patterns_match(include, s);
    }
    return !cdc_patterns_match(exclude, s);
}

static bool match_table(const cdc_patterns *include, const cdc_patterns *exclude, sl_str schema,
                        sl_str table) {
    char text[300];
    size_t n = schema.n + 1 + table.n;
    if (n > sizeof text) {
        return false;
    }
    memcpy(text, schema.p, schema.n);
    text[schema.n] = '.';
    memcpy(text + schema.n + 1, table.p, table.n);
    return listed(include, exclude, (sl_str){text, n});
}

bool cdc_rules_signals(const cdc_rules *r, sl_str schema, sl_str table) {
    return r->signal_table.n && sl_str_eq(r->signal_table, table) && sl_str_eq(r->signal_schema, schema);
}

bool cdc_rules_table(const cdc_rules *r, sl_str schema, sl_str table) {
    return cdc_rules_signals(r, schema, table) ||
           (listed(r->schema_include, r->schema_exclude, schema) &&
            match_table(r->table_include, r->table_exclude, schema, table));
}

bool cdc_rules_snapshot(const cdc_rules *r, sl_str schema, sl_str table) {
    return match_table(r->snapshot_include, NULL, schema, table);
}

bool cdc_rules_column(const cdc_rules *r, sl_str id) {
    return listed(r->column_include, r->column_exclude, id);
}

const cdc_mapper *cdc_rules_mapper(const cdc_rules *r, sl_str id, sl_str type_id) {
    for (const cdc_mapper *m = r->mappers; m; m = m->next) {
        if (cdc_patterns_match(m->columns, m->kind == CDC_MAP_PROPAGATE_TYPE ? type_id : id)) {
            return m;
        }
    }
    return NULL;
}

/* Characters are UTF-16's, as Java counts them. */
static sl_str cut(sl_str s, int32_t chars) {
    size_t at = 0;
    while (at < s.n && chars > 0) {
        size_t next = at;
        chars -= cdc_utf8_next(s, &next) > 0xffff ? 2 : 1;
        at = chars < 0 ? at : next;
    }
    return (sl_str){s.p, at};
}

static void add_java_prefix(EVP_MD_CTX *ctx, size_t n) {
    unsigned char head[13] = {0xac, 0xed, 0x00, 0x05};
    size_t at = 4;
    head[at++] = n > 0xffff ? 0x7c : 0x74;
    for (int shift = n > 0xffff ? 56 : 8; shift >= 0; shift -= 8) {
        head[at++] = (unsigned char)((uint64_t)n >> shift);
    }
    EVP_DigestUpdate(ctx, head, at);
}

/* Java writes a string in a UTF-8 of its own, where a character outside the basic plane is two of three
 * bytes. */
static bool java_utf8(sl_arena *a, sl_str text, sl_str *out) {
    *out = text;
    size_t more = 0;
    for (size_t i = 0; i < text.n; i++) {
        more += (unsigned char)text.p[i] >= 0xf0 ? 2 : 0;
    }
    char *to = more ? sl_arena_bytes(a, text.n + more) : NULL;
    if (!to) {
        return !more;
    }
    size_t n = 0;
    for (size_t at = 0; at < text.n;) {
        size_t from = at;
        uint32_t c = cdc_utf8_next(text, &at);
        if (c <= 0xffff) {
            memcpy(to + n, text.p + from, at - from);
            n += at - from;
            continue;
        }
        uint32_t pair[] = {0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff)};
        for (int k = 0; k < 2; k++) {
            to[n++] = (char)(0xe0 | pair[k] >> 12);
            to[n++] = (char)(0x80 | (pair[k] >> 6 & 0x3f));
            to[n++] = (char)(0x80 | (pair[k] & 0x3f));
        }
    }
    *out = (sl_str){to, n};
    return true;
}

static bool hash(const cdc_mapper *m, sl_arena *a, sl_str text, sl_str *out) {
    if (m->kind == CDC_MAP_HASH && !java_utf8(a, text, &text)) {
        return false;
    }
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool fine =
        ctx && EVP_DigestInit_ex(ctx, m->hash, NULL) && EVP_DigestUpdate(ctx, m->mask, strlen(m->mask));
    if (fine && m->kind == CDC_MAP_HASH) {
        add_java_prefix(ctx, text.n);
    }
    fine = fine && EVP_DigestUpdate(ctx, text.n ? text.p : "", text.n) && EVP_DigestFinal_ex(ctx, sum, &n);
    EVP_MD_CTX_free(ctx);
    char *to = fine ? sl_arena_bytes(a, (size_t)n * 2) : NULL;
    if (!to) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        to[i * 2] = "0123456789abcdef"[sum[i] >> 4];
        to[i * 2 + 1] = "0123456789abcdef"[sum[i] & 15];
    }
    *out = (sl_str){to, (size_t)n * 2};
    return true;
}

bool cdc_mapper_cuts(const cdc_mapper *m, int32_t length) {
    return length <= 0 || length > m->length;
}

bool cdc_mapper_apply(const cdc_mapper *m, sl_arena *a, int32_t limit, sl_value *v) {
    sl_str out;
    switch (m->kind) {
    case CDC_MAP_MASK:
        *v = sl_string(sl_arena_str(a, (sl_str){m->mask, (size_t)m->length}));
        return !a->failed;
    case CDC_MAP_TRUNCATE:
        if (v->type == SL_STRING) {
            *v = sl_string(cut(sl_value_str(v), m->length));
        } else if (v->type == SL_BYTES && v->n > (uint32_t)m->length) {
            v->n = (uint32_t)m->length;
        }
        return true;
    case CDC_MAP_HASH:
    case CDC_MAP_HASH_V2:
        if (v->type == SL_STRING) {
            if (!hash(m, a, sl_value_str(v), &out)) {
                return false;
            }
            *v = sl_string(limit > 0 ? cut(out, limit) : out);
        }
        return true;
    default:
        return true;
    }
}
