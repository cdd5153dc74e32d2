# shellcheck shell=bash
# cli_session WHERE BUS-OPTION...: topics, send and tail as an operator uses them, on whichever bus the options say.
# Sourced behind lib.sh. The bus must be empty.

cli_session() {
    local where=$1 verbatim=$bin/verbatim in=$scratch/cli.ndjson i
    shift
    python3 "$source/tests/e2e/generate.py" 1200 --prefix cli >"$in"
    "$verbatim" topics create "$@" >"$scratch/created.txt"
    equal "$where: topics create exits 0" $? 0
    equal "$where: it creates ten" "$(grep -c 'created' "$scratch/created.txt")" 10
    "$verbatim" topics create --json "$@" >"$scratch/again.json"
    equal "$where: a second time it keeps them" "$(jq -r '[.[].state] | unique | join(",")' "$scratch/again.json")" kept
    equal "$where: feedback has its 8 partitions" "$(jq '.[] | select(.topic == "feedback") | .partitions' "$scratch/again.json")" 8

    equal "$where: send --json counts" "$("$verbatim" send --json "$@" "$in")" '{"sent":1200,"refused":0}'
    printf 'text,rating,customer\n"Good, cheap",5,c-1\nBad,1,c-2\n' | "$verbatim" send "$@" 2>"$scratch/send.err"
    equal "$where: send takes CSV from a pipe" $? 0
    check "$where: and says where to" contains "$scratch/send.err" "2 records sent to "
    printf '{"txt":"x"}\n{"text":"Fine."}\n' | "$verbatim" send --json "$@" >"$scratch/send.out" 2>"$scratch/send.err"
    equal "$where: a bad record: exit 65" $? 65
    equal "$where: the good one was sent" "$(cat "$scratch/send.out")" '{"sent":1,"refused":1}'
    check "$where: the bad one is explained" contains "$scratch/send.err" 'did you mean "text"?'
    equal "$where: topics list counts 1203" "$("$verbatim" topics list --json "$@" | jq '.[] | select(.topic == "feedback") | .records')" 1203

    "$verbatim" tail --from-start --once "$@" feedback >"$scratch/tail.ndjson"
    equal "$where: tail --once ends with 0" $? 0
    check "$where: tail shows what was sent" cmp <(ids "$in" | sort) <(ids "$scratch/tail.ndjson" | grep '^cli-' | sort)
    equal "$where: and nothing else" "$(wc -l <"$scratch/tail.ndjson")" 1203
    for i in 1 2; do
        "$verbatim" tail --from-start --count 7 "$@" feedback >"$scratch/seven.ndjson"
        equal "$where: tail --count 7, time $i: it commits nothing" "$(wc -l <"$scratch/seven.ndjson")" 7
    done
    equal "$where: one customer's feedback stays in order" "$(jq -r 'select(.feedback.customer == "c-5") | .id' "$scratch/tail.ndjson" | paste -sd' ')" "cli-5 cli-1002"

    # Following: what comes later, until somebody stops it.
    launch follow "$verbatim" tail "$@" feedback
    await "$where: tail follows" 60 followed "$@"
    halt follow INT
    equal "$where: Ctrl-C ends tail with 0" "$status" 0

    # Where others go on writing it ends all the same, with what there was.
    launch chatter chatter "$@"
    await "$where: somebody chatters" 60 chattered "$@"
    timeout 60 "$verbatim" tail --from-start --once "$@" feedback >"$scratch/busy.ndjson"
    equal "$where: tail --once ends while others write" $? 0
    check "$where: and shows all from before" [ "$(ids "$scratch/busy.ndjson" | grep -c '^cli-')" = 1200 ]
    halt chatter

    "$verbatim" tail "$@" feedbak >/dev/null 2>"$scratch/tail.err"
    equal "$where: no such topic: exit 64" $? 64
    check "$where: and the nearest is named" contains "$scratch/tail.err" 'did you mean "feedback"?'
}

chatter() { while echo '{"text":"and on","id":"chatter"}' | "$bin/verbatim" send "$@"; do :; done; }
chattered() { [ "$("$bin/verbatim" topics list --json "$@" | jq '.[] | select(.topic == "feedback") | .records')" -gt 1210 ]; }

# A tail that has just started sees only what is sent after it has joined: so send until it shows.
followed() {
    echo '{"text":"later","id":"later"}' | "$bin/verbatim" send "$@" 2>/dev/null
    grep -q '"later"' "$scratch/follow.log"
}
