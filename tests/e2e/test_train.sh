#!/bin/bash
# verbatim train segments: from the bus and from an archive; the same seed and rows give the same bytes; a worker serves the
# result, and a terminal sees how far it is.
. "$(dirname "$0")/lib.sh"

verbatim=$bin/verbatim
read -r http <<<"$(free_ports 1)"
"$verbatim" run --once --quiet --data "$scratch/data" --ingest.listen="127.0.0.1:$http" >"$scratch/once.txt" 2>&1 || give_up "run --once"
sample=$(wc -l <"$source/config/sample/feedback.ndjson")

declare -A from=([bus]="--bus.path=$scratch/data/bus" [archive]="--archive=$scratch/data/archive/features")
for origin in bus archive; do
    for model in first second; do
        "$verbatim" train segments "${from[$origin]}" --seed 7 --clusters 5 --name "segments-from-$origin" \
            --out "$scratch/$origin-$model" >"$scratch/out" 2>"$scratch/err"
        equal "from the $origin: exit status" $? 0
    done
    check "from the $origin: the same bytes twice" cmp -s "$scratch/$origin-first" "$scratch/$origin-second"
    head -c 600 "$scratch/$origin-first" | tr -d '\0' >"$scratch/card" 2>/dev/null
    for line in "name=segments-from-$origin" clusters=5 seed=7 "trained_rows=$sample" silhouette= mean_distance=; do
        check "from the $origin: its card has $line" grep -aq "^$line" "$scratch/card"
    done
done
"$verbatim" train segments --archive "$scratch/data/archive/features" --seed 8 --clusters 5 --name segments-from-archive --out "$scratch/other" >/dev/null 2>&1
check "another seed gives another model" [ -s "$scratch/other" ]
check "and says so in its card" grep -aq '^seed=8' "$scratch/other"

echo '{"text":"It works well."}' | "$verbatim" analyze --segment.model="$scratch/bus-first" 2>/dev/null >"$scratch/insight"
equal "records name the model that decided" "$(jq -r .segment.model "$scratch/insight")" segments-from-bus
"$verbatim" train segments --archive "$scratch/nowhere" --out "$scratch/none" >/dev/null 2>"$scratch/err"
check "an archive that isn't there: refused" [ $? -ne 0 ]
check "and no model is written" [ ! -e "$scratch/none" ]

script -qec "'$verbatim' train segments --archive '$scratch/data/archive/features' --out '$scratch/tty'" /dev/null >"$scratch/terminal" 2>&1
check "a terminal sees its progress" grep -q ' of 8 seed' "$scratch/terminal"
check "a file doesn't" [ "$(grep -c ' of 8 seed' "$scratch/out")" = 0 ]
finish
