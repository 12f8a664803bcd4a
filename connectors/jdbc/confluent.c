/*
 * confluent.c - the settings of io.confluent.connect.jdbc.JdbcSinkConnector (version 10.x), with its defaults.
 *
 * Data only, with the definition at the bottom. Parsed into jdbc_raw; what the settings mean together is in settings.c.
 */
#include "settings.h"
#include "sink.h"

#define F(member) SL_FIELD(jdbc_raw, member)
#define NOT_NEGATIVE .has_min = true, .min = 0
#define CONNECTION "Connection"
#define WRITES "Writes"
#define MAPPING "Data Mapping"
#define DDL "DDL Support"
#define RETRIES "Retries"
#define OWN "Sluice"

const sl_config_enum jdbc_insert_modes[] = {{"insert", JDBC_INSERT}, {"upsert", JDBC_UPSERT}, {"update", JDBC_UPDATE}, {NULL, 0}};
const sl_config_enum jdbc_pk_modes[] = {
    {"none", JDBC_PK_NONE}, {"kafka", JDBC_PK_KAFKA}, {"record_key", JDBC_PK_KEY}, {"record_value", JDBC_PK_VALUE}, {NULL, 0}};
const sl_config_enum jdbc_pk_modes_header[] = {{"none", JDBC_PK_NONE},         {"kafka", JDBC_PK_KAFKA},
                                               {"record_key", JDBC_PK_KEY},    {"record_value", JDBC_PK_VALUE},
                                               {"record_header", JDBC_PK_HEADER}, {NULL, 0}};
static const sl_config_enum date_zones[] = {{"DB_TIMEZONE", JDBC_DATE_DB_ZONE}, {"UTC", JDBC_DATE_UTC}, {NULL, 0}};
static const sl_config_enum quote_methods[] = {{"ALWAYS", JDBC_QUOTE_ALWAYS}, {"NEVER", JDBC_QUOTE_NEVER}, {NULL, 0}};
static const sl_config_enum calendars[] = {
    {"LEGACY", JDBC_CALENDAR_LEGACY}, {"PROLEPTIC_GREGORIAN", JDBC_CALENDAR_GREGORIAN}, {NULL, 0}};
static const sl_config_enum precisions[] = {{"microseconds", JDBC_STAMP_MICROS}, {"nanoseconds", JDBC_STAMP_NANOS}, {NULL, 0}};

static const char *check_dialect(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    (void)arena;
    bool ok = value.n == 0 || sl_str_eqz(value, "PostgreSqlDatabaseDialect") || sl_str_eqz(value, "SqliteDatabaseDialect");
    return ok ? NULL : "expected PostgreSqlDatabaseDialect, SqliteDatabaseDialect, or nothing (connection.url says which)";
}

