#!/bin/bash
# Prints the path of a Python that has tests/lib/requirements.txt, or those of the file given; makes it once, in the cache.
#   example: "$(tests/lib/python.sh)" tests/e2e/read_insights.py
# Exit 77, and why on stderr, where it can't be had.
set -eu
. "$(dirname "$0")/help.sh"
. "$(dirname "$0")/cache.sh"
here=$(cd "$(dirname "$0")" && pwd)
requirements=${1:-$here/requirements.txt}
sum=$(sha256sum "$requirements" | cut -c 1-12)
version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) ||
    skip "no python3 (ops/deps --test installs it)"
venv=$caches/python-$version-$sum

make_venv() {
    python3 -m venv --clear "$venv/env" &&
        "$venv/env/bin/pip" -q --disable-pip-version-check install -r "$requirements"
}
once "$venv/complete" make_venv || skip "the packages could not be installed: $(tail -n 1 "$venv/fetch.log")"
echo "$venv/env/bin/python"
