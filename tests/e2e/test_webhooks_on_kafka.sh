#!/bin/bash
# Webhooks on Kafka: two replicas of the door share an endpoint's partitions; one is killed in the middle, and the other takes over.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/webhook_session.sh"

start_kafka
# A killed one keeps its partitions until its session is over: that of a machine that stands still for some seconds isn't.
bus=(--bus.kind=kafka --kafka.bootstrap.servers="$bootstrap" --kafka.session.timeout.ms=12000)
"$bin/verbatim" topics create "${bus[@]}" >"$scratch/topics.txt" || give_up "topics create"
read -r http second admin port <<<"$(free_ports 4)"
echo "all http://127.0.0.1:$port/all file:$scratch/secret" >"$scratch/webhooks"
hooks=(--webhooks.endpoints="$scratch/webhooks" --webhooks.timeout=8s --webhooks.backoff_most=1s)
all_six=("$bin/verbatim" run --no-sample --quiet --data "$scratch/data" "${bus[@]}" --genai.digest_every=0 --ingest.listen="127.0.0.1:$http")
receive "$port"

launch run "${all_six[@]}" "${hooks[@]}"
begin_second() {
    launch second "$bin/verbatim-ingest" "${bus[@]}" "${hooks[@]}" --runtime.replica=1 --ingest.listen="127.0.0.1:$second" --runtime.admin="127.0.0.1:$admin"
    await "the second door is ready" 60 answers "http://127.0.0.1:$second/readyz"
}
await "run is ready" 60 answers "http://127.0.0.1:$http/readyz"
begin_second
both() { [ "$(curl -s "http://127.0.0.1:$http/v1/status" | jq -r '.workers[].member' | grep -c '^webhook-all-')" = 2 ]; }
await "both are in its group" 60 both
delivered_by_second() { curl -s "http://127.0.0.1:$admin/metrics" | sed -n 's/^verbatim_webhook_requests_total{.*webhook="all",result="delivered"} //p'; }
rounds=0
# One is in the group before it has partitions: until it has, all goes to the first.
second_delivers() { rounds=$((rounds + 1)) && post "round$rounds" 20 && sleep 1 && [ "$(delivered_by_second)" -gt 0 ]; }
await "the second has partitions" 120 second_delivers
had=$(delivered_by_second)

mode mixed
post mixed 300
await "all 300 are taken" 180 taken mixed 300
equal "all are signed" "$(jq -c 'select(.good | not)' "$scratch/received" | wc -l)" 0
in_order "by customer, in their order" mixed
share=$(($(delivered_by_second) - had))
check "the second had its share ($share)" [ "$share" -gt 0 ]
check "and the first the rest" [ "$share" -lt "$(delivered mixed | wc -l)" ]

mode slow
post killed 400
some() { [ "$(delivered killed | wc -l)" -ge 100 ]; }
await "a hundred were taken" 120 some
halt second KILL
await "all 400 are taken, by the one that is left" 180 taken killed 400
in_order "in their order, at first" killed
begin_second
mode ok
post back 100
await "both go on" 180 taken back 100

# --- nobody is there: what comes meanwhile is delivered later, though the group begins at the end
halt second
equal "SIGTERM ends the second with 0" "$status" 0
halt run KILL
launch run "${all_six[@]}"
await "run without webhooks is ready" 60 answers "http://127.0.0.1:$http/readyz"
post meanwhile 20
await_insights meanwhile 20
equal "nobody is told" "$(delivered meanwhile | wc -l)" 0
begin_second
await "what came meanwhile is taken" 120 taken meanwhile 20
equal "what came again is the same under the same id" "$(records /all <"$scratch/received" | sort -u | wc -l)" $((820 + 20 * rounds))
finish
