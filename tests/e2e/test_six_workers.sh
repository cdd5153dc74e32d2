#!/bin/bash
# The six workers as separate processes over a real Kafka and a real S3, configured by files: 10,000 posts become
# 10,000 insights for an independent consumer and 10,000 records in the bucket for boto3, each once, although of two
# replicas of a worker one is stopped and the other killed in the middle.
. "$(dirname "$0")/lib.sh"

python=$("$source/tests/lib/python.sh") || skip "no Python packages"
posts=10000
workers="ingest preprocess featurize segment genai logsink"
declare -A admin
read -r http ports <<<"$(free_ports 8)"
for member in ingest-0 preprocess-0 featurize-0 featurize-1 segment-0 genai-0 logsink-0; do
    admin[$member]=${ports%% *} ports=${ports#* }
done
url=http://127.0.0.1:$http

start_minio verbatim
start_kafka

# --- one file a worker, as a deployment would have them
printf '[bus]\nkind = kafka\n[kafka]\nbootstrap.servers = %s\n' "$bootstrap" >"$scratch/kafka.ini"
for worker in $workers; do cp "$scratch/kafka.ini" "$scratch/$worker.ini"; done
printf '[ingest]\nlisten = 127.0.0.1:%s\n' "$http" >>"$scratch/ingest.ini"
printf '[preprocess]\nfolder = %s\n' "$scratch/preprocess" >>"$scratch/preprocess.ini"
printf '[logsink]\nurl = s3://verbatim/archive\nage = 5s\n[store]\nendpoint = %s\naccess_key_id = verbatim\nsecret_access_key = verbatim-secret\n' \
    "$endpoint" >>"$scratch/logsink.ini"

start() {
    launch "$1" "$bin/verbatim-${1%-*}" --config "$scratch/${1%-*}.ini" --runtime.replica="${1#*-}" \
        --runtime.admin="127.0.0.1:${admin[$1]}"
}
ready() { answers "http://127.0.0.1:${admin[$1]}/readyz"; }
# metric MEMBER NAME: the sum of its samples; nothing where there is none
metric() {
    curl -s -m 60 "http://127.0.0.1:${admin[$1]}/metrics" |
        awk -v name="$2" 'substr($0, 1, length(name) + 1) == name "{" {sum += $NF; found = 1} END {if (found) printf "%.0f\n", sum}'
}
partitions() {
    curl -s -m 60 "http://127.0.0.1:${admin[$1]}/metrics" |
        sed -n 's/^verbatim_backlog_records{.*partition="\([0-9]*\)".*/\1/p' | sort -n | paste -sd' '
}
at_least() { [ "$("${@:2}")" -ge "$1" ]; }
share() { [ "$(partitions featurize-0 | wc -w)" -gt 0 ] && [ "$(partitions featurize-1 | wc -w)" -gt 0 ] && [ "$(echo "$(partitions featurize-0) $(partitions featurize-1)" | wc -w)" = 8 ]; }

"$bin/verbatim" topics create --config "$scratch/kafka.ini" >"$scratch/topics.txt" || give_up "topics create"
for member in "${!admin[@]}"; do start "$member"; done
for member in "${!admin[@]}"; do await "$member is ready" 60 ready "$member"; done
await "two replicas of featurize share the partitions" 60 share
equal "each partition has one of them" "$(echo "$(partitions featurize-0) $(partitions featurize-1)" | tr ' ' '\n' | sort -n | paste -sd' ')" "0 1 2 3 4 5 6 7"
await "preprocess has joined its group" 60 at_least 1 eval 'partitions preprocess-0 | wc -w'

# --- 10,000 posts; in the middle one replica is stopped, and later the other is killed
python3 "$source/tests/e2e/generate.py" $posts --prefix k >"$scratch/in.ndjson"
launch posts "$python" "$source/tests/e2e/post_each.py" "$url" "$scratch/in.ndjson" 48
await "some thousand records are through" 120 at_least 2500 metric genai-0 verbatim_outputs_total
check "both replicas work" [ "$(metric featurize-0 verbatim_outputs_total)" -gt 0 ]
check "both replicas work" [ "$(metric featurize-1 verbatim_outputs_total)" -gt 0 ]
halt featurize-1 TERM
equal "SIGTERM ends a replica with 0" "$status" 0
await "more are through" 120 at_least 4500 metric genai-0 verbatim_outputs_total
start featurize-1
await "the replica is back" 60 ready featurize-1
halt featurize-0 KILL
start featurize-0
await "the killed replica is back" 60 ready featurize-0
reap posts
equal "every post has its receipt ($(tail -n 3 "$scratch/posts.log"))" "$status" 0
echo "posts: $(cat "$scratch/posts.log")"
again=$(sed -n 's/.* \([0-9]*\) tries again.*/\1/p' "$scratch/posts.log") # each may be there twice, and is dropped then

# --- one more through each other way in
curl -s -m 120 -o "$scratch/waited.json" -H 'Content-Type: application/json' "$url/v1/feedback?wait=100s" -d '{"id":"waited","text":"It works well, thank you."}'
equal "a post that waits gets its insight" "$(jq -r .insight.sentiment.label "$scratch/waited.json")" positive
# --- a stream that comes back with a place of a bus that was here before goes on at the end of this one
launch stream curl -sN -H "Last-Event-ID: $(printf '%s:9000000,' 0 1 2 3 4 5 6)7:9000000" "$url/v1/insights/stream"
await "the stream is open" 20 contains "$scratch/stream.log" "insights follow"
streamed=0
is_told() { # of one more: its reader hears of the end a moment after it is open
    streamed=$((streamed + 1))
    curl -s -m 60 -o /dev/null -H 'Content-Type: application/json' "$url/v1/feedback?wait=10s" -d "{\"id\":\"streamed-$streamed\",\"text\":\"It works well, again.\"}"
    contains "$scratch/stream.log" '{"id":"streamed-'
}
await "and is told what comes from then on" 20 is_told
halt stream
"$python" "$source/ops/examples/python/produce.py" --bootstrap "$bootstrap" --text "Great taste, but I got a rash." --customer c-17 2>"$scratch/produce.err"
rc=$?
equal "produce.py exits 0 ($(head -c 200 "$scratch/produce.err"))" $rc 0
total=$((posts + 2 + streamed))

# --- an independent consumer
consumed() {
    "$python" "$source/ops/examples/python/consume.py" --bootstrap "$bootstrap" --group "judge" --json --idle 4 >>"$scratch/insights.ndjson" 2>"$scratch/consume.err"
    [ "$(wc -l <"$scratch/insights.ndjson")" -ge $total ]
}
await "read_committed: all insights" 60 consumed
ids "$scratch/insights.ndjson" | sort >"$scratch/insights.ids"
equal "read_committed: insights" "$(wc -l <"$scratch/insights.ids")" $total
equal "read_committed: distinct insights" "$(sort -u "$scratch/insights.ids" | wc -l)" $total
check "they are those that were posted" cmp <(ids "$scratch/in.ndjson" | sort) <(grep '^k-' "$scratch/insights.ids")
equal "the customer's words are kept from consumers" "$(jq -c 'select(.feedback.text)' "$scratch/insights.ndjson" | wc -l)" 0

# --- the bucket
bucket() { "$python" "$source/tests/e2e/read_bucket.py" "$endpoint" verbatim "archive/$1/"; }
count() { bucket "$1" | jq -r .id | sort >"$scratch/bucket.ids" && sort -u "$scratch/bucket.ids" | wc -l; }
for topic in feedback documents features segments insights; do
    await "the bucket holds the $topic" 60 at_least $total count $topic
    [ $topic = feedback ] || again=0
    check "boto3: records of $topic" [ "$(wc -l <"$scratch/bucket.ids")" -le $((total + again)) ]
    equal "boto3: distinct records of $topic" "$(sort -u "$scratch/bucket.ids" | wc -l)" $total
done
equal "no dead letters" "$(count dead-letters)" 0

# --- figures, and a quiet end
for member in $(printf '%s\n' "${!admin[@]}" | sort); do
    printf '%-13s %4d MB resident, ready after %s s\n' "$member" "$(($(metric "$member" process_resident_memory_bytes) / 1000000))" \
        "$(curl -s "http://127.0.0.1:${admin[$member]}/metrics" | sed -n 's/^verbatim_start_duration_seconds{[^}]*} \([0-9]*\.\?[0-9]\{0,3\}\).*/\1/p')"
done
for member in "${!admin[@]}"; do
    [ "$member" != logsink-0 ] || continue
    halt "$member"
    equal "$member ends with 0 on SIGTERM" "$status" 0
done

# --- the ledger: once logsink has all that the others wrote to their end, the archive balances
verify() { "$bin/verbatim" verify --config "$scratch/logsink.ini" --json >"$scratch/verify.json" 2>"$scratch/verify.err"; }
# Not by its backlog: what it has not heard of yet is none.
balances() { verify && [ "$(jq -c '[.insights, .in_flight]' "$scratch/verify.json")" = "[$total,0]" ]; }
await "the archive balances" 60 balances
halt logsink-0
equal "logsink-0 ends with 0 on SIGTERM" "$status" 0
verify
rc=$?
equal "verify exits 0 ($(head -c 300 "$scratch/verify.err"))" $rc 0
equal "verify: received, insights, dead letters, in flight" \
    "$(jq -c '[.received - .duplicates, .insights, .dead_letters, .in_flight]' "$scratch/verify.json")" "[$total,$total,0,0]"
finish
