/*
 * channels.h - signals that come from a file or a topic (the signal table's come with the stream).
 *
 * Threads: the task's. Memory: what was read waits here until it is taken.
 */
#ifndef CDC_CHANNELS_H
#define CDC_CHANNELS_H

#include <sluice/host.h>

#include "config.h"

typedef struct cdc_channels {
    const sl_context *ctx;
    const cdc_config *config;
    bool file;
    sl_topic_reader *topic; /* NULL = no such channel */
    int64_t commit;         /* what the signals taken so far were read up to; -1 = nothing new */
    int64_t next_ms;        /* when to look again (monotonic); 0 = never */
    sl_arena arena;
    sl_str *texts;
    size_t n, cap, at;
} cdc_channels;

/* cdc_channels_open opens those of signal.enabled.channels. */
SL_MUST_CHECK sl_error *cdc_channels_open(cdc_channels *c, const sl_context *ctx, const cdc_config *config);
void cdc_channels_close(cdc_channels *c);

/* cdc_channels_poll reads what there is, and sets when to look again. */
SL_MUST_CHECK sl_error *cdc_channels_poll(cdc_channels *c, int64_t now_ms);

/* cdc_channels_next takes the next one, a JSON object; borrowed until the next poll. */
bool cdc_channels_next(cdc_channels *c, sl_str *text);

#endif
