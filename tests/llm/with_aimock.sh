#!/bin/bash
# Fetches @copilotkit/aimock by npm, once, into the cache, and runs a test with its program's path (AIMOCK).
#   example: tests/llm/with_aimock.sh tests/llm/test_aimock.py
set -eu
. "$(dirname "$0")/../lib/help.sh"
. "$(dirname "$0")/../lib/cache.sh"
version=1.43.0
cache=$caches/aimock-$version

command -v node >/dev/null || skip "no node (ops/deps --test installs it)"
npm_once "$cache" "@copilotkit/aimock@$version"
AIMOCK=$cache/node_modules/@copilotkit/aimock/dist/cli.js exec python3 "$@"
