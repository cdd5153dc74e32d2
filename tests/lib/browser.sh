#!/bin/bash
# Makes a real browser ready for tests: Debian's Chromium, driven by playwright-core (no download of its own).
# Prints NODE_PATH=... and CHROMIUM=... and CHROMIUM_FLAGS='...', to be taken in with eval.
#   example: eval "$(tests/lib/browser.sh)"; export NODE_PATH CHROMIUM CHROMIUM_FLAGS; node look.js
# Exit 77, and why on stderr, where it can't be had.
set -eu
. "$(dirname "$0")/help.sh"
. "$(dirname "$0")/cache.sh"
version=1.65.1 # of playwright-core
cache=$caches/playwright-core-$version

chromium=
for name in chromium chromium-browser google-chrome; do
    chromium=$(command -v "$name") && break
done
[ -n "$chromium" ] || skip "no Chromium (ops/deps --test installs it)"
command -v node >/dev/null || skip "no node (ops/deps --test installs it)"
npm_once "$cache" "playwright-core@$version"
echo "NODE_PATH='$cache/node_modules'"
echo "CHROMIUM='$chromium'"
echo "CHROMIUM_FLAGS='--headless --no-sandbox --disable-gpu --disable-quic --no-first-run" \
    "--disable-background-networking --disable-component-update --disable-sync'"
