#!/bin/bash
# Runs a test with the Python that has llmock (requirements.txt here).
#   example: tests/llm/with_llmock.sh tests/llm/test_reasons.py
set -eu
. "$(dirname "$0")/../lib/help.sh"
here=$(cd "$(dirname "$0")" && pwd)
python=$("$here/../lib/python.sh" "$here/requirements.txt") || exit $?
exec "$python" "$@"
