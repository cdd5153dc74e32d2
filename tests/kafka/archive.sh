#!/bin/bash
# archive.py in the tests' Python.
#   example: VERBATIM_BIN=build/dev/bin tests/kafka/with_kafka.sh tests/kafka/archive.sh
set -eu
. "$(dirname "$0")/../lib/help.sh"
here=$(cd "$(dirname "$0")" && pwd)
exec "$("$here/../lib/python.sh")" "$here/archive.py" "$VERBATIM_BIN"
