#!/bin/bash
# Runs programs at the same time (tests/lib/at_once.sh) against one fresh Kafka of ${KAFKA_BROKERS:-1} brokers
# (KAFKA_BOOTSTRAP). KAFKA_SH and KAFKA_DIR are for those that stop brokers.
#   example: tests/kafka/with_kafka.sh build/dev/tests/kafka_test_faults test_killed
set -eu
. "$(dirname "$0")/../lib/help.sh"
here=$(cd "$(dirname "$0")" && pwd)
"$here/../lib/kafka.sh" fetch || exit $?
dir=$(mktemp -d)
trap '"$here/../lib/kafka.sh" stop "$dir/kafka"; rm -rf "$dir"' EXIT
started=$("$here/../lib/kafka.sh" start "$dir/kafka" "${KAFKA_BROKERS:-1}") || exit $?
export KAFKA_BOOTSTRAP=${started#bootstrap=} KAFKA_SH=$here/../lib/kafka.sh KAFKA_DIR=$dir/kafka

failed=0
"$here/../lib/at_once.sh" "$@" || failed=$?
if [ "$failed" -ne 0 ]; then tail -n 20 "$dir"/kafka/broker-*.log; fi
exit $failed
