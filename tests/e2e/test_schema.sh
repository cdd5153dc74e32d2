#!/bin/bash
# What the program says about itself holds: its JSON Schema for all that it writes, its AsyncAPI document, its reference
# pages, and the files of defaults.
. "$(dirname "$0")/lib.sh"
verbatim=$bin/verbatim
python=$("$source/tests/lib/python.sh") || exit

VERBATIM_BIN=$bin "$source/tests/lib/check-docs.sh" >"$scratch/docs.log" 2>&1
rc=$?
equal "the reference pages are those that are committed ($(head -c 400 "$scratch/docs.log"))" $rc 0

"$verbatim" schema --format json-schema >"$scratch/record.schema.json"
"$verbatim" schema --format asyncapi >"$scratch/asyncapi.json"
"$verbatim" analyze --quiet --keep-text <"$source/config/sample/feedback.ndjson" >"$scratch/sample.ndjson"
equal "the sample is analysed" $? 0
check "the schema holds for each record of the sample, and for the golden ones" \
    "$python" "$source/tests/e2e/judge_schema.py" "$scratch/record.schema.json" "$scratch/sample.ndjson" "$source"/tests/golden/*.json
check "the AsyncAPI document is sound" "$python" "$source/tests/e2e/judge_asyncapi.py" "$scratch/asyncapi.json"

# key and value of what --print-config prints, without the origin
values() { sed -E 's/ +[^ ]+$//'; }
for worker in ingest preprocess featurize segment genai logsink; do
    "$bin/verbatim-$worker" --print-config | values >"$scratch/defaults"
    "$bin/verbatim-$worker" --config "$source/config/$worker.conf" --print-config >"$scratch/file"
    equal "verbatim-$worker takes its file of defaults" $? 0
    values <"$scratch/file" >"$scratch/values"
    check "and it changes nothing" cmp "$scratch/defaults" "$scratch/values"
    equal "it leaves out secrets only" "$(grep -c ' default$' "$scratch/file")" "$(grep -c '^#.* =$' "$source/config/$worker.conf")"
done
finish
