/*
 * settings.h - what the user set, in one form for both vendors' tables of keys.
 *
 * The tables (confluent.c, debezium.c) parse into jdbc_raw; jdbc_settings_open makes jdbc_settings from that:
 * aliases settled, the connection URL taken apart, time zones opened. Immutable afterwards; strings are
 * borrowed from the context or live in the settings' arena. The password is in `conninfo` values only and is
 * never logged.
 */
#ifndef JDBC_SETTINGS_H
#define JDBC_SETTINGS_H

#include "cell.h"
#include "clock.h"

#include <sluice/plugin.h>

enum { JDBC_CONFLUENT, JDBC_DEBEZIUM }; /* the definitions' variants */
typedef enum jdbc_insert_mode { JDBC_INSERT, JDBC_UPSERT, JDBC_UPDATE } jdbc_insert_mode;
typedef enum jdbc_pk_mode {
    JDBC_PK_NONE,
    JDBC_PK_KAFKA,
    JDBC_PK_KEY,
    JDBC_PK_VALUE,
    JDBC_PK_HEADER
} jdbc_pk_mode;
enum { JDBC_EVOLVE_NONE, JDBC_EVOLVE_VALIDATE, JDBC_EVOLVE_BASIC };
enum { JDBC_DATE_DB_ZONE, JDBC_DATE_UTC };
enum { JDBC_QUOTE_ALWAYS, JDBC_QUOTE_NEVER };
enum { JDBC_CALENDAR_LEGACY, JDBC_CALENDAR_GREGORIAN };
enum { JDBC_STAMP_MICROS, JDBC_STAMP_NANOS };

/* As the tables parse it. */
typedef struct jdbc_raw {
    sl_str url, user, password, dialect_name;
    int insert_mode, pk_mode;
    sl_str_list pk_fields, include, exclude;
    sl_str table_format, naming, postgis_schema;
    bool delete_enabled, truncate_enabled, reduce, null_to_default;
    bool auto_create, auto_evolve;
    int evolution;
    int quote_method;
    bool quote_identifiers;
    int32_t batch_size, max_retries;
    int64_t retry_backoff_ms;
    sl_str time_zone;
    int date_zone, calendar, stamp_precision;
    sl_str_list stamp_fields, table_types;
    sl_str string_column, unavailable;
    bool exactly_once;
    sl_str exactly_once_table;
    int32_t statement_timeout_ms, lock_timeout_ms;
} jdbc_raw;

typedef struct jdbc_param {
    char *name;  /* owned by the arena */
    char *value; /* the same */
} jdbc_param;

typedef enum jdbc_url_kind { JDBC_URL_POSTGRES, JDBC_URL_SQLITE } jdbc_url_kind;

/* A connection URL, taken apart. */
typedef struct jdbc_url {
    jdbc_url_kind kind;
    jdbc_param params[40]; /* PostgreSQL: libpq's keywords; SQLite: pragmas */
    size_t nparams;
    char *path; /* SQLite: the file, or a file: URI */
} jdbc_url;

/* jdbc_url_parse takes a URL apart into *out (strings in the arena). USER errors; they never contain the
 * URL's password. */
SL_MUST_CHECK sl_error *jdbc_url_parse(sl_str url, sl_str user, sl_str password, sl_arena *arena,
                                       jdbc_url *out);

typedef struct jdbc_settings {
    const jdbc_raw *raw; /* borrowed from the context */
    int32_t variant;
    bool confluent;
    bool create, evolve;
    bool fold;       /* unquoted identifiers: the database folds their case */
    bool topic_dots; /* the topic's dots stay; else they become underscores */
    jdbc_zone *zone; /* owned; NULL = UTC */
    jdbc_cell_rules rules;
    jdbc_url url;
    sl_arena arena;
} jdbc_settings;

/* jdbc_settings_check reports what is wrong with the combination; jdbc_settings_open makes the settings of a
 * task. */
void jdbc_settings_check(const sl_context *ctx, sl_config_report *report);
SL_MUST_CHECK sl_error *jdbc_settings_open(const sl_context *ctx, jdbc_settings **out);
void jdbc_settings_close(jdbc_settings *s);

extern const sl_config_enum jdbc_insert_modes[];
extern const sl_config_enum jdbc_pk_modes[];
extern const sl_config_enum jdbc_pk_modes_header[];

#endif
