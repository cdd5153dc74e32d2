#!/bin/bash
# Runs a program against a fresh MinIO (S3_ENDPOINT, buckets "verbatim" and "oracle"), then lets boto3 judge
# what it left in the bucket "oracle".
#   example: tests/s3/with_minio.sh build/dev/tests/s3_test_minio
set -eu
. "$(dirname "$0")/../lib/help.sh"
here=$(cd "$(dirname "$0")" && pwd)
python=$("$here/../lib/python.sh") || exit $?
"$here/../lib/minio.sh" fetch || exit $?
dir=$(mktemp -d)
trap '"$here/../lib/minio.sh" stop "$dir"; rm -rf "$dir"' EXIT
mkdir -p "$dir/data/verbatim" "$dir/data/oracle"
eval "$("$here/../lib/minio.sh" start "$dir")"
export S3_ENDPOINT=$endpoint no_proxy=127.0.0.1
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION
"$@"
"$python" "$here/judge.py" "$endpoint"
