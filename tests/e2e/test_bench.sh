#!/bin/bash
# The benchmarks that start our programs run, and tell every figure by name; what the figures are is no matter here.
. "$(dirname "$0")/lib.sh"

# bench NAME FIGURE...: a short run; the last line names the benchmark and each figure, with a number.
bench() {
    local name=$1 figure
    shift
    "$bin/verbatim-bench" "$name" --json --rounds 1 --records 300 >"$scratch/out" 2>"$scratch/err"
    rc=$?
    equal "$name runs ($(tail -c 300 "$scratch/err"))" $rc 0
    tail -n 1 "$scratch/out" >"$scratch/json"
    equal "$name says what it is" "$(jq -r .benchmark "$scratch/json")" "$name"
    for figure; do
        check "$name has $figure" jq -e ".$figure | type == \"number\"" "$scratch/json"
    done
}

bench ingest bare_requests bare_p99_ms single_ratio single_own_thread_ratio single_requests single_p50_ms batched_records \
    batched_own_thread batched_system_share packed_records packed_rate
bench start ingest_ready_ms first_record_ms_slowest idle_mib_largest
finish
