/*
 * kafka_rules.h - the translation of client settings at work: shared by kafka_client.c and kafka_security.c
 * only.
 *
 * A rule takes one setting, whose value is trimmed and not absent, and emits properties or reports a problem.
 *
 * Threads: one at a time. Memory: everything is in the translation's arena.
 */
#ifndef SLUICE_CONFIG_KAFKA_RULES_H
#define SLUICE_CONFIG_KAFKA_RULES_H

#include "config/kafka_client.h"

typedef struct sl__translation {
    sl__client_kind kind;
    const sl_config *settings;
    sl_str prefix;
    sl_arena *arena;
    sl_config_report *report;
    sl__client_config *out;
    size_t cap; /* of out->items */
    sl_str key; /* the setting at work */
} sl__translation;

typedef sl_error *(*sl__client_rule)(sl__translation *t, sl_str key, sl_str value);

void sl__client_say(sl__translation *t, sl_severity severity, sl_str key, const char *text);
SL_MUST_CHECK sl_error *sl__client_emit(sl__translation *t, const char *name, sl_str value);
/* sl__client_setting gives another setting's value, trimmed. */
sl_str sl__client_setting(const sl__translation *t, const char *key);

/* sl__client_security_rule gives the rule of a sasl. or ssl. setting, or NULL. */
sl__client_rule sl__client_security_rule(sl_str key);

#endif
