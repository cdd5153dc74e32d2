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

size=$(wc -c <"$scratch/trained.model")
printf '\xff' | dd of="$scratch/trained.model" bs=1 seek=$((size - 7)) conv=notrunc status=none
"$verbatim" models "$scratch/trained.model" >"$scratch/out" 2>"$scratch/err"
equal "a changed byte exits 65" $? 65
check "and names the file" grep -q trained.model "$scratch/err"
"$verbatim" models "$scratch/rows.tsv" 2>"$scratch/err"
equal "another file exits 65" $? 65
"$verbatim" models "$scratch/nowhere.model" 2>"$scratch/err"
equal "none exits 66" $? 66
"$verbatim" models --genai.folder="$scratch" 2>"$scratch/err"
equal "a folder without models exits 66" $? 66
check "and names the one it wants" grep -q sentiment.model "$scratch/err"
finish