static const sl_config_row rows[] = {
    {.name = "connection.url", .type = SL_CONFIG_STRING, .required = true, .importance = SL_HIGH, .group = CONNECTION,
     .doc = "The database: jdbc:postgresql://host:port/database, postgresql://..., jdbc:sqlite:/path/to/file.db or a file path.",
     .field = F(url)},
    {.name = "connection.user", .type = SL_CONFIG_STRING, .importance = SL_HIGH, .group = CONNECTION,
     .aliases = "connection.username", .doc = "The database user.", .field = F(user)},
    {.name = "connection.password", .type = SL_CONFIG_PASSWORD, .importance = SL_HIGH, .group = CONNECTION,
     .doc = "The database user's password.", .field = F(password)},
    {.name = "dialect.name", .type = SL_CONFIG_STRING, .default_value = "", .importance = SL_LOW, .group = CONNECTION,
     .check = check_dialect, .recommended = "PostgreSqlDatabaseDialect,SqliteDatabaseDialect",
     .doc = "Must fit connection.url, which decides by itself.", .field = F(dialect_name)},
    {.name = "connection.attempts", .type = SL_CONFIG_INT, .default_value = "3", .importance = SL_LOW, .group = CONNECTION,
     .has_min = true, .min = 1, .support = SL_WARNED, .doc = "How often the Java connector tries to connect.",
     .remedy = "a database that is down is waited for as long as it takes; see max.retries"},
    {.name = "connection.backoff.ms", .type = SL_CONFIG_LONG, .default_value = "10000", .importance = SL_LOW, .group = CONNECTION,
     .support = SL_WARNED, .doc = "How long the Java connector waits between tries to connect.",
     .remedy = "use retry.backoff.ms"},
    {.name = "jdbc.credentials.provider.class", .type = SL_CONFIG_CLASS, .importance = SL_LOW, .group = CONNECTION,
     .support = SL_REFUSED, .doc = "A Java class that supplies user and password.",
     .remedy = "Java classes cannot be loaded; use connection.user and connection.password with a config provider"},
    {.name = "jdbc.credentials.provider.*", .type = SL_CONFIG_STRING, .pattern = true, .importance = SL_LOW, .group = CONNECTION,
     .support = SL_REFUSED, .doc = "Settings of a Java class that supplies user and password.",
     .remedy = "Java classes cannot be loaded; use connection.user and connection.password with a config provider"},
    {.name = "insert.mode", .type = SL_CONFIG_STRING, .default_value = "insert", .importance = SL_HIGH, .group = WRITES,
     .enums = jdbc_insert_modes, .doc = "How rows are written: insert, upsert (insert or update by key) or update (by key).",
     .field = F(insert_mode)},
    {.name = "batch.size", .type = SL_CONFIG_INT, .default_value = "3000", .importance = SL_MEDIUM, .group = WRITES, NOT_NEGATIVE,
     .doc = "The most rows for one statement (0 or 1: one by one). All rows that one delivery brings share one transaction.",
     .field = F(batch_size)},
    {.name = "delete.enabled", .type = SL_CONFIG_BOOLEAN, .default_value = "false", .importance = SL_MEDIUM, .group = WRITES,
     .doc = "Delete the row of a record whose value is null, or of a change event of a delete. Needs pk.mode=record_key.",
     .field = F(delete_enabled)},
    {.name = "truncate.enabled", .type = SL_CONFIG_BOOLEAN, .default_value = "false", .importance = SL_LOW, .group = WRITES,
     .doc = "Empty the table at a change event of a truncate.", .field = F(truncate_enabled)},
    {.name = "table.types", .type = SL_CONFIG_LIST, .default_value = "TABLE", .importance = SL_LOW, .group = WRITES,
     .recommended = "TABLE,PARTITIONED TABLE,VIEW", .doc = "What may be written to: TABLE, PARTITIONED TABLE, VIEW.",
     .field = F(table_types)},
    {.name = "replace.null.with.default", .type = SL_CONFIG_BOOLEAN, .default_value = "true", .importance = SL_LOW, .group = WRITES,
     .doc = "Write the default of a field's schema where the value is null.", .field = F(null_to_default)},
    {.name = "table.name.format", .type = SL_CONFIG_STRING, .default_value = "${topic}", .importance = SL_MEDIUM, .group = MAPPING,
     .aliases = "collection.name.format",
     .doc = "The table's name, with ${topic}, and ${source.schema}, ${source.table} and so on for change events. A dot separates schema "
            "and table.",
     .field = F(table_format)},
    {.name = "pk.mode", .type = SL_CONFIG_STRING, .default_value = "none", .importance = SL_HIGH, .group = MAPPING,
     .aliases = "primary.key.mode", .enums = jdbc_pk_modes,
     .doc = "Where the primary key comes from: none, kafka (topic, partition, offset), record_key or record_value.",
     .field = F(pk_mode)},
    {.name = "pk.fields", .type = SL_CONFIG_LIST, .default_value = "", .importance = SL_MEDIUM, .group = MAPPING,
     .aliases = "primary.key.fields",
     .doc = "The key's fields; empty means all. With pk.mode=kafka the three columns' names; with a primitive key the column's name.",
     .field = F(pk_fields)},
    {.name = "fields.whitelist", .type = SL_CONFIG_LIST, .default_value = "", .importance = SL_MEDIUM, .group = MAPPING,
     .doc = "The value's fields to write; empty means all. The key's fields do not depend on it.", .field = F(include)},
    {.name = "db.timezone", .type = SL_CONFIG_STRING, .default_value = "UTC", .importance = SL_MEDIUM, .group = MAPPING,
     .doc = "The time zone in which Connect timestamps become wall clock time: a name, or an offset like +02:00.",
     .field = F(time_zone)},
    {.name = "date.timezone", .type = SL_CONFIG_STRING, .default_value = "DB_TIMEZONE", .importance = SL_LOW, .group = MAPPING,
     .enums = date_zones, .doc = "The time zone for dates: DB_TIMEZONE (as db.timezone) or UTC.", .field = F(date_zone)},
    {.name = "timestamp.fields.list", .type = SL_CONFIG_LIST, .default_value = "", .importance = SL_MEDIUM, .group = MAPPING,
     .doc = "Fields of type INT64 or STRING that are timestamps.", .field = F(stamp_fields)},
    {.name = "timestamp.precision.mode", .type = SL_CONFIG_STRING, .default_value = "microseconds", .importance = SL_LOW,
     .group = MAPPING, .enums = precisions, .doc = "The unit of timestamp.fields.list: microseconds or nanoseconds.",
     .field = F(stamp_precision)},
    {.name = "date.calendar.system", .type = SL_CONFIG_STRING, .default_value = "LEGACY", .importance = SL_LOW, .group = MAPPING,
     .enums = calendars,
     .doc = "The calendar of dates before 1582-10-15: LEGACY (Julian, as older Java) or PROLEPTIC_GREGORIAN.", .field = F(calendar)},
    {.name = "string.output.value.column.name", .type = SL_CONFIG_STRING, .default_value = "record_value", .importance = SL_LOW,
     .group = MAPPING, .doc = "The column for records whose whole value is a string.", .field = F(string_column)},
    {.name = "auto.create", .type = SL_CONFIG_BOOLEAN, .default_value = "false", .importance = SL_MEDIUM, .group = DDL,
     .doc = "Create a missing table from the record's schema.", .field = F(auto_create)},
    {.name = "auto.evolve", .type = SL_CONFIG_BOOLEAN, .default_value = "false", .importance = SL_MEDIUM, .group = DDL,
     .doc = "Add missing columns (optional or with a default). Nothing is ever dropped or changed.", .field = F(auto_evolve)},
    {.name = "quote.sql.identifiers", .type = SL_CONFIG_STRING, .default_value = "ALWAYS", .importance = SL_MEDIUM, .group = DDL,
     .enums = quote_methods,
     .doc = "ALWAYS keeps names as they are; NEVER folds them to lower case as PostgreSQL does. Statements quote names either way.",
     .field = F(quote_method)},
    {.name = "mssql.use.merge.holdlock", .type = SL_CONFIG_BOOLEAN, .default_value = "true", .importance = SL_LOW, .group = "DML Support",
     .support = SL_WARNED, .doc = "For SQL Server only.", .remedy = "remove it; this sink does not write to SQL Server"},
    {.name = "trim.sensitive.log", .type = SL_CONFIG_BOOLEAN, .default_value = "false", .importance = SL_LOW, .support = SL_WARNED,
     .doc = "Leaves values out of the Java connector's log.", .remedy = "remove it; values are never logged"},
    {.name = "max.retries", .type = SL_CONFIG_INT, .default_value = "-1", .importance = SL_MEDIUM, .group = RETRIES, .has_min = true,
     .min = -1,
     .doc = "How often a batch that met an outage, a deadlock or the like is tried again before the task fails; -1: as long as it takes "
            "(the Java connector's default is 10).",
     .field = F(max_retries)},
    {.name = "retry.backoff.ms", .type = SL_CONFIG_LONG, .default_value = "3000", .importance = SL_MEDIUM, .group = RETRIES,
     NOT_NEGATIVE, .doc = "The least time between two tries, in milliseconds.", .field = F(retry_backoff_ms)},
    {.name = "use.reduction.buffer", .type = SL_CONFIG_BOOLEAN, .default_value = "true", .importance = SL_LOW, .group = OWN,
     .doc = "Write only the last of several changes to one row within a batch. The rows end up the same either way.",
     .field = F(reduce)},
    {.name = "unavailable.value.placeholder", .type = SL_CONFIG_STRING, .default_value = "__debezium_unavailable_value",
     .importance = SL_LOW, .group = OWN,
     .doc = "What a source writes for a value it did not get (unchanged TOAST): such a column keeps what it has. Empty: off.",
     .field = F(unavailable)},
    {.name = "exactly.once.enabled", .type = SL_CONFIG_BOOLEAN, .default_value = "false", .importance = SL_MEDIUM, .group = OWN,
     .dependents = "exactly.once.table",
     .doc = "Keep offsets in a table of the target, in the same transaction as the rows, and start from there.",
     .field = F(exactly_once)},
    {.name = "exactly.once.table", .type = SL_CONFIG_STRING, .default_value = "sluice_offsets", .importance = SL_LOW, .group = OWN,
     .doc = "The table for exactly.once.enabled; created when missing.", .field = F(exactly_once_table)},
    {.name = "statement.timeout.ms", .type = SL_CONFIG_INT, .default_value = "0", .importance = SL_LOW, .group = OWN, NOT_NEGATIVE,
     .doc = "PostgreSQL: a statement that runs longer is cancelled and tried again; 0: never.", .field = F(statement_timeout_ms)},
    {.name = "lock.timeout.ms", .type = SL_CONFIG_INT, .default_value = "0", .importance = SL_LOW, .group = OWN, NOT_NEGATIVE,
     .doc = "PostgreSQL: a statement that waits longer for a lock is cancelled and tried again; 0: never.", .field = F(lock_timeout_ms)},
};

static const char *const java_names[] = {"io.confluent.connect.jdbc.JdbcSinkConnector", NULL};

const sl_plugin_def jdbc_confluent_sink = {
    .struct_size = sizeof(sl_plugin_def),
    .kind = SL_KIND_SINK,
    .name = "jdbc-sink-confluent",
    .aliases = java_names,
    .version = "10.8.0",
    .doc = "Writes records and change events into tables of PostgreSQL or SQLite, with the settings of Confluent's JDBC sink.",
    .settings = rows,
    .nsettings = sizeof rows / sizeof rows[0],
    .settings_size = sizeof(jdbc_raw),
    .variant = JDBC_CONFLUENT,
    .sink = &jdbc_sink_ops,
};
