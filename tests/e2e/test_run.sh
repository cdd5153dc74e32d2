#!/bin/bash
# verbatim run: the sample becomes insights and an archive; and however it is stopped in the middle, by SIGTERM,
# Ctrl-C or kill -9, started again it goes on where it was, and each record is there exactly once.
. "$(dirname "$0")/lib.sh"

verbatim=$bin/verbatim
data=$scratch/data
topics="feedback documents features segments insights"
read -r http <<<"$(free_ports 1)"
url=http://127.0.0.1:$http
sample=$(wc -l <"$source/config/sample/feedback.ndjson")

start() { launch run "$verbatim" run --no-sample --quiet --data "$data" --ingest.listen="127.0.0.1:$http"; }
insights() { "$verbatim" topics list --json --bus.path="$data/bus" | jq '.[] | select(.topic == "insights") | .records'; }
has_insights() { [ "$(insights)" -ge "$1" ]; }

# each_once WHAT COUNT: on every topic's archive, so many records, and each id once.
each_once() {
    local topic
    for topic in $topics; do
        archived "$data/archive" "$topic" | ids >"$scratch/$topic.ids"
        equal "$1: records in the archive of $topic" "$(wc -l <"$scratch/$topic.ids")" "$2"
        equal "$1: distinct ids in the archive of $topic" "$(sort -u "$scratch/$topic.ids" | wc -l)" "$2"
    done
}

# --- once, and again
"$verbatim" run --once --data "$data" --ingest.listen="127.0.0.1:$http" >"$scratch/once.txt" 2>"$scratch/once.err"
equal "run --once exits 0" $? 0
equal "it says nothing on standard error" "$(cat "$scratch/once.err")" ""
check "the summary counts the whole sample" contains "$scratch/once.txt" "$sample records"
for word in en es fr positive negative serious archive; do check "$word is on the screen" contains "$scratch/once.txt" "$word"; done
awk '/^feeling   lang/ { on = 1 } /^  archive/ { exit } on && !/^ *…$/ && NF' "$source/README.md" >"$scratch/shown.txt"
equal "the README shows what is seen" "$(grep -vxFf "$scratch/once.txt" "$scratch/shown.txt")" ""
check "and all of it" [ "$(wc -l <"$scratch/shown.txt")" -gt 20 ]
check "without a terminal there are no colours" [ "$(tr -dc '\033' <"$scratch/once.txt" | wc -c)" = 0 ]
each_once "first run" "$sample"
equal "each insight has evidence that its text holds" \
    "$(archived "$data/archive" insights | jq -c 'select([.insight.sentiment.evidence[]?, .insight.needs[]?, .safety.evidence[]?] | all(.start < .end)) | select(.document.text | length > 0)' | wc -l)" "$sample"
equal "nothing after preprocess holds the text that was received" "$(archived "$data/archive" insights | jq -c 'select(.feedback.text)' | wc -l)" 0
equal "no dead letters" "$(archived "$data/archive" dead-letters | wc -l)" 0
check "the safety topic holds a serious case" [ "$(archived "$data/archive" safety | jq -c 'select(.safety.serious)' | wc -l)" -ge 5 ]

"$verbatim" run --once --data "$data" --ingest.listen="127.0.0.1:$http" >"$scratch/twice.txt" 2>&1
equal "a second run exits 0" $? 0
each_once "second run" $((sample * 2))

# --- any port that is free, which it says
launch any "$verbatim" run --quiet --data "$scratch/any" --ingest.listen=localhost:0 --runtime.admin=127.0.0.1:0 --runtime.log_level=info
await "any port will do, also for the sample" 60 grep -q dashboard "$scratch/any.log"
door=$(sed -n 's/^ *dashboard *//p' "$scratch/any.log")
check "the dashboard is where it says ($door)" contains <(curl -s "$door") "<title>Verbatim</title>"
admin=$(sed -n 's/.*\bready\b.*\badmin="\([0-9.:]*\).*/\1/p' "$scratch/any.log" | sort -u)
equal "each worker's ready line says where its metrics are" "$(wc -l <<<"$admin")" 6
check "and there they are" contains <(curl -s "http://$(head -n 1 <<<"$admin")/metrics") verbatim_build_info
halt any

