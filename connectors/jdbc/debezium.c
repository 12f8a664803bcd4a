/*
 * debezium.c - the settings of io.debezium.connector.jdbc.JdbcSinkConnector (version 3.5), with its defaults.
 *
 * Data only, with the definition at the bottom. Parsed into jdbc_raw; what the settings mean together is in
 * settings.c.
 */
#include "settings.h"
#include "sink.h"
#include "own_rows.h"

#define CONNECTION "Connection"
#define CONNECTOR "Connector"
#define ADVANCED "Connector advanced"
#define ONE_CONNECTION "remove it; a task has one connection, opened when it is needed"

static const sl_config_enum evolutions[] = {{"none", JDBC_EVOLVE_NONE},
                                            {"validate-only", JDBC_EVOLVE_VALIDATE},
                                            {"basic", JDBC_EVOLVE_BASIC},
                                            {NULL, 0}};

static const char *check_naming(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    (void)arena;
    bool ok = sl_str_ends(value, SL_STR(".DefaultCollectionNamingStrategy")) ||
              sl_str_ends(value, SL_STR(".DefaultTableNamingStrategy")) ||
              sl_str_ends(value, SL_STR(".PassthroughCollectionNamingStrategy"));
    return ok ? NULL
              : "expected io.debezium.sink.naming.DefaultCollectionNamingStrategy or "
                "...PassthroughCollectionNamingStrategy (Java "
                "classes of your own cannot be loaded; use collection.name.format or a RegexRouter "
                "transform)";
}

static const char *check_column_naming(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    (void)arena;
    return sl_str_ends(value, SL_STR(".DefaultColumnNamingStrategy"))
               ? NULL
               : "expected io.debezium.sink.naming.DefaultColumnNamingStrategy (Java classes of your own "
                 "cannot be loaded; use a "
                 "ReplaceField transform)";
}

static const char *check_cloud_events(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    (void)arena;
    return sl_str_eqz(value, ".*CloudEvents\\.Envelope$")
               ? NULL
               : "expected the default '.*CloudEvents\\.Envelope$': schemas named "
                 "...CloudEvents.Envelope are taken for CloudEvents";
}

