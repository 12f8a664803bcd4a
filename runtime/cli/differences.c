/*
 * differences.c - the documented differences between Sluice's plugins and their Java counterparts, as far as
 * a configuration shows them. docs/differences.md has all of them.
 */
#include "cli/preflight.h"

#define EVENTS "docs/differences.md#events-debezium"
#define CONVERTERS "docs/differences.md#converters"
#define TRANSFORMS "docs/differences.md#transforms"
#define SOURCE(on, is, what)                                                                                 \
    {                                                                                                        \
        .kind = SL_KIND_SOURCE, .plugin = "postgres-cdc", .key = on, .value = is, .text = what,              \
        .where = EVENTS                                                                                      \
    }
#define TRANSFORM(name, what)                                                                                \
    { .kind = SL_KIND_TRANSFORM, .plugin = name, .text = what, .where = TRANSFORMS }

const sl__pf_difference sl__pf_differences[] = {
    SOURCE(
        NULL, NULL,
        "events of some kinds of values; a snapshot that is cut goes on where it was, rather than from the "
        "start"),
    SOURCE("include.schema.comments", "true",
           "columns' comments are read; Debezium's PostgreSQL connector does not"),
    SOURCE("snapshot.tables.order.by.row.count", NULL,
           "snapshots take tables in that order; Debezium's PostgreSQL connector does not"),
    SOURCE("include.unknown.datatypes", "true",
           "values of types that Debezium does not know arrive as the server's text in snapshots as well"),
    SOURCE("provide.transaction.metadata", "true",
           "data_collections are in the order of the first events, without an entry for logical messages"),
    SOURCE("notification.enabled.channels", NULL,
           "that a snapshot was ABORTED is told when the next one begins, not when the task ends"),
    SOURCE("read.only", "true",
           "an incremental snapshot goes on without waiting for another transaction or a heartbeat"),
    {.kind = SL_KIND_CONVERTER,
     .plugin = "json",
     .only = SL_KIND_SINK,
     .limited = true,
     .text = "JSON whose values do not have the type that its schema says is an error, not 0 or null",
     .where = CONVERTERS},
    {.kind = SL_KIND_CONVERTER,
     .plugin = "string",
     .only = SL_KIND_SOURCE,
     .limited = true,
     .text = "bytes as text are what they hold, not a Java object's address",
     .where = CONVERTERS},
    {.kind = SL_KIND_HEADER_CONVERTER,
     .plugin = "simple",
     .text = "headers keep digits, days and what stands behind a value, where Kafka Connect loses them",
     .where = CONVERTERS},
    TRANSFORM("cast-key", "a struct's default value is cast as well"),
    TRANSFORM("cast-value", "a struct's default value is cast as well"),
    TRANSFORM("mask-field-key", "a masked Decimal keeps its scale"),
    TRANSFORM("mask-field-value", "a masked Decimal keeps its scale"),
    TRANSFORM("set-schema-metadata-key", "works on schemas that are no struct, too"),
    TRANSFORM("set-schema-metadata-value", "works on schemas that are no struct, too"),
    TRANSFORM("insert-header", "lists and maps in a header keep the types of what is in them"),
    TRANSFORM("timestamp-converter-key",
              "a Date or Time without a schema is a number of days or milliseconds"),
    TRANSFORM("timestamp-converter-value",
              "a Date or Time without a schema is a number of days or milliseconds"),
    TRANSFORM("timestamp-router", "a pattern that is none is refused at once, not at the first record"),
    TRANSFORM("regex-router", "a replacement that cannot work is refused at once, not at the first match"),
    {.kind = SL_KIND_TRANSFORM,
     .plugin = "extract-new-record-state",
     .key = "drop.fields.header.name",
     .text = "a record without such a header passes, a header that is no list of names is an error",
     .where = TRANSFORMS},
};

const size_t sl__pf_ndifferences = sizeof sl__pf_differences / sizeof sl__pf_differences[0];
