/*
 * stores.c - see stores.h. The only file of the runtime that calls OpenSSL.
 */
#include "config/stores.h"

#include <errno.h>
#include <stdio.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

enum { MAX_LOOK = 64 * 1024 };

static sl_error *open_store(sl_str path, FILE **out) {
    char *z = sl_strdup(path);
    if (!z) {
        return sl_error_nomem();
    }
    *out = fopen(z, "rbe");
    sl_error *err =
        *out ? NULL : sl_error_new(SL_E_CONFIG, SL_USER, "'%s' cannot be opened: %s", z, strerror(errno));
    sl_free(z);
    return err;
}

static sl__store_kind kind_of(sl_str start) {
    static const char jks[] = "\xfe\xed\xfe\xed";
    static const char jceks[] = "\xce\xce\xce\xce";
    if (sl_str_starts(start, sl_str_make(jks, 4)) || sl_str_starts(start, sl_str_make(jceks, 4))) {
        return SL__STORE_JKS;
    }
    if (start.n && start.p[0] == '0') { /* a DER sequence */
        return SL__STORE_PKCS12;
    }
    return sl_str_find_str(start, SL_STR("-----BEGIN ")) < start.n ? SL__STORE_PEM : SL__STORE_OTHER;
}

sl_error *sl__store_look(sl_str path, sl__store_kind *kind) {
    FILE *f = NULL;
    SL_TRY(open_store(path, &f));
    char *start = sl_alloc(MAX_LOOK);
    size_t n = start ? fread(start, 1, MAX_LOOK, f) : 0;
    bool failed = ferror(f) != 0;
    fclose(f);
    *kind = kind_of(sl_str_make(start, n));
    sl_free(start);
    if (!start) {
        return sl_error_nomem();
    }
    return failed ? sl_error_new(SL_E_CONFIG, SL_USER, "'%.*s' cannot be read", SL_STR_ARG(path)) : NULL;
}

static sl_error *write_pem(const STACK_OF(X509) * certs, sl_arena *arena, sl_str *pem) {
    char *data = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio) {
        return sl_error_nomem();
    }
    for (int i = 0; i < sk_X509_num(certs); i++) {
        if (!PEM_write_bio_X509(bio, sk_X509_value(certs, i))) {
            BIO_free(bio);
            return sl_error_nomem();
        }
    }
    long n = BIO_get_mem_data(bio, &data);
    *pem = sl_arena_str(arena, sl_str_make(data, n > 0 ? (size_t)n : 0));
    BIO_free(bio);
    return pem->p ? NULL : sl_error_nomem();
}

/* open_p12 decrypts; everything in it that is a certificate counts as trusted, as in Java. */
static sl_error *open_p12(PKCS12 *p12, sl_str path, sl_str password, sl_arena *arena, sl_str *pem) {
    STACK_OF(X509) *certs = NULL;
    X509 *own = NULL;
    EVP_PKEY *key = NULL;
    sl_error *err = NULL;
    char *z = sl_strdup(password.p ? password : SL_STR(""));
    if (!z) {
        return sl_error_nomem();
    }
    if (!PKCS12_parse(p12, z, &key, &own, &certs)) {
        err = sl_error_new(SL_E_CONFIG, SL_USER, "'%.*s' cannot be opened with the password that is set",
                           SL_STR_ARG(path));
    } else if (own && (certs || (certs = sk_X509_new_null())) && sk_X509_push(certs, own)) {
        own = NULL;
    }
    if (!err && sk_X509_num(certs) < 1) {
        err = sl_error_new(SL_E_CONFIG, SL_USER, "'%.*s' has no certificate in it", SL_STR_ARG(path));
    }
    err = err ? err : write_pem(certs, arena, pem);
    sk_X509_pop_free(certs, X509_free);
    X509_free(own);
    EVP_PKEY_free(key);
    ERR_clear_error();
    OPENSSL_cleanse(z, strlen(z));
    sl_free(z);
    return err;
}

sl_error *sl__store_pem(sl_str path, sl_str password, sl_arena *arena, sl_str *pem) {
    FILE *f = NULL;
    SL_TRY(open_store(path, &f));
    PKCS12 *p12 = d2i_PKCS12_fp(f, NULL);
    fclose(f);
    if (!p12) {
        ERR_clear_error();
        return sl_error_new(SL_E_CONFIG, SL_USER, "'%.*s' is not a PKCS#12 store", SL_STR_ARG(path));
    }
    sl_error *err = open_p12(p12, path, password, arena, pem);
    PKCS12_free(p12);
    return err;
}
