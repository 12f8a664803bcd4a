#!/bin/bash
# The PostgreSQL source over TLS, on a server of its own: each of database.sslmode and the files, a client's certificate with a key in
# PEM, with a password, and in DER as JDBC users have it; and what is said when the server's certificate is not to be trusted.
# beside others
# shellcheck source=tests/integration/postgres-cdc/source.sh
. "$(dirname "${BASH_SOURCE[0]}")/source.sh"

# make_cert NAME SUBJECT [EXTENSION]: $tls/NAME.crt and .key, signed by $tls/ca.crt
tls=$(mktemp -d)
at_exit rm -rf "$tls"
chmod 755 "$tls"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout "$tls/ca.key" -out "$tls/ca.crt" 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout "$tls/other.key" -out "$tls/other.crt" 2>/dev/null
make_cert() {
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$tls/$1.key" -out "$tls/$1.csr" 2>/dev/null
    openssl x509 -req -days 2 -in "$tls/$1.csr" -CA "$tls/ca.crt" -CAkey "$tls/ca.key" -CAcreateserial -extfile <(echo "${3:-basicConstraints=CA:FALSE}") -out "$tls/$1.crt" 2>/dev/null
}
make_cert server db.example "subjectAltName=IP:127.0.0.1"
make_cert wrong db.example "subjectAltName=DNS:elsewhere.example"
make_cert client postgres
openssl pkcs8 -topk8 -in "$tls/client.key" -passout pass:s3cret -out "$tls/locked.key"
openssl pkcs8 -topk8 -nocrypt -in "$tls/client.key" -outform DER -out "$tls/client.pk8"
chmod 600 "$tls"/*.key "$tls/client.pk8"

# start_server CERTIFICATE: the key belongs to whoever runs the server
start_server() {
    [ "$(id -u)" != 0 ] || chown postgres "$tls/$1.key"
    PG_FSYNC=off bash "$SL_SUPPORT/postgres.sh" "${2:-start}" "$TEST_DIR/pg" ssl=on "ssl_cert_file=$tls/$1.crt" "ssl_key_file=$tls/$1.key" "ssl_ca_file=$tls/ca.crt"
}
at_exit bash "$SL_SUPPORT/postgres.sh" remove "$TEST_DIR/pg"
start_server server
set -a
# shellcheck disable=SC1091
. "$TEST_DIR/pg/postgres.env"
set +a
use_database tls
sql -d "$db" -c "create table a (id int primary key); insert into a values (1)"

# connections LINE...: what the server says of the source's connections
connections() {
    properties x "$@"
    rm -f "$dir/offsets"
    : >"$dir/log"
    "${source[@]}" "$dir/x.properties" "$dir/offsets" --idle 60000 >"$dir/out" 2>"$dir/log" &
    local pid=$!
    # shellcheck disable=SC2317  # called by wait_until
    streams() { grep -q 'streaming from slot' "$dir/log"; }
    wait_until 10 streams || return 1
    sql -d "$db" -c "select string_agg(distinct s.ssl || coalesce(' ' || s.client_dn, ''), ', ') || ' ' || count(*) from pg_stat_ssl s
        join pg_stat_activity a using (pid) where a.application_name like 'sluice%'"
    kill "$pid"
    wait "$pid" || true
    wait_until 10 drop_slot
}
refused() { # refused LINE...: it does not come so far
    properties x "$@"
    rm -f "$dir/offsets"
    "${source[@]}" "$dir/x.properties" "$dir/offsets" --idle 500 >"$dir/out" 2>"$dir/log"
}
ca=database.sslrootcert=$tls/ca.crt
expect "sslmode=disable" "$(connections database.sslmode=disable)" "false 2"
expect "sslmode=prefer, the default" "$(connections)" "true 2"
expect "sslmode=require" "$(connections database.sslmode=require)" "true 2"
expect "sslmode=verify-ca" "$(connections database.sslmode=verify-ca "$ca")" "true 2"
expect "sslmode=verify-full" "$(connections database.sslmode=verify-full "$ca")" "true 2"
expect "a client's certificate" "$(connections database.sslmode=verify-full "$ca" "database.sslcert=$tls/client.crt" "database.sslkey=$tls/client.key")" "true /CN=postgres 2"
expect "a key with a password" "$(connections database.sslmode=require "database.sslcert=$tls/client.crt" "database.sslkey=$tls/locked.key" database.sslpassword=s3cret)" "true /CN=postgres 2"
expect "a key in DER" "$(connections database.sslmode=require "database.sslcert=$tls/client.crt" "database.sslkey=$tls/client.pk8")" "true /CN=postgres 2"
expect_log "another authority" "database.hostname.*certificate verify failed" refused database.sslmode=verify-ca "database.sslrootcert=$tls/other.crt"
expect_log "no such file" "$tls/none.crt" refused database.sslmode=verify-ca "database.sslrootcert=$tls/none.crt"
expect_log "a key that cannot be read" "bad decrypt\|could not load private key" refused database.sslmode=require "database.sslcert=$tls/client.crt" "database.sslkey=$tls/locked.key" database.sslpassword=wrong
if grep -q s3cret "$dir/log"; then fail "a password is in the log"; fi
expect_log "a mode that is none" "database.sslmode.*expected" refused database.sslmode=sometimes
expect_log "sslfactory" "database.sslfactory.*not supported" refused database.sslfactory=org.example.Factory
start_server wrong restart
expect_log "verify-full looks at the name" "database.hostname.*does not match host name" refused database.sslmode=verify-full "$ca"
expect "verify-ca does not" "$(connections database.sslmode=verify-ca "$ca")" "true 2"
