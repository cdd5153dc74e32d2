#!/bin/bash
# Runs a program against a fresh Kafka (KAFKA_BOOTSTRAP).
#   example: tests/kafka/with_kafka.sh build/dev/tests/kafka_test_faults test_killed
set -eu
here=$(cd "$(dirname "$0")" && pwd)
"$here/../lib/kafka.sh" fetch || exit $?
dir=$(mktemp -d)
trap '"$here/../lib/kafka.sh" stop "$dir"; rm -rf "$dir"' EXIT
eval "$("$here/../lib/kafka.sh" start "$dir")"
# shellcheck disable=SC2154 # assigned by the eval
export KAFKA_BOOTSTRAP=$bootstrap
"$@"
