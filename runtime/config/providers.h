/*
 * providers.h - outside values: ${provider:key} and ${provider:path:key} in worker and connector settings.
 *
 * The worker's settings name the providers:
 *   config.providers=file,env
 *   config.providers.file.class=org.apache.kafka.common.config.provider.FileConfigProvider
 *   config.providers.file.param.allowed.paths=/etc/sluice/secrets
 * Each is a plugin of kind config provider; its own settings are those below `.param.`.
 *
 * A reference to a provider that is not configured stays as it is, as in Kafka Connect, with a warning when
 * it looks like one. The raw settings are what is shown to anybody; whoever quotes a value in a message runs
 * it through sl__secrets_scrub first.
 *
 * Threads: one at a time. Memory: said at each function.
 */
#ifndef SLUICE_CONFIG_PROVIDERS_H
#define SLUICE_CONFIG_PROVIDERS_H

#include "config/catalog.h"

typedef struct sl__providers sl__providers;

/* sl__providers_open makes the providers that the worker's raw settings name; problems with them go to the
   report. The catalog is borrowed until close. */
SL_MUST_CHECK sl_error *sl__providers_open(const sl__catalog *catalog, const sl_config *worker,
                                           sl_config_report *report, sl__providers **out);
void sl__providers_close(sl__providers *p);

/* ---- what must not be shown ---- */

typedef struct sl__secret {
    sl_str value;
    sl_str shown; /* what stands in its place */
} sl__secret;

typedef struct sl__secrets {
    sl_arena *arena; /* borrowed */
    sl__secret *items;
    size_t n;
    size_t cap;
} sl__secrets;

void sl__secrets_init(sl__secrets *s, sl_arena *arena);
/* sl__secrets_add copies and remembers a value, unless it is empty. */
SL_MUST_CHECK sl_error *sl__secrets_add(sl__secrets *s, sl_str value, sl_str shown);
/* sl__secrets_scrub gives the text without any of the values; values of less than four characters are
   replaced where they stand in quotes. In the arena; absent when out of memory. */
sl_str sl__secrets_scrub(const sl__secrets *s, sl_str text, sl_arena *arena);

/* ---- resolving ---- */

/* sl__providers_resolve gives the settings with every reference replaced; *out and its strings are in the
   arena or borrowed from raw. A value that cannot be had is an error in the report, by its key. p may be
   NULL: no providers. What came from a provider is added to secrets (whose arena holds it; may be NULL). */
SL_MUST_CHECK sl_error *sl__providers_resolve(sl__providers *p, const sl_config *raw, sl_arena *arena,
                                              sl_config_report *report, sl__secrets *secrets, sl_config *out);

#endif
