#!/bin/bash
# A certificate authority for tests, by openssl. All keys are P-256, all certificates good for 127.0.0.1.
set -eu

usage() {
    cat <<'END'
usage: tests/lib/authority.sh new DIR NAME             DIR/NAME.pem, DIR/NAME.key: an authority
       tests/lib/authority.sh issue DIR NAME SUBJECT [expired]
                                                       DIR/SUBJECT.pem (with its chain), .key, and both in .both.pem,
                                                       signed by NAME; expired: since yesterday

example: tests/lib/authority.sh new /tmp/tls ca; tests/lib/authority.sh issue /tmp/tls ca server
END
}

new() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$2" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
        -keyout "$1/$2.key" -out "$1/$2.pem" 2>/dev/null
}

issue() {
    local dir=$1 authority=$2 subject=$3 days=2
    [ "${4:-}" != expired ] || days=-1
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$subject" \
        -keyout "$dir/$subject.key" -out "$dir/$subject.csr" 2>/dev/null
    openssl x509 -req -in "$dir/$subject.csr" -CA "$dir/$authority.pem" -CAkey "$dir/$authority.key" -CAcreateserial \
        -days $days -extfile <(echo subjectAltName=IP:127.0.0.1,DNS:localhost) -out "$dir/$subject.crt" 2>/dev/null
    cat "$dir/$subject.crt" "$dir/$authority.pem" >"$dir/$subject.pem"
    cat "$dir/$subject.key" "$dir/$subject.pem" >"$dir/$subject.both.pem"
    rm "$dir/$subject.csr" "$dir/$subject.crt"
}

case ${1:-} in
new) new "${2:?DIR}" "${3:?NAME}" ;;
issue) issue "${2:?DIR}" "${3:?NAME}" "${4:?SUBJECT}" "${5:-}" ;;
-h | --help) usage ;;
*) usage >&2 && exit 64 ;;
esac
