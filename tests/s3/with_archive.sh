#!/bin/bash
# The archive over a real S3: verbatim-logsink against a fresh MinIO, killed where it hurts; archive.py judges
# by boto3.
#   example: VERBATIM_BIN=build/dev/bin tests/s3/with_archive.sh
set -eu
. "$(dirname "$0")/../lib/help.sh"
here=$(cd "$(dirname "$0")" && pwd)
python=$("$here/../lib/python.sh") || exit $?
"$here/../lib/minio.sh" fetch || exit $?
dir=$(mktemp -d)
trap '"$here/../lib/minio.sh" stop "$dir"; rm -rf "$dir"' EXIT
mkdir -p "$dir/data/archive"
eval "$("$here/../lib/minio.sh" start "$dir")"
export no_proxy=127.0.0.1
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION
"$python" "$here/archive.py" "$VERBATIM_BIN" "$endpoint" "$dir"
