# shellcheck shell=bash
# certificates.sh - an authority and certificates of 127.0.0.1 and localhost, for tests of TLS.
#
# Usage:  tls=DIR; . tests/support/certificates.sh
#
#   make_ca NAME         $tls/NAME.key and $tls/NAME.crt, an authority
#   make_cert CA NAME    $tls/NAME.key and $tls/NAME.crt, signed by it

: "${tls:?expected the folder for certificates}"

make_ca() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout "$tls/$1.key" -out "$tls/$1.crt" 2>/dev/null
}

make_cert() {
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$tls/$2.key" -out "$tls/$2.csr" 2>/dev/null
    openssl x509 -req -in "$tls/$2.csr" -CA "$tls/$1.crt" -CAkey "$tls/$1.key" -CAcreateserial -days 2 -out "$tls/$2.crt" \
        -extfile <(echo "subjectAltName=IP:127.0.0.1,DNS:localhost") 2>/dev/null
}
