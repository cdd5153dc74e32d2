#!/bin/bash
# Prints the path of toxiproxy's server 2.5.0, a TCP proxy whose connections can be made slow, silent or broken
# through an HTTP API; builds it once by `go install`, into the cache.
#   example: "$(tests/lib/toxiproxy.sh)" -host 127.0.0.1 -port 8474
# Exit 77, and why on stderr, where it can't be had.
set -eu
. "$(dirname "$0")/help.sh"
version=v2.5.0 # the last whose module can be installed by its path
cache=${VERBATIM_CACHE:-$HOME/.cache/verbatim}/toxiproxy-$version

skip() {
    echo "toxiproxy.sh: $*" >&2
    exit 77
}

if [ ! -x "$cache/server" ]; then
    go=$("$(dirname "$0")/go.sh") || skip "not in $cache, and no go to build it"
    mkdir -p "$cache"
    (
        flock 9
        [ ! -x "$cache/server" ] || exit 0
        GOBIN=$cache "$go" install "github.com/Shopify/toxiproxy/v2/cmd/server@$version" >"$cache/build.log" 2>&1 ||
            skip "go could not build it: $(tail -n 1 "$cache/build.log")"
    ) 9>"$cache/lock"
fi
echo "$cache/server"
