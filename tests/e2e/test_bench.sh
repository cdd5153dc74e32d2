#!/bin/bash
# The benchmarks that start our programs run, and tell every figure by name; what the figures are is no matter here.
. "$(dirname "$0")/lib.sh"

# bench NAME FIGURE...: a short run; the last line names the benchmark and each figure, with a number.
bench() {
    local name=$1
    shift
    "$bin/verbatim-bench" "$name" --json --rounds 1 --records 300 >"$scratch/out" 2>"$scratch/err"
    look_at "$name" $? "$@"
}

# script NAME "OPTIONS" FIGURE...: likewise, of those in Python.
script() {
    local name=$1 options=$2
    shift 2
    # shellcheck disable=SC2086 # options, parted by blanks
    python3 "$source/ops/benchmarks/$name.py" --json --rounds 1 $options >"$scratch/out" 2>"$scratch/err"
    look_at "$name" $? "$@"
}

look_at() {
    local name=$1 rc=$2 figure
    shift 2
    equal "$name runs ($(tail -c 300 "$scratch/err"))" "$rc" 0
    tail -n 1 "$scratch/out" >"$scratch/json"
    equal "$name says what it is" "$(jq -r .benchmark "$scratch/json")" "$name"
    for figure; do
        check "$name has $figure" jq -e ".$figure | type == \"number\"" "$scratch/json"
    done
}

bench ingest bare_requests bare_p99_ms single_ratio single_own_thread_ratio single_requests single_p50_ms batched_records \
    batched_own_thread batched_system_share packed_records packed_rate
bench start ingest_ready_ms first_record_ms_slowest idle_mib_largest
script latency "--row embedded --rate 50 --seconds 2 --warm 1 --hops" embedded_receipt_p50_ms embedded_documents_p90_ms \
    embedded_insights_p99_ms embedded_insights_max_ms embedded_lost embedded_doubled
if started=$(KAFKA_PROPERTIES=group.initial.rebalance.delay.ms=2000 "$source/tests/lib/kafka.sh" start "$scratch/kafka"); then
    export KAFKA_BOOTSTRAP=${started#bootstrap=}
    script latency "--rate 50 --seconds 2 --warm 1 --broker-warm 0 --row bare --row at_least_once --row exactly_once" \
        bare_insights_p50_ms bare_lost at_least_once_insights_p50_ms at_least_once_lost exactly_once_insights_p99_ms exactly_once_lost
    script growth "--records 300 --worker featurize" featurize_us featurize_replicas_ratio featurize_backlog_ratio
fi
finish
