#!/bin/bash
# ops/notebooks over an archive that the sample made, with a canary: it runs to its end, says what jq says, and draws.
. "$(dirname "$0")/lib.sh"
python=$("$source/tests/lib/python.sh" "$source/ops/notebooks/requirements.txt") || skip "no Python packages"

"$bin/verbatim" run --once --quiet --data "$scratch/data" --ingest.listen=127.0.0.1:0 --segment.canary="$source/config/models/segments.model" \
    --segment.canary_share=40 >"$scratch/run.log" 2>&1
equal "the sample is through" $? 0
archived "$scratch/data/archive" insights >"$scratch/insights.ndjson"
# notebook ARCHIVE PLOTS
notebook() { ARCHIVE=$1 timeout 600 "$python" "$source/tests/e2e/run_notebook.py" "$source/ops/notebooks/archive.ipynb" "$2" >"$scratch/out" 2>"$scratch/err"; }
notebook "$scratch/data/archive" "$scratch/plots"
ended=$?
equal "it runs to its end ($(tail -n 1 "$scratch/err"))" $ended 0
of() { jq "select($1).id" "$scratch/insights.ndjson" | wc -l; }
total=$(of true)
check "each record once" grep -q "^$total lines, each of another offset; $total insights, no id twice; 0 of what was received" "$scratch/out"
check "the queue for people" grep -q "^$(of '.safety.state != "negative"') of $total records are for people, $(of .safety.serious) of them serious" "$scratch/out"
check "no customer is in both arms" grep -q '^0 customers in both arms' "$scratch/out"
for arm in control canary; do
    check "records of $arm" grep -qE "^[01] +$arm +segments-[0-9]+ +$(of ".segment.arm == \"$arm\"") " "$scratch/out"
done
equal "plots" "$(find "$scratch/plots" -name "*.png" -size +5k | wc -l)" 6

notebook "$scratch/nowhere" "$scratch/none"
check "no archive: it says how to get one" grep -q '^no insights in .*ops/run --once' "$scratch/err"
# what stands twice is found
object=$(find "$scratch/data/archive/insights" -name '*.zst' | head -n 1)
cp "$object" "${object%.ndjson.zst}1.ndjson.zst"
notebook "$scratch/data/archive" "$scratch/none"
check "an object that is there twice: it says so" grep -q 'a message is in the archive twice' "$scratch/err"
rm "$object" "${object%.ndjson.zst}1.ndjson.zst"
notebook "$scratch/data/archive" "$scratch/none"
check "an object that was deleted is none that is wrong" grep -q 'objects deleted since: 1$' "$scratch/out"
finish
