#!/bin/bash
# REST under bad and many requests: 200 connections at once, slow ones, large ones, broken ones. The worker lives on.
# seconds: 120
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/worker.sh"

worker_properties "$dir/worker.properties" access.control.allow.origin=http://ui.example \
    'response.http.headers.config=set X-Frame-Options:DENY, "add Cache-Control: no-cache, no-store"'
echo x >"$dir/in"
source=$(source_properties source "$dir/in" lines)
worker_start "$dir/worker.properties" "$source"
python3 tests/e2e/standalone/abuse.py "$PORT" || fail "see above"
healthy || fail "the worker is not healthy any more"
headers=$(curl -s -D - -o /dev/null -H 'Origin: http://ui.example' "$URL/" | tr -d '\r')
for want in 'Access-Control-Allow-Origin: http://ui.example' 'X-Frame-Options: DENY' 'Cache-Control: no-cache, no-store'; do
    grep -qix "$want" <<<"$headers" || fail "expected the header '$want', got: $headers"
done
if curl -s -D - -o /dev/null -H 'Origin: http://other.example' "$URL/" | matches -i '^access-control'; then
    fail "another origin is allowed"
fi
worker_stop
log ok
