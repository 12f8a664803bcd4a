/*
 * java_key.h - keys of rows as Debezium keeps them in source offsets: a Java array of objects, in Java's
 * serialized form, in hexadecimal.
 *
 * A key is kept here as text, one for each column, as the database writes it, with the Java class that the
 * JDBC driver has for the column. Not for: other Java objects; a class that is not known is an error.
 *
 * Threads: none of its own. Memory: results are in the arena.
 */
#ifndef CDC_JAVA_KEY_H
#define CDC_JAVA_KEY_H

#include <sluice/error.h>
#include <sluice/memory.h>

typedef enum cdc_java_class {
    CDC_JAVA_STRING,
    CDC_JAVA_INTEGER,
    CDC_JAVA_LONG,
    CDC_JAVA_SHORT,
    CDC_JAVA_BOOLEAN,
    CDC_JAVA_FLOAT,
    CDC_JAVA_DOUBLE,
    CDC_JAVA_UUID,
    CDC_JAVA_DECIMAL, /* java.math.BigDecimal */
} cdc_java_class;

typedef struct cdc_key_part {
    sl_str text; /* absent = null */
    cdc_java_class cls;
} cdc_key_part;

/* cdc_java_write gives the key as hexadecimal digits; parts NULL = Java's null. A text that does not fit its
 * class is written as a String. SL_STR_NONE when out of memory. */
sl_str cdc_java_write(const cdc_key_part *parts, size_t n, sl_arena *a);

/* cdc_java_read reads such digits; *parts NULL for Java's null. USER error: they are no such key. */
SL_MUST_CHECK sl_error *cdc_java_read(sl_str hex, sl_arena *a, cdc_key_part **parts, size_t *n);

#endif
