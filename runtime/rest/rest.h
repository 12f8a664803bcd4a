/*
 * rest.h - the HTTP interface of a worker: Kafka Connect's, and /metrics.
 *
 * Threads: one of libmicrohttpd's for each listener. It parses requests and sends answers; what a request is
 * about runs on the herder's thread while the connection is suspended. Memory: a request has one arena.
 */
#ifndef SLUICE_REST_REST_H
#define SLUICE_REST_REST_H

#include "herder/standalone.h"

extern const sl__front sl__rest_front;

#endif
