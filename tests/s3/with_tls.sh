#!/bin/bash
# The archive over a real S3 that speaks TLS with certificates of the test's own authority: tls.py.
#   example: VERBATIM_BIN=build/dev/bin tests/s3/with_tls.sh
set -eu
. "$(dirname "$0")/../lib/help.sh"
here=$(cd "$(dirname "$0")" && pwd)
lib=$here/../lib
python=$("$lib/python.sh") || exit $?
command -v openssl >/dev/null || { echo "with_tls.sh: no openssl" >&2 && exit 77; }
"$lib/minio.sh" fetch || exit $?
dir=$(mktemp -d)
trap '"$lib/minio.sh" stop "$dir"; rm -rf "$dir"' EXIT
mkdir -p "$dir/data/archive" "$dir/certs" "$dir/tls"
for authority in old new; do
    "$lib/authority.sh" new "$dir/tls" $authority
    "$lib/authority.sh" issue "$dir/tls" $authority by-$authority
done
"$lib/authority.sh" issue "$dir/tls" old expired expired
cat "$dir/tls/old.pem" "$dir/tls/new.pem" >"$dir/tls/all.pem" # the judge's
cp "$dir/tls/by-old.pem" "$dir/certs/public.crt"
cp "$dir/tls/by-old.key" "$dir/certs/private.key"
eval "$("$lib/minio.sh" start "$dir")"
export no_proxy=127.0.0.1
"$python" "$here/tls.py" "$endpoint" "$dir"
