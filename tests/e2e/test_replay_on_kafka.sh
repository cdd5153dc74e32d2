#!/bin/bash
# Redrive, replay and diff on a real Kafka and a real S3; and two operators at once: nothing is sent twice. With
# VERBATIM_TEST_LONG=1 all of test_redrive.sh's session too, which waits some minutes for ends of topics.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/redrive_session.sh"
. "$(dirname "$0")/replay_session.sh"

start_minio verbatim
start_kafka
kafka=(--bus.kind=kafka --kafka.bootstrap.servers="$bootstrap" --bus.partitions=4)
export VERBATIM_STORE_ENDPOINT=$endpoint VERBATIM_STORE_ACCESS_KEY_ID=verbatim VERBATIM_STORE_SECRET_ACCESS_KEY=verbatim-secret

if [ -n "${VERBATIM_TEST_LONG:-}" ]; then
    dead=("${kafka[@]}" --bus.topic_prefix=dead-)
    "$bin/verbatim" topics create "${dead[@]}" >"$scratch/topics.txt" || give_up "topics create"
    redrive_session Kafka "${dead[@]}"
fi

# --- two operators at the same moment, many letters: whatever becomes of the two runs, each letter goes out once
two=("${kafka[@]}" --bus.topic_prefix=two-)
"$bin/verbatim" topics create "${two[@]}" >"$scratch/topics.txt" || give_up "topics create"
for i in $(seq 400); do printf '{"id":"x-%d","text":"One thing that was said of it, number %d."}\n{"id":"x-%d","text":"Quite another thing, of which nobody had heard, %d."}\n' "$i" "$i" "$i" "$i"; done |
    "$bin/verbatim" send "${two[@]}" 2>"$scratch/send.err"
read -r http <<<"$(free_ports 1)"
launch two "$bin/verbatim" run --no-sample --quiet --data "$scratch/two" "${two[@]}" --runtime.status_every=1h --ingest.listen="127.0.0.1:$http"
has_letters() { [ "$("$bin/verbatim" redrive --json "${two[@]}" | wc -l)" = "$1" ]; }
await "400 letters" 120 has_letters 400
halt two
launch one_operator "$bin/verbatim" redrive send --json "${two[@]}"
launch other_operator "$bin/verbatim" redrive send --json "${two[@]}"
reap one_operator
reap other_operator
"$bin/verbatim" redrive send --json "${two[@]}" >"$scratch/out" 2>"$scratch/err"
equal "a third run finds what is left, if any: exit 0" $? 0
"$bin/verbatim" tail --from-start --once "${two[@]}" feedback >"$scratch/feedback.ndjson"
equal "each of 400 letters was sent once" "$(wc -l <"$scratch/feedback.ndjson")" 1200
"$bin/verbatim" tail --from-start --once "${two[@]}" audit | jq -r 'select(.audit.action == "redriven") | .audit.detail.letter' >"$scratch/sent"
equal "and the audit says so" "$(sort -u "$scratch/sent" | wc -l) $(wc -l <"$scratch/sent")" "400 400"

real=("${kafka[@]}" --bus.topic_prefix=)
"$bin/verbatim" topics create "${real[@]}" >"$scratch/topics.txt" || give_up "topics create"
replay_session "Kafka and S3" s3://verbatim/archive "${real[@]}"
finish
