#!/bin/bash
# Runs programs at the same time against one fresh Kafka of ${KAFKA_BROKERS:-1} brokers (KAFKA_BOOTSTRAP), and prints
# one's lines after the other's. "+" parts the programs. KAFKA_SH and KAFKA_DIR are for those that stop brokers.
# PROGRAM_LIMIT: after so many seconds (none by default) a program is aborted, so that its lines are seen and say
# where it hung.
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
    timeout --signal=ABRT --kill-after=10 "${PROGRAM_LIMIT:-0}" "$@" >"$dir/${#pids[@]}.log" 2>&1 &
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
    wait "${pids[i]}" && rc=0 || rc=$? failed=1
    cat "$dir/$i.log"
    if [ "$rc" -eq 124 ] || [ "$rc" -eq 137 ]; then echo "with_kafka.sh: aborted after $PROGRAM_LIMIT s"; fi
done
if [ "$failed" -ne 0 ]; then tail -n 20 "$dir"/kafka/broker-*.log; fi
exit $failed
