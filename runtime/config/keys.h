/*
 * keys.h - known keys, and the one that an unknown key was probably meant to be.
 *
 * Threads: pure functions. Memory: names are borrowed from the tables.
 */
#ifndef SLUICE_CONFIG_KEYS_H
#define SLUICE_CONFIG_KEYS_H

#include <sluice/config.h>

typedef struct sl__row_table {
    const sl_config_row *rows;
    size_t n;
} sl__row_table;

/* sl__keys_known tells whether one of the tables has the key. */
bool sl__keys_known(const sl__row_table *tables, size_t n, sl_str key);

/* sl__keys_nearest gives the known name that looks most like key, else one that key is the beginning of,
   absent when there is neither; and its distance, more than a slip's for a longer name. */
sl_str sl__keys_nearest(const sl__row_table *tables, size_t n, sl_str key, unsigned *distance);

/* sl__keys_unknown reports a key that nobody knows; full is the key as the user wrote it, prefix what stands
   before the table's names in it. strict: a misspelt key is an error. */
void sl__keys_unknown(sl_config_report *report, sl_str prefix, sl_str full, sl_str nearest, unsigned distance,
                      bool strict);

#endif
