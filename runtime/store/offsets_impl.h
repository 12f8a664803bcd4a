/*
 * offsets_impl.h - between offsets.c (the interface) and the stores behind it: offsets_file.c,
 * offsets_topic.c, offsets_layered.c. Private to these.
 */
#ifndef SLUICE_STORE_OFFSETS_IMPL_H
#define SLUICE_STORE_OFFSETS_IMPL_H

#include "kafka/transaction.h"
#include "store/offsets.h"

/* One kind of store. Functions are as in offsets.h and offsets_topic.h; a NULL one does nothing, or (render)
 * cannot be done. */
typedef struct sl__offsets_ops {
    void (*close)(sl__offsets *o);
    sl_error *(*refresh)(sl__offsets *o, int timeout_ms);
    sl_error *(*get)(sl__offsets *o, sl_str connector, const sl_value *partition, sl_arena *arena,
                     sl_value *offset);
    sl_error *(*put)(sl__offsets *o, sl_str connector, const sl_batch_offset *items, size_t n);
    sl_error *(*each)(sl__offsets *o, sl_str connector, sl__offsets_cb cb, void *arg);
    sl_error *(*render)(sl__offsets *o, sl_str connector, const sl_batch_offset *items, size_t n,
                        sl_arena *arena, sl__txn_record **records);
    void (*mirror)(sl__offsets *o, sl_str connector, const sl_batch_offset *items, size_t n);
    /* put without waiting; what goes wrong is logged. */
    sl_error *(*post)(sl__offsets *o, sl_str connector, const sl_batch_offset *items, size_t n);
} sl__offsets_ops;

/* Every store begins with this. */
struct sl__offsets {
    const sl__offsets_ops *ops;
};

/* sl__offset_key_text gives the text of a key, on the heap; canonical: equal for equal partitions. */
SL_MUST_CHECK sl_error *sl__offset_key_text(sl_str connector, const sl_value *partition, bool canonical,
                                            char **out);

/* sl__offset_value_text gives the text of an offset, on the heap; NULL for SL_NULL. */
SL_MUST_CHECK sl_error *sl__offset_value_text(const sl_value *value, char **out);

#endif
