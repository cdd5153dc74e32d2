# shellcheck shell=bash
# redrive_session WHERE BUS-OPTION...: dead letters listed, mended and sent again, as an operator does it, on whichever
# bus the options say. Sourced behind lib.sh. The bus must be empty, but have its topics.

redrive_session() {
    local where=$1 verbatim=$bin/verbatim http long
    shift
    long=$(python3 -c 'print("The lid of this jar was broken when it came, again. " * 60)')
    jq -nc --arg long "$long" '
        {id:"a", text:"The bottle leaks and I hate it.", customer:"c-1"},
        {id:"a", text:"Something else entirely, under an id that was used before.", customer:"c-1"},
        {id:"b", text:"Lovely product, thank you very much.", customer:"c-1"},
        {id:"c", text:"It never arrived at all.", customer:"c-2"},
        {id:"c", text:"A third thing that nobody said before, under an old id.", customer:"c-2"},
        {id:"c", text:$long, customer:"c-2"}' >"$scratch/redrive.ndjson"
    "$verbatim" send "$@" "$scratch/redrive.ndjson" 2>"$scratch/send.err" || give_up "$where: send"
    read -r http <<<"$(free_ports 1)"
    launch redriven "$verbatim" run --no-sample --quiet --data "$scratch/redriven" "$@" --ingest.listen="127.0.0.1:$http" \
        --runtime.dead_letter_bytes=2k --runtime.status_every=1h --logsink.age=1s

    letters() { "$verbatim" redrive "$@" --json >"$scratch/letters.ndjson" 2>"$scratch/letters.err"; }
    has_letters() { letters "${@:2}"; [ "$(wc -l <"$scratch/letters.ndjson")" = "$1" ]; }
    insights() { "$verbatim" tail --from-start --once "$@" insights >"$scratch/insights.ndjson"; }
    has_insight() { insights "${@:2}"; ids "$scratch/insights.ndjson" | grep -qx "$1"; }
    await "$where: three letters" 120 has_letters 3 "$@"
    equal "$where: list says where they come from" "$(jq -r '.worker + " " + .cause + " " + .topic' "$scratch/letters.ndjson" | sort -u)" "preprocess exists feedback"
    equal "$where: one can't go: too large to be kept" "$(jq -r 'select(.obstacle == "no_value") | .record' "$scratch/letters.ndjson")" c
    equal "$where: filters choose" "$("$verbatim" redrive list --id a --cause exists --json "$@" | jq -r .record)" a
    "$verbatim" redrive send --cause nope "$@" >/dev/null 2>"$scratch/redrive.err"
    check "$where: what is no typo of any isn't guessed at" contains "$scratch/redrive.err" 'no cause "nope"; verbatim schema'
    "$verbatim" redrive send --cause exits "$@" >/dev/null 2>"$scratch/redrive.err"
    equal "$where: a cause with a typo: exit 64" $? 64
    check "$where: and the nearest is named" contains "$scratch/redrive.err" 'did you mean "exists"?'
    "$verbatim" redrive send --cause bad_message --set id "$@" >/dev/null 2>"$scratch/redrive.err"
    equal "$where: what is no FIELD=VALUE: exit 64, also where no letter is chosen" $? 64
    equal "$where: others choose nothing" "$("$verbatim" redrive list --cause bad_message --json "$@" | wc -l)" 0
    equal "$where: nor does a time before" "$("$verbatim" redrive list --until 1d --json "$@" | wc -l)" 0
    check "$where: people get a table" grep -q "preprocess exists .*feedback/" <("$verbatim" redrive "$@" 2>/dev/null)

    equal "$where: a dry run sends nothing" "$("$verbatim" redrive send --dry-run --id a --set id=a-2 --json "$@" | jq -c '[.would_send, .edited]')" "[1,1]"
    equal "$where: send, with another id" "$("$verbatim" redrive send --id a --set id=a-2 --json "$@" | jq -c '[.sent, .edited, .refused]')" "[1,1,0]"
    await "$where: its insight comes" 120 has_insight a-2 "$@"
    equal "$where: a second run sends nothing" "$("$verbatim" redrive send --id a --json "$@" | jq -c '[.sent, .done]')" "[0,1]"
    "$verbatim" tail --from-start --once "$@" audit >"$scratch/audit.ndjson"
    equal "$where: the audit says who, what, where" "$(jq -c '.audit | select(.action == "redriven") | [.actor, (.detail.by | length > 2), .detail.record, .detail.topic, .detail.edited, .detail.redrives]' "$scratch/audit.ndjson")" \
        '["verbatim redrive",true,"a-2","feedback","yes","1"]'
    "$verbatim" redrive send --set feedback.rating=often --json "$@" >"$scratch/out" 2>"$scratch/err"
    equal "$where: an edit that breaks the schema: exit 65" $? 65
    check "$where: and it says which field" contains "$scratch/err" "/feedback/rating must be a number"
    check "$where: what can't be sent is named by its hash" grep -q "too large to be kept; SHA-256 [0-9a-f]\{64\}" <("$verbatim" redrive send --dry-run "$@" 2>&1)

    # In an editor: one line is taken out or changed; a text that can't be read back is kept.
    VISUAL='' EDITOR="sed -i s/\\\"id\\\":\\\"c\\\"/\\\"id\\\":\\\"c-3\\\"/" "$verbatim" redrive send --edit --json "$@" >"$scratch/out" 2>"$scratch/err"
    equal "$where: --edit: what is mended is sent; one can't: exit 65" $? 65
    equal "$where: one was" "$(jq -c '[.sent, .edited, .no_value, .done]' "$scratch/out")" "[1,1,1,1]"
    await "$where: its insight comes" 120 has_insight c-3 "$@"

    # A letter that isn't mended dies again, three times; then it stays.
    local times
    for times in 1 2 3; do
        echo '{"id":"b","text":"A repeat of an id that dies each time, whoever sends it.","customer":"c-1"}' >"$scratch/again.ndjson"
        [ $times -gt 1 ] || "$verbatim" send "$@" "$scratch/again.ndjson" 2>>"$scratch/send.err"
        await "$where: letter $times of b" 120 has_letters "$times" --id b "$@"
        equal "$where: time $times it is sent" "$("$verbatim" redrive send --id b --json "$@" | jq .sent)" 1
    done
    await "$where: the fourth letter of b" 120 has_letters 4 --id b "$@"
    equal "$where: it came back three times" "$(jq -s 'map(.redrives) | sort | join(",")' "$scratch/letters.ndjson")" '"0,1,2,3"'
    "$verbatim" redrive send --id b --json "$@" >"$scratch/out" 2>"$scratch/err"
    equal "$where: then it is left: exit 65" $? 65
    equal "$where: as it came too often" "$(jq -c '[.sent, .done, .too_often]' "$scratch/out")" "[0,3,1]"
    equal "$where: --most allows more" "$("$verbatim" redrive send --dry-run --most 9 --id b --json "$@" | jq .would_send)" 1

    insights "$@"
    equal "$where: nothing is doubled" "$(ids "$scratch/insights.ndjson" | sort | paste -sd' ')" "a a-2 b c c-3"
    in_archive() { [ "$(archived "$scratch/redriven/archive" insights | wc -l)" -ge 5 ]; }
    await "$where: all are archived" 60 in_archive
    halt redriven
    equal "$where: the run ends with 0" "$status" 0
    equal "$where: the archive's lines say what was redriven" "$(archived "$scratch/redriven/archive" insights | jq -r '.id + " " + (.bus.redrives // 0 | tostring)' | sort | paste -sd,)" "a 0,a-2 1,b 0,c 0,c-3 1"
}
