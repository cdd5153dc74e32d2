#!/bin/bash
# One trace from the door to the archive: the caller's traceparent comes out of every topic with the same trace id, each
# time with a span of its own; a caller without one is given one.
. "$(dirname "$0")/lib.sh"

topics=(feedback documents features segments insights)
trace=4bf92f3577b34da6a3ce929d0e0e4736
read -r http <<<"$(free_ports 1)"
launch run "$bin/verbatim" run --no-sample --quiet --data "$scratch/data" --ingest.listen="127.0.0.1:$http"
await "run is ready" 60 answers "http://127.0.0.1:$http/readyz"
post() { curl -s -m 150 -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' "http://127.0.0.1:$http/v1/feedback?wait=120s" "$@"; }
equal "a post with a trace" "$(post -H "traceparent: 00-$trace-00f067aa0ba902b7-01" -d '{"id":"traced","text":"It works well."}')" 200
equal "a post with a broken one" "$(post -H "traceparent: 00-$trace-nonsense" -d '{"id":"own","text":"It works badly."}')" 200
halt run
equal "SIGTERM ends it with 0" "$status" 0
# What the archive had not heard of when it was stopped, it takes in now.
"$bin/verbatim" run --once --no-sample --quiet --data "$scratch/data" --ingest.listen="127.0.0.1:$http" >"$scratch/rest" 2>&1
rc=$?
equal "the rest is archived ($(tail -n 1 "$scratch/rest"))" $rc 0

for topic in "${topics[@]}"; do
    archived "$scratch/data/archive" "$topic" | jq -r '"\(.id) \(.bus.traceparent)"' >"$scratch/$topic"
    equal "$topic: the caller's trace" "$(sed -n 's/^traced 00-\([0-9a-f]*\)-.*/\1/p' "$scratch/$topic")" "$trace"
    check "$topic: a trace where the caller had none" grep -qE '^own 00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$' "$scratch/$topic"
    check "$topic: and not the broken one" [ "$(grep -c "^own .*$trace" "$scratch/$topic")" = 0 ]
done
equal "the trace that was given goes on to the end" "$(cd "$scratch" && sed -n 's/^own 00-\([0-9a-f]*\)-.*/\1/p' "${topics[@]}" | sort -u | wc -l)" 1
check "no span is the caller's" [ "$(cd "$scratch" && cat "${topics[@]}" | grep -c 00f067aa0ba902b7)" = 0 ]
finish
