/*
 * own_rows.h - the settings that both vendors' sinks have from Sluice itself, for the end of their tables.
 */
#ifndef SLUICE_JDBC_OWN_ROWS_H
#define SLUICE_JDBC_OWN_ROWS_H

#include "settings.h"

#define F(member) SL_FIELD(jdbc_raw, member)
#define NOT_NEGATIVE .has_min = true, .min = 0
#define OWN "Sluice"

/* clang-format off */
#define JDBC_OWN_ROWS \
    {.name = "unavailable.value.placeholder", \
     .type = SL_CONFIG_STRING, \
     .default_value = "__debezium_unavailable_value", \
     .importance = SL_LOW, \
     .group = OWN, \
     .doc = "What a source writes for a value it did not get (unchanged TOAST): such a column keeps what it " \
            "has. Empty: off.", \
     .field = F(unavailable)}, \
    {.name = "exactly.once.enabled", \
     .type = SL_CONFIG_BOOLEAN, \
     .default_value = "false", \
     .importance = SL_MEDIUM, \
     .group = OWN, \
     .dependents = "exactly.once.table", \
     .doc = \
         "Keep offsets in a table of the target, in the same transaction as the rows, and start from there.", \
     .field = F(exactly_once)}, \
    {.name = "exactly.once.table", \
     .type = SL_CONFIG_STRING, \
     .default_value = "sluice_offsets", \
     .importance = SL_LOW, \
     .group = OWN, \
     .doc = "The table for exactly.once.enabled; created when missing.", \
     .field = F(exactly_once_table)}, \
    {.name = "statement.timeout.ms", \
     .type = SL_CONFIG_INT, \
     .default_value = "0", \
     .importance = SL_LOW, \
     .group = OWN, \
     NOT_NEGATIVE, \
     .doc = "PostgreSQL: a statement that runs longer is cancelled and tried again; 0: never.", \
     .field = F(statement_timeout_ms)}, \
    {.name = "lock.timeout.ms", \
     .type = SL_CONFIG_INT, \
     .default_value = "0", \
     .importance = SL_LOW, \
     .group = OWN, \
     NOT_NEGATIVE, \
     .doc = "PostgreSQL: a statement that waits longer for a lock is cancelled and tried again; 0: never.", \
     .field = F(lock_timeout_ms)}
/* clang-format on */

#endif
