/*
 * task_class.h - what Kafka Connect's task configurations hold beside the connector's: the Java class of its
 * tasks as "task.class", and with some connectors the task's number as "task.id".
 *
 * Threads: pure function. Memory: results are static.
 */
#ifndef SLUICE_HERDER_TASK_CLASS_H
#define SLUICE_HERDER_TASK_CLASS_H

#include <sluice/plugin.h>

typedef struct sl__java_task {
    sl_str task_class;
    bool numbered; /* has task.id */
} sl__java_task;

/* sl__java_task_of tells for a connector.class as the user wrote it: a Java class, its short form
   ("FileStreamSource") or Sluice's name. False = the connector has no Java counterpart. */
bool sl__java_task_of(const sl_plugin_def *def, sl_str connector_class, sl__java_task *out);

#endif
