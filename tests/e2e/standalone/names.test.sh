#!/bin/bash
# A host name whose look-up hangs, which no call can interrupt: stopping the worker takes seconds all the same, and nobody else waits.
# seconds: 90
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/worker.sh"

# a resolver that takes a minute for names that begin with slow
cat >"$dir/slow.c" <<'END'
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out) {
    static int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    if (node && strncmp(node, "slow", 4) == 0) {
        close(creat(getenv("SLOW_SEEN"), 0600));
        for (unsigned left = 60; left; left = sleep(left)) {
        }
        return EAI_AGAIN;
    }
    if (!next) {
        next = (int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **))dlsym(RTLD_NEXT, "getaddrinfo");
    }
    return next(node, service, hints, out);
}
END
${CC:-cc} -std=gnu11 -D_GNU_SOURCE -shared -fPIC -o "$dir/slow.so" "$dir/slow.c" -ldl
export LD_PRELOAD=$dir/slow.so SLOW_SEEN=$dir/seen

worker_properties "$dir/worker.properties"
seq 1 100 >"$dir/in"
cat >"$dir/cdc.properties" <<'END'
name=cdc
connector.class=postgres-cdc
database.hostname=slow.invalid
database.user=u
database.password=p
database.dbname=d
topic.prefix=slow
END
cat >"$dir/jdbc.properties" <<'END'
name=jdbc
connector.class=jdbc-sink
connection.url=jdbc:postgresql://slow.invalid/d
topics=lines
END
sink=$(sink_properties sink "$dir/out" lines)
source=$(source_properties source "$dir/in" lines)
worker_start "$dir/worker.properties" "$dir/cdc.properties" "$dir/jdbc.properties" "$source" "$sink"
wait_until 20 lines_are "$dir/out" 100 || fail "others wait for the name"
cdc_started() { state_is cdc RUNNING && state_is jdbc RUNNING; }
wait_until 10 cdc_started || fail "the connectors did not start"
wait_until 10 test -e "$SLOW_SEEN" || fail "no name was looked up"

# one connector is stopped while the others run on
began=$SECONDS
call PUT /connectors/jdbc/stop >/dev/null
seq 101 200 >>"$dir/in"
wait_until 10 lines_are "$dir/out" 200 || fail "others wait for a connector that is stopped"
log "others went on after $((SECONDS - began)) s"

# the worker ends: task.shutdown.graceful.timeout.ms is 5 s, of all tasks together; by its own clock
kill -TERM "$WORKER"
rc=$(worker_exit 20)
logged() { date -d "$(grep -m 1 "sluice: $1" "$dir/worker.log" | cut -d ' ' -f 1)" +%s%3N; }
took=$(($(logged stopped) - $(logged 'SIGTERM: stopping')))
log "the worker ended after $took ms with exit code $rc"
[ "$took" -le 8000 ] || fail "expected the end within 8 s, took $took ms"
grep -qE 'cdc-0.*(did not stop|abandon|given up)|(did not stop|abandon|given up).*cdc' "$dir/worker.log" || {
    show_log worker "$dir"
    fail "the log does not name the task that did not stop"
}
