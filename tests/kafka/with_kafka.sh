#!/bin/bash
# Runs programs, one after the other, against one fresh Kafka (KAFKA_BOOTSTRAP); all of them, even if one fails.
#   example: tests/kafka/with_kafka.sh build/dev/tests/kafka_test_conformance
set -eu
here=$(cd "$(dirname "$0")" && pwd)
"$here/../lib/kafka.sh" fetch || exit $?
dir=$(mktemp -d)
trap '"$here/../lib/kafka.sh" stop "$dir"; rm -rf "$dir"' EXIT
eval "$("$here/../lib/kafka.sh" start "$dir")"
export KAFKA_BOOTSTRAP=$bootstrap
failed=0
for program in "$@"; do
    echo "== ${program##*/}"
    "$program" || failed=1
done
exit $failed
