#!/bin/bash
# Fetches @copilotkit/aimock by npm, once, into the cache, and runs a test with its program's path (AIMOCK).
#   example: tests/llm/with_aimock.sh tests/llm/test_aimock.py
set -eu
. "$(dirname "$0")/../lib/help.sh"
version=1.43.0
cache=${VERBATIM_CACHE:-$HOME/.cache/verbatim}/aimock-$version

skip() {
    echo "with_aimock.sh: $*" >&2
    exit 77
}

for program in node npm; do
    command -v $program >/dev/null || skip "no $program (ops/deps --test installs it)"
done
if [ ! -e "$cache/complete" ]; then
    mkdir -p "$cache"
    (
        flock 9
        [ ! -e "$cache/complete" ] || exit 0
        npm install --prefix "$cache" --no-save --ignore-scripts --no-audit --no-fund \
            "@copilotkit/aimock@$version" >"$cache/install.log" 2>&1 ||
            skip "npm could not install aimock: $(tail -n 1 "$cache/install.log")"
        touch "$cache/complete"
    ) 9>"$cache/lock"
fi
AIMOCK=$cache/node_modules/@copilotkit/aimock/dist/cli.js exec python3 "$@"
