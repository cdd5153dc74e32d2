#!/bin/bash
# Lets botocore sign a few hundred requests (S3_VECTORS), and runs a program that must sign them alike.
#   example: tests/s3/with_botocore.sh build/dev/tests/s3_test_botocore
set -eu
. "$(dirname "$0")/../lib/help.sh"
here=$(cd "$(dirname "$0")" && pwd)
python=$("$here/../lib/python.sh") || exit $?
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$python" "$here/vectors.py" >"$dir/vectors"
S3_VECTORS=$dir/vectors "$@"
