/*
 * settings.h - the settings of the PostgreSQL source.
 */
#ifndef PG_SETTINGS_H
#define PG_SETTINGS_H

#include <cdc/config.h>

typedef enum pg_snapshot_mode {
    PG_SNAPSHOT_ALWAYS,
    PG_SNAPSHOT_INITIAL,
    PG_SNAPSHOT_INITIAL_ONLY,
    PG_SNAPSHOT_NO_DATA,
    PG_SNAPSHOT_WHEN_NEEDED,
    PG_SNAPSHOT_CONFIGURED,
} pg_snapshot_mode;

typedef enum pg_autocreate {
    PG_PUB_ALL_TABLES,
    PG_PUB_DISABLED,
    PG_PUB_FILTERED,
    PG_PUB_NO_TABLES
} pg_autocreate;
typedef enum pg_flush_mode { PG_FLUSH_CONNECTOR, PG_FLUSH_MANUAL, PG_FLUSH_BOTH } pg_flush_mode;
typedef enum pg_locking { PG_LOCK_NONE, PG_LOCK_SHARED } pg_locking;
typedef enum pg_mismatch { PG_TRUST_NOTHING, PG_TRUST_OFFSET, PG_TRUST_SLOT, PG_TRUST_GREATER } pg_mismatch;
typedef enum pg_hstore_mode { PG_HSTORE_JSON, PG_HSTORE_MAP } pg_hstore_mode;
typedef enum pg_interval_mode { PG_INTERVAL_NUMERIC, PG_INTERVAL_STRING } pg_interval_mode;

typedef struct pg_settings {
    cdc_config cdc;
    sl_str host, user, password, dbname;
    int32_t port;
    sl_str sslmode, sslcert, sslkey, sslpassword, sslrootcert;
    sl_str on_connect;
    bool tcp_keepalive;
    int64_t connect_timeout_ms;
    int64_t validation_timeout_ms;
    int64_t query_timeout_ms;
    int64_t create_slot_s;
    bool slot_seek;
    sl_str slot;
    bool drop_slot;
    bool failover_slot;
    sl_str stream_params;
    int32_t slot_retries;
    int64_t slot_retry_ms;
    sl_str publication;
    int autocreate;
    bool via_root;
    sl_str replica_identity;
    int snapshot_mode;
    bool conf_data, conf_stream, conf_data_error;
    int locking;
    int64_t lock_timeout_ms;
    int64_t status_ms;
    int flush_mode;
    bool flush_lsn;
    int mismatch;
    int64_t xmin_ms;
    int hstore_mode;
    int interval_mode;
    int32_t money_digits;
    bool unknown_types;
    bool read_only;
    sl_str message_include, message_exclude;
} pg_settings;

enum { PG_SETTINGS_COUNT = 146 };
extern const sl_config_row pg_settings_rows[PG_SETTINGS_COUNT];

#endif
