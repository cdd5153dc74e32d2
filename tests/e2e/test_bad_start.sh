#!/bin/bash
# What an operator gets wrong, one case each: the program says what, where and what was meant, and exits with the
# status of sysexits.h that scripts can tell apart.
. "$(dirname "$0")/lib.sh"

data=$scratch/data
read -r taken free <<<"$(free_ports 2)"
launch holder python3 -m http.server "$taken" --bind 127.0.0.1
await "a port is taken" 10 answers "http://127.0.0.1:$taken/"

# refused WHY STATUS TEXT COMMAND...: it ends by itself with this status, and says this on standard error
refused() {
    local why=$1 wanted=$2 text=$3 rc=0
    shift 3
    timeout 120 "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || rc=$?
    equal "$why: exit status" $rc "$wanted"
    check "$why: says \"$text\" (said: $(head -c 300 "$scratch/err"))" contains "$scratch/err" "$text"
}

# --- configuration
printf '# ours\n[segment]\nmodle = x\n' >"$scratch/typo.ini"
printf '[runtime]\nbatches = many\n' >"$scratch/value.ini"
printf '[segmnt]\nmodel = x\n' >"$scratch/section.ini"
printf '[segment\nmodel = x\n' >"$scratch/syntax.ini"
segment=("$bin/verbatim-segment" "--bus.path=$data/bus")
refused "a key with a typo names file and line" 78 "typo.ini:3" "${segment[@]}" --config "$scratch/typo.ini"
refused "and the key" 78 "segment.modle" "${segment[@]}" --config "$scratch/typo.ini"
refused "and the nearest" 78 'did you mean "segment.model"?' "${segment[@]}" --config "$scratch/typo.ini"
refused "so does verbatim config" 78 "typo.ini:3" "$bin/verbatim" config --config "$scratch/typo.ini"
refused "so does verbatim run" 78 "typo.ini:3" "$bin/verbatim" run --once --data "$data" --config "$scratch/typo.ini"
refused "a bad value names file and line" 78 "value.ini:2" "${segment[@]}" --config "$scratch/value.ini"
refused "and what is allowed" 78 "from 2 to 64" "${segment[@]}" --config "$scratch/value.ini"
printf '[genai]\nproviders = local\nmade_up = 1\n[segment]\nmodle = x\n' >"$scratch/shared.ini"
printf '[kafka]\nbootstrap.servers = 127.0.0.1:1\nlinger.mss = 5\n' >"$scratch/property.ini"
printf '[kafka]\nbootstrap.server = 127.0.0.1:1\n' >"$scratch/brokers.ini"
kafka=("${segment[@]}" --bus.kind=kafka)
refused "a property of Kafka with a typo, its file and line" 78 "property.ini:3: " "${kafka[@]}" --config "$scratch/property.ini"
refused "and the nearest" 78 'did you mean "kafka.linger.ms"?' "${kafka[@]}" --config "$scratch/property.ini"
refused "so does a command" 78 "property.ini:3: " "$bin/verbatim" topics list --bus.kind=kafka --config "$scratch/property.ini"
refused "the brokers' own" 78 'brokers.ini:2: unknown property "kafka.bootstrap.server"; did you mean "kafka.bootstrap.servers"?' "${kafka[@]}" --config "$scratch/brokers.ini"
printf '[segment]\nmodel = %s\n' "$scratch/none.model" >"$scratch/late.ini"
refused "a value that its user refuses names file and line" 78 "late.ini:2: segment.model: " "${segment[@]}" --config "$scratch/late.ini"
refused "in verbatim run" 78 "run: segment: $scratch/late.ini:2: segment.model: " "$bin/verbatim" run --once --data "$data" --config "$scratch/late.ini"
refused "in a filter" 78 "late.ini:2: segment.model: " "$bin/verbatim" analyze --config "$scratch/late.ini"
refused "a variable too" 78 "environment VERBATIM_SEGMENT_MODEL: segment.model: " env VERBATIM_SEGMENT_MODEL="$scratch/none.model" "${segment[@]}"
refused "a budget that is none, also where nobody is asked" 78 "genai.budget is dollars" "$bin/verbatim-genai" "--bus.path=$data/bus" --genai.budget=much
refused "of a file that workers share each judges its own sections" 78 "shared.ini:5" "${segment[@]}" --config "$scratch/shared.ini"
refused "and its own variables" 78 "VERBATIM_SEGMENT_MODLE" env VERBATIM_GENAI_MADE_UP=x VERBATIM_SEGMENT_MODLE=x "${segment[@]}"
refused "another worker's flag is no slip of the file" 78 "genai.providers" "${segment[@]}" --genai.providers=local
refused "verbatim config judges all" 78 "shared.ini:3" "$bin/verbatim" config --config "$scratch/shared.ini"
refused "an unknown section" 78 "section.ini:1" "${segment[@]}" --config "$scratch/section.ini"
refused "a line that is none" 78 "syntax.ini:1" "${segment[@]}" --config "$scratch/syntax.ini"
refused "a file that isn't there" 78 "none.ini" "${segment[@]}" --config "$scratch/none.ini"
refused "an environment variable with a typo" 78 "VERBATIM_SEGMENT_MODLE" env VERBATIM_SEGMENT_MODLE=x "${segment[@]}"
refused "a flag with a typo" 78 "segment.modle" "${segment[@]}" --segment.modle=x
refused "a flag that is none" 64 "--modle" "${segment[@]}" --modle
refused "a command with a typo" 64 'did you mean "analyze"?' "$bin/verbatim" analyse
refused "a sample that isn't there" 66 "--sample $scratch/nowhere" "$bin/verbatim" run --sample "$scratch/nowhere" --data "$scratch/unmade"
refused "one that is a folder" 66 "is a folder" "$bin/verbatim" run --sample "$scratch" --data "$scratch/unmade"
refused "one, and none" 64 "not both" "$bin/verbatim" run --sample "$scratch/typo.ini" --no-sample --data "$scratch/unmade"
refused "an address without a port, and says so once" 78 'run: ingest: ingest.listen: "127.0.0.1" is not an address' "$bin/verbatim" run --no-sample --data "$data" --ingest.listen=127.0.0.1
check "and nothing was made for it" [ ! -e "$scratch/unmade" ]
for command in schema version config; do
    refused "an argument that $command doesn't take" 64 'takes no arguments' "$bin/verbatim" "$command" more
