#!/bin/bash
# Runs a test with the Python that has boto3 and botocore (tests/lib/requirements.txt).
#   example: tests/llm/with_python.sh tests/llm/test_bedrock.py
set -eu
. "$(dirname "$0")/../lib/help.sh"
here=$(cd "$(dirname "$0")" && pwd)
python=$("$here/../lib/python.sh") || exit $?
exec "$python" "$@"
