/*
 * client.h - what the commands that talk to a running worker share: options, requests, tables.
 *
 * Options of all of them: --url=URL (else SLUICE_URL, else http://127.0.0.1:8083), --user=USER:PASSWORD (else
 * SLUICE_USER), --ca=FILE, --cert=FILE, --json. URL may be several, separated by commas: the first that
 * answers is asked.
 *
 * Threads: the main thread. Memory: all in the client's arena.
 */
#ifndef SLUICE_CLI_CLIENT_H
#define SLUICE_CLI_CLIENT_H

#include <jansson.h>

#include "base/http.h"
#include "cli/cli.h"

typedef struct sl__client {
    const sl__command *self;
    sl_arena arena;
    sl_str url;
    sl_str user;
    sl__http_tls tls;
    int timeout_ms;       /* of a request */
    bool json;            /* print answers as they are */
    bool color;           /* standard output is a terminal */
    const char *flags[8]; /* "--name" or "--name=value" that are the command's own */
    size_t nflags;
    char **args; /* what is left */
    int nargs;
} sl__client;

/* sl__client_open reads the options; known: the command's own, NULL-terminated, without values. False: called
   wrongly, which was said. */
bool sl__client_open(sl__client *c, const sl__command *self, int argc, char **argv, const char *const *known);
void sl__client_close(sl__client *c);

/* sl__client_flag gives the value of an option ("" without one); NULL: it was not given. */
const char *sl__client_flag(const sl__client *c, const char *name);

/* sl__client_path gives a path with a name that is escaped as a segment. */
sl_str sl__client_path(sl__client *c, const char *before, const char *name, const char *after);

/* sl__client_ask makes a request. Without an error: the answer was a success, its body is in *answer. An
   answer that is none becomes an error with the worker's message. */
SL_MUST_CHECK sl_error *sl__client_ask(sl__client *c, const char *method, sl_str path, sl_str body,
                                       sl_str *answer);

/* sl__client_read parses an answer; the caller decrefs it. */
SL_MUST_CHECK sl_error *sl__client_read(sl_str answer, json_t **out);

/* sl__client_text gives a member that is a text, "" when there is none. */
const char *sl__client_text(const json_t *j, const char *key);

/* sl__client_raw prints an answer as it is. */
void sl__client_raw(sl_str answer, FILE *to);

/* sl__client_ended closes the client and gives the exit code; frees err. */
int sl__client_ended(sl__client *c, sl_error *err);

/* ---- tables ---- */

enum { SL__COLUMNS = 8 };

typedef struct sl__table {
    sl__client *client;
    size_t columns;
    sl_str (*rows)[SL__COLUMNS];
    size_t n, cap;
} sl__table;

/* sl__table_row adds a row; the first one is the head. Texts are copied. */
void sl__table_row(sl__table *t, const char *const *cells);
void sl__table_print(const sl__table *t, FILE *to);

/* sl__client_connectors prints a table of all connectors, or, with --json, the answer. last heads its last
   column, text gives that of a connector (info and status, as REST has them), which may be in the client's
   arena. */
SL_MUST_CHECK sl_error *sl__client_connectors(sl__client *c, const char *last,
                                              const char *(*text)(sl__client *c, void *arg, const json_t *j),
                                              void *arg, FILE *to);

#endif
