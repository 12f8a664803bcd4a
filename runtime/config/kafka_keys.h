/*
 * kafka_keys.h - the table of Kafka client settings; kafka_client.c applies it.
 *
 * Threads: constant data. Memory: static.
 */
#ifndef SLUICE_CONFIG_KAFKA_KEYS_H
#define SLUICE_CONFIG_KAFKA_KEYS_H

#include "config/kafka_client.h"

enum { /* for which clients a setting is meant */
       SL__FOR_PRODUCER = 1 << SL__CLIENT_PRODUCER,
       SL__FOR_CONSUMER = 1 << SL__CLIENT_CONSUMER,
       SL__FOR_ADMIN = 1 << SL__CLIENT_ADMIN,
       SL__FOR_ALL = 7
};

typedef enum sl__key_action {
    SL__KEY_PASS = 0, /* the same, or under another name */
    SL__KEY_LOWER,    /* the value in small letters */
    SL__KEY_KIB,      /* bytes -> kibibytes */
    SL__KEY_BUFFER,   /* -1 (the system's) -> 0 */
    SL__KEY_SPECIAL,  /* kafka_client.c knows */
    SL__KEY_WARN,     /* no effect here; .text says what holds instead */
    SL__KEY_REFUSE,   /* not possible here; .text says what to do */
    SL__KEY_QUIET,    /* Java's own business, of no consequence here */
} sl__key_action;

typedef struct sl__kafka_key {
    const char *name;
    const char *rdkafka; /* NULL = the same */
    sl__key_action action;
    unsigned clients;
    bool optional;
    const char *harmless; /* with WARN and REFUSE: values that need no word, with | between them */
    const char *text;
} sl__kafka_key;

extern const sl__kafka_key sl__kafka_keys[];
extern const size_t sl__kafka_nkeys;

/* Names of librdkafka's own, passed on as they are. Ends with NULL. */
extern const char *const sl__kafka_native[];

#endif
