/*
 * template.h - what the files of this plugin share: the settings of each part, and its operations.
 */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include <sluice/plugin.h>

/* The worker reads the configuration into these, by the tables in plugin.c. */
typedef struct counter_settings {
    sl_str topic;
    int64_t interval_ms;
    int64_t limit; /* 0 = none */
} counter_settings;

typedef struct tally_settings {
    int nulls; /* enum tally_nulls */
} tally_settings;

enum tally_nulls { TALLY_ACCEPT, TALLY_REPORT };

typedef struct upper_settings {
    sl_str field; /* absent = the whole value */
} upper_settings;

extern const sl_source_ops counter_ops;
extern const sl_sink_ops tally_ops;
extern const sl_transform_ops upper_ops;

#endif
