#!/bin/bash
# Makes a real browser ready for tests: Debian's Chromium, driven by playwright-core (no download of its own).
# Prints NODE_PATH=... and CHROMIUM=... and CHROMIUM_FLAGS='...', to be taken in with eval.
#   example: eval "$(tests/lib/browser.sh)"; export NODE_PATH CHROMIUM CHROMIUM_FLAGS; node look.js
# Exit 77, and why on stderr, where it can't be had.
set -eu
. "$(dirname "$0")/help.sh"
version=1.65.1 # of playwright-core
cache=${VERBATIM_CACHE:-$HOME/.cache/verbatim}/playwright-core-$version

skip() {
    echo "browser.sh: $*" >&2
    exit 77
}

chromium=
for name in chromium chromium-browser google-chrome; do
    chromium=$(command -v "$name") && break
done
[ -n "$chromium" ] || skip "no Chromium (ops/deps --test installs it)"
command -v node >/dev/null || skip "no node (ops/deps --test installs it)"

if [ ! -e "$cache/complete" ]; then
    command -v npm >/dev/null || skip "no npm (ops/deps --test installs it)"
    mkdir -p "$cache"
    (
        flock 9
        [ ! -e "$cache/complete" ] || exit 0
        npm install --prefix "$cache" --no-save --ignore-scripts --no-audit --no-fund \
            "playwright-core@$version" >"$cache/install.log" 2>&1 ||
            skip "npm could not install playwright-core: $(tail -n 1 "$cache/install.log")"
        touch "$cache/complete"
    ) 9>"$cache/lock"
fi
echo "NODE_PATH='$cache/node_modules'"
echo "CHROMIUM='$chromium'"
echo "CHROMIUM_FLAGS='--headless --no-sandbox --disable-gpu --disable-quic --no-first-run" \
    "--disable-background-networking --disable-component-update --disable-sync'"
