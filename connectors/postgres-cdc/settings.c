/*
 * settings.c - the table of the PostgreSQL source's settings (names and defaults of Debezium 3.5).
 */
#include "settings.h"

static const sl_config_enum snapshot_modes[] = {{"always", PG_SNAPSHOT_ALWAYS},
                                                {"initial", PG_SNAPSHOT_INITIAL},
                                                {"initial_only", PG_SNAPSHOT_INITIAL_ONLY},
                                                {"no_data", PG_SNAPSHOT_NO_DATA},
                                                {"never", PG_SNAPSHOT_NO_DATA},
                                                {"when_needed", PG_SNAPSHOT_WHEN_NEEDED},
                                                {"configuration_based", PG_SNAPSHOT_CONFIGURED},
                                                {NULL, 0}};
static const sl_config_enum autocreate_modes[] = {{"all_tables", PG_PUB_ALL_TABLES},
                                                  {"disabled", PG_PUB_DISABLED},
                                                  {"filtered", PG_PUB_FILTERED},
                                                  {"no_tables", PG_PUB_NO_TABLES},
                                                  {NULL, 0}};
static const sl_config_enum flush_modes[] = {
    {"connector", PG_FLUSH_CONNECTOR}, {"manual", PG_FLUSH_MANUAL}, {"connector_and_driver", PG_FLUSH_BOTH}, {NULL, 0}};
static const sl_config_enum locking_modes[] = {{"none", PG_LOCK_NONE}, {"shared", PG_LOCK_SHARED}, {NULL, 0}};
static const sl_config_enum mismatch_modes[] = {{"no_validation", PG_TRUST_NOTHING},
                                                {"trust_offset", PG_TRUST_OFFSET},
                                                {"trust_slot", PG_TRUST_SLOT},
                                                {"trust_greater_lsn", PG_TRUST_GREATER},
                                                {NULL, 0}};
static const sl_config_enum hstore_modes[] = {{"json", PG_HSTORE_JSON}, {"map", PG_HSTORE_MAP}, {NULL, 0}};
static const sl_config_enum interval_modes[] = {{"numeric", PG_INTERVAL_NUMERIC}, {"string", PG_INTERVAL_STRING}, {NULL, 0}};
static const sl_config_enum plugin_names[] = {{"pgoutput", 0}, {NULL, 0}};
static const sl_config_enum isolation_modes[] = {
    {"serializable", 0}, {"repeatable_read", 0}, {"read_committed", 0}, {"read_uncommitted", 0}, {NULL, 0}};
static const sl_config_enum query_modes[] = {{"select_all", 0}, {NULL, 0}};

static const char *check_slot(const sl_config_row *row, sl_str v, sl_arena *a) {
    (void)row;
    (void)a;
    bool fine = v.n > 0 && v.n < 64;
    for (size_t i = 0; fine && i < v.n; i++) {
        char c = v.p[i];
        fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    }
    return fine ? NULL : "expected at most 63 lower-case letters, digits and '_'";
}

static const char *check_stream_params(const sl_config_row *row, sl_str v, sl_arena *a) {
    (void)row;
    (void)a;
    sl_str part;
    while (v.n && sl_str_next(&v, ';', &part)) {
        part = sl_str_trim(part);
        if (part.n && (sl_str_find(part, '=') == 0 || sl_str_find(part, '=') == part.n)) {
            return "expected name=value and more such parts separated by ';'";
        }
    }
    return NULL;
}

#define F(x) SL_FIELD(pg_settings, x)
#define REFUSED(key, what, remedy_text) CDC_REFUSED_ROW(key, SL_CONFIG_STRING, what, remedy_text)
#define WARNED(key, what, remedy_text) CDC_WARNED_ROW(key, SL_CONFIG_STRING, what, remedy_text)

