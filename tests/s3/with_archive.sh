#!/bin/bash
# The archive over a real S3: verbatim-logsink against a fresh MinIO, killed where it hurts; archive.py judges
# by boto3.
#   example: VERBATIM_BIN=build/dev/bin tests/s3/with_archive.sh
set -eu
. "$(dirname "$0")/../lib/help.sh"
. "$(dirname "$0")/fresh_minio.sh" archive
"$python" "$here/archive.py" "$VERBATIM_BIN" "$endpoint" "$dir"
