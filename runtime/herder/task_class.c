/*
 * task_class.c - see task_class.h.
 */
#include "herder/task_class.h"

static const struct {
    const char *connector;
    const char *task;
    bool numbered;
} classes[] = {
    {"org.apache.kafka.connect.file.FileStreamSourceConnector",
     "org.apache.kafka.connect.file.FileStreamSourceTask", false},
    {"org.apache.kafka.connect.file.FileStreamSinkConnector",
     "org.apache.kafka.connect.file.FileStreamSinkTask", false},
    {"io.debezium.connector.postgresql.PostgresConnector",
     "io.debezium.connector.postgresql.PostgresConnectorTask", false},
    {"io.debezium.connector.mysql.MySqlConnector", "io.debezium.connector.mysql.MySqlConnectorTask", false},
    {"io.debezium.connector.mariadb.MariaDbConnector", "io.debezium.connector.mariadb.MariaDbConnectorTask",
     false},
    {"io.debezium.connector.jdbc.JdbcSinkConnector", "io.debezium.connector.jdbc.JdbcSinkConnectorTask",
     true},
    {"io.confluent.connect.jdbc.JdbcSinkConnector", "io.confluent.connect.jdbc.sink.JdbcSinkTask", false},
    {"io.confluent.connect.jdbc.JdbcSourceConnector", "io.confluent.connect.jdbc.source.JdbcSourceTask",
     false},
    {"io.confluent.connect.elasticsearch.ElasticsearchSinkConnector",
     "io.confluent.connect.elasticsearch.ElasticsearchSinkTask", false},
};

static bool task_of(sl_str connector, sl__java_task *out) {
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (sl_str_eqz(connector, classes[i].connector)) {
            *out = (sl__java_task){.task_class = sl_str_of(classes[i].task), .numbered = classes[i].numbered};
            return true;
        }
    }
    return false;
}

bool sl__java_task_of(const sl_plugin_def *def, sl_str connector_class, sl__java_task *out) {
    bool found = task_of(sl_str_trim(connector_class), out);
    for (size_t i = 0; def && !found && def->aliases && def->aliases[i]; i++) {
        found = task_of(sl_str_of(def->aliases[i]), out);
    }
    return found;
}