const sl_config_row pg_settings_rows[PG_SETTINGS_COUNT] = {
    {.name = "database.hostname", .type = SL_CONFIG_STRING, .required = true, .importance = SL_HIGH, .group = "Connection",
     .doc = "Host name or address of the server, or the folder of its socket.", .field = F(host)},
    {.name = "database.port", .type = SL_CONFIG_INT, .default_value = "5432", .importance = SL_HIGH, .group = "Connection",
     .doc = "Port of the server.", .has_min = true, .min = 1, .has_max = true, .max = 65535, .field = F(port)},
    {.name = "database.user", .type = SL_CONFIG_STRING, .required = true, .importance = SL_HIGH, .group = "Connection",
     .doc = "User to connect as: with LOGIN and REPLICATION, and SELECT on the captured tables.", .field = F(user)},
    {.name = "database.password", .type = SL_CONFIG_PASSWORD, .importance = SL_HIGH, .group = "Connection",
     .doc = "Its password.", .field = F(password)},
    {.name = "database.dbname", .type = SL_CONFIG_STRING, .required = true, .importance = SL_HIGH, .group = "Connection",
     .doc = "Database to capture.", .field = F(dbname)},
    {.name = "database.sslmode", .type = SL_CONFIG_STRING, .default_value = "prefer", .importance = SL_MEDIUM,
     .group = "Connection", .doc = "Whether and how the connection is encrypted.",
     .recommended = "disable,allow,prefer,require,verify-ca,verify-full", .field = F(sslmode)},
    {.name = "database.sslcert", .type = SL_CONFIG_STRING, .importance = SL_MEDIUM, .group = "Connection",
     .doc = "File of the client's certificate (PEM).", .field = F(sslcert)},
    {.name = "database.sslkey", .type = SL_CONFIG_STRING, .importance = SL_MEDIUM, .group = "Connection",
     .doc = "File of the client's key (PEM).", .field = F(sslkey)},
    {.name = "database.sslpassword", .type = SL_CONFIG_PASSWORD, .importance = SL_MEDIUM, .group = "Connection",
     .doc = "Password of that key.", .field = F(sslpassword)},
    {.name = "database.sslrootcert", .type = SL_CONFIG_STRING, .importance = SL_MEDIUM, .group = "Connection",
     .doc = "File of the root certificates (PEM).", .field = F(sslrootcert)},
    REFUSED("database.sslfactory", "A Java class.", "Java classes cannot be loaded: use database.sslrootcert and database.sslmode"),
    {.name = "database.initial.statements", .type = SL_CONFIG_STRING, .importance = SL_LOW, .group = "Connection",
     .doc = "Statements, separated by ';', to execute on every connection that is not for replication (';;' is a semicolon).",
     .field = F(on_connect)},
    {.name = "database.tcpKeepAlive", .type = SL_CONFIG_BOOLEAN, .default_value = "true", .importance = SL_LOW,
     .group = "Connection", .doc = "Whether the kernel probes an idle connection.", .field = F(tcp_keepalive)},
    {.name = "database.connection.timeout.ms", .type = SL_CONFIG_LONG, .default_value = "30000", .importance = SL_LOW,
     .group = "Connection", .doc = "Longest wait for a connection.", .has_min = true, .min = 100, .field = F(connect_timeout_ms)},
    WARNED("database.query.timeout.ms", "Time limit of queries.", "only snapshot.lock.timeout.ms limits a query here; set statement_timeout for the user"),
    {.name = "plugin.name", .type = SL_CONFIG_STRING, .default_value = "pgoutput", .importance = SL_MEDIUM, .group = "Replication",
     .doc = "The server's output plugin: pgoutput, which every PostgreSQL since 10 has.", .enums = plugin_names},
    {.name = "slot.name", .type = SL_CONFIG_STRING, .default_value = "debezium", .importance = SL_MEDIUM, .group = "Replication",
     .doc = "Replication slot; created when it is not there. One for each source.", .check = check_slot, .field = F(slot)},
    {.name = "slot.drop.on.stop", .type = SL_CONFIG_BOOLEAN, .default_value = "false", .importance = SL_MEDIUM,
     .group = "Replication", .doc = "Drop the slot when the task stops: changes made while it is stopped are lost then. For tests.",
     .field = F(drop_slot)},
    {.name = "slot.failover", .type = SL_CONFIG_BOOLEAN, .default_value = "false", .importance = SL_MEDIUM, .group = "Replication",
     .doc = "Create the slot so that it is synchronized to standbys (PostgreSQL 17 and later).", .field = F(failover_slot)},
    {.name = "slot.stream.params", .type = SL_CONFIG_STRING, .importance = SL_LOW, .group = "Replication",
     .doc = "More options of the output plugin: name=value;...", .check = check_stream_params, .field = F(stream_params)},
    {.name = "slot.max.retries", .type = SL_CONFIG_INT, .default_value = "6", .importance = SL_LOW, .group = "Replication",
     .doc = "How often to try again when the slot is in use.", .has_min = true, .min = 0, .field = F(slot_retries)},
    {.name = "slot.retry.delay.ms", .type = SL_CONFIG_LONG, .default_value = "10000", .importance = SL_LOW, .group = "Replication",
     .doc = "Wait between these tries.", .has_min = true, .min = 0, .field = F(slot_retry_ms)},
    WARNED("create.slot.command.timeout", "Time limit of slot creation.", "creating a slot waits for running transactions to end, and ends with the task's stop"),
    REFUSED("slot.seek.to.known.offset.on.start", "Internal.", "use offset.mismatch.strategy"),
    {.name = "publication.name", .type = SL_CONFIG_STRING, .default_value = "dbz_publication", .importance = SL_MEDIUM,
     .group = "Replication", .doc = "Publication to read.", .field = F(publication)},
    {.name = "publication.autocreate.mode", .type = SL_CONFIG_STRING, .default_value = "all_tables", .importance = SL_MEDIUM,
     .group = "Replication", .doc = "How a missing publication is made: for all tables, for the captured ones (and kept so), for none, or not at all.",
     .enums = autocreate_modes, .field = F(autocreate)},
    {.name = "publish.via.partition.root", .type = SL_CONFIG_BOOLEAN, .default_value = "false", .importance = SL_LOW,
     .group = "Replication", .doc = "Create the publication so that changes of partitions come as their root table's.",
     .field = F(via_root)},
    {.name = "replica.identity.autoset.values", .type = SL_CONFIG_STRING, .importance = SL_MEDIUM, .group = "Replication",
     .doc = "Replica identities to set at start: schema.table:FULL,schema.table:INDEX name,...", .field = F(replica_identity)},
    {.name = "snapshot.mode", .type = SL_CONFIG_STRING, .default_value = "initial", .importance = SL_MEDIUM, .group = "Snapshot",
     .doc = "When the rows that are already there are read.", .enums = snapshot_modes, .field = F(snapshot_mode)},
    {.name = "snapshot.mode.configuration.based.snapshot.data", .type = SL_CONFIG_BOOLEAN, .default_value = "false",
     .importance = SL_LOW, .group = "Snapshot", .doc = "With snapshot.mode=configuration_based: read rows when there is no offset.",
     .field = F(conf_data)},
    {.name = "snapshot.mode.configuration.based.snapshot.schema", .type = SL_CONFIG_BOOLEAN, .default_value = "false",
     .importance = SL_LOW, .group = "Snapshot", .doc = "Of no effect: the schema is read whenever it is needed.", .field = F(conf_schema)},
    {.name = "snapshot.mode.configuration.based.start.stream", .type = SL_CONFIG_BOOLEAN, .default_value = "false",
     .importance = SL_LOW, .group = "Snapshot", .doc = "With snapshot.mode=configuration_based: stream changes afterwards.",
     .field = F(conf_stream)},
    REFUSED("snapshot.mode.configuration.based.snapshot.on.schema.error", "For databases with a schema history.", "remove it: this source has no schema history"),
    REFUSED("snapshot.mode.configuration.based.snapshot.on.data.error", "Snapshot when the log is gone.", "use snapshot.mode=when_needed"),
    {.name = "snapshot.isolation.mode", .type = SL_CONFIG_STRING, .default_value = "serializable", .importance = SL_LOW,
     .group = "Snapshot", .doc = "All of them give the same here: one snapshot, exported by the slot, in which all tables are read.",
     .enums = isolation_modes},
    {.name = "snapshot.locking.mode", .type = SL_CONFIG_STRING, .default_value = "none", .importance = SL_LOW, .group = "Snapshot",
     .doc = "shared: take ACCESS SHARE locks first, so that the tables' shapes cannot change.", .enums = locking_modes, .field = F(locking)},
    {.name = "snapshot.lock.timeout.ms", .type = SL_CONFIG_LONG, .default_value = "10000", .importance = SL_MEDIUM,
     .group = "Snapshot", .doc = "Longest wait for such a lock.", .has_min = true, .min = 0, .field = F(lock_timeout_ms)},
    {.name = "snapshot.query.mode", .type = SL_CONFIG_STRING, .default_value = "select_all", .importance = SL_LOW,
     .group = "Snapshot", .doc = "All columns are read.", .enums = query_modes},
    {.name = "status.update.interval.ms", .type = SL_CONFIG_LONG, .default_value = "10000", .importance = SL_LOW,
     .group = "Replication", .doc = "How often the server is told how far we are.", .has_min = true, .min = 100, .field = F(status_ms)},
    {.name = "lsn.flush.mode", .type = SL_CONFIG_STRING, .default_value = "connector", .importance = SL_LOW, .group = "Replication",
     .doc = "Who confirms positions to the slot: the connector once they are stored, or somebody else (manual).",
     .enums = flush_modes, .field = F(flush_mode)},
    {.name = "flush.lsn.source", .type = SL_CONFIG_BOOLEAN, .default_value = "true", .importance = SL_LOW, .group = "Replication",
     .doc = "false: never confirm positions, as lsn.flush.mode=manual.", .field = F(flush_lsn)},
    WARNED("lsn.flush.timeout.ms", "Time limit of a confirmation.", "confirming does not wait"),
    WARNED("lsn.flush.timeout.action", "What to do at that limit.", "confirming does not wait"),
    {.name = "offset.mismatch.strategy", .type = SL_CONFIG_STRING, .default_value = "no_validation", .importance = SL_LOW,
     .group = "Replication", .doc = "What to do when slot and stored offset differ at start.", .enums = mismatch_modes,
     .field = F(mismatch)},
    {.name = "xmin.fetch.interval.ms", .type = SL_CONFIG_LONG, .default_value = "0", .importance = SL_LOW, .group = "Replication",
     .doc = "How often the slot's xmin is read for the source block; 0: never.", .has_min = true, .min = 0, .field = F(xmin_ms)},
    {.name = "hstore.handling.mode", .type = SL_CONFIG_STRING, .default_value = "json", .importance = SL_LOW, .group = "Types",
     .doc = "How hstore arrives.", .enums = hstore_modes, .field = F(hstore_mode)},
    {.name = "interval.handling.mode", .type = SL_CONFIG_STRING, .default_value = "numeric", .importance = SL_LOW, .group = "Types",
     .doc = "How interval arrives: microseconds, or ISO 8601 text.", .enums = interval_modes, .field = F(interval_mode)},
    {.name = "money.fraction.digits", .type = SL_CONFIG_INT, .default_value = "2", .importance = SL_LOW, .group = "Types",
     .doc = "Digits after the point of money.", .has_min = true, .min = 0, .has_max = true, .max = 18, .field = F(money_digits)},
    {.name = "include.unknown.datatypes", .type = SL_CONFIG_BOOLEAN, .default_value = "false", .importance = SL_MEDIUM,
     .group = "Types", .doc = "Whether columns of types that have no form of their own arrive as the bytes of their text.",
     .field = F(unknown_types)},
    {.name = "message.prefix.include.list", .type = SL_CONFIG_STRING, .importance = SL_MEDIUM, .group = "Filters",
     .doc = "Prefixes of logical messages to capture.", .check = cdc_check_patterns, .field = F(message_include)},
    {.name = "message.prefix.exclude.list", .type = SL_CONFIG_STRING, .importance = SL_MEDIUM, .group = "Filters",
     .doc = "Prefixes of logical messages not to capture.", .check = cdc_check_patterns, .field = F(message_exclude)},
    WARNED("schema.refresh.mode", "When schemas are read again.", "a schema is read again whenever the server says that it changed"),
    WARNED("read.only", "For signals.", "this source writes nothing to the database but its slot and publication"),
    CDC_REFUSED_PATTERN("database.authentication.*", "Logging in with a cloud provider's tokens.", "use database.password with a config provider"),
    CDC_CONFIG_ROWS(pg_settings, cdc),
};
