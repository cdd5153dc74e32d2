# What the end-to-end tests share; to be sourced first. It makes a scratch folder ($scratch), finds the programs
# ($bin) and the tree ($source), and at the end stops by pid what was started, whatever happened.
#
#   launch NAME COMMAND...      in the background; its output is $scratch/NAME.log
#   halt NAME [SIGNAL]          TERM (or another) and wait; sets $status
#   await WHAT SECONDS COMMAND...    polls until it succeeds; the time is only how long to wait for a hang, and three times as
#                               long is waited, as a machine may be slow, or stand still for a while
#   check WHAT COMMAND...       one assertion; a failure is shown, counted, and fails the test at its end
#   equal WHAT FOUND WANTED     another
#   start_kafka; start_minio BUCKET...    servers of the test's own: $bootstrap; $endpoint
#   finish                      the last line of every test
#   at_end                      if a test defines it: what else has to be cleaned up, once all are stopped

set -u
. "$(dirname "${BASH_SOURCE[0]}")/../lib/help.sh"
source=${VERBATIM_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
bin=${VERBATIM_BIN:-$source/build/release/bin}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/verbatim-e2e.XXXXXX")
failures=0
checks=0
declare -A pids=()
export no_proxy=127.0.0.1 NO_PROXY=127.0.0.1
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION
unset VERBATIM_CONFIG VERBATIM_HOME
# Tests that count insights must not meet the end of an hour. Workers that run apart refuse what they don't know: there it can't be set
# for all, and `verbatim run` has --genai.digest_every=0 beside them.
grep -q 'bin/verbatim-' "$0" || export VERBATIM_GENAI_DIGEST_EVERY=0

clean_up() {
    local name
    for name in "${!pids[@]}"; do kill -KILL "${pids[$name]}" 2>/dev/null; done
    { wait; } 2>/dev/null
    if declare -F at_end >/dev/null; then at_end; fi
    if [ -e "$scratch/kafka/broker-1.pid" ]; then "$source/tests/lib/kafka.sh" stop "$scratch/kafka"; fi
    if [ -e "$scratch/minio/minio.pid" ]; then "$source/tests/lib/minio.sh" stop "$scratch/minio"; fi
    if [ -n "${VERBATIM_TEST_KEEP:-}" ]; then echo "kept: $scratch"; else rm -rf "$scratch"; fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM

skip() {
    echo "skipped: $*" >&2
    exit 77
}

launch() {
    local name=$1
    shift
    : >"$scratch/$name.log" # now: the one in the background empties it later, and who waits for a line would read old ones
    "$@" >>"$scratch/$name.log" 2>&1 </dev/null &
    pids[$name]=$!
}

running() { kill -0 "${pids[$1]}" 2>/dev/null; }

# Waits for its end and sets $status. Only what was launched here can be waited for.
reap() {
    status=0
    { wait "${pids[$1]}" || status=$?; } 2>/dev/null
    unset "pids[$1]"
}

halt() {
    kill "-${2:-TERM}" "${pids[$1]}" 2>/dev/null
    reap "$1"
}

# Ends the test at once: what comes after would only fail too. Shows the logs of all that was launched.
give_up() {
    local log
    echo "FAILED: $*" >&2
    for log in "$scratch"/*.log; do
        [ -s "$log" ] || continue
        echo "--- ${log##*/}, its end" >&2
        tail -n 15 "$log" >&2
    done
    exit 1
}

await() {
    local what=$1 deadline=$((SECONDS + 3 * $2))
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || give_up "waited in vain for: $what"
        sleep 0.1
    done
}

check() {
    local what=$1
    shift
    checks=$((checks + 1))
    if "$@" >/dev/null 2>&1; then return 0; fi
    failures=$((failures + 1))
    echo "FAILED: $what" >&2
    echo "        $*" | head -c 400 >&2
    return 1
}

equal() {
    checks=$((checks + 1))
    if [ "$2" = "$3" ]; then return 0; fi
    failures=$((failures + 1))
    printf 'FAILED: %s: found "%.300s", wanted "%.300s"\n' "$1" "$2" "$3" >&2
    return 1
}

contains() { grep -qF -- "$2" "$1"; }

finish() {
    echo "$checks checks, $failures failed"
    [ $failures -eq 0 ] && [ $checks -gt 0 ]
    exit
}

start_kafka() {
    local started
    "$source/tests/lib/kafka.sh" fetch || skip "no Kafka"
    started=$(KAFKA_AUTO_CREATE=false KAFKA_HEAP=512m "$source/tests/lib/kafka.sh" start "$scratch/kafka") || give_up "Kafka did not start"
    eval "$started"
}

start_minio() {
    local started bucket
    "$source/tests/lib/minio.sh" fetch || skip "no MinIO"
    for bucket in "$@"; do mkdir -p "$scratch/minio/data/$bucket"; done
    started=$("$source/tests/lib/minio.sh" start "$scratch/minio") || give_up "MinIO did not start"
    eval "$started"
}

# COUNT free ports of 127.0.0.1, all different.
free_ports() { python3 "$source/tests/lib/ports.py" "$1"; }

answers() { curl -sf -m 5 -o /dev/null "$1"; }

# Ids in a file of records as JSON lines, by insight or whatever else was asked for.
ids() { jq -r .id "$@"; }

# Everything that an archive holds of a topic, as JSON lines.
archived() { find "$1/$2" -name '*.ndjson.zst' -exec zstd -dcq {} + 2>/dev/null; }

for tool in curl jq zstd python3; do
    command -v $tool >/dev/null || skip "no $tool (ops/deps --test installs it)"
done
