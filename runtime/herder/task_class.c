/*
 * task_class.c - see task_class.h.
 */
#include "herder/task_class.h"

static const struct {
    const char *connector;
    const char *task;
} classes[] = {
    {"org.apache.kafka.connect.file.FileStreamSourceConnector",
     "org.apache.kafka.connect.file.FileStreamSourceTask"},
    {"org.apache.kafka.connect.file.FileStreamSinkConnector",
     "org.apache.kafka.connect.file.FileStreamSinkTask"},
    {"io.debezium.connector.postgresql.PostgresConnector",
     "io.debezium.connector.postgresql.PostgresConnectorTask"},
    {"io.debezium.connector.mysql.MySqlConnector", "io.debezium.connector.mysql.MySqlConnectorTask"},
    {"io.debezium.connector.mariadb.MariaDbConnector", "io.debezium.connector.mariadb.MariaDbConnectorTask"},
    {"io.debezium.connector.jdbc.JdbcSinkConnector", "io.debezium.connector.jdbc.JdbcSinkConnectorTask"},
    {"io.confluent.connect.jdbc.JdbcSinkConnector", "io.confluent.connect.jdbc.sink.JdbcSinkTask"},
    {"io.confluent.connect.jdbc.JdbcSourceConnector", "io.confluent.connect.jdbc.source.JdbcSourceTask"},
    {"io.confluent.connect.elasticsearch.ElasticsearchSinkConnector",
     "io.confluent.connect.elasticsearch.ElasticsearchSinkTask"},
};

static sl_str task_of(sl_str connector) {
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (sl_str_eqz(connector, classes[i].connector)) {
            return sl_str_of(classes[i].task);
        }
    }
    return SL_STR_NONE;
}

sl_str sl__task_class(const sl_plugin_def *def, sl_str connector_class) {
    sl_str found = task_of(sl_str_trim(connector_class));
    for (size_t i = 0; def && !found.p && def->aliases && def->aliases[i]; i++) {
        found = task_of(sl_str_of(def->aliases[i]));
    }
    return found;
}
