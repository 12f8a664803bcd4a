/*
 * jaas.h - reads the value of sasl.jaas.config.
 *
 *   line   = class flag { name "=" value } ";"       flag = required | requisite | sufficient | optional
 *   value  = word | "..." | '...'                    with \n \t \r \" \\ and octal \123 inside quotes
 *
 * Threads: pure function. Memory: results are in the arena or point into the text.
 */
#ifndef SLUICE_CONFIG_JAAS_H
#define SLUICE_CONFIG_JAAS_H

#include <sluice/memory.h>

typedef struct sl__jaas_option {
    sl_str name;
    sl_str value; /* a secret, for all anybody knows */
} sl__jaas_option;

typedef struct sl__jaas {
    sl_str module; /* the login module's class */
    sl__jaas_option *options;
    size_t n;
} sl__jaas;

/* sl__jaas_parse gives NULL, or what was expected; that text never has anything of the line in it. */
const char *sl__jaas_parse(sl_str line, sl_arena *arena, sl__jaas *out);

/* sl__jaas_get gives an option's value, absent if it is not there. */
sl_str sl__jaas_get(const sl__jaas *j, const char *name);

#endif
