/*
 * auth.c - see auth.h.
 */
#include "rest/auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>

#include "config/properties.h"
#include "config/stores.h"

#define MAX_CREDENTIALS 1024

static const sl_str hash_mark = SL_STR_INIT("sha256:");

static bool is_user(const sl__auth *a, sl_str name) {
    return sl_config_find(&a->users, name) != NULL;
}

static sl_error *check_users(const sl__auth *a, sl_str path) {
    for (size_t i = 0; i < a->users.n; i++) {
        const sl_config_entry *e = &a->users.entries[i];
        if (!e->value.n || (sl_str_starts(e->value, hash_mark) && e->value.n != hash_mark.n + 64)) {
            return sl_error_new(
                SL_E_CONFIG, SL_USER,
                "rest.auth.file: '%.*s', user '%.*s': expected a password, or sha256: and 64 hex "
                "digits",
                SL_STR_ARG(path), SL_STR_ARG(e->key));
        }
    }
    for (size_t i = 0; i < a->readers.n; i++) {
        if (a->readers.items[i].n && !is_user(a, a->readers.items[i])) {
            return sl_error_new(SL_E_CONFIG, SL_USER,
                                "rest.auth.read.only.users: '%.*s' has no line in rest.auth.file '%.*s'",
                                SL_STR_ARG(a->readers.items[i]), SL_STR_ARG(path));
        }
    }
    return a->users.n ? NULL
                      : sl_error_new(SL_E_CONFIG, SL_USER, "rest.auth.file: '%.*s' has no user in it",
                                     SL_STR_ARG(path));
}

sl_error *sl__auth_load(const sl__worker_settings *worker, sl_arena *arena, sl__auth *out) {
    sl_config_report ignored;
    sl_str text, path = sl_str_trim(worker->auth_file);
    *out = (sl__auth){.on = path.n > 0, .readers = worker->auth_readers};
    if (!out->on) {
        return NULL;
    }
    sl_config_report_init(&ignored, arena);
    SL_TRY(sl__store_text(path, arena, &text));
    SL_TRY(sl__properties_parse(text, path, arena, &ignored, &out->users));
    return check_users(out, path);
}

/* ---- one request ---- */

/* same_password compares in a time that depends on the given one alone. */
static bool same_password(sl_str wanted, sl_str given) {
    unsigned char a[SHA256_DIGEST_LENGTH], b[SHA256_DIGEST_LENGTH];
    char hex[2 * SHA256_DIGEST_LENGTH + 1];
    SHA256((const unsigned char *)given.p, given.n, a);
    if (sl_str_starts(wanted, hash_mark)) {
        for (size_t i = 0; i < sizeof a; i++) {
            snprintf(hex + 2 * i, 3, "%02x", a[i]);
        }
        sl_str rest = sl_str_skip(wanted, hash_mark.n);
        return sl_str_eq_nocase(rest, sl_str_of(hex));
    }
    SHA256((const unsigned char *)wanted.p, wanted.n, b);
    return CRYPTO_memcmp(a, b, sizeof a) == 0;
}

/* decode undoes base64 into out; false when it is none. */
static bool decode(sl_str in, char *out, size_t *n) {
    if (!in.n || in.n % 4 || in.n > MAX_CREDENTIALS) {
        return false;
    }
    int got = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)in.p, (int)in.n);
    size_t padding = (size_t)(in.p[in.n - 1] == '=') + (size_t)(in.p[in.n - 2] == '=');
    *n = got > 0 ? (size_t)got - padding : 0;
    return got > 0;
}

static const sl_config_entry *find_user(const sl__auth *a, sl_str name) {
    return sl_config_find(&a->users, name);
}

static bool only_reads(const sl__auth *a, sl_str name) {
    for (size_t i = 0; i < a->readers.n; i++) {
        if (sl_str_eq(a->readers.items[i], name)) {
            return true;
        }
    }
    return false;
}

sl__auth_answer sl__auth_check(const sl__auth *a, sl_str authorization, bool reads) {
    char text[MAX_CREDENTIALS];
    size_t n = 0;
    static const sl_str basic = SL_STR_INIT("Basic ");
    if (!a->on) {
        return SL_AUTH_OK;
    }
    if (authorization.n <= basic.n || !sl_str_eq_nocase(sl_str_make(authorization.p, basic.n), basic) ||
        !decode(sl_str_trim(sl_str_skip(authorization, basic.n)), text, &n)) {
        return SL_AUTH_UNKNOWN;
    }
    sl_str all = sl_str_make(text, n);
    size_t colon = sl_str_find(all, ':');
    sl_str name = sl_str_make(text, colon);
    const sl_config_entry *user = colon < n ? find_user(a, name) : NULL;
    if (!user || !same_password(user->value, sl_str_skip(all, colon + 1))) {
        return SL_AUTH_UNKNOWN;
    }
    return reads || !only_reads(a, name) ? SL_AUTH_OK : SL_AUTH_READER;
}
