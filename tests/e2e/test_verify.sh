#!/bin/bash
# verbatim verify on an archive that `verbatim run` made: duplicates, dead letters, redriven and replayed records balance;
# what is taken away or changed afterwards is found; exit statuses are as documented.
. "$(dirname "$0")/lib.sh"

verbatim=$bin/verbatim
data=$scratch/data
archive=$data/archive
read -r http <<<"$(free_ports 1)"
url=http://127.0.0.1:$http

start() { launch run "$verbatim" run --no-sample --quiet --data "$data" --ingest.listen="127.0.0.1:$http"; }
post() { check "a receipt for $1" curl -sf -m 20 -H 'Content-Type: application/json' "$url/v1/feedback" -d "$1"; }
records() { "$verbatim" topics list --json --bus.path="$data/bus" | jq ".[] | select(.topic == \"$1\") | .records"; }
has() { [ "$(records "$1")" -ge "$2" ]; }
# stopped: run is stopped, and the archive has taken in what it had not.
stopped() {
    halt run
    "$verbatim" run --once --no-sample --data "$data" --ingest.listen="127.0.0.1:$http" >"$scratch/rest.txt" 2>&1
    equal "the rest is archived" $? 0
}
# verify WHAT STATUS RECEIVED,INSIGHTS,DUPLICATES,LETTERS,IN-FLIGHT
verify() {
    "$verbatim" verify --archive "$archive" --json >"$scratch/verify.json" 2>"$scratch/verify.err"
    rc=$?
    equal "$1: exit status ($(jq -c '.findings[:3]' "$scratch/verify.json"))" $rc "$2"
    equal "$1: the sums" "$(jq -c '[.received, .insights, .duplicates, .dead_letters, .in_flight]' "$scratch/verify.json")" "[$3]"
}

# --- three insights, one duplicate, one dead letter
start
await "run is ready" 60 answers "$url/readyz"
post '{"id":"a","text":"The battery is great and lasts for days.","customer":"c"}'
post '{"id":"a","text":"The battery is great and lasts for days.","customer":"c"}'
post '{"id":"b","text":"The cream gave me a rash.","customer":"c"}'
post '{"id":"b","text":"Quite another text under the same id.","customer":"c"}'
post '{"id":"d","text":"It arrived late, but it works.","customer":"e"}'
await "three insights" 60 has insights 3
await "a dead letter" 60 has dead-letters 1
stopped
verify "as it came" 0 "5,3,1,1,0"
equal "the door has told of each receipt" "$(jq -c .sources "$scratch/verify.json")" '[{"source":"http","receipts":5,"records":5}]'
equal "what was refused went to people" "$(archived "$archive" safety | jq -r 'select(.safety.reason == "refused") | .id')" b

# --- sent again: it is refused again, under its mark
"$verbatim" redrive send --bus.path="$data/bus" >"$scratch/redrive.txt" 2>&1
rc=$?
equal "redrive exits 0 ($(tail -n 2 "$scratch/redrive.txt"))" $rc 0
start
await "a second dead letter" 60 has dead-letters 2
stopped
verify "redriven" 0 "5,3,1,1,0"

# --- for people, and by hours
"$verbatim" verify "$archive" >"$scratch/table.txt"
equal "a table" $? 0
check "it says that the hour balances" contains "$scratch/table.txt" balanced
"$verbatim" verify --archive "$archive" --from 2020-01-01 --to 2020-01-02 --json >"$scratch/old.json"
equal "nothing in another hour" "$(jq -c '[.received, .findings_count]' "$scratch/old.json")" "[0,0]"

# --- damage
damaged() {
    "$verbatim" verify --archive "$archive" --json >"$scratch/damaged.json" 2>"$scratch/damaged.err"
    equal "$1: exit status" $? 65
    # shellcheck disable=SC2016 # jq's variable
    check "$1: it is found" jq -e --arg kind "$2" '.findings | any(.kind == $kind)' "$scratch/damaged.json"
    check "$1: the error says so" contains "$scratch/damaged.err" findings
}
object=$(find "$archive/insights" -name '*.zst' | head -n 1)
mv "$object" "$scratch/object"
damaged "an object that is gone" object
head -c -5 "$scratch/object" >"$object"
damaged "an object that is cut off" object
mv "$scratch/object" "$object"
manifest=$(find "$archive/manifests/insights" -name '*.json' | head -n 1)
mv "$manifest" "$scratch/manifest"
jq -c '.object = "\u001b[31mgone\u0007\nall is well"' "$scratch/manifest" >"$manifest"
"$verbatim" verify --archive "$archive" >"$scratch/damaged.txt" 2>&1
check "a name of another's: it is found" contains "$scratch/damaged.txt" "[31mgone"
equal "and steers no terminal" "$(grep -c "$(printf '\033\\|\007\\|^all is well')" "$scratch/damaged.txt")" 0
mv "$scratch/manifest" "$manifest"
for manifest in "$archive"/manifests/ledger/*/*.json; do # one that tells of more than silence
    ledger=$archive/$(jq -r .object "$manifest")
    if zstd -dcq "$ledger" | grep -q '"accounts"'; then break; fi
done
mv "$manifest" "$scratch/manifest" && mv "$ledger" "$scratch/ledger"
"$verbatim" verify --archive "$archive" >"$scratch/damaged.txt" 2>&1
equal "a part of the ledger that is gone: exit status" $? 65
mv "$scratch/manifest" "$manifest" && mv "$scratch/ledger" "$ledger"
verify "all put back" 0 "5,3,1,1,0"

# --- how it ends otherwise
status_of() { local wanted=$1; shift; "$verbatim" verify "$@" >"$scratch/out.txt" 2>"$scratch/err.txt"; equal "verify $*: exit status" $? "$wanted"; }
status_of 66 --archive "$scratch/nowhere"
check "it makes no folder" [ ! -e "$scratch/nowhere" ]
mkdir "$scratch/empty"
status_of 66 --archive "$scratch/empty"
status_of 64 --archive "$archive" --from yesterday
status_of 64 --archive "$archive" --from 2026-01-02 --to 2026-01-01
status_of 64 --archive "$archive" more
finish
