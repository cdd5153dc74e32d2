# shellcheck shell=bash
# replay_session WHERE ARCHIVE BUS-OPTION...: records go from the archive onto shadow topics, where another model makes
# other insights of them, and onto the real topics; diff tells what changed. On whichever bus and store the options say.
# Sourced behind lib.sh. The bus must be empty, but have its topics.

replay_session() {
    local where=$1 archive=$2 verbatim=$bin/verbatim http count=300 killed topic
    shift 2
    python3 "$source/tests/e2e/generate.py" $count --prefix old >"$scratch/old.ndjson"
    "$verbatim" send "$@" "$scratch/old.ndjson" 2>"$scratch/send.err" || give_up "$where: send"
    first_run() {
        read -r http <<<"$(free_ports 1)"
        launch first "$verbatim" run --no-sample --quiet --data "$scratch/first" "$@" --logsink.url="$archive" --runtime.status_every=1h --logsink.age=1s --ingest.listen="127.0.0.1:$http"
        await "$where: run is ready" 60 answers "http://127.0.0.1:$http/readyz"
    }
    dry() { "$verbatim" replay "$archive" --dry-run --json "$@" 2>"$scratch/dry.err" | jq .would_write; }
    holds() { [ "$(dry --topic "$1" "${@:3}")" = "$2" ]; }
    first_run "$@"
    for topic in feedback documents features segments insights; do
        await "$where: the archive holds all $topic" 180 holds $topic $count "$@"
    done
    halt first
    equal "$where: the archive holds what was sent" "$(dry "$@")" $count
    equal "$where: one record of it" "$(dry --id old-7 "$@")" 1
    printf 'old-1\nold-2\n\nnobody\n' >"$scratch/ids"
    equal "$where: those of a list" "$(dry --ids "$scratch/ids" "$@")" 2
    equal "$where: nothing from before" "$(dry --to 1d "$@")" 0
    equal "$where: all since then" "$(dry --from 1d "$@")" $count
    check "$where: people get a table" grep -q "^feedback  *[0-9]* " <("$verbatim" replay "$archive" --dry-run "$@" 2>/dev/null)

    # --- a shadow: another model makes other segments of the same features, and nothing else changes
    "$verbatim" tail --from-start --once "$@" features | head -n 200 >"$scratch/features.ndjson"
    mkdir -p "$scratch/vectors" && mv "$scratch/features.ndjson" "$scratch/vectors/"
    "$verbatim" train segments --archive "$scratch/vectors" --clusters 3 --seed 7 --name segments-new --out "$scratch/new.model" >"$scratch/train.txt" || give_up "$where: train"
    equal "$where: onto shadow topics" "$("$verbatim" replay "$archive" --topic features --shadow next- --json "$@" | jq .written)" $count
    equal "$where: the same again writes nothing" "$("$verbatim" replay "$archive" --topic features --shadow next- --json "$@" | jq .written)" 0
    equal "$where: the real topics have none of it" "$("$verbatim" tail --from-start --once "$@" features | wc -l)" $count
    read -r http <<<"$(free_ports 1)"
    launch shadow "$verbatim" run --no-sample --quiet --data "$scratch/second" "$@" --logsink.url="$scratch/second/archive" --bus.topic_prefix=next- \
        --segment.model="$scratch/new.model" --runtime.status_every=1h --logsink.age=1s --ingest.listen="127.0.0.1:$http"
    shadow_holds() { [ "$(archived "$scratch/second/archive" insights | wc -l)" = "$1" ]; }
    await "$where: the shadow makes insights" 180 shadow_holds $count
    halt shadow
    equal "$where: they say which replay they come from" "$(archived "$scratch/second/archive" insights | jq -r .bus.replay | sort -u | wc -l)" 1
    "$verbatim" diff --json "$archive" "$scratch/second/archive" "$@" >"$scratch/diff.ndjson"
    equal "$where: diff finds differences: exit 1" $? 1
    "$verbatim" diff "$archive" "$scratch/second/archive" "$@" >/dev/full 2>/dev/null
    equal "$where: but not where they can't be told" $? 74
    "$verbatim" diff --json "$archive" "$scratch/second/archive" "$@" 2>"$scratch/head.err" | true
    equal "$where: who reads no further is no failure" "${PIPESTATUS[0]}" 1
    check "$where: and nothing is said" [ ! -s "$scratch/head.err" ]
    summary() { jq -c "select(.summary) | .summary | $1" "$scratch/diff.ndjson"; }
    equal "$where: each record is on both sides" "$(summary '[.left, .right, .both, .only_left, .only_right]')" "[$count,$count,$count,0,0]"
    check "$where: segments changed" [ "$(summary '.fields["segment.segment"]')" -gt 0 ]
    equal "$where: and nothing else" "$(summary '.changed == .fields["segment.segment"] and .safety_lowered == 0 and .safety_raised == 0')" true
    equal "$where: a line for each" "$(jq -c 'select(.change == "changed") | .fields | keys' "$scratch/diff.ndjson" | sort | uniq -c | awk '{print $1, $2}')" \
        "$(summary .changed) [\"segment.segment\"]"
    "$verbatim" diff --fields sentiment.label,needs,safety.state topic: topic:next- "$@" >"$scratch/sum.txt"
    equal "$where: topics compared, without segments: exit 0" $? 0
    check "$where: people get a sum" grep -q "changed  *0 " "$scratch/sum.txt"

    # --- killed in the middle, it goes on: each record once
    launch replay "$verbatim" replay "$archive" --topic segments --shadow third- --run third --rate 4 "$@"
    written() { "$verbatim" tail --from-start --once "$@" --bus.topic_prefix=third- segments >"$scratch/third.ndjson"; }
    # not by topics list: where the topics aren't there yet it says nothing, and to jq -e nothing is success
    begun() { written "$@" && [ "$(wc -l <"$scratch/third.ndjson")" -ge 5 ]; }
    await "$where: a slow replay has begun" 60 begun "$@"
    halt replay KILL
    written "$@"
    killed=$(wc -l <"$scratch/third.ndjson")
    check "$where: it was killed in the middle ($killed of $count)" [ "$killed" -lt $count ]
    "$verbatim" replay "$archive" --topic segments --shadow third- --run third --json "$@" >"$scratch/out" 2>"$scratch/err" || give_up "$where: replay goes on: $(cat "$scratch/err")"
    check "$where: the rest is written" [ "$(jq .written "$scratch/out")" -lt $count ]
    written "$@"
    equal "$where: all of it" "$(ids "$scratch/third.ndjson" | sort -u | wc -l)" $count
    equal "$where: each once" "$(wc -l <"$scratch/third.ndjson")" $count

    # --- onto the real topics: feedback that was seen lately is a retry; documents make insights anew, which say so
    "$verbatim" replay "$archive" --id old-7 --json "$@" >"$scratch/out"
    equal "$where: feedback onto the real topic" "$(jq .written "$scratch/out")" 1
    jq -c 'select(.id == "old-7") | .id = "behind"' "$scratch/old.ndjson" | "$verbatim" send "$@" 2>>"$scratch/send.err"
    first_run "$@"
    insights() { "$verbatim" tail --from-start --once "$@" insights >"$scratch/insights.ndjson"; }
    has() { insights "${@:3}"; [ "$(ids "$scratch/insights.ndjson" | grep -cx "$1")" = "$2" ]; }
    await "$where: what was sent behind it comes" 120 has behind 1 "$@"
    equal "$where: the replayed one was dropped as a retry" "$(ids "$scratch/insights.ndjson" | grep -cx old-7)" 1
    equal "$where: a document onto the real topic" "$("$verbatim" replay "$archive" --topic documents --id old-7 --run anew --json "$@" | jq .written)" 1
    await "$where: its insight comes anew" 120 has old-7 2 "$@"
    copies() { "$verbatim" replay "$archive" --topic insights --id old-7 --run later --dry-run --json "$@" >"$scratch/copies" && [ "$(jq .copies_passed_over "$scratch/copies")" = 1 ]; }
    await "$where: the archive tells the copy" 60 copies "$@"
    equal "$where: which isn't replayed again" "$(jq .would_write "$scratch/copies")" 1
    halt first
    equal "$where: the run ends with 0" "$status" 0
    "$verbatim" tail --from-start --once "$@" audit >"$scratch/audit.ndjson"
    equal "$where: the audit tells of each run" "$(jq -r '.audit | select(.action == "replay_done") | .detail.run + " " + .detail.records' "$scratch/audit.ndjson" | grep -c ' 1$')" 2
}