done
refused "a count of none, which would never end" 64 "from 1" "$bin/verbatim" tail --count 0 "--bus.path=$data/bus"
refused "a stretch that ends before it begins" 64 "--to must be after" "$bin/verbatim" replay "$data" --from 1d --to 7d
refused "sides of a bus that isn't there" 66 "bus/next- holds no topics" "$bin/verbatim" diff topic:next- topic:next- "--bus.path=$data/bus"
refused "topics of what isn't there" 66 "nowhere/ holds no topics" "$bin/verbatim" topics list "--bus.path=$scratch/nowhere"
refused "what goes over a topic that isn't there" 66 "nowhere/ holds no topics" "$bin/verbatim" tail --once "--bus.path=$scratch/nowhere"
refused "a folder to watch that isn't there" 66 "nowhere: No such file" "$bin/verbatim-ingest" "--bus.path=$data/bus" --ingest.listen= --ingest.watch="$scratch/nowhere/raw"
refused "phrases of an archive that isn't there" 66 "nowhere: No such file" "$bin/verbatim" topics discover --archive "$scratch/nowhere"
refused "what an archive that isn't there would cost" 66 "nowhere: No such file" "$bin/verbatim" estimate --archive "$scratch/nowhere"
refused "archives that aren't there" 66 "nowhere: No such file" "$bin/verbatim" diff "$scratch/nowhere" "$scratch/nowhere"
mkdir "$scratch/other" && touch "$scratch/other/file"
refused "a folder of something else" 66 "other/ holds no topics" "$bin/verbatim" tail --once "--bus.path=$scratch/other"
refused "a journal that isn't there" 66 "nowhere/ holds no topics" "$bin/verbatim" estimate "$source/config/sample/feedback.ndjson" --provider anthropic --journal "--bus.path=$scratch/nowhere"
refused "letters of what isn't there" 66 "nowhere/ holds no topics" "$bin/verbatim" redrive "--bus.path=$scratch/nowhere"
refused "vectors of what isn't there" 66 "nowhere/ holds no topics" "$bin/verbatim" train segments "--bus.path=$scratch/nowhere"
refused "the price of what costs nothing" 64 "--provider local" "$bin/verbatim" estimate --provider local "$source/config/sample/feedback.ndjson"
check "and none is made" [ ! -e "$scratch/nowhere" ]
"$bin/verbatim" topics create "--bus.path=$scratch/few" --bus.partitions=2 >"$scratch/few.txt" || give_up "topics create"
"$bin/verbatim" topics list "--bus.path=$scratch/few" --bus.partitions=16 >"$scratch/few.txt" 2>"$scratch/few.err"
check "topics that keep their partitions are named" grep -q 'bus.partitions="16" topics="feedback 2, ' "$scratch/few.err"
check "once" [ "$(wc -l <"$scratch/few.err")" = 1 ]
"$bin/verbatim" topics list "--bus.path=$scratch/few" --bus.partitions=2 >"$scratch/few.txt" 2>"$scratch/few.err"
check "and not where they have as many" [ ! -s "$scratch/few.err" ]
refused "a model that isn't there, by its option" 78 "segment.model: $scratch/no.model: No such file" "${segment[@]}" --segment.model="$scratch/no.model"
printf 'not a model' >"$scratch/bad.model"
refused "a model that is none" 78 "bad.model" "${segment[@]}" --segment.model="$scratch/bad.model"
echo junk >"$scratch/junk.pem"
for ca in /nonexistent.pem "$scratch/junk.pem"; do
    refused "authorities for spans ($ca)" 78 "telemetry.ca_file: $ca" "${segment[@]}" --telemetry.endpoint=https://127.0.0.1:1 --telemetry.ca_file="$ca"
    refused "authorities for the bucket ($ca)" 78 "store.ca_file: $ca" "$bin/verbatim-logsink" "--bus.path=$data/bus" --logsink.url=s3://bucket/archive --store.ca_file="$ca" --store.access_key_id=a --store.secret_access_key=b
    refused "authorities for a model ($ca)" 78 "ca_file: $ca" "$bin/verbatim-genai" "--bus.path=$data/bus" --genai.providers=openai,local --openai.endpoint=https://127.0.0.1:1 --openai.model=x --openai.api_key=x --openai.ca_file="$ca"
