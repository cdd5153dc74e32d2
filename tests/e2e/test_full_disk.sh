#!/bin/bash
# A disk that fills up under a running Verbatim: callers get 503 with Retry-After and no receipt, /readyz says so,
# nothing dies, and when there is room again every record with a receipt becomes exactly one insight.
#
# The disk is a small tmpfs in a mount namespace of our own. Where that isn't allowed, a limit on the size of files
# (RLIMIT_FSIZE) that is raised again does nearly the same.
if [ -z "${VERBATIM_TEST_MOUNTS:-}" ]; then
    for how in "unshare -m" "unshare -rm"; do
        # shellcheck disable=SC2086 # command and flag
        if $how mount -t tmpfs tmpfs /mnt 2>/dev/null; then VERBATIM_TEST_MOUNTS=yes exec $how bash "$0" "$@"; fi
    done
fi
. "$(dirname "$0")/lib.sh"

disk=$scratch/disk
read -r http <<<"$(free_ports 1)"
url=http://127.0.0.1:$http
run=("$bin/verbatim" run --no-sample --quiet --data "$disk/data" --ingest.listen="127.0.0.1:$http")

if [ -n "${VERBATIM_TEST_MOUNTS:-}" ]; then
    mkdir "$disk"
    mount -t tmpfs -o size=48m tmpfs "$disk" || give_up "no tmpfs"
    head -c 24M /dev/zero >"$disk/ballast"
    launch run "${run[@]}"
    make_room() { rm "$disk/ballast"; }
    at_end() { umount "$disk"; }
else
    launch run python3 -c 'import os, signal, sys, resource
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20 << 20, resource.RLIM_INFINITY))
os.execv(sys.argv[1], sys.argv[1:])' "${run[@]}"
    make_room() { prlimit --pid "${pids[run]}" --fsize=unlimited; }
fi
await "run is ready" 20 answers "$url/readyz"

# post PART: sets $code and $accepted (a number, with the receipts)
post() {
    code=$(curl -s -m 30 -D "$scratch/head" -o "$scratch/answer" -w '%{http_code}' \
        -H 'Content-Type: application/x-ndjson' --data-binary "@$1" "$url/v1/feedback")
    accepted=0
    if [ "$code" = 202 ]; then accepted=$(jq .accepted "$scratch/answer"); fi
}
insights() { "$bin/verbatim" tail --from-start --once --bus.path="$disk/data/bus" insights | ids; }
caught_up() { [ "$("$bin/verbatim" topics list --json --bus.path="$disk/data/bus" | jq '.[] | select(.topic == "insights") | .records')" -ge "$1" ]; }

python3 "$source/tests/e2e/generate.py" 20000 --prefix d >"$scratch/in.ndjson"
split -l 250 -d -a 3 "$scratch/in.ndjson" "$scratch/part."
receipts=0
for part in "$scratch"/part.*; do
    post "$part"
    [ "$code" = 202 ] || break
    receipts=$((receipts + accepted))
    cat "$part" >>"$scratch/sent.ndjson"
done
check "some records were taken in first" [ "$receipts" -gt 0 ]
equal "a full disk is 503 at the door" "$code" 503
check "with Retry-After" grep -qi '^retry-after: [0-9]' "$scratch/head"
check "and says that there is no receipt" contains "$scratch/answer" "there is no receipt"
equal "readyz says no" "$(curl -s -m 5 -o /dev/null -w '%{http_code}' "$url/readyz")" 503
check "the log says why" contains "$scratch/run.log" "posts can't be written and get 503, no receipt"
equal "healthz says alive" "$(curl -s -m 5 -o /dev/null -w '%{http_code}' "$url/healthz")" 200
check "the program runs on" running run

make_room
try_again() { post "$part" && [ "$code" = 202 ]; }
await "the refused post is taken in" 60 try_again
receipts=$((receipts + accepted))
cat "$part" >>"$scratch/sent.ndjson"
await "$receipts insights" 60 caught_up "$receipts"
await "readyz says yes again" 30 answers "$url/readyz"
check "one insight for each receipt, and no other" cmp <(ids "$scratch/sent.ndjson" | sort) <(insights | sort)
halt run
equal "SIGTERM ends it with 0" "$status" 0
echo "$receipts records with a receipt"
finish
