#!/bin/bash
# REST with TLS, client certificates, users, a read-only role, admin listeners, CORS and limits.
# beside others
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/worker.sh"
ADMIN=$(SL_PORT_FROM=26000 SL_PORT_TO=26999 free_port)
PLAIN=$(SL_PORT_FROM=27000 SL_PORT_TO=27999 free_port)
tls=$dir/tls
mkdir -p "$tls"
# shellcheck source=tests/support/certificates.sh
. tests/support/certificates.sh

# ---- certificates: one authority, a server's, a client's, a stranger's ----
make_ca ca
make_ca strange
make_cert ca server
make_cert ca client
make_cert strange stranger
openssl rsa -aes256 -passout pass:keypw -in "$tls/server.key" -out "$tls/locked.key" 2>/dev/null
cat "$tls/locked.key" "$tls/server.crt" "$tls/ca.crt" >"$tls/server.pem"
openssl pkcs12 -export -passout pass:storepw -inkey "$tls/server.key" -in "$tls/server.crt" -certfile "$tls/ca.crt" -out "$tls/server.p12"

cat >"$dir/users" <<END
# user=password
ann=secret
bob=sha256:$(printf %s reader | sha256sum | cut -d' ' -f1)
END

: >"$dir/in"
source_properties one "$dir/in" t >/dev/null
start() { # start KEY=VALUE...
    worker_properties "$dir/worker.properties" "$@"
    rm -f "$dir/worker.rc"
    spawn sluice "$dir" "$SLUICE" standalone "$dir/worker.properties" "$dir/one.properties"
}
at_exit end sluice "$dir"
status() { curl -s -m 10 -o "$dir/body" -w '%{http_code}' "$@"; }
expect_status() { # expect_status STATUS ARGS...
    local want=$1 got
    shift
    got=$(status "$@" || true)
    [ "$got" = "$want" ] || fail "expected $want, got $got for curl $*: $(cat "$dir/body")"
}

# ---- TLS from PEM, users, admin listener ----
start "listeners=https://127.0.0.1:$PORT,http://127.0.0.1:$PLAIN" "listeners.https.ssl.keystore.location=$tls/server.pem" \
    "listeners.https.ssl.keystore.type=PEM" "listeners.https.ssl.key.password=keypw" "rest.auth.file=$dir/users" \
    "rest.auth.read.only.users=bob" "admin.listeners=http://127.0.0.1:$ADMIN" \
    "access.control.allow.origin=http://app.example" "access.control.allow.methods=GET,PUT" \
    "response.http.headers.config=set X-Frame-Options:DENY" "rest.request.max.bytes=2048" "rest.request.timeout.ms=30000"
https=(--cacert "$tls/ca.crt") BASE=https://127.0.0.1:$PORT
up_plain() { curl -sf -m 5 -u ann:secret "http://127.0.0.1:$PLAIN/health"; }
wait_until 20 up_plain || fail "no healthy worker: $(tail -n 5 "$dir/sluice.log")"
expect_status 200 -u ann:secret "${https[@]}" "$BASE/connectors"
curl -s -m 5 "https://127.0.0.1:$PORT/" >/dev/null && fail "a certificate of an unknown authority was trusted"
expect_status 401 "${https[@]}" "$BASE/connectors"
expect_status 401 -u ann:wrong "${https[@]}" "$BASE/connectors"
expect_status 401 -u eve:secret "${https[@]}" "$BASE/connectors"
curl -si -m 5 "${https[@]}" "$BASE/connectors" | matches -i '^www-authenticate: basic' || fail "no WWW-Authenticate"
expect_status 200 -u bob:reader "${https[@]}" "$BASE/connectors/one/status"
expect_status 403 -u bob:reader -X PUT "${https[@]}" "$BASE/connectors/one/pause"
expect_status 403 -u bob:reader -X DELETE "${https[@]}" "$BASE/connectors/one"
expect_status 200 -u bob:reader -X PUT -H 'Content-Type: application/json' -d '{"connector.class":"FileStreamSource"}' \
    "${https[@]}" "$BASE/connector-plugins/FileStreamSource/config/validate"