done
refused "an open door without keys" 78 "ingest.keys" "$bin/verbatim-ingest" "--bus.path=$data/bus" --ingest.listen="0.0.0.0:$free"
"$bin/verbatim" keys create me --file "$scratch/keys" >/dev/null
open=("$bin/verbatim-ingest" "--bus.path=$data/bus" --ingest.listen="0.0.0.0:$free" --ingest.keys="$scratch/keys")
refused "an open door without TLS" 78 "ingest.plain_http = true" "${open[@]}"
refused "which isn't given by the keys alone" 78 "ingest.certificate is empty" "${open[@]}"
refused "an open door on any IPv6 address" 78 "ingest.certificate is empty" "${open[@]}" --ingest.listen="[::]:$free"
refused "an open admin address" 78 "runtime.admin_open = true" "${segment[@]}" --runtime.admin="0.0.0.0:$free"
refused "an address that is none" 78 "ingest.listen" "$bin/verbatim-ingest" "--bus.path=$data/bus" --ingest.listen=somewhere

# --- ports and folders in use
refused "the door's port is in use" 69 "127.0.0.1:$taken" "$bin/verbatim-ingest" "--bus.path=$data/bus" --ingest.listen="127.0.0.1:$taken"
refused "localhost is a name of it" 69 "port $taken" "$bin/verbatim-ingest" "--bus.path=$data/bus" --ingest.listen="localhost:$taken"
refused "for the admin address too" 69 "port $taken" "${segment[@]}" --runtime.admin="localhost:$taken"
refused "the admin port is in use" 69 "127.0.0.1:$taken" "${segment[@]}" --runtime.admin="127.0.0.1:$taken"
refused "run's port is in use" 69 "127.0.0.1:$taken" "$bin/verbatim" run --once --data "$data" --ingest.listen="127.0.0.1:$taken"
touch "$scratch/file"
refused "a folder that is a file" 73 "$scratch/file" "$bin/verbatim" run --once --data "$scratch/file" --ingest.listen="127.0.0.1:$free"

launch first "$bin/verbatim" run --no-sample --quiet --data "$data" --ingest.listen="127.0.0.1:$free"
await "the first run is ready" 20 answers "http://127.0.0.1:$free/readyz"
read -r other <<<"$(free_ports 1)"
refused "a second run on the same folder" 69 "$data" "$bin/verbatim" run --once --data "$data" --ingest.listen="127.0.0.1:$other"
check "leaves the first alone" answers "http://127.0.0.1:$free/readyz"
halt first
equal "the first ends well" "$status" 0
halt holder KILL

# --- the newcomer's questions
for command in run analyze send tail topics access train schema config version; do
    "$bin/verbatim" $command --help >"$scratch/help" 2>"$scratch/err"
    equal "$command --help exits 0" $? 0
    check "$command --help has an example" contains "$scratch/help" "Example: "
done
for worker in ingest preprocess featurize segment genai logsink; do
    "$bin/verbatim-$worker" --help >"$scratch/help" 2>"$scratch/err"
    equal "verbatim-$worker --help exits 0" $? 0
    check "verbatim-$worker --help has an example" contains "$scratch/help" "Example: "
    equal "verbatim-$worker --version" "$("$bin/verbatim-$worker" --version)" "verbatim-$worker $("$bin/verbatim" version | sed -n 's/^verbatim //p')"
done
finish
