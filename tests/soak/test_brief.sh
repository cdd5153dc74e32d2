#!/bin/bash
# The harness for a minute with a fixed seed: every promise is kept. Exit 77 where what it needs can't be had.
set -eu
source=${VERBATIM_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
export VERBATIM_BIN=${VERBATIM_BIN:-$source/build/release/bin}
exec "$source/ops/soak" "$@"
