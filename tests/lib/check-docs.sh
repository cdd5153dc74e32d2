#!/bin/bash
# Are the reference pages that are committed what the program prints from its tables? Do links of pages lead anywhere?
set -eu
cd "$(dirname "$0")/../.."

if [ "${1:-}" = -h ] || [ "${1:-}" = --help ]; then
    cat <<'END'
usage: tests/lib/check-docs.sh [--write]

Prints each reference page and default configuration file by build/release/bin/verbatim (or $VERBATIM_BIN/verbatim)
and compares it with the committed one; exits 1 when one differs. --write puts the new ones in place instead.
Then looks for dead links, to files and to headings, in all Markdown of the tree (check_links.py).

example: ops/build release && tests/lib/check-docs.sh --write
END
    exit 0
fi
verbatim=${VERBATIM_BIN:-build/release/bin}/verbatim
[ -x "$verbatim" ] || { echo "check-docs.sh: $verbatim isn't there; run ops/build release" >&2 && exit 66; }
write=false
case ${1:-} in
'') ;;
--write) write=true ;;
*)
    echo "check-docs.sh: there is no $1; see --help" >&2
    exit 64
    ;;
esac
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
different=0

# page FILE ARGUMENT...: what `verbatim ARGUMENT...` prints, whatever the caller's environment sets.
page() {
    local file=$1
    shift
    env -i PATH="$PATH" HOME="${HOME:-/}" "$verbatim" "$@" >"$new/page"
    if cmp -s "$new/page" "$file"; then return; fi
    if $write; then
        cp "$new/page" "$file"
        echo "check-docs.sh: wrote $file"
    else
        echo "check-docs.sh: $file is not what \"verbatim $*\" prints; tests/lib/check-docs.sh --write makes it so" >&2
        diff -u "$file" "$new/page" | head -n 20 >&2 || true
        different=1
    fi
}

page schemas/reference.md schema
page schemas/record.schema.json schema --format json-schema
page schemas/asyncapi.json schema --format asyncapi
page schemas/errors.md schema --format errors
page ops/prometheus/metrics.md schema --format metrics
page config/REFERENCE.md config --reference
for worker in ingest preprocess featurize segment genai logsink; do
    page "config/$worker.conf" config --file "$worker"
done
find . -name '*.md' -not -path './build/*' -not -path './.git/*' -not -path '*/node_modules/*' -printf '%P\0' |
    sort -z | xargs -0 tests/lib/check_links.py || different=1
exit $different
