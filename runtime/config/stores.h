/*
 * stores.h - what kind of key or trust store a file is, and the certificates of a PKCS#12 one.
 *
 * librdkafka takes its certificate authorities in PEM only, so a PKCS#12 trust store is opened here. The kind
 * is seen in the file, not in its name or type setting: Java reads PKCS#12 under the type JKS as well.
 *
 * Threads: any. Memory: results are in the arena.
 */
#ifndef SLUICE_CONFIG_STORES_H
#define SLUICE_CONFIG_STORES_H

#include <sluice/memory.h>

typedef enum sl__store_kind {
    SL__STORE_PEM,
    SL__STORE_PKCS12,
    SL__STORE_JKS,
    SL__STORE_OTHER
} sl__store_kind;

/* sl__store_look reads the start of the file. */
SL_MUST_CHECK sl_error *sl__store_look(sl_str path, sl__store_kind *kind);

/* sl__store_pem gives the certificates of a PKCS#12 file as PEM. */
SL_MUST_CHECK sl_error *sl__store_pem(sl_str path, sl_str password, sl_arena *arena, sl_str *pem);

/* sl__store_text gives a file as it is, at most 1 MiB. */
SL_MUST_CHECK sl_error *sl__store_text(sl_str path, sl_arena *arena, sl_str *text);

/* sl__store_identity gives the certificates (its own first) and the private key of a PEM or PKCS#12 file as
   PEM; the key is no longer encrypted. sl__store_identity_text reads them from a PEM text. */
SL_MUST_CHECK sl_error *sl__store_identity(sl_str path, sl__store_kind kind, sl_str password, sl_arena *arena,
                                           sl_str *cert, sl_str *key);
SL_MUST_CHECK sl_error *sl__store_identity_text(sl_str text, sl_str password, sl_arena *arena, sl_str *cert,
                                                sl_str *key);

#endif
