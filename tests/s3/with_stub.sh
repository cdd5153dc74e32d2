#!/bin/bash
# Runs a program against stub.py (S3_ENDPOINT, S3_TLS_ENDPOINT with S3_CA), a server that misbehaves as asked.
#   example: tests/s3/with_stub.sh build/dev/tests/s3_test_stub
set -eu
. "$(dirname "$0")/../lib/help.sh"
here=$(cd "$(dirname "$0")" && pwd)
command -v python3 >/dev/null || { echo "with_stub.sh: no python3 (ops/deps installs it)" >&2; exit 77; }
dir=$(mktemp -d)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=stub \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$dir/key.pem" -out "$dir/ca.pem" 2>"$dir/openssl.log"
cat "$dir/key.pem" "$dir/ca.pem" >"$dir/both.pem"
exec {server}< <(exec python3 "$here/stub.py" "$dir/both.pem")
pid=$!
trap 'kill "$pid" 2>/dev/null || true; rm -rf "$dir"' EXIT
read -r port tls_port <&"$server"
export S3_ENDPOINT=http://127.0.0.1:$port S3_TLS_ENDPOINT=https://127.0.0.1:$tls_port S3_CA=$dir/ca.pem
export no_proxy=127.0.0.1
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION
"$@"
