/*
 * signature.c - see signature.h.
 */
#include "herder/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

static const struct {
    const char *name;
    const EVP_MD *(*digest)(void);
} algorithms[] = {
    {"HmacSHA1", EVP_sha1},     {"HmacSHA224", EVP_sha224}, {"HmacSHA256", EVP_sha256},
    {"HmacSHA384", EVP_sha384}, {"HmacSHA512", EVP_sha512},
};

static const EVP_MD *digest_of(sl_str algorithm) {
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        if (sl_str_eq_nocase(algorithm, sl_str_of(algorithms[i].name))) {
            return algorithms[i].digest();
        }
    }
    return NULL;
}

sl_str sl__signature_make(sl_str algorithm, sl_str key, sl_str body, sl_arena *arena) {
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    const EVP_MD *digest = digest_of(algorithm);
    char *text = sl_arena_bytes(arena, EVP_MAX_MD_SIZE * 2);
    if (!digest || !text ||
        !HMAC(digest, key.p ? key.p : "", (int)key.n, (const unsigned char *)(body.p ? body.p : ""), body.n,
              mac, &n)) {
        return SL_STR_NONE;
    }
    int length = EVP_EncodeBlock((unsigned char *)text, mac, (int)n);
    return sl_str_make(text, (size_t)length);
}

bool sl__signature_holds(sl_str algorithm, sl_str key, sl_str body, sl_str signature, sl_arena *arena) {
    sl_str expected = sl__signature_make(algorithm, key, body, arena);
    signature = sl_str_trim(signature);
    return expected.p && expected.n == signature.n &&
           CRYPTO_memcmp(expected.p, signature.p, signature.n) == 0;
}
