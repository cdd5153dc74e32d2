#!/bin/bash
# verbatim models: what is in force, what a trained file holds; a damaged file, and none, are told.
. "$(dirname "$0")/lib.sh"
verbatim=$bin/verbatim

"$verbatim" models --json >"$scratch/models.json"
equal "exits 0" $? 0
equal "five tasks" "$(jq -r '[.[].task] | join(" ")' "$scratch/models.json")" "sentiment needs safety segments language"
equal "each is there, whole" "$(jq -r '[.[] | select(.checksum == "holds" and .bytes > 1000)] | length' "$scratch/models.json")" 5
equal "bytes are those of the file" "$(jq -r '.[] | select(.task == "safety").bytes' "$scratch/models.json")" \
    "$(wc -c <"$source/config/models/safety.model")"
equal "classes with thresholds" "$(jq -r '.[] | select(.task == "needs").classes | map(select(.threshold > 0).name) | join(" ")' \
    "$scratch/models.json")" "feature_request problem_report question"
equal "the language model is compiled in" "$(jq -r '.[] | select(.task == "language").file' "$scratch/models.json")" "compiled in"
"$verbatim" models --json --preprocess.language_model="$source/config/models/language.model" >"$scratch/language.json"
equal "or an option's" "$(jq -r '.[] | select(.task == "language") | "\(.file) \(.bytes)"' "$scratch/language.json")" \
    "$source/config/models/language.model $(wc -c <"$source/config/models/language.model")"
equal "clusters" "$(jq -r '.[] | select(.task == "segments").clusters' "$scratch/models.json")" 8
"$verbatim" models >"$scratch/table"
check "a table for people" grep -Eq '^safety +safety-0' "$scratch/table"
check "with the file" grep -q 'linear: .*/models/safety.model' "$scratch/table"

cp "$source/config/models/segments.model" "$scratch/own.model"
"$verbatim" models --json --segment.model="$scratch/own.model" --preprocess.safety_model=none >"$scratch/own.json"
equal "an option's file" "$(jq -r '.[] | select(.task == "segments").file' "$scratch/own.json")" "$scratch/own.model"
equal "no safety model, by option" "$(jq -r '[.[] | select(.task == "safety")] | length' "$scratch/own.json")" 0

printf 'lang\tlabel\ttext\n' >"$scratch/rows.tsv"
for i in $(seq 40); do printf 'en\tpositive\tlovely cake %d\nen\tnegative\tstale bread %d\nen\tneutral\topens at %d\n' "$i" "$i" "$i"; done >>"$scratch/rows.tsv"
"$verbatim" train sentiment --data "$scratch/rows.tsv" --out "$scratch/trained.model" --name bakery-1 >"$scratch/train.log" 2>&1
equal "a model is trained" $? 0
"$verbatim" models "$scratch/trained.model" >"$scratch/card"
equal "its card is shown" $? 0
for line in "name            bakery-1" "kind            linear" "class           positive, threshold" "checksum        holds"; do
    check "with \"$line\"" grep -q "^$line" "$scratch/card"
done

# refused WHY STATUS TEXT ARGUMENT...: exits so, says this, and shows nothing
refused() {
    local why=$1 status=$2 text=$3
    shift 3
    timeout 120 "$verbatim" models "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
    equal "$why exits $status" $? "$status"
    check "$why: says \"$text\" (said: $(head -c 300 "$scratch/err"))" contains "$scratch/err" "$text"
    check "$why: shows nothing" [ ! -s "$scratch/out" ]
}
# damaged FILE: one byte near its end is changed
damaged() {
    python3 -c 'import sys; b = bytearray(open(sys.argv[1], "rb").read()); b[-7] ^= 255; open(sys.argv[2], "wb").write(b)' \
        "$1" "$scratch/damaged.model"
}
models=$source/config/models

# --- files that are named: 65, or 66
damaged "$scratch/trained.model"
refused "a changed byte" 65 "damaged.model: damaged" "$scratch/damaged.model"
refused "one of several" 65 "damaged.model: damaged" --json "$models/safety.model" "$scratch/damaged.model"
: >"$scratch/empty.model"
refused "an empty file" 65 "empty.model: not a model file by its size" "$scratch/empty.model"
head -c 1000 "$models/safety.model" >"$scratch/cut.model"
refused "a truncated one" 65 "cut.model: damaged" "$scratch/cut.model"
head -c 10 "$models/safety.model" >"$scratch/stub.model"
refused "the first ten bytes of one" 65 "stub.model: not a model file" "$scratch/stub.model"
head -c 3000 "$models/language.model" >"$scratch/cut-language.model"
refused "a truncated one of languages" 65 "cut-language.model: its size" "$scratch/cut-language.model"
refused "a folder" 65 "$models: not a file" "$models"
mkfifo "$scratch/pipe"
refused "a pipe, which nobody writes to" 65 "pipe: not a file" "$scratch/pipe"
refused "another file" 65 "rows.tsv" "$scratch/rows.tsv"
refused "none" 66 "nowhere.model: No such file" "$scratch/nowhere.model"

# --- models in force: 78, or 66
damaged "$models/segments.model"
refused "a damaged one in force" 78 "damaged.model: damaged" --segment.model="$scratch/damaged.model"
damaged "$models/language.model"
refused "of languages" 78 "damaged.model: its checksum" --preprocess.language_model="$scratch/damaged.model"
refused "an empty one in force" 78 "empty.model: not a model file" --preprocess.safety_model="$scratch/empty.model"
refused "a truncated one in force" 78 "cut.model: damaged" --preprocess.safety_model="$scratch/cut.model"
refused "a folder for a model" 78 "$models: not a file" --segment.model="$models"
mkdir -p "$scratch/genai/models"
cp "$models/sentiment.model" "$models/needs.model" "$scratch/genai/models"
damaged "$models/needs.model"
cp "$scratch/damaged.model" "$scratch/genai/models/needs.model"
refused "a damaged one in genai's folder" 78 "needs.model: damaged" --genai.folder="$scratch/genai"
refused "a file for genai's folder" 66 "models/sentiment.model: Not a directory" --genai.folder="$scratch/empty.model"
refused "a folder without models" 66 "sentiment.model" --genai.folder="$scratch"

# --- whole, but another task's
refused "a linear model for segments" 78 "safety.model: a model of kind linear; segments needs" --segment.model="$models/safety.model"
refused "segments for safety" 78 "segments.model: a model of kind segments; safety needs" --preprocess.safety_model="$models/segments.model"
refused "another linear one for safety" 78 "no safety model" --preprocess.safety_model="$models/needs.model"
refused "a linear one for languages" 78 "needs.model: " --preprocess.language_model="$models/needs.model"
cp "$models/sentiment.model" "$scratch/genai/models/needs.model"
refused "sentiment for needs" 78 "no model of needs, as it has no class feature_request" --genai.folder="$scratch/genai"
echo '{"text":"x"}' | "$verbatim" analyze --quiet --genai.folder="$scratch/genai" >"$scratch/out" 2>&1
equal "analyze refuses it, too" $? 78
check "and names the file ($(head -c 200 "$scratch/out"))" contains "$scratch/out" "needs.model: model sentiment-"
finish
