#!/bin/bash
# SIGHUP and verbatim run: all its workers reload, as each would that runs alone; a bad file leaves the old in force; and
# where the terminal is gone that it was started on, it stops as on Ctrl-C.
. "$(dirname "$0")/lib.sh"

read -r http <<<"$(free_ports 1)"
url=http://127.0.0.1:$http
cp -r "$source/config" "$scratch/config"
first=$("$bin/verbatim" keys create first --file "$scratch/keys")
started=("$bin/verbatim" run --no-sample --quiet --ingest.listen="127.0.0.1:$http")

launch run "${started[@]}" --data "$scratch/data" --ingest.keys="$scratch/keys" --genai.folder="$scratch/config"
await "run is ready" 20 answers "$url/readyz"
topics() { # KEY: those of the insight that its post is answered with
    curl -sf -m 90 "$url/v1/feedback?wait=60s" -H 'Content-Type: application/json' -H "X-API-Key: $1" \
        -d '{"text":"My zorgleblatt hums all night."}' | jq -r '.insight.topics // [] | join(" ")'
}
equal "nobody has heard of that topic" "$(topics "$first" | grep -c humming)" 0

# --- the door's keys and genai's topics are files of two workers
second=$("$bin/verbatim" keys create second --file "$scratch/keys")
printf '\n[humming]\nzorgleblatt*\n' >>"$scratch/config/topics/en.txt"
kill -HUP "${pids[run]}"
known() { topics "$second" | grep -q humming; }
await "ingest knows the new key, and genai the new topic" 30 known
check "the first key is good as before" grep -q humming <<<"$(topics "$first")"

# --- a file that is wrong
echo nonsense >"$scratch/keys"
kill -HUP "${pids[run]}"
refused() { grep -q 'what was in force stays' "$scratch/run.log"; }
await "the refusal in the log" 20 refused
check "the key is still good" known
halt run
equal "SIGTERM ends it with 0" "$status" 0

# --- the terminal goes: its kernel sends SIGHUP to whoever is in the foreground
cat >"$scratch/window.py" <<'PY'
import os, pty, sys, time, urllib.request
pid, window = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
until = time.monotonic() + 180
while True:  # ready, and so past the start
    try:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1], timeout=5)
        break
    except OSError:
        if time.monotonic() > until: sys.exit("not ready")
        time.sleep(0.1)
os.close(window)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status) & 255)
PY
launch window timeout 400 python3 "$scratch/window.py" "$url/readyz" "${started[@]}" --data "$scratch/window"
reap window
equal "it stops with 0 ($(tail -n 1 "$scratch/window.log"))" "$status" 0
finish
