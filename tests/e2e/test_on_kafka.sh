#!/bin/bash
# On a real Kafka: the operator's commands; and messages that no worker can use, on every topic that a worker reads:
# each is set aside as a dead letter that says why, its partition goes on, and good records get through beside them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_session.sh"

python=$("$source/tests/lib/python.sh") || skip "no Python packages"
start_kafka
bus=(--bus.kind=kafka --kafka.bootstrap.servers="$bootstrap")

# --- a broker that never was: commands say so, workers wait for it and say that they aren't ready
read -r nobody <<<"$(free_ports 1)"
timeout 60 "$bin/verbatim" topics list --bus.kind=kafka --kafka.bootstrap.servers="127.0.0.1:$nobody" >"$scratch/out" 2>"$scratch/err"
equal "topics list without a broker: exit status" $? 69
check "and it names what it can't reach (said: $(head -c 200 "$scratch/err"))" contains "$scratch/err" "127.0.0.1:$nobody"
read -r http admin segment_admin <<<"$(free_ports 3)"
ready() { answers "http://127.0.0.1:$1/readyz"; }
waiting() { [ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$1/readyz")" = 503 ]; }
away=(--bus.kind=kafka --kafka.bootstrap.servers="127.0.0.1:$nobody")
launch segment "$bin/verbatim-segment" "${away[@]}" --runtime.admin="127.0.0.1:$segment_admin"
launch ingest "$bin/verbatim-ingest" "${away[@]}" --runtime.admin="127.0.0.1:$admin" --ingest.listen="127.0.0.1:$http"
for port in "$segment_admin" "$admin" "$http"; do
    await "without a broker, alive" 30 answers "http://127.0.0.1:$port/healthz"
    await "but not ready" 60 waiting "$port"
done
await "the log names the broker" 30 contains "$scratch/segment.log" "127.0.0.1:$nobody"
for name in segment ingest; do
    check "$name waits" running $name
    equal "and never said that it is ready" "$(grep -c ': ready' "$scratch/$name.log")" 0
    asked=$SECONDS
    halt $name
    equal "$name ends on SIGTERM without a broker too: exit status" "$status" 0
    # An orchestrator kills after 20 s (ops/k8s); the measured time is 4 s, the bound allows for a busy machine.
    check "before anybody would kill it (took $((SECONDS - asked)) s)" [ $((SECONDS - asked)) -lt 20 ]
done

cli_session kafka "${bus[@]}" --bus.topic_prefix=cli-

# --- hostile messages first, so that everything good comes behind one
read -r http <<<"$(free_ports 1)"
"$bin/verbatim" topics create "${bus[@]}" >"$scratch/topics.txt" || give_up "topics create"
hostile=$("$python" "$source/tests/e2e/hostile.py" "$bootstrap" feedback documents features segments) || give_up "hostile.py"
launch run "$bin/verbatim" run --no-sample --quiet --data "$scratch/data" "${bus[@]}" --genai.digest_every=0 --logsink.age=1s --ingest.listen="127.0.0.1:$http"
await "run is ready" 60 answers "http://127.0.0.1:$http/readyz"
python3 "$source/tests/e2e/generate.py" 400 --prefix good >"$scratch/in.ndjson"
curl -s -m 60 -o "$scratch/answer" -H 'Content-Type: application/x-ndjson' --data-binary "@$scratch/in.ndjson" "http://127.0.0.1:$http/v1/feedback"
equal "good records are taken in beside them" "$(jq .accepted "$scratch/answer")" 400

consume() { "$python" "$source/ops/examples/python/consume.py" --bootstrap "$bootstrap" --group "judge-$1" --topic "$1" --json --idle 4 "${@:2}" >>"$scratch/$1.ndjson" 2>"$scratch/consume.err"; }
has_good() { consume insights; [ "$(ids "$scratch/insights.ndjson" | grep -c '^good-')" -ge 400 ]; }
await "400 good insights" 120 has_good
equal "each once" "$(ids "$scratch/insights.ndjson" | grep '^good-' | sort | uniq -d | wc -l)" 0

