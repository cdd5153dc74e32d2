#!/bin/bash
# Help, versions and what is in force: each program and command says how it is used, with an example, and exits as told.
. "$(dirname "$0")/lib.sh"
verbatim=$bin/verbatim

# says WHY STATUS STREAM TEXT COMMAND...: exits so, and the stream (out, err) holds the text
says() {
    local why=$1 status=$2 stream=$3 text=$4
    shift 4
    "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
    equal "$why exits $status" $? "$status"
    check "$why says \"$text\"" contains "$scratch/$stream" "$text"
}

says "no command" 64 err "Usage: verbatim COMMAND" "$verbatim"
says "--help" 0 out "Usage: verbatim COMMAND" "$verbatim" --help
says "help" 0 out "Usage: verbatim COMMAND" "$verbatim" help
check "without colours where nobody looks" bash -c "! grep -q $'\x1b' '$scratch/out'"
commands=$(sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p' "$scratch/out")
check "it lists the commands" [ "$(wc -w <<<"$commands")" -ge 9 ]
says "nonsense" 64 err 'unknown command "nonsense"; verbatim --help lists them' "$verbatim" nonsense
says "a near miss of what isn't a command" 64 err 'did you mean "help"?' "$verbatim" helpp
says "a near miss" 64 err 'did you mean "schema"?' "$verbatim" shcema
for command in $commands; do
    says "$command --help" 0 out "Usage: verbatim $command" "$verbatim" "$command" --help
    check "with an example" contains "$scratch/out" "Example: "
    says "$command with a flag that isn't" 64 err "--nonsense" "$verbatim" "$command" --nonsense
    says "$command with a letter for a flag" 64 err "unknown option -q" "$verbatim" "$command" -q
    script -qec "stty cols 60; '$verbatim' $command --help" /dev/null </dev/null | tr -d '\r' >"$scratch/terminal"
    widest=$(LC_ALL=C.UTF-8 wc -L <"$scratch/terminal")
    check "$command --help keeps within 60 columns ($widest)" [ "$widest" -le 60 ]
    says "help $command" 0 out "Usage: verbatim $command" "$verbatim" help "$command"
done
says "help for one verb" 0 out "--again" "$verbatim" redrive send --help
"$verbatim" redrive list --help >"$scratch/out"
check "leaves out what is another's" bash -c "! grep -q -e '--again' '$scratch/out' && grep -q -e '--json' '$scratch/out' && grep -q -e '--cause' '$scratch/out'"
says "help for nonsense" 64 err 'unknown command "nonsense"' "$verbatim" help nonsense
says "a topic with a typo" 64 err 'no topic "insihgts"; did you mean "insights"?' "$verbatim" tail insihgts
says "a topic that is none" 64 err 'no topic "everything": feedback, documents, ' "$verbatim" replay --topic everything "$scratch"
says "a near miss of a flag that all have" 64 err 'did you mean --config?' "$verbatim" run --confg a.conf
# what got nowhere is no success; who reads no further is no failure
for command in --help help version schema config "schema --format errors" "topics --help" access models \
    "estimate $source/config/sample/feedback.ndjson --json"; do
    # shellcheck disable=SC2086 # several words
    "$verbatim" $command >/dev/full 2>"$scratch/err"
    equal "$command to a full disk exits 74" $? 74
    check "and says why ($(head -c 100 "$scratch/err"))" contains "$scratch/err" "standard output: No space left"
    # shellcheck disable=SC2086
    "$verbatim" $command 2>"$scratch/err" | true
    equal "$command to nobody exits 0" "${PIPESTATUS[0]}" 0
    check "and says nothing" [ ! -s "$scratch/err" ]
done
# a stream that is closed gives its number to no file: what is printed would be written into the bus
echo '{"text":"kept"}' | "$verbatim" send --bus.path="$scratch/bus" 2>"$scratch/err"
"$verbatim" tail feedback --once --bus.path="$scratch/bus" >&- 2>"$scratch/err"
equal "tail to a closed standard output exits 73" $? 73
check "and writes into no file of the bus" bash -c "! grep -q kept '$scratch/bus/live'"
"$verbatim" tail feedback nonsense --once --bus.path="$scratch/bus" <&- >&- 2>&-
equal "with all three closed it exits as it would" $? 64
says "and the bus is whole" 0 out '"kept"' "$verbatim" tail feedback --once --bus.path="$scratch/bus"
says "version" 0 out "librdkafka " "$verbatim" version
says "--version" 0 out "verbatim 0." "$verbatim" --version
says "a format that isn't" 64 err "json-schema" "$verbatim" schema --format xml
says "two forms at a time" 64 err "at a time" "$verbatim" config --json --reference
says "a worker that isn't" 64 err "preprocess" "$verbatim" config --file nobody
for worker in ingest preprocess featurize segment genai logsink; do
    says "verbatim-$worker --help" 0 out "Usage: verbatim-$worker" "$bin/verbatim-$worker" --help
    check "with an example" contains "$scratch/out" "Example: "
    script -qec "stty cols 60; '$bin/verbatim-$worker' --help" /dev/null </dev/null | tr -d '\r' >"$scratch/terminal"
    widest=$(LC_ALL=C.UTF-8 wc -L <"$scratch/terminal")
    check "verbatim-$worker --help keeps within 60 columns ($widest)" [ "$widest" -le 60 ]
    check "and its options" contains "$scratch/out" "--runtime.batch_records"
    for option in --print-config --help --version; do
        "$bin/verbatim-$worker" $option >/dev/full 2>"$scratch/err"
        equal "verbatim-$worker $option to a full disk exits 74" $? 74
        check "and says why" contains "$scratch/err" "standard output: No space left"
    done
    says "verbatim-$worker with a typo" 64 err "did you mean --version?" "$bin/verbatim-$worker" --verison
    says "verbatim-$worker without what an option needs" 64 err "--config needs a FILE" "$bin/verbatim-$worker" --config
    says "verbatim-$worker --version" 0 out "verbatim-$worker 0." "$bin/verbatim-$worker" --version
done

# What is in force, and where it came from; a secret from a file is never shown.
printf '[runtime]\nbatches = 5\nattempts = 6\n' >"$scratch/a.conf"
echo hunter2 >"$scratch/secret"
VERBATIM_RUNTIME_ATTEMPTS=7 VERBATIM_KAFKA_SASL_PASSWORD_FILE=$scratch/secret "$verbatim" config --json --config "$scratch/a.conf" \
    --runtime.replica=2 --kafka.linger.ms=5 >"$scratch/config.json"
equal "verbatim config exits 0" $? 0
origin() { jq -r --arg key "$1" '.[] | select(.key == $key) | .value + " from " + .origin' "$scratch/config.json"; }
equal "a file's line" "$(origin runtime.batches)" "5 from $scratch/a.conf:2"
equal "the environment beats it" "$(origin runtime.attempts)" "7 from environment VERBATIM_RUNTIME_ATTEMPTS"
equal "a flag" "$(origin runtime.replica)" "2 from flag"
equal "a default" "$(origin runtime.delivery)" "exactly_once from default"
equal "a property of librdkafka" "$(origin kafka.linger.ms)" "5 from flag"
equal "a secret is hidden" "$(origin kafka.sasl.password)" "(set) from environment VERBATIM_KAFKA_SASL_PASSWORD_FILE"
check "in every way" bash -c "! grep -q hunter2 '$scratch/config.json'"
finish
