#!/bin/bash
# Two models of segments at once: the six workers split the customers, a filter and a replay agree with them, SIGHUP takes new models
# or none, and metrics and `models` tell the arms apart.
. "$(dirname "$0")/lib.sh"
verbatim=$bin/verbatim
count=300

# four records to a customer, and each tenth of nobody known
python3 - $count >"$scratch/feedback.ndjson" <<'PY'
import json, sys
for i in range(int(sys.argv[1])):
    row = {"id": f"r-{i}", "text": f"The parcel of order {i} came {['late', 'early', 'wet', 'open', 'twice'][i % 5]}."}
    if i % 10: row["customer"] = f"c-{i // 4}"
    print(json.dumps(row))
PY
"$verbatim" train segments --input "$scratch/feedback.ndjson" --clusters 3 --name first --out "$scratch/first.model" >/dev/null 2>&1
for name in second third; do
    "$verbatim" train segments --input "$scratch/feedback.ndjson" --like "$scratch/first.model" --name $name \
        --out "$scratch/$name.model" >/dev/null 2>&1
done
cp "$scratch/second.model" "$scratch/canary.model"
trial=(--segment.model="$scratch/first.model" --segment.canary="$scratch/canary.model" --segment.canary_share=40)
key=--preprocess.customer_key=0123456789abcdef

# --- all six workers
read -r http <<<"$(free_ports 1)"
launch run "$verbatim" run --no-sample --quiet --data "$scratch/data" --ingest.listen="127.0.0.1:$http" --runtime.admin=127.0.0.1:0 \
    --runtime.log_level=info --logsink.age=1s --genai.digest_every=0 "${trial[@]}" "$key"
await "run is ready" 60 answers "http://127.0.0.1:$http/readyz"
"$verbatim" send --bus.path="$scratch/data/bus" "$scratch/feedback.ndjson" 2>"$scratch/send.err"
holds() { [ "$(archived "$scratch/data/archive" "$1" | wc -l)" = "$2" ]; } # TOPIC RECORDS
await "insights in the archive" 180 holds insights $count
archived "$scratch/data/archive" insights >"$scratch/insights.ndjson"
# FILE: each record's id, arm and model, in order
arms() { jq -r '[.id, .segment.arm, .segment.model] | @tsv' "$1" | sort; }
equal "each arm has its model" "$(arms "$scratch/insights.ndjson" | cut -f 2,3 | sort -u | tr '\t\n' '  ')" "canary second control first "
equal "a customer is in one arm" "$(jq -r 'select(.feedback.customer) | [.feedback.customer, .segment.arm] | @tsv' "$scratch/insights.ndjson" |
    sort -u | cut -f 1 | uniq -d | wc -l)" 0
canaries=$(jq -r 'select(.segment.arm == "canary").id' "$scratch/insights.ndjson" | wc -l)
check "the canary has about its share ($canaries of $count)" [ "$canaries" -gt 75 ]
check "and not more" [ "$canaries" -lt 165 ]

admin=$(sed -n 's/.*\bsegment\b.*\bready\b.*\badmin="\([0-9.:]*\).*/\1/p' "$scratch/run.log" | head -n 1)
figures() { curl -s -m 20 "http://$admin/metrics"; }
figures >"$scratch/metrics"
for arm in control canary; do
    of=$(jq -r "select(.segment.arm == \"$arm\").id" "$scratch/insights.ndjson" | wc -l)
    equal "records of $arm" "$(awk "/^verbatim_segment_records_total.*arm=\"$arm\"/ {sum += \$2} END {print sum}" "$scratch/metrics")" "$of"
    equal "distances of $arm" "$(sed -n "s/^verbatim_segment_distance_count{.*arm=\"$arm\".*} //p" "$scratch/metrics")" "$of"
done

# --- a filter, and a replica that sees the same records again, agree
"$verbatim" analyze "${trial[@]}" "$key" "$scratch/feedback.ndjson" >"$scratch/analyzed.ndjson" 2>"$scratch/summary"
check "analyze has the same arms" cmp <(arms "$scratch/insights.ndjson") <(arms "$scratch/analyzed.ndjson")
check "and its summary says so ($(grep -m 1 arm "$scratch/summary"))" grep -qE "canary +$canaries " "$scratch/summary"
check "without a canary it doesn't" bash -c "! '$verbatim' analyze '$scratch/feedback.ndjson' 2>&1 | grep -qE '\"arm\"|canary'"
await "features in the archive" 60 holds features $count
"$verbatim" replay "$scratch/data/archive" --topic features --shadow next- --bus.path="$scratch/data/bus" >/dev/null 2>&1
launch replica "$bin/verbatim-segment" --bus.path="$scratch/data/bus" --bus.topic_prefix=next- "${trial[@]}"
replayed() { "$verbatim" tail --once --json --bus.path="$scratch/data/bus" --bus.topic_prefix=next- segments >"$scratch/replayed.ndjson" 2>/dev/null; }
all_replayed() { replayed && [ "$(wc -l <"$scratch/replayed.ndjson")" = $count ]; }
await "the replay is through" 120 all_replayed
check "a replay has the same arms" cmp <(arms "$scratch/insights.ndjson") <(arms "$scratch/replayed.ndjson")
halt replica

# --- SIGHUP: both models, or neither
head -c 500 "$scratch/third.model" >"$scratch/canary.model"
cp "$scratch/third.model" "$scratch/first.model"
kill -HUP "${pids[run]}"
refused() { grep -q 'what was in force stays.*segment.canary' "$scratch/run.log"; }
await "a broken canary is refused" 30 refused
jq -c '.id = "again-" + .id' "$scratch/feedback.ndjson" | "$verbatim" send --bus.path="$scratch/data/bus" - 2>"$scratch/send.err"
await "records go on" 180 holds insights $((2 * count))
# PREFIX: of each customer's ids that begin so, arm and model; who is known by an id only may be in the other arm now
customers() { archived "$scratch/data/archive" insights | jq -r "select(.feedback.customer and (.id | startswith(\"$1\"))) | [.feedback.customer, .segment.arm, .segment.model] | @tsv" | sort; }
check "by the models that were in force" cmp <(customers r-) <(customers again-)
cp "$scratch/third.model" "$scratch/canary.model"
kill -HUP "${pids[run]}"
taken() { figures | grep 'verbatim_segment_distance_count' | grep -c 'model="third"' | grep -qx 2; }
await "whole ones are taken" 30 taken
halt run

# --- what is in force, and what can't be meant
"$verbatim" models "${trial[@]}" >"$scratch/models"
check "models tells the canary" grep -qE '^canary +third ' "$scratch/models"
check "but not one that is off" bash -c "! '$verbatim' models --segment.canary='$scratch/nowhere' | grep -q canary"
# wrong WHY SAYS OPTION...
wrong() {
    timeout 60 "$bin/verbatim-segment" --bus.path="$scratch/wrong" "${@:3}" >"$scratch/out" 2>&1
    equal "$1: exit 78" $? 78
    check "$1: says $2 ($(tail -n 1 "$scratch/out"))" contains "$scratch/out" "$2"
}
wrong "a share without a canary" "segment.canary names no model" --segment.canary_share=10
wrong "more than all" "0 to 100" --segment.canary_share=101
wrong "a typo" 'did you mean "segment.canary_share"' --segment.canary_shares=10
wrong "a canary that isn't there" "segment.canary" --segment.canary="$scratch/nowhere" --segment.canary_share=10
wrong "a canary of another kind" "segment.canary" --segment.canary="$source/config/models/safety.model" --segment.canary_share=10
finish