"$bin/verbatim" tail --from-start --once "${bus[@]}" dead-letters >"$scratch/dead.ndjson"
dead() { jq -r "select(.dead_letter.$1 == \"$2\") | .dead_letter.offset" "$scratch/dead.ndjson" | wc -l; }
for topic in feedback features; do equal "all that is hostile on $topic is set aside" "$(dead topic $topic)" "$hostile"; done
# One of the cases holds a document that these can work with, and do.
for topic in documents segments; do equal "all but one on $topic" "$(dead topic $topic)" $((hostile - 1)); done
equal "each says why" "$(jq -c 'select(.dead_letter.cause == "bad_message" and (.dead_letter.message | length > 10))' "$scratch/dead.ndjson" | wc -l)" $((hostile * 4 - 2))
equal "and keeps the very bytes" "$("$python" -c '
import base64, hashlib, json, sys
letters = [json.loads(line)["dead_letter"] for line in sys.stdin]
print(sum(hashlib.sha256(base64.b64decode(letter.get("value", ""))).hexdigest() == letter["value_sha256"] for letter in letters))' \
    <"$scratch/dead.ndjson")" $((hostile * 4 - 2))
check "the program runs on" running run

# --- the broker goes away and comes back: callers are told to try again, and nothing is lost
trace=4bf92f3577b34da6a3ce929d0e0e4736
equal "a post with a trace is taken in" "$(curl -s -m 150 -o /dev/null -w '%{http_code}' -H "traceparent: 00-$trace-00f067aa0ba902b7-01" \
    -H 'Content-Type: application/json' -d '{"id":"traced","text":"It works well."}' "http://127.0.0.1:$http/v1/feedback?wait=120s")" 200
kcat -q -b "$bootstrap" -C -t insights -o beginning -e -X isolation.level=read_committed -f '%h\n' >"$scratch/headers"
equal "its trace is in the headers of one insight" "$(grep -c "traceparent=00-$trace-" "$scratch/headers")" 1
check "beside the content type and CloudEvents'" grep -q "content-type=application/msgpack.*ce_\|ce_.*content-type=application/msgpack" "$scratch/headers"

# --- who follows while records come has each once: on the way a second reader takes over (workers/ingest/hurry.c)
launch follower curl -sN "http://127.0.0.1:$http/v1/insights/stream?product=followed"
await "a stream begins" 30 contains "$scratch/follower.log" "insights follow"
for number in {1..100}; do
    echo "{\"id\":\"followed-$number\",\"product\":\"followed\",\"text\":\"It works well.\"}" >"$scratch/row"
    curl -s -m 60 -o "$scratch/answer" -H 'Content-Type: application/json' --data-binary "@$scratch/row" "http://127.0.0.1:$http/v1/feedback"
done
followed() { grep -o '"id":"followed-[0-9]*"' "$scratch/follower.log"; }
has_followed() { [ "$(followed | sort -u | wc -l)" -eq 100 ]; }
await "it is told of all" 120 has_followed
equal "each once" "$(followed | sort | uniq -d | wc -l)" 0
halt follower

post() { curl -s -m 60 -D "$scratch/head" -o "$scratch/answer" -w '%{http_code}' -H 'Content-Type: application/json' "http://127.0.0.1:$http/v1/feedback" -d "{\"id\":\"$1\",\"text\":\"It works well.\"}"; }
ready_says() { [ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$http/readyz")" = "$1" ]; }
"$source/tests/lib/kafka.sh" kill "$scratch/kafka" 1
equal "without a broker there is no receipt" "$(post away)" 503
check "with Retry-After" grep -qi '^retry-after: [0-9]' "$scratch/head"
check "readyz says no" ready_says 503
"$source/tests/lib/kafka.sh" restart "$scratch/kafka" 1 || echo "Kafka takes its time to come back" >&2
taken() { [ "$(post back)" = 202 ]; }
await "the door opens again by itself" 240 taken
await "readyz says yes" 60 ready_says 200
has_back() { consume insights; ids "$scratch/insights.ndjson" | grep -q '^back$'; }
await "its insight comes" 120 has_back
halt run
equal "SIGTERM ends it with 0" "$status" 0

# --- the broker goes for good while a worker has work: the stop doesn't wait for it
read -r segment_admin <<<"$(free_ports 1)"
launch worker "$bin/verbatim-preprocess" "${bus[@]}" --runtime.group=again --runtime.admin="127.0.0.1:$segment_admin"
await "a worker of another group is at work" 60 ready "$segment_admin"
"$source/tests/lib/kafka.sh" kill "$scratch/kafka" 1
await "it notices" 60 waiting "$segment_admin"
asked=$SECONDS
halt worker
equal "SIGTERM ends it with 0" "$status" 0
check "soon (took $((SECONDS - asked)) s)" [ $((SECONDS - asked)) -lt 20 ]
finish
