/*
 * stores.c - see stores.h. By OpenSSL.
 */
#include "config/stores.h"

#include <errno.h>
#include <stdio.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

enum { MAX_LOOK = 64 * 1024, MAX_TEXT = 1024 * 1024 };

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

sl_error *sl__store_text(sl_str path, sl_arena *arena, sl_str *text) {
    FILE *f = NULL;
    SL_TRY(open_store(path, &f));
    char *bytes = sl_arena_bytes(arena, MAX_TEXT + 1);
    size_t n = bytes ? fread(bytes, 1, MAX_TEXT, f) : 0;
    fclose(f);
    if (!bytes) {
        return sl_error_nomem();
    }
    bytes[n] = '\0';
    *text = sl_str_make(bytes, n);
    return NULL;
}

/* ---- identities ---- */

static sl_error *key_pem(EVP_PKEY *key, sl_arena *arena, sl_str *out) {
    char *data = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    long n = ok ? BIO_get_mem_data(bio, &data) : 0;
    *out = n > 0 ? sl_arena_str(arena, sl_str_make(data, (size_t)n)) : SL_STR_NONE;
    BIO_free(bio);
    return out->p ? NULL : sl_error_nomem();
}

/* give_password is OpenSSL's callback: a text ends with its zero. */
static int give_password(char *to, int size, int writing, void *arg) {
    const sl_str *password = arg;
    (void)writing;
    if (!password->n || password->n > (size_t)size) {
        return 0;
    }
    memcpy(to, password->p, password->n);
    return (int)password->n;
}

sl_error *sl__store_identity_text(sl_str text, sl_str password, sl_arena *arena, sl_str *cert, sl_str *key) {
    BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, give_password, &password) : NULL;
    BIO_free(bio);
    bio = BIO_new_mem_buf(text.p, (int)text.n);
    STACK_OF(X509) *certs = sk_X509_new_null();
    for (X509 *one; bio && certs && (one = PEM_read_bio_X509(bio, NULL, NULL, NULL));) {
        (void)sk_X509_push(certs, one);
    }
    BIO_free(bio);
    ERR_clear_error();
    sl_error *err = NULL;
    if (!pkey) {
        err = sl_error_new(SL_E_CONFIG, SL_USER,
                           "expected a private key in PEM, and ssl.key.password if it is encrypted");
    } else if (sk_X509_num(certs) < 1) {
        err = sl_error_new(SL_E_CONFIG, SL_USER, "expected a certificate in PEM beside the private key");
    } else if (X509_check_private_key(sk_X509_value(certs, 0), pkey) != 1) {
        err = sl_error_new(SL_E_CONFIG, SL_USER, "the first certificate is not of the private key");
    }
    ERR_clear_error();
    err = err ? err : write_pem(certs, arena, cert);
    err = err ? err : key_pem(pkey, arena, key);
    sk_X509_pop_free(certs, X509_free);
    EVP_PKEY_free(pkey);
    return err;
}

static sl_error *p12_identity(PKCS12 *p12, sl_str path, const char *password, sl_arena *arena, sl_str *cert,
                              sl_str *key) {
    STACK_OF(X509) *certs = NULL;
    X509 *own = NULL;
    EVP_PKEY *pkey = NULL;
    sl_error *err = NULL;
    if (!PKCS12_parse(p12, password, &pkey, &own, &certs)) {
        err = sl_error_new(SL_E_CONFIG, SL_USER, "'%.*s' cannot be opened with the password that is set",
                           SL_STR_ARG(path));
    } else if (!pkey || !own) {
        err = sl_error_new(SL_E_CONFIG, SL_USER, "'%.*s' has no private key in it", SL_STR_ARG(path));
    } else if (!certs && !(certs = sk_X509_new_null())) {
        err = sl_error_nomem();
    } else if (sk_X509_unshift(certs, own)) {
        own = NULL;
    }
    err = err ? err : write_pem(certs, arena, cert);
    err = err ? err : key_pem(pkey, arena, key);
    sk_X509_pop_free(certs, X509_free);
    X509_free(own);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return err;
}

sl_error *sl__store_identity(sl_str path, sl__store_kind kind, sl_str password, sl_arena *arena, sl_str *cert,
                             sl_str *key) {
    FILE *f = NULL;
    sl_str text;
    if (kind != SL__STORE_PKCS12) {
        SL_TRY(sl__store_text(path, arena, &text));
        return sl__store_identity_text(text, password, arena, cert, key);
    }
    SL_TRY(open_store(path, &f));
    PKCS12 *p12 = d2i_PKCS12_fp(f, NULL);
    fclose(f);
    char *z = sl_strdup(password.p ? password : SL_STR(""));
    sl_error *err =
        p12 && z ? p12_identity(p12, path, z, arena, cert, key)
                 : sl_error_new(SL_E_CONFIG, SL_USER, "'%.*s' is not a PKCS#12 store", SL_STR_ARG(path));
    if (z) {
        OPENSSL_cleanse(z, strlen(z));
    }
    sl_free(z);
    PKCS12_free(p12);
    ERR_clear_error();
    return err;
}