# --- started to stay, it shows the sample's insights first, then where it is to be found
launch stay "$verbatim" run --quiet --data "$scratch/stay" --ingest.listen="127.0.0.1:$http"
await "it says where the dashboard is" 60 grep -q dashboard "$scratch/stay.log"
equal "what the sample came to stands before that" "$(sed '/dashboard/q' "$scratch/stay.log" | grep -c "^  $sample records")" 1
halt stay
equal "and it ends well" "$status" 0

# --- without a door: nothing to show it at, nor to post a sample to
launch closed "$verbatim" run --quiet --data "$scratch/closed" --ingest.listen=
await "it starts without a door" 60 grep -q "Ctrl-C" "$scratch/closed.log"
equal "and sends nobody to one" "$(grep -c http "$scratch/closed.log")" 0
halt closed
equal "it ends well, too" "$status" 0
"$verbatim" run --once --data "$scratch/closed" --ingest.listen= >"$scratch/closed.txt" 2>&1
equal "a sample that can't be posted is refused before anything starts" $? 64
check "and it says why" contains "$scratch/closed.txt" "ingest.listen is empty"
"$verbatim" run --once --no-sample --data "$scratch/closed" --ingest.listen= >"$scratch/closed.txt" 2>&1
equal "what is there is done without it" $? 0

# --- a sample that is partly wrong, and one whose ids came before: neither is waited for in vain
printf '{"id":"s-1","text":"Good tea."}\n{"txt":"x"}\noops\n' >"$scratch/partly.ndjson"
for time in first second; do
    "$verbatim" run --once --quiet --sample "$scratch/partly.ndjson" --data "$scratch/partly" --ingest.listen="127.0.0.1:$http" >"$scratch/partly.txt" 2>"$scratch/partly.err"
    equal "$time time: a sample with bad records exits 65" $? 65
    check "$time time: and says how many" contains "$scratch/partly.err" "2 records were refused"
done
equal "the good one is there once" "$(archived "$scratch/partly/archive" insights | wc -l)" 1

# --- who has no time to finish says so, and the next one does
"$verbatim" run --once --quiet --data "$scratch/hasty" --ingest.listen="127.0.0.1:$http" --runtime.drain=0 >"$scratch/hasty.txt" 2>&1
equal "without time for its objects it exits" $? 75
check "and says what to do" contains "$scratch/hasty.txt" "run --once --no-sample does the rest"
"$verbatim" run --once --quiet --no-sample --data "$scratch/hasty" --ingest.listen="127.0.0.1:$http" >"$scratch/rest.txt" 2>&1
rc=$?
equal "which exits 0 ($(tail -n 1 "$scratch/rest.txt"))" $rc 0
equal "the whole sample" "$(archived "$scratch/hasty/archive" insights | ids | sort -u | wc -l)" "$sample"

# --- nor is it done when it was told to stop: a script must not go on as if
for rows in 20000 80000 320000; do # where it was done before we looked, with a longer one
    seq $rows | sed 's/.*/{"id":"long-&","text":"It works well, and it came on day &."}/' >"$scratch/long.ndjson"
    launch long "$verbatim" run --once --sample "$scratch/long.ndjson" --data "$scratch/long-$rows" --ingest.listen="127.0.0.1:$http"
    await "it has begun" 20 grep -q "It works well" "$scratch/long.log"
    halt long INT
    [ "$status" = 0 ] || break
done
equal "Ctrl-C ends --once with 75" "$status" 75
check "and it says what to do" contains "$scratch/long.log" "run --once --no-sample does the rest"

