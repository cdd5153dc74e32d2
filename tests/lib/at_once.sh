#!/bin/bash
# Runs programs at the same time, and prints one's lines after the other's; 1 where one fails. "+" parts the programs.
# PROGRAM_LIMIT: after so many seconds (none by default) a program is aborted, so that its lines are seen and say
# where it hung.
#   example: tests/lib/at_once.sh build/dev/tests/kafka_test_errors + build/dev/tests/kafka_test_owed
set -eu
. "$(dirname "$0")/help.sh"
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

pids=()
launch() {
    [ $# -gt 0 ] || return 0
    timeout --signal=ABRT --kill-after=10 "${PROGRAM_LIMIT:-0}" "$@" >"$logs/${#pids[@]}" 2>&1 &
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
    cat "$logs/$i"
    if [ "$rc" -eq 124 ] || [ "$rc" -eq 137 ]; then echo "at_once.sh: aborted after $PROGRAM_LIMIT s"; fi
done
exit $failed
