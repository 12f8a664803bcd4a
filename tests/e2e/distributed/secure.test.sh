#!/bin/bash
# Workers that speak https to each other, with certificates of their own, users, and administration routes apart.
# seconds: 120
# beside others
# shellcheck source=tests/e2e/distributed/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"
tls=$dir/tls
mkdir -p "$tls"
# shellcheck source=tests/support/certificates.sh
. tests/support/certificates.sh
make_ca ca
make_ca strange
make_cert ca worker
make_cert ca client
make_cert strange stranger
cat "$tls/worker.key" "$tls/worker.crt" >"$tls/worker.pem"
cat "$tls/stranger.key" "$tls/stranger.crt" >"$tls/stranger.pem"
printf 'ann=secret\nbob=reader\n' >"$dir/users"

SCHEME=https CURL=(--cacert "$tls/ca.crt" --cert "$tls/client.crt" --key "$tls/client.key" -u ann:secret)
ADMIN=$(SL_PORT_FROM=26000 SL_PORT_TO=26999 free_port)
worker() { # worker N [KEY=VALUE...]
    worker_file "$1" "listeners.https.ssl.keystore.location=$tls/worker.pem" listeners.https.ssl.keystore.type=PEM \
        "listeners.https.ssl.truststore.location=$tls/ca.crt" listeners.https.ssl.truststore.type=PEM \
        listeners.https.ssl.client.auth=required "rest.auth.file=$dir/users" rest.auth.read.only.users=bob "${@:2}"
}
worker 1 "admin.listeners=" rest.advertised.host.name=localhost
worker 2 "admin.listeners=http://127.0.0.1:$ADMIN"
# the certificate of worker 3 is one that the others do not trust, though it trusts them
PLAIN=$(SL_PORT_FROM=27000 SL_PORT_TO=27999 free_port)
worker 3 "listeners=http://127.0.0.1:$PLAIN" "listeners.https.ssl.keystore.location=$tls/stranger.pem" rest.request.timeout.ms=3000
up 1
up 2

# ---- through the follower to the leader, whose https listener is the only one it has ----
[ "$(leader 1 2)" = 1 ] || fail "worker 1 does not lead"
: >"$dir/in-a"
kcat -b "$BOOTSTRAP" -t "$GROUP-config" -C -e -q | matches -F "https://localhost:$(port_of 1)/" || fail "worker 1 is not known by https"
expect 201 2 POST /connectors "$(file_source a)"
wait_until 20 placed 2 a || fail "a does not run: $(cat "$dir/answer")"
expect 202 2 PUT /connectors/a/pause
expect 202 2 PUT /connectors/a/resume

# ---- users: who may not at the follower does not get to the leader ----
as() { # as STATUS USER METHOD PATH
    local got
    got=$(curl -s -m 20 -o "$dir/answer" -w '%{http_code}' "${CURL[@]:0:6}" -u "$2" -X "$3" "https://$(id_of 2)$4")
    [ "$got" = "$1" ] || fail "$3 $4 as $2: expected $1, got $got $(cat "$dir/answer")"
}
as 401 ann:wrong PUT /connectors/a/pause
as 403 bob:reader PUT /connectors/a/pause
as 200 bob:reader GET /connectors/a/status
# what only workers may ask is known by its signature
as 400 nobody:x POST /connectors/a/tasks

# ---- administration routes apart: a level for the whole cluster is set where they are served, though the leader serves none ----
expect 404 2 PUT '/admin/loggers/conformance?scope=cluster' '{"level": "DEBUG"}'
got=$(curl -s -m 20 -o /dev/null -w '%{http_code}' -u ann:secret -X PUT -H 'Content-Type: application/json' -d '{"level": "TRACE"}' \
    "http://127.0.0.1:$ADMIN/admin/loggers/conformance?scope=cluster")
[ "$got" = 204 ] || fail "a level for the cluster through an admin listener: $got"

# ---- a worker whose certificate the leader does not trust: it says so, and in time ----
start_worker 3
plain() { curl -s -m 10 -u ann:secret -o "$dir/answer" -w '%{http_code}' -X "$1" "http://127.0.0.1:$PLAIN$2"; }
joined() { [ "$(plain GET /health)" = 200 ]; }
wait_until 20 joined || fail "worker 3 does not serve"
[ "$(plain GET /connectors/a/config)" = 200 ] || fail "worker 3 does not know a"
got=$(plain PUT /connectors/a/pause)
case $got in 403 | 500) ;; *) fail "forwarded with a certificate that is not trusted: $got $(cat "$dir/answer")" ;; esac
matches -i 'certificate\|TLS' <"$dir/answer" || fail "the reason is not told: $(cat "$dir/answer")"
grep -l secret "$dir"/*.log && fail "a password is in a log"
for n in 3 2 1; do stop_worker $n; done