# --- a sample of more records, or bytes, than a request may hold
for limit in rows_most=50 body_most=4k; do
    "$verbatim" run --once --quiet --data "$scratch/$limit" --ingest.listen="127.0.0.1:$http" --ingest.$limit >"$scratch/parts.txt" 2>&1
    rc=$?
    equal "$limit: exits 0 ($(tail -n 1 "$scratch/parts.txt"))" $rc 0
    equal "$limit: the whole sample" "$(archived "$scratch/$limit/archive" insights | ids | sort -u | wc -l)" "$sample"
done

# --- stopped in the middle
python3 "$source/tests/e2e/generate.py" 6000 --prefix r >"$scratch/in.ndjson"
split -l 500 "$scratch/in.ndjson" "$scratch/part."
accepted=0
# Posts a part again until it gets its receipt: ids make that safe.
post() {
    local answer=$scratch/answer.json deadline=$((SECONDS + 240))
    until curl -sf -m 20 -o "$answer" -H 'Content-Type: application/x-ndjson' --data-binary "@$1" "$url/v1/feedback"; do
        if ! running run; then reap run && start; fi
        [ $SECONDS -lt $deadline ] || give_up "no receipt for $1"
        sleep 0.1
    done
    accepted=$((accepted + $(jq .accepted "$answer")))
}

start
await "run is ready" 20 answers "$url/readyz"
round=0
for part in "$scratch"/part.*; do
    round=$((round + 1))
    post "$part"
    case $round in
    3) halt run TERM && equal "SIGTERM ends it with 0" "$status" 0 && start ;;
    6) halt run INT && equal "Ctrl-C ends it with 0" "$status" 0 && start ;;
    9) halt run KILL && equal "kill -9 is kill -9" "$status" 137 && start ;;
    esac
done
equal "a receipt for each" "$accepted" 6000
total=$((sample * 2 + 6000))
await "an insight for each of $total" 60 has_insights "$total"
halt run
equal "SIGTERM ends it with 0" "$status" 0
# What the archive had not taken in yet, it takes from the bus on the next start.
"$verbatim" run --once --no-sample --data "$data" --ingest.listen="127.0.0.1:$http" >"$scratch/rest.txt" 2>&1
equal "run --once --no-sample finishes what is left, and exits 0" $? 0
each_once "after SIGTERM, Ctrl-C and kill -9" "$total"
check "those of the input are those of the archive" cmp <(ids "$scratch/in.ndjson" | sort) <(grep '^r-' "$scratch/insights.ids" | sort)
"$verbatim" verify --archive "$data/archive" >"$scratch/verify.txt" 2>&1
rc=$?
equal "verify: it balances ($(tail -n 3 "$scratch/verify.txt"))" $rc 0
equal "the bus holds as many insights" "$(insights)" "$total"

# --- whoever reads their output stands still: they stop all the same, and at once
mkfifo "$scratch/still"
exec 9<>"$scratch/still"
is_full() { python3 -c 'import select; exit(9 in select.select([], [9], [], 0)[1])'; }
empty() { python3 -c 'import os, select
while 9 in select.select([9], [], [], 0)[0]: os.read(9, 65536)'; }
has_stopped() { ! running "$1"; }
# stops_at_once NAME COMMAND...
stops_at_once() {
    # shellcheck disable=SC2016  # for the other shell
    launch "$1" sh -c 'exec "$@" >"$0"' "$scratch/still" "${@:2}"
    if [ "$1" = run ]; then
        await "run is ready" 20 answers "$url/readyz"
        for part in "$scratch"/new.*; do post "$part"; done
    fi
    await "$1: nobody reads" 60 is_full
    kill -TERM "${pids[$1]}"
    await "$1: SIGTERM is heard" 20 has_stopped "$1"
    reap "$1"
    equal "$1: it ends with 0" "$status" 0
    empty
}
stops_at_once tail "$verbatim" tail --from-start --bus.path="$data/bus"
python3 "$source/tests/e2e/generate.py" 2000 --prefix n >"$scratch/in.ndjson"
split -l 500 "$scratch/in.ndjson" "$scratch/new."
stops_at_once run "$verbatim" run --no-sample --data "$data" --ingest.listen="127.0.0.1:$http"
finish
