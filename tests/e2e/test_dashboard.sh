#!/bin/bash
# The dashboard in a real browser: what it shows, what it survives, and that a customer's words are never markup.
source "$(dirname "$0")/lib.sh"

browser=$("$source/tests/lib/browser.sh") || skip "no browser"
eval "$browser"
export NODE_PATH CHROMIUM CHROMIUM_FLAGS

read -r port locked_port <<<"$(free_ports 2)"
serve() {
    launch run "$bin/verbatim" run --no-sample --quiet --data "$scratch/data" "--ingest.listen=127.0.0.1:$port" \
        --runtime.status_every=200ms --genai.digest_every=1s
    await "the API" 30 answers "http://127.0.0.1:$port/readyz"
}
serve

printf 'reader:%s::read\nwriter:%s::write\n' "$(printf secret-r | sha256sum | cut -d' ' -f1)" \
    "$(printf secret-w | sha256sum | cut -d' ' -f1)" >"$scratch/keys"
launch locked "$bin/verbatim" run --no-sample --quiet --data "$scratch/locked" \
    "--ingest.listen=127.0.0.1:$locked_port" "--ingest.keys=$scratch/keys"
await "the API with keys" 30 answers "http://127.0.0.1:$locked_port/readyz"

# The page's script asks for a stop and then for a start by files, and is told by another one.
launch look timeout 600 node "$source/tests/e2e/look_at_dashboard.js" "http://127.0.0.1:$port" \
    "http://127.0.0.1:$locked_port" "$scratch"
asked_or_ended() { [ -e "$scratch/restart" ] || ! running look; }
await "the browser to ask for a restart" 300 asked_or_ended
if [ -e "$scratch/restart" ]; then
    halt run
    equal "exit status of run after SIGTERM" "$status" 0
    lost_or_ended() { [ -e "$scratch/lost" ] || ! running look; }
    await "the browser to see that it is gone" 120 lost_or_ended
    serve
    touch "$scratch/restarted"
fi
reap look
cat "$scratch/look.log"
equal "exit status of the browser's checks" "$status" 0
check "the browser's checks came to their end" contains "$scratch/look.log" "all looked at"
finish
