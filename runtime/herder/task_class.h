/*
 * task_class.h - the Java class of a connector's tasks, which Kafka Connect keeps in their configurations as
 * "task.class".
 *
 * Threads: pure function. Memory: results are static.
 */
#ifndef SLUICE_HERDER_TASK_CLASS_H
#define SLUICE_HERDER_TASK_CLASS_H

#include <sluice/plugin.h>

/* sl__task_class gives the class for a connector.class as the user wrote it: a Java class, its short form
   ("FileStreamSource") or Sluice's name. absent = the connector has no Java counterpart. */
sl_str sl__task_class(const sl_plugin_def *def, sl_str connector_class);

#endif
