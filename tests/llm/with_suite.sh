#!/bin/bash
# Fetches the Signature 4 test suite out of botocore's source (PyPI, once, into the cache) and runs a program that must
# sign every request of it alike.
#   example: tests/llm/with_suite.sh build/dev/tests/s3_test_botocore
set -eu
. "$(dirname "$0")/../lib/help.sh"
. "$(dirname "$0")/../lib/cache.sh"
here=$(cd "$(dirname "$0")" && pwd)
version=1.44.8 # of botocore
cache=$caches/botocore-source-$version
python=$("$here/../lib/python.sh") || exit $?

fetch() {
    "$python" -m pip -q --disable-pip-version-check download --no-deps --no-binary :all: -d "$cache" "botocore==$version" &&
        tar -xzf "$cache/botocore-$version.tar.gz" -C "$cache" --strip-components=4 \
            "botocore-$version/tests/unit/auth/aws4_testsuite" &&
        rm "$cache/botocore-$version.tar.gz"
}
once "$cache/complete" fetch || skip "botocore's source can't be had: $(tail -n 1 "$cache/fetch.log")"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$python" "$here/suite.py" "$cache/aws4_testsuite" >"$dir/vectors"
[ "$(wc -l <"$dir/vectors")" -ge 30 ] || { echo "with_suite.sh: the suite has become smaller" >&2 && exit 1; }
S3_VECTORS=$dir/vectors S3_VECTORS_LEAST=30 "$@"