static const sl_config_row rows[] = {
    {.name = "connection.url",
     .type = SL_CONFIG_STRING,
     .required = true,
     .importance = SL_HIGH,
     .group = CONNECTION,
     .doc = "The database: jdbc:postgresql://host:port/database, postgresql://..., "
            "jdbc:sqlite:/path/to/file.db or a file path.",
     .field = F(url)},
    {.name = "connection.username",
     .type = SL_CONFIG_STRING,
     .importance = SL_HIGH,
     .group = CONNECTION,
     .aliases = "connection.user",
     .doc = "The database user.",
     .field = F(user)},
    {.name = "connection.password",
     .type = SL_CONFIG_PASSWORD,
     .importance = SL_HIGH,
     .group = CONNECTION,
     .doc = "The database user's password.",
     .field = F(password)},
    {.name = "connection.provider",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .group = CONNECTION,
     .support = SL_WARNED,
     .doc = "The Java connection pool.",
     .remedy = ONE_CONNECTION},
    {.name = "connection.pool.min_size",
     .type = SL_CONFIG_INT,
     .default_value = "5",
     .importance = SL_LOW,
     .group = CONNECTION,
     .support = SL_WARNED,
     .doc = "The least connections of the Java connector's pool.",
     .remedy = ONE_CONNECTION},
    {.name = "connection.pool.max_size",
     .type = SL_CONFIG_INT,
     .default_value = "32",
     .importance = SL_LOW,
     .group = CONNECTION,
     .support = SL_WARNED,
     .doc = "The most connections of the Java connector's pool.",
     .remedy = ONE_CONNECTION},
    {.name = "connection.pool.timeout",
     .type = SL_CONFIG_LONG,
     .default_value = "1800",
     .importance = SL_LOW,
     .group = CONNECTION,
     .support = SL_WARNED,
     .doc = "How long the Java connector's pool keeps an idle connection.",
     .remedy = ONE_CONNECTION},
    {.name = "connection.restart.on.errors",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "false",
     .importance = SL_LOW,
     .group = ADVANCED,
     .support = SL_WARNED,
     .doc = "Reconnect after a broken connection.",
     .remedy = "remove it; a broken connection is always opened again, and a transaction whose commit is in "
               "doubt is written again"},
    {.name = "insert.mode",
     .type = SL_CONFIG_STRING,
     .default_value = "insert",
     .importance = SL_LOW,
     .group = CONNECTOR,
     .enums = jdbc_insert_modes,
     .doc = "How rows are written: insert, upsert (insert or update by key) or update (by key).",
     .field = F(insert_mode)},
    {.name = "delete.enabled",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "false",
     .importance = SL_LOW,
     .group = CONNECTOR,
     .doc = "Apply deletes: change events of a delete, and records whose value is null. Otherwise they are "
            "passed over.",
     .field = F(delete_enabled)},
    {.name = "truncate.enabled",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "false",
     .importance = SL_LOW,
     .group = CONNECTOR,
     .doc = "Empty the table at a change event of a truncate. Otherwise it is passed over.",
     .field = F(truncate_enabled)},
    {.name = "collection.name.format",
     .type = SL_CONFIG_STRING,
     .default_value = "${topic}",
     .importance = SL_MEDIUM,
     .group = CONNECTOR,
     .aliases = "table.name.format",
     .doc = "The table's name, with ${topic} (its dots become underscores), and ${source.schema}, "
            "${source.table} and so on for change "
            "events. A dot separates schema and table.",
     .field = F(table_format)},
    {.name = "primary.key.mode",
     .type = SL_CONFIG_STRING,
     .default_value = "none",
     .importance = SL_HIGH,
     .group = CONNECTOR,
     .aliases = "pk.mode",
     .enums = jdbc_pk_modes_header,
     .doc = "Where the primary key comes from: none, kafka (topic, partition, offset), record_key, "
            "record_value or record_header.",
     .field = F(pk_mode)},
    {.name = "primary.key.fields",
     .type = SL_CONFIG_LIST,
     .default_value = "",
     .importance = SL_LOW,
     .group = CONNECTOR,
     .aliases = "pk.fields",
     .doc = "The key's fields; empty means all. With a primitive key the column's name.",
     .field = F(pk_fields)},
    {.name = "schema.evolution",
     .type = SL_CONFIG_STRING,
     .default_value = "none",
     .importance = SL_LOW,
     .group = CONNECTOR,
     .enums = evolutions,
     .doc = "basic: create missing tables and add missing columns (nothing is ever dropped); none and "
            "validate-only: tables must be there.",
     .field = F(evolution)},
    {.name = "quote.identifiers",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "false",
     .importance = SL_LOW,
     .group = CONNECTOR,
     .doc = "true keeps names as they are; false folds them to lower case as PostgreSQL does. Statements "
            "quote names either way.",
     .field = F(quote_identifiers)},
    {.name = "collection.naming.strategy",
     .type = SL_CONFIG_CLASS,
     .default_value = "io.debezium.sink.naming.DefaultCollectionNamingStrategy",
     .importance = SL_LOW,
     .group = ADVANCED,
     .aliases = "table.naming.strategy",
     .check = check_naming,
     .doc = "Default: dots of the topic become underscores. Passthrough: the topic as it is.",
     .field = F(naming)},
    {.name = "column.naming.strategy",
     .type = SL_CONFIG_CLASS,
     .default_value = "io.debezium.sink.naming.DefaultColumnNamingStrategy",
     .importance = SL_LOW,
     .group = ADVANCED,
     .check = check_column_naming,
     .doc = "Columns have the names of fields."},
    {.name = "collection.table.format",
     .type = SL_CONFIG_STRING,
     .default_value = "${table}",
     .importance = SL_MEDIUM,
     .group = CONNECTOR,
     .support = SL_WARNED,
     .doc = "Not used by the Java connector either.",
     .remedy = "use collection.name.format"},
    {.name = "use.time.zone",
     .type = SL_CONFIG_STRING,
     .default_value = "UTC",
     .importance = SL_MEDIUM,
     .group = CONNECTOR,
     .aliases = "database.time_zone",
     .doc = "The time zone in which moments become wall clock time where a column has no time zone: a name, "
            "or an offset like +02:00.",
     .field = F(time_zone)},
    {.name = "dialect.postgres.postgis.schema",
     .type = SL_CONFIG_STRING,
     .default_value = "public",
     .importance = SL_LOW,
     .group = ADVANCED,
     .support = SL_WARNED,
     .doc = "Where PostGIS is installed.",
     .remedy = "remove it; a geometry column's own type says where PostGIS is"},
    {.name = "dialect.postgres.unnest.insert.enabled",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "false",
     .importance = SL_MEDIUM,
     .group = ADVANCED,
     .support = SL_WARNED,
     .doc = "Batches as arrays.",
     .remedy = "remove it; batches always go as arrays"},
    {.name = "dialect.sqlserver.identity.insert",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "false",
     .importance = SL_LOW,
     .group = ADVANCED,
     .support = SL_WARNED,
     .doc = "For SQL Server only.",
     .remedy = "remove it; this sink does not write to SQL Server"},
    {.name = "dialect.starrocks.catalog.name",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .group = ADVANCED,
     .support = SL_WARNED,
     .doc = "For StarRocks only.",
     .remedy = "remove it; this sink does not write to StarRocks"},
    {.name = "batch.size",
     .type = SL_CONFIG_INT,
     .default_value = "500",
     .importance = SL_MEDIUM,
     .group = ADVANCED,
     NOT_NEGATIVE,
     .doc = "The most rows for one statement (0 or 1: one by one). All rows that one delivery brings share "
            "one transaction.",
     .field = F(batch_size)},
    {.name = "use.reduction.buffer",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "true",
     .importance = SL_MEDIUM,
     .group = CONNECTOR,
     .doc = "Write only the last of several changes to one row within a batch (the Java connector's default "
            "is false). The rows end up "
            "the same either way.",
     .field = F(reduce)},
    {.name = "keyed.message.batch.mode",
     .type = SL_CONFIG_STRING,
     .default_value = "deduplication",
     .importance = SL_MEDIUM,
     .group = ADVANCED,
     .support = SL_WARNED,
     .doc = "Batches of the Java connector's shared sink framework.",
     .remedy = "use use.reduction.buffer"},
    {.name = "enable.sces",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "false",
     .importance = SL_LOW,
     .group = ADVANCED,
     .support = SL_WARNED,
     .doc = "Turns on the Java connector's shared sink framework.",
     .remedy = "remove it: nothing of it changes what is written"},
    {.name = "field.include.list",
     .type = SL_CONFIG_LIST,
     .default_value = "",
     .importance = SL_MEDIUM,
     .group = "Filters",
     .doc = "The fields to write, as field or topic:field; empty means all.",
     .field = F(include)},
    {.name = "field.exclude.list",
     .type = SL_CONFIG_LIST,
     .default_value = "",
     .importance = SL_MEDIUM,
     .group = "Filters",
     .doc = "The fields not to write, as field or topic:field.",
     .field = F(exclude)},
    {.name = "flush.max.retries",
     .type = SL_CONFIG_INT,
     .default_value = "-1",
     .importance = SL_LOW,
     .group = ADVANCED,
     .has_min = true,
     .min = -1,
     .aliases = "max.retries",
     .doc = "How often a batch that met an outage, a deadlock or the like is tried again before the task "
            "fails; -1: as long as it takes "
            "(the Java connector's default is 5).",
     .field = F(max_retries)},
    {.name = "flush.retry.delay.ms",
     .type = SL_CONFIG_LONG,
     .default_value = "1000",
     .importance = SL_LOW,
     .group = ADVANCED,
     .aliases = "retry.backoff.ms",
     NOT_NEGATIVE,
     .doc = "The least time between two tries, in milliseconds.",
     .field = F(retry_backoff_ms)},
    {.name = "cloud.events.schema.name.pattern",
     .type = SL_CONFIG_STRING,
     .default_value = ".*CloudEvents\\.Envelope$",
     .importance = SL_LOW,
     .group = ADVANCED,
     .check = check_cloud_events,
     .doc = "Which records are CloudEvents (their data is taken)."},
    {.name = "hibernate.*",
     .type = SL_CONFIG_STRING,
     .pattern = true,
     .importance = SL_LOW,
     .group = ADVANCED,
     .support = SL_WARNED,
     .doc = "Settings of Hibernate, which the Java connector is built on.",
     .remedy = "remove it; there is no Hibernate here, connection settings go into connection.url"},
    JDBC_OWN_ROWS,
};

static const char *const java_names[] = {"io.debezium.connector.jdbc.JdbcSinkConnector", NULL};

const sl_plugin_def jdbc_debezium_sink = {
    .struct_size = sizeof(sl_plugin_def),
    .kind = SL_KIND_SINK,
    .name = "jdbc-sink",
    .aliases = java_names,
    .version = "3.5.0",
    .doc = "Writes records and change events into tables of PostgreSQL or SQLite, with the settings of "
           "Debezium's JDBC sink.",
    .settings = rows,
    .nsettings = sizeof rows / sizeof rows[0],
    .settings_size = sizeof(jdbc_raw),
    .variant = JDBC_DEBEZIUM,
    .sink = &jdbc_sink_ops,
    .alter_offsets = jdbc_alter_offsets,
};
