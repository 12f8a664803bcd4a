/*
 * pg_write.h - rows to PostgreSQL: whole batches as arrays, unnested on the server.
 *
 * What a column is sent as is chosen once per shape (bind); a statement's text is made once per shape and
 * kept with it.
 */
#ifndef JDBC_PG_WRITE_H
#define JDBC_PG_WRITE_H

#include "pg_conn.h"

/* jdbc_pg_bind sets render, wire and cast of a column from its kind and its target. */
void jdbc_pg_bind(jdbc_db *db, jdbc_col *col);
SL_MUST_CHECK sl_error *jdbc_pg_write(jdbc_db *db, jdbc_shape *shape, jdbc_op *const *ops, size_t n);
/* jdbc_pg_plain_array tells whether a column of an array type can hold it: no structs or maps inside. */
bool jdbc_pg_plain_array(const sl_schema *array);
void jdbc_pg_shape_free(jdbc_shape *shape);

#endif
