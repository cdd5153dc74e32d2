#!/bin/bash
# Runs a program against a fresh MinIO (S3_ENDPOINT, buckets "verbatim" and "oracle"), then lets boto3 judge
# what it left in the bucket "oracle".
#   example: tests/s3/with_minio.sh build/dev/tests/s3_test_minio
set -eu
. "$(dirname "$0")/../lib/help.sh"
. "$(dirname "$0")/fresh_minio.sh" verbatim oracle
export S3_ENDPOINT=$endpoint
"$@"
"$python" "$here/judge.py" "$endpoint"
