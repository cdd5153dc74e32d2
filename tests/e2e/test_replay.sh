#!/bin/bash
# Replay and diff on the embedded bus and an archive in a folder. (test_replay_on_kafka.sh does the same on Kafka and S3.)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/replay_session.sh"

# --- what can't be meant
# refused WHY STATUS SAYS ARGUMENT...
refused() {
    "$bin/verbatim" "${@:4}" --bus.path="$scratch/none" >/dev/null 2>"$scratch/err"
    equal "$1: exit $2" $? "$2"
    check "$1: it says why" contains "$scratch/err" "$3"
}
refused "no archive" 66 "no such archive" replay "$scratch/nowhere"
refused "two archives" 64 "one archive" replay a b
refused "a topic that is none" 64 'no topic "feedbak"' replay --topic feedbak "$scratch"
refused "a time that is none" 64 "--from needs a time" replay --from yesterday "$scratch"
refused "a partition that is none" 64 "--partition needs a number" replay --partition x "$scratch"
refused "a folder without an archive" 66 "holds no archive" replay "$scratch"
check "for which no bus is made" [ ! -e "$scratch/none" ]
read -r http <<<"$(free_ports 1)"
"$bin/verbatim" run --once --quiet --data "$scratch/real" --ingest.listen="127.0.0.1:$http" >/dev/null 2>&1
refused "a prefix that leads elsewhere" 78 "bus.topic_prefix" replay --shadow ../x "$scratch/real/archive"
object=$(find "$scratch/real/archive/feedback" -name '*.zst' | head -n 1)
zstd -dc "$object" | head -n -1 | zstd -q >"$scratch/short.zst"
mv "$scratch/short.zst" "$object"
refused "an object that lost its last line" 65 "its manifest says" replay --dry-run "$scratch/real/archive"
rm "$object"
refused "an object that is gone" 66 "${object##*/}" replay --dry-run "$scratch/real/archive"
refused "one side" 64 "two sides" diff "$scratch"
refused "a field that is none" 64 'did you mean "safety.state"' diff --fields safety.stat a b
refused "a file that isn't there" 66 "nowhere" diff "$scratch/nowhere" "$scratch/nowhere"
echo '{"id":"a","insight":{' >"$scratch/bad.ndjson"
refused "a file that is cut off" 65 "bad.ndjson:1:" diff "$scratch/bad.ndjson" "$scratch/bad.ndjson"

# --- files, as analyze writes them
"$bin/verbatim" analyze "$source/config/sample/feedback.ndjson" >"$scratch/left.ndjson" 2>/dev/null
"$bin/verbatim" diff "$scratch/left.ndjson" "$scratch/left.ndjson" >"$scratch/sum.txt"
equal "a file is like itself: exit 0" $? 0
jq -c 'if .insight.sentiment.label == "negative" then .insight.sentiment.label = "mixed" else . end | if .safety.state == "positive" then .safety.state = "negative" else . end' \
    "$scratch/left.ndjson" | tail -n +11 | zstd -q >"$scratch/right.ndjson.zst"
"$bin/verbatim" diff "$scratch/left.ndjson" "$scratch/right.ndjson.zst" --json >"$scratch/diff.ndjson"
equal "it isn't like what was changed: exit 1" $? 1
"$bin/verbatim" diff "$scratch/left.ndjson" "$scratch/right.ndjson.zst" >"$scratch/sum.txt"
behind=$(tail -n +11 "$scratch/left.ndjson" | jq -c 'select(.insight.sentiment.label == "negative")' | wc -l)
lowered=$(tail -n +11 "$scratch/left.ndjson" | jq -c 'select(.safety.state == "positive")' | wc -l)
equal "what is missing, what is lowered" "$(jq -c 'select(.summary) | .summary | [.only_left, .only_right, .safety_lowered, .fields["sentiment.label"]]' "$scratch/diff.ndjson")" \
    "[10,0,$lowered,$behind]"
check "the table of labels says so" grep -qE "negative +0 +0 +0 +$behind\$" "$scratch/sum.txt"
check "and that safety is lowered" grep -qE "safety lowered +$lowered" "$scratch/sum.txt"

replay_session embedded "$scratch/first/archive" --bus.path="$scratch/bus"
finish
