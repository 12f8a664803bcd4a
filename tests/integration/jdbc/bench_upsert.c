/*
 * bench_upsert.c - how long the sink takes for N rows into PostgreSQL, beside COPY of the same rows.
 *
 * Usage: bench_upsert [rows] [records a put] [upsert|insert] [extra key=value ...]; the server from PGHOST,
 * PGPORT, PGUSER, PGDATABASE. Prints one line for the sink and one for COPY, each the time until the rows are
 * committed.
 */
#include "../../unit/jdbc/bed.h"

#include <libpq-fe.h>
#include <sys/resource.h>
#include <time.h>

bed_database bed_db;

static double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static PGconn *pg;

static void run(const char *sql) {
    PGresult *res = PQexec(pg, sql);
    if (PQresultStatus(res) == PGRES_FATAL_ERROR) {
        (void)fprintf(stderr, "%s: %s\n", sql, PQerrorMessage(pg));
        exit(1);
    }
    PQclear(res);
}

static void copy_rows(long rows) {
    char line[200];
    run("TRUNCATE bench_rows");
    double t = now();
    run("COPY bench_rows FROM STDIN");
    for (long i = 0; i < rows; i++) {
        int n = snprintf(
            line, sizeof line,
            "%ld\tcustomer number %ld\tsomeone.%ld@example.com\t%ld.50\t2024-05-06 07:08:09.123456\t%s\n", i,
            i, i, i % 1000, i % 2 ? "t" : "f");
        (void)PQputCopyData(pg, line, n);
    }
    (void)PQputCopyEnd(pg, NULL);
    PQclear(PQgetResult(pg));
    PQclear(PQgetResult(pg));
    printf("copy: %ld rows in %.3f s\n", rows, now() - t);
}

static void add_row(bed *b, const sl_schema *ks, const sl_schema *env, long i) {
    sl_arena *a = &bed_batch(b)->arena;
    static const unsigned char half[] = {0x05, 0xdc};
    sl_value row =
        bed_row(b, sl_int64(i), sl_string(sl_arena_printf(a, "customer number %ld", i)),
                sl_string(sl_arena_printf(a, "someone.%ld@example.com", i)),
                sl_bytes(sl_str_make((const char *)half, 2)), sl_int64(1714979289123456), sl_bool(i % 2));
    sl_value event = bed_row(b, sl_null(), row, bed_row(b, text("public"), text("bench_rows")), text("c"));
    (void)bed_add(b, "bench_rows", ks, bed_row(b, sl_int64(i)), env, event);
}

int main(int argc, char **argv) {
    long rows = argc > 1 ? strtol(argv[1], NULL, 10) : 200000,
         each = argc > 2 ? strtol(argv[2], NULL, 10) : 5000;
    const char *mode = argc > 3 ? argv[3] : "upsert";
    const char *pairs[32] = {"insert.mode", mode, "primary.key.mode", "record_key"};
    for (int i = 4; i < argc && i < 14; i++) {
        char *eq = strchr(argv[i], '=');
        if (eq) {
            *eq = 0;
            pairs[4 + (i - 4) * 2] = argv[i];
            pairs[5 + (i - 4) * 2] = eq + 1;
        }
    }
    pg = PQconnectdb("");
    run("DROP TABLE IF EXISTS bench_rows");
    run("CREATE TABLE bench_rows (id bigint PRIMARY KEY, name text, email text, amount numeric(10,2), at "
        "timestamp, flag boolean)");
    bed_db.url = "postgresql://";
    bed b;
    test_assert_ok(bed_start(&b, &jdbc_debezium_sink, pairs));
    const sl_schema *t = bed_type(&b, SL_STRING, true);
    const sl_schema *ks = bed_struct(&b, {"id", bed_type(&b, SL_INT64, false)});
    const sl_schema *row =
        bed_struct(&b, {"id", bed_type(&b, SL_INT64, false)}, {"name", t}, {"email", t},
                   {"amount", bed_param(&b, SL_BYTES, "org.apache.kafka.connect.data.Decimal", "scale", "2")},
                   {"at", bed_named(&b, SL_INT64, "io.debezium.time.MicroTimestamp")},
                   {"flag", bed_type(&b, SL_BOOL, true)});
    const sl_schema *env = bed_envelope(&b, row);
    double took = 0;
    for (int round = 0; round < 2; round++) {
        took = 0;
        for (long i = 0; i < rows;) {
            for (long k = 0; k < each && i < rows; k++) {
                add_row(&b, ks, env, i++);
            }
            double at = now();
            test_assert_ok(bed_try(&b));
            took += now() - at;
            bed_clear(&b);
        }
        struct rusage u;
        (void)getrusage(RUSAGE_SELF, &u);
        printf("%s %s: %ld rows in %.3f s, cpu of this process %.2f s, max rss %ld KB\n", mode,
               round ? "again" : "first", rows, took,
               (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6 + (double)u.ru_stime.tv_sec +
                   (double)u.ru_stime.tv_usec / 1e6,
               u.ru_maxrss);
        if (strcmp(mode, "insert") == 0) {
            break;
        }
    }
    bed_close(&b);
    copy_rows(rows);
    PQfinish(pg);
    return 0;
}