expect_status 202 -u ann:secret -X PUT "${https[@]}" "$BASE/connectors/one/pause"
expect_status 202 -u ann:secret -X PUT "${https[@]}" "$BASE/connectors/one/resume"
expect_status 404 -u ann:secret "${https[@]}" "$BASE/admin/loggers"
expect_status 200 -u ann:secret "http://127.0.0.1:$ADMIN/admin/loggers"
expect_status 404 -u ann:secret "http://127.0.0.1:$ADMIN/connectors"
expect_status 200 -u ann:secret "http://127.0.0.1:$ADMIN/metrics"
grep -q secret "$dir/sluice.log" && fail "a password is in the log"

# ---- headers, CORS ----
curl -si -m 5 -u ann:secret -H 'Origin: http://app.example' "http://127.0.0.1:$PLAIN/" >"$dir/headers"
grep -qi '^x-frame-options: deny' "$dir/headers" || fail "no header of response.http.headers.config"
grep -qi '^access-control-allow-origin: http://app.example' "$dir/headers" || fail "no CORS header"
curl -si -m 5 -u ann:secret -H 'Origin: http://evil.example' "http://127.0.0.1:$PLAIN/" | matches -i '^access-control' && fail "any origin is allowed"
curl -si -m 5 -X OPTIONS -H 'Origin: http://app.example' -H 'Access-Control-Request-Method: PUT' "http://127.0.0.1:$PLAIN/connectors" >"$dir/headers"
head -1 "$dir/headers" | matches 200 || fail "a preflight is refused: $(cat "$dir/headers")"
grep -qi '^access-control-allow-methods: GET,PUT' "$dir/headers" || fail "no methods in the preflight's answer"

# ---- limits ----
head -c 3000 /dev/zero | tr '\0' ' ' >"$dir/big"
expect_status 413 -u ann:secret -X POST -H 'Content-Type: application/json' --data-binary "@$dir/big" "http://127.0.0.1:$PLAIN/connectors"
end sluice "$dir"

# ---- client certificates, a PKCS#12 store ----
start "listeners=https://127.0.0.1:$PORT" "listeners.https.ssl.keystore.location=$tls/server.p12" \
    "listeners.https.ssl.keystore.password=storepw" "listeners.https.ssl.truststore.location=$tls/ca.crt" \
    "listeners.https.ssl.client.auth=required" "listeners.https.ssl.enabled.protocols=TLSv1.3"
up() { curl -sf -m 5 --cert "$tls/client.crt" --key "$tls/client.key" "${https[@]}" "$BASE/health"; }
wait_until 20 up || fail "no healthy worker: $(tail -n 5 "$dir/sluice.log")"
expect_status 403 "${https[@]}" "$BASE/connectors"
expect_status 403 --cert "$tls/stranger.crt" --key "$tls/stranger.key" "${https[@]}" "$BASE/connectors"
curl -s -m 5 --tls-max 1.2 "${https[@]}" "$BASE/" >/dev/null && fail "TLS 1.2 is spoken, though only 1.3 is set"
end sluice "$dir"

# ---- what cannot work is said before anything starts ----
printf '\xfe\xed\xfe\xedjks' >"$tls/old.jks"
refused() { # refused TEXT KEY=VALUE...
    local text=$1
    shift
    worker_properties "$dir/worker.properties" "listeners=https://127.0.0.1:$PORT" "$@"
    timeout 60 "$SLUICE" standalone "$dir/worker.properties" "$dir/one.properties" >"$dir/out" 2>&1 && fail "accepted: $*"
    grep -q -- "$text" "$dir/out" || fail "expected '$text', got: $(cat "$dir/out")"
}
refused "needs a certificate"
refused "keytool -importkeystore" "listeners.https.ssl.keystore.location=$tls/old.jks"
refused "cannot be opened" "listeners.https.ssl.keystore.location=$tls/none.pem"
refused "password" "listeners.https.ssl.keystore.location=$tls/server.pem" "listeners.https.ssl.key.password=wrong"
refused "ssl.truststore.location" "listeners.https.ssl.keystore.location=$tls/server.crt" "ssl.client.auth=required" "listeners.https.ssl.client.auth=required"
refused "rest.auth.file" "listeners.https.ssl.keystore.location=$tls/server.p12" "listeners.https.ssl.keystore.password=storepw" \
    "rest.extension.classes=org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension"
