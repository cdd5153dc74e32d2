#!/bin/bash
# Digests end to end: the windows of a running pipeline say together what its insights say one by one, on the topic, in
# the archive, to people; verify balances with them; a restart takes up where the last one ended.
. "$(dirname "$0")/lib.sh"

verbatim=$bin/verbatim
read -r http <<<"$(free_ports 1)"
serve() {
    launch run "$verbatim" run --no-sample --quiet --data "$scratch/data" --ingest.listen="127.0.0.1:$http" --genai.digest_every=2s
    await "the API" 60 answers "http://127.0.0.1:$http/readyz"
}
post() {
    curl -sf -m 30 "http://127.0.0.1:$http/v1/feedback" -H 'Content-Type: application/x-ndjson' --data-binary @"$1" >/dev/null
}
topic() { "$verbatim" tail --once --json --bus.path="$scratch/data/bus" insights 2>/dev/null; }
told() { topic | jq -s '[.[] | .digest.records // 0] | add // 0'; }
all_told() { [ "$(told)" = "$1" ]; }

sample=$source/config/sample/feedback.ndjson
count=$(wc -l <"$sample")
serve
check "the sample is posted" post "$sample"
await "digests of all of it" 120 all_told "$count"
topic >"$scratch/insights"
jq -c 'select(.digest)' "$scratch/insights" >"$scratch/digests"
equal "no record is both" "$(jq -c 'select(.digest and .insight)' "$scratch/insights" | wc -l)" 0
equal "each topic is counted as often as it was found" \
    "$(jq -s -c '[.[].digest.rows[]? | select(.side == "topic" and .records > 0)] | group_by(.name) | map({key: .[0].name, value: (map(.records) | add)}) | from_entries' "$scratch/digests")" \
    "$(jq -s -c '[.[] | select(.insight) | .insight.topics[]?] | group_by(.) | map({key: .[0], value: length}) | from_entries' "$scratch/insights")"
equal "and each product" \
    "$(jq -s -c '[.[].digest.rows[]? | select(.side == "product" and .records > 0)] | group_by(.name) | map([.[0].name, (map(.records) | add)])' "$scratch/digests")" \
    "$(jq -s -c '[.[] | select(.insight) | .feedback.product // empty] | group_by(.) | map([.[0], length])' "$scratch/insights")"
check "a need is named, with how many and an example" \
    [ "$(jq -s '[.[].digest.needs[]? | select(.records > 0 and (.example | length > 0) and (.text | length > 0))] | length > 0' "$scratch/digests")" = true ]
is_told() { curl -sN -m 3 "http://127.0.0.1:$http/v1/insights/stream" >"$scratch/stream"; contains "$scratch/stream" "event: digest"; }
await "who begins to follow is told the last one" 30 is_told

halt run
equal "exit status after SIGTERM" "$status" 0
serve
check "more is posted after a restart" post "$sample"
await "digests of that too" 120 all_told $((2 * count))
halt run
# What the archive had not heard of when it was stopped, it takes in now.
"$verbatim" run --once --no-sample --quiet --data "$scratch/data" --ingest.listen="127.0.0.1:$http" >"$scratch/rest" 2>&1
rc=$?
equal "the rest is archived ($(tail -n 1 "$scratch/rest"))" $rc 0
topic | jq -c 'select(.digest) | .digest' >"$scratch/digests"
equal "each begins where the one before it ended" \
    "$(jq -s '[range(1; length) as $i | select(.[$i].since != .[$i - 1].until or [.[$i].places[].from] != [.[$i - 1].places[].to])] | length' "$scratch/digests")" 0

archived "$scratch/data/archive" insights >"$scratch/archived"
equal "the archive holds them" "$(jq -c 'select(.digest)' "$scratch/archived" | wc -l)" "$(wc -l <"$scratch/digests")"
"$verbatim" verify --archive "$scratch/data/archive" >"$scratch/verify" 2>&1
rc=$?
equal "verify balances ($(tail -c 300 "$scratch/verify"))" $rc 0
"$verbatim" topics discover --archive "$scratch/data/archive" --json >"$scratch/out.json" 2>"$scratch/err"
rc=$?
equal "discover passes them over ($(head -c 200 "$scratch/err"))" $rc 0
equal "and reads the records" "$(jq '.records + .other_languages' "$scratch/out.json")" $((2 * count))
finish
