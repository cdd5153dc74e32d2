#!/bin/bash
# Runs a program against stub.py (S3_ENDPOINT), a server that misbehaves as its script says.
#   example: tests/s3/with_stub.sh build/dev/tests/s3_test_stub
set -eu
here=$(cd "$(dirname "$0")" && pwd)
command -v python3 >/dev/null || { echo "with_stub.sh: no python3 (ops/deps installs it)" >&2; exit 77; }
exec {server}< <(exec python3 "$here/stub.py")
pid=$!
trap 'kill "$pid" 2>/dev/null || true' EXIT
read -r port <&"$server"
export S3_ENDPOINT=http://127.0.0.1:$port no_proxy=127.0.0.1
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION
"$@"
