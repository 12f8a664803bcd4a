/*
 * config_writer.h - the leader's right to write the config topic, and the thread that uses it. Private to
 * config_topic.c, which offers it.
 *
 * Threads: any. Memory: requests are their senders' until they are done.
 */
#ifndef SLUICE_STORE_CONFIG_WRITER_H
#define SLUICE_STORE_CONFIG_WRITER_H

#include "store/config_topic.h"

typedef struct sl__config_writer sl__config_writer;

/* sl__config_writer_new makes a writer that may not write yet; conf is borrowed, the rest copied. */
SL_MUST_CHECK sl_error *sl__config_writer_new(sl__kafka *k, const sl__client_config *conf, sl_str topic,
                                              sl_str group, sl__config_writer **out);
void sl__config_writer_free(sl__config_writer *w); /* NULL is allowed; stops it first */

/* As in config_topic.h. */
SL_MUST_CHECK sl_error *sl__config_writer_claim(sl__config_writer *w, sl__config_write *request);
SL_MUST_CHECK sl_error *sl__config_writer_write(sl__config_writer *w, sl__config_write *request);
void sl__config_writer_stop(sl__config_writer *w);

#endif
