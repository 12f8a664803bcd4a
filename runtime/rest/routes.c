/*
 * routes.c - the table of what is served; the OpenAPI description is made from it, too.
 */
#include "rest/request.h"

#define ROUTE(m, p, f, ...)                                                                                  \
    { .method = m, .pattern = p, .run = f, __VA_ARGS__ }
/* What only some rows have. */
#define SUCCESS(n) .success = (n)
#define BODY(schema) .body = (schema)
#define ANSWER(schema) .answer = (schema)
#define PARAMS(names) .params = (names)
#define DOC(text) .summary = (text)

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

const sl__route sl__routes[] = {
    ROUTE("GET", "/", sl__rest_root, DOC("The worker's version and its Kafka cluster"), ANSWER("ServerInfo")),
    ROUTE("GET", "/health", sl__rest_health, DOC("Whether the worker serves requests"),
          ANSWER("WorkerStatus")),
    ROUTE("GET", "/connectors", sl__rest_connectors, DOC("The names of all connectors, or more with expand"),
          PARAMS("expand"), ANSWER("Connectors")),
    ROUTE("POST", "/connectors", sl__rest_create, DOC("Make a connector"), BODY("CreateConnectorRequest"),
          SUCCESS(201), ANSWER("ConnectorInfo")),
    ROUTE("GET", "/connectors/{connector}", sl__rest_connector, DOC("A connector's configuration and tasks"),
          ANSWER("ConnectorInfo")),
    ROUTE("DELETE", "/connectors/{connector}", sl__rest_delete, DOC("Stop and delete a connector"),
          SUCCESS(204)),
    ROUTE("GET", "/connectors/{connector}/config", sl__rest_connector_config, DOC("A connector's settings"),
          ANSWER("Settings")),
    ROUTE("PUT", "/connectors/{connector}/config", sl__rest_put_config,
          DOC("Make a connector, or replace its settings"), BODY("Settings"), ANSWER("ConnectorInfo"),
          .may_create = true),
    ROUTE("PATCH", "/connectors/{connector}/config", sl__rest_patch_config,
          DOC("Change some of a connector's settings; null takes one away"), BODY("SettingsPatch"),
          ANSWER("ConnectorInfo")),
    ROUTE("GET", "/connectors/{connector}/status", sl__rest_connector_status,
          DOC("The state of a connector and its tasks"), ANSWER("ConnectorStateInfo")),
    ROUTE("GET", "/connectors/{connector}/offsets", sl__rest_offsets, DOC("A connector's offsets"),
          ANSWER("ConnectorOffsets")),
    ROUTE("PATCH", "/connectors/{connector}/offsets", sl__rest_alter_offsets,
          DOC("Set offsets of a stopped connector; null forgets one"), BODY("ConnectorOffsets"),
          ANSWER("Message")),
    ROUTE("DELETE", "/connectors/{connector}/offsets", sl__rest_reset_offsets,
          DOC("Forget all offsets of a stopped connector"), ANSWER("Message")),
    ROUTE("GET", "/connectors/{connector}/topics", sl__rest_topics,
          DOC("The topics that a connector has used since the last reset"), ANSWER("ActiveTopics")),
    ROUTE("PUT", "/connectors/{connector}/topics/reset", sl__rest_reset_topics,
          DOC("Forget which topics a connector has used"), SUCCESS(202)),
    ROUTE("GET", "/connectors/{connector}/tasks", sl__rest_tasks,
          DOC("The configurations of a connector's tasks"), ANSWER("TaskInfos")),
    ROUTE("POST", "/connectors/{connector}/tasks", sl__rest_put_tasks,
          DOC("For other workers only: task configurations"), SUCCESS(204), .internal = true),
    ROUTE("PUT", "/connectors/{connector}/fence", sl__rest_fence,
          DOC("For other workers only: fence earlier tasks"), SUCCESS(204), .internal = true),
    ROUTE("GET", "/connectors/{connector}/tasks/{task}/status", sl__rest_task_status,
          DOC("The state of a task"), ANSWER("TaskState")),
    ROUTE("PUT", "/connectors/{connector}/pause", sl__rest_pause,
          DOC("Pause a connector; its tasks stay where they are"), SUCCESS(202)),
    ROUTE("PUT", "/connectors/{connector}/resume", sl__rest_resume,
          DOC("Let a paused or stopped connector run"), SUCCESS(202)),
    ROUTE("PUT", "/connectors/{connector}/stop", sl__rest_stop, DOC("Stop a connector; its tasks end"),
          SUCCESS(204)),
    ROUTE("POST", "/connectors/{connector}/restart", sl__rest_restart,
          DOC("Restart a connector, and with includeTasks its tasks"), PARAMS("includeTasks,onlyFailed"),
          SUCCESS(204), ANSWER("ConnectorStateInfo"), .may_accept = true),
    ROUTE("POST", "/connectors/{connector}/tasks/{task}/restart", sl__rest_restart_task,
          DOC("Restart a task"), SUCCESS(204)),
    ROUTE("GET", "/connector-plugins", sl__rest_plugins, DOC("The plugins that there are"),
          PARAMS("connectorsOnly"), ANSWER("PluginInfos")),
    ROUTE("GET", "/connector-plugins/{plugin}/config", sl__rest_plugin_config,
          DOC("The settings of a plugin"), ANSWER("ConfigKeyInfos")),
    ROUTE("PUT", "/connector-plugins/{plugin}/config/validate", sl__rest_validate,
          DOC("Check a configuration without using it"), BODY("Settings"), ANSWER("ConfigInfos"),
          .reads = true),
    ROUTE("GET", "/admin/loggers", sl__rest_loggers, DOC("The loggers that have a level of their own"),
          ANSWER("LoggerLevels"), .admin = true),
    ROUTE("GET", "/admin/loggers/{logger}", sl__rest_logger, DOC("The level of a logger"),
          ANSWER("LoggerLevel"), .admin = true),
    ROUTE("PUT", "/admin/loggers/{logger}", sl__rest_set_logger, DOC("Set the level of a logger"),
          PARAMS("scope"), BODY("SetLevel"), ANSWER("LoggerNames"), .admin = true, .may_be_empty = true),
    ROUTE("GET", "/metrics", sl__rest_metrics, DOC("Metrics in Prometheus's text format"),
          .media = "text/plain"),
    ROUTE("GET", "/openapi.json", sl__rest_openapi, DOC("This description"), ANSWER("Anything")),
};

#pragma GCC diagnostic pop

const size_t sl__nroutes = sizeof sl__routes / sizeof sl__routes[0];
