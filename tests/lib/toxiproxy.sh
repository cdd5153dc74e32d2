#!/bin/bash
# Prints the path of toxiproxy's server 2.5.0, a TCP proxy whose connections can be made slow, silent or broken
# through an HTTP API; builds it once by `go install`, into the cache.
#   example: "$(tests/lib/toxiproxy.sh)" -host 127.0.0.1 -port 8474
# Exit 77, and why on stderr, where it can't be had.
set -eu
. "$(dirname "$0")/help.sh"
. "$(dirname "$0")/cache.sh"
version=v2.5.0 # the last whose module can be installed by its path
server=$caches/toxiproxy-$version/server

go_once "$server" "github.com/Shopify/toxiproxy/v2/cmd/server@$version"
echo "$server"
