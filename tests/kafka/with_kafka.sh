#!/bin/bash
# Runs programs at the same time against one fresh Kafka of ${KAFKA_BROKERS:-1} brokers (KAFKA_BOOTSTRAP), and prints
# one's lines after the other's. "+" parts the programs. KAFKA_SH and KAFKA_DIR are for those that stop brokers.
#   example: tests/kafka/with_kafka.sh build/dev/tests/kafka_test_faults test_killed
set -eu
. "$(dirname "$0")/../lib/help.sh"
here=$(cd "$(dirname "$0")" && pwd)
"$here/../lib/kafka.sh" fetch || exit $?
dir=$(mktemp -d)
trap '"$here/../lib/kafka.sh" stop "$dir/kafka"; rm -rf "$dir"' EXIT
started=$("$here/../lib/kafka.sh" start "$dir/kafka" "${KAFKA_BROKERS:-1}") || exit $?
export KAFKA_BOOTSTRAP=${started#bootstrap=} KAFKA_SH=$here/../lib/kafka.sh KAFKA_DIR=$dir/kafka

pids=()
launch() {
    [ $# -gt 0 ] || return 0
    "$@" >"$dir/${#pids[@]}.log" 2>&1 &
    pids+=($!)
}
words=()
for word in "$@"; do
    if [ "$word" = + ]; then
        launch "${words[@]}"
        words=()
    else
        words+=("$word")
    fi
done
launch "${words[@]}"

failed=0
for i in "${!pids[@]}"; do
    wait "${pids[i]}" || failed=1
    cat "$dir/$i.log"
done
exit $failed
