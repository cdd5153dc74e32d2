#!/bin/bash
# verbatim train: tasks from labelled texts, with a card; segments: from the bus and from an archive; the same seed and rows give the same bytes; a worker serves the
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
ln -s "$scratch/data/archive" "$scratch/elsewhere"
"$verbatim" train segments --archive "$scratch/elsewhere" --seed 7 --clusters 5 --name segments-from-archive --out "$scratch/linked" >/dev/null 2>&1
check "an archive behind a link is the same" cmp -s "$scratch/archive-first" "$scratch/linked"

"$verbatim" train segments --archive "$scratch/data/archive/features" --like "$scratch/archive-first" --name on --out "$scratch/like" >"$scratch/out" 2>/dev/null
equal "like an older one: exit status" $? 0
equal "as many segments" "$(grep -c '^  segment' "$scratch/out")" 5
check "how both fit these vectors" grep -qE '^segments-from-archive: mean distance [0-9.]+, outliers [0-9.]+%$' "$scratch/out"
check "the new one, too" grep -qE '^on: mean distance [0-9.]+, outliers [0-9.]+%$' "$scratch/out"
"$verbatim" train segments --archive "$scratch/data/archive/features" --like "$scratch/archive-first" --clusters 6 --out "$scratch/none" >/dev/null 2>"$scratch/err"
equal "of another number: exit status" $? 64
"$verbatim" train segments --archive "$scratch/data/archive/features" --like "$scratch/nowhere" --out "$scratch/none" >/dev/null 2>"$scratch/err"
equal "like a model that isn't there: exit status" $? 66
check "and no model is written" [ ! -e "$scratch/none" ]

echo '{"text":"It works well."}' | "$verbatim" analyze --segment.model="$scratch/bus-first" 2>/dev/null >"$scratch/insight"
equal "records name the model that decided" "$(jq -r .segment.model "$scratch/insight")" segments-from-bus
check "the segments that ship are what the sample gives, byte for byte" env VERBATIM_BIN="$bin" "$source/ops/models/build" --segments --check
"$verbatim" train segments --archive "$scratch/nowhere" --out "$scratch/none" >/dev/null 2>"$scratch/err"
check "an archive that isn't there: refused" [ $? -ne 0 ]
check "and no model is written" [ ! -e "$scratch/none" ]

script -qec "'$verbatim' train segments --archive '$scratch/data/archive/features' --out '$scratch/tty'" /dev/null >"$scratch/terminal" 2>&1
check "a terminal sees its progress" grep -q ' of 8 seed' "$scratch/terminal"
check "a file doesn't" [ "$(grep -c ' of 8 seed' "$scratch/out")" = 0 ]

# --- tasks, from a file of labelled texts
python3 - "$scratch" <<'PY'
import sys
folder = sys.argv[1]
things = "kettle lamp chair phone app door bag watch box pen".split()
def write(task, rows, header="label\ttext"):
    open(f"{folder}/{task}.tsv", "w").write(header + "\n" + "".join(f"{row}\n" for row in rows))
write("sentiment", [f"{label}\t{words.format(thing)}" for thing in things for label, words in (
    ("positive", "The {} is wonderful and I love it."), ("negative", "The {} is awful and I hate it."), ("neutral", "The {} came on Monday."))])
write("needs", [f"{label}\t{words.format(thing)}" for thing in things for label, words in (
    ("feature_request", "Please add a handle to the {}."), ("problem_report", "The {} crashes and broke."),
    ("question", "How do I open the {}?"), ("none", "The {} is nice."))])
write("safety", [f"{label}\t{serious}\t{words.format(thing)}" for thing in things for label, serious, words in (
    ("adverse_event", "yes", "After using the {} I was in hospital with a rash."), ("hazard", "no", "The {} caught fire."),
    ("product_complaint", "no", "There was mould inside the {}."), ("special_situation", "no", "I took it with the {} while pregnant."),
    ("none", "no", "The {} is nice and cheap."))], "label\tserious\ttext")
write("topics", [f"{label}\t{words.format(thing)}" for thing in things for label, words in (
    ("delivery", "The {} arrived late by courier."), ("price", "The {} is expensive."), ("delivery+price", "The courier was late and the {} expensive."),
    ("none", "I like the {}."))])
words = {"en": "the parcel was late and nobody has answered".split(), "es": "el paquete llegó tarde y nadie me contestó".split(),
         "sv": "paketet var försenat och ingen har svarat mig".split()}
write("language", [f"{code}\t{' '.join(list_[i:] + list_[:i])} {thing}" for thing in things for i, (code, list_) in enumerate(words.items())])
PY
for task in sentiment needs safety topics language; do
    for model in first second; do
        "$verbatim" train $task --data "$scratch/$task.tsv" --folds 3 --licence "ours, CC0" --out "$scratch/$task-$model.model" >"$scratch/out" 2>"$scratch/err"
        rc=$?
        equal "$task: exit status ($(head -c 200 "$scratch/err"))" $rc 0
    done
    check "$task: the same bytes twice" cmp -s "$scratch/$task-first.model" "$scratch/$task-second.model"
    check "$task: and the same card" cmp -s "$scratch/$task-first.model.md" "$scratch/$task-second.model.md"
    card=$scratch/$task-first.model.md
    for line in "# own-$task-000001" "ours, CC0" "$(sha256sum <"$scratch/$task.tsv" | cut -d' ' -f1)" "$(sha256sum <"$scratch/$task-first.model" | cut -d' ' -f1)" \
        "Macro-F1" "Calibration" "in 3 folds" "$task.tsv, $(($(wc -l <"$scratch/$task.tsv") - 1)) rows"; do
        check "$task: its card has \"$line\"" contains "$card" "$line"
    done
done
check "one of several classes: a confusion matrix" contains "$scratch/sentiment-first.model.md" "## Confusion"
check "what is this plain is learnt" [ "$(sed -n 's/^Macro-F1 //p' "$scratch/sentiment-first.model.md" | tr -d .)" -ge 0900 ]
check "topics are those of the file" contains "$scratch/topics-first.model.md" "| delivery |"

mkdir "$scratch/folder"
cp -r "$source/config/." "$scratch/folder/"
cp "$scratch/sentiment-first.model" "$scratch/folder/models/sentiment.model"
echo '{"text":"The kettle is wonderful and I love it."}' | "$verbatim" analyze --genai.folder="$scratch/folder" 2>"$scratch/err" >"$scratch/insight"
equal "genai serves it ($(head -c 200 "$scratch/err"))" "$(jq -r '.insight.model + " " + .insight.sentiment.label' "$scratch/insight")" \
    "$(jq -rn --arg needs "$(echo '{"text":"x"}' | "$verbatim" analyze 2>/dev/null | jq -r '.insight.model | split(" ")[1]')" '"own-sentiment-000001 " + $needs + " positive"')"
# A topic without a keyword, learnt from texts; its evidence is the clause that tells of it.
for thing in kettle lamp chair phone door bag watch box pen table; do
    printf 'warranty\tThe %s died when its guarantee had run out.\nnone\tI like the %s and my dog does.\n' $thing $thing
done | sed '1i label\ttext' >"$scratch/learnt.tsv"
"$verbatim" train topics --data "$scratch/learnt.tsv" --folds 3 --name learnt-1 --out "$scratch/folder/models/topics.model" >"$scratch/out" 2>&1
"$verbatim" analyze --genai.folder="$scratch/folder" </dev/null >/dev/null 2>"$scratch/err"
equal "a learnt topic that no list names: exit status" $? 78
check "says which" contains "$scratch/err" "topics.model: its class warranty is no topic of the taxonomy"
echo '[warranty]' >>"$scratch/folder/topics/en.txt"
echo '{"text":"I liked it; but the guarantee had run out when the radio died."}' | "$verbatim" analyze --genai.folder="$scratch/folder" 2>"$scratch/err" >"$scratch/insight"
equal "genai serves learnt topics ($(head -c 200 "$scratch/err"))" \
    "$(jq -r '[.document.text as $text | .insight.mentions[] | select(.topic == "warranty") | $text[.start:.end]] | join("|")' "$scratch/insight")" \
    "but the guarantee had run out when the radio died"
check "and says by which model" contains "$scratch/insight" "learnt-1"
check "verbatim models lists it" contains <("$verbatim" models --genai.folder="$scratch/folder") "learnt-1"
long=$(printf 'n%.0s' {1..63})
for task in needs topics; do
    "$verbatim" train $task --data "$scratch/$([ $task = topics ] && echo learnt || echo needs).tsv" --folds 3 --name "$long" --out "$scratch/folder/models/$task.model" >"$scratch/out" 2>&1
done
"$verbatim" analyze --genai.folder="$scratch/folder" </dev/null >/dev/null 2>"$scratch/err"
equal "names that no record could carry: exit status" $? 78
cp "$source/config/models/needs.model" "$scratch/folder/models/needs.model"
rm "$scratch/folder/models/topics.model"
# Of 50 rows it may well find harm in praise, which is never called positive then.
echo '{"text":"The kettle caught fire."}' | "$verbatim" analyze --preprocess.safety_model="$scratch/safety-first.model" 2>"$scratch/err" >"$scratch/insight"
equal "preprocess serves a safety model ($(head -c 200 "$scratch/err"))" "$(jq -r .safety.state "$scratch/insight")" positive

echo '{"text":"försenat paketet ingen svarat"}' >"$scratch/swedish"
equal "preprocess serves a language model" "$("$verbatim" analyze --preprocess.language_model="$scratch/language-first.model" <"$scratch/swedish" \
    2>/dev/null | jq -r .document.language)" sv
"$verbatim" analyze --preprocess.language_model="$scratch/needs-first.model" <"$scratch/swedish" >/dev/null 2>"$scratch/err"
equal "another task's model: exit status" $? 78
check "and says so ($(head -c 200 "$scratch/err"))" contains "$scratch/err" "language model"
awk -F'\t' -v OFS='\t' 'NR == 1 { $1 = "lang" } 1' "$scratch/language.tsv" >"$scratch/lang.tsv"
"$verbatim" train language --data "$scratch/lang.tsv" --folds 3 --out "$scratch/lang.model" >/dev/null 2>&1
check "a column lang is as good as label" cmp -s "$scratch/lang.model" "$scratch/language-first.model"

sed 's/^es\t/es_MX\t/; s/^sv\t/SV\t/' "$scratch/language.tsv" >"$scratch/tags.tsv"
"$verbatim" train language --data "$scratch/tags.tsv" --folds 3 --out "$scratch/tags.model" >/dev/null 2>&1
check "so are tags for codes" cmp -s "$scratch/tags.model" "$scratch/language-first.model"

printf 'label\ttext\n' >"$scratch/few.tsv"
for i in 1 2 3; do printf 'positive\tGood %s\n' $i >>"$scratch/few.tsv"; done
head -n 4 "$scratch/language.tsv" >"$scratch/three.tsv"
refused() { # WHAT STATUS MESSAGE ARGUMENT...
    local what=$1 wanted=$2 message=$3
    shift 3
    "$verbatim" train "$@" --out "$scratch/none" >/dev/null 2>"$scratch/err"
    equal "$what: exit status" $? "$wanted"
    check "$what: says why ($(head -c 200 "$scratch/err"))" contains "$scratch/err" "$message"
    check "$what: writes nothing" [ ! -e "$scratch/none" ]
}
refused "a task that there isn't" 64 'nothing called "sentimant" is trained, but: sentiment, needs' sentimant --data "$scratch/few.tsv"
{
    printf 'text\tlabel\tserious\n'
    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do printf 'A rash on arm %s\tyes\tno\nFine lamp %s\tno\tno\n' $i $i; done
    printf 'Hospital for a week\tyes\tyes\n'
} >"$scratch/yes.tsv"
refused "harm without its kind" 65 "all its kinds, which stand in the label" safety --data "$scratch/yes.tsv"
refused "too few rows" 65 "3 rows; at least 20" sentiment --data "$scratch/few.tsv"
refused "another task's labels" 65 'label "feature_request"' sentiment --data "$scratch/needs.tsv"
# what nobody could learn: labels by chance
words=(good bad fine lamp kettle late early box broken love hate ship price slow fast red blue door screen works again never always help team call)
labels=(positive negative neutral)
for i in {0..23}; do
    printf '%s\t' "${labels[(i * i + i / 2) % 3]}"
    for j in {1..6}; do printf '%s ' "${words[(i * 7 + j * j * 5 + i * j * 3) % 26]}"; done
    echo
done | sed '1i label\ttext' >"$scratch/chance.tsv"
"$verbatim" train sentiment --data "$scratch/chance.tsv" --folds 3 --out "$scratch/chance.model" >"$scratch/out" 2>"$scratch/err"
check "a model whose probabilities are far off is told" grep -q "^Its probabilities are off by 0[.][1-9]" "$scratch/out" "$scratch/chance.model.md"
check "one whose aren't isn't" [ "$(grep -c "^Its probabilities" "$scratch/sentiment-first.model.md")" = 0 ]
grep -v '^neutral' "$scratch/sentiment.tsv" >"$scratch/two.tsv"
"$verbatim" train sentiment --data "$scratch/two.tsv" --folds 3 --out "$scratch/two.model" >"$scratch/out" 2>"$scratch/err"
equal "rows that are never neutral teach the rest" $? 0
check "the card says so" contains "$scratch/two.model.md" "No row is neutral: the model hardly ever says it."
check "and leaves it out of the mean" contains "$scratch/two.model.md" "| neutral | 0 | 0 |"
sed '1s/.*/mood\treview/' "$scratch/sentiment.tsv" >"$scratch/named.tsv"
"$verbatim" train sentiment --data "$scratch/named.tsv" --text-column review --label-column mood --folds 3 --out "$scratch/named.model" >/dev/null 2>"$scratch/err"
equal "columns may be called otherwise" $? 0
grep -v '^positive' "$scratch/two.tsv" >"$scratch/negative.tsv"
grep '^negative' "$scratch/two.tsv" | sed 's/$/ Again./' >>"$scratch/negative.tsv"
refused "rows of one class" 65 "all rows are of one class; at least two are needed: positive, negative, neutral" sentiment --data "$scratch/negative.tsv"
grep -v 'special_situation' "$scratch/safety.tsv" >"$scratch/unsafe.tsv"
refused "a kind of harm that nobody taught" 65 "no rows of class special_situation" safety --data "$scratch/unsafe.tsv"
cut -f1,3 "$scratch/safety.tsv" >"$scratch/unserious.tsv"
refused "nobody says what is serious" 65 "a column serious (yes or no)" safety --data "$scratch/unserious.tsv"
refused "no such file" 66 "nowhere.tsv" needs --data "$scratch/nowhere.tsv"
refused "no file" 64 "--data FILE" needs
refused "a file without its flag" 64 "--data $scratch/needs.tsv" needs "$scratch/needs.tsv"
refused "one fold" 64 "--folds is from 2" needs --data "$scratch/needs.tsv" --folds 1
refused "no such task" 64 "sentiment, needs, safety, topics, language, segments" moods --data "$scratch/needs.tsv"
refused "labels that are no languages" 65 'label "feature_request"' language --data "$scratch/needs.tsv"
refused "too few texts" 65 "3 rows; at least 20" language --data "$scratch/three.tsv"
grep -P '^(label|sv)\t' "$scratch/language.tsv" >"$scratch/one.tsv"
cat "$scratch/one.tsv" <(sed 1d "$scratch/one.tsv" | sed 's/$/ två/') <(sed 1d "$scratch/one.tsv" | sed 's/$/ tre/') >"$scratch/only.tsv"
refused "one language" 65 "one language" language --data "$scratch/only.tsv"
printf 'label\ttext\nnone\tIt works.\npositive\n' >"$scratch/short.tsv"
printf 'label\ttext\nnone\tIt works.\nmo od\tIt is.\n' >"$scratch/mood.tsv"
for task in sentiment needs safety topics language; do
    refused "a row that is cut short ($task)" 65 "short.tsv:" "$task" --data "$scratch/short.tsv"
    equal "$task names the file once" "$(grep -o 'short[.]tsv' "$scratch/err" | wc -l)" 1
    [ "$task" = topics ] || refused "a label that is none ($task)" 65 "mood.tsv:" "$task" --data "$scratch/mood.tsv"
done
# the texts aren't written over, under whatever name
cp "$scratch/needs.tsv" "$scratch/precious.tsv"
ln -s precious.tsv "$scratch/alias.tsv"
for out in precious.tsv alias.tsv; do
    "$verbatim" train needs --data "$scratch/precious.tsv" --out "$scratch/$out" >/dev/null 2>"$scratch/err"
    equal "a model in place of its data ($out): exit status" $? 64
    check "it is said" contains "$scratch/err" "is the file that is read"
    check "and they are still there" cmp -s "$scratch/precious.tsv" "$scratch/needs.tsv"
done
"$verbatim" train segments --data "$scratch/needs.tsv" --out "$scratch/none" >/dev/null 2>"$scratch/err"
equal "segments of labelled texts: exit status" $? 64
# what evaluate takes for a label teaches too
sed 's/^none\t/Irrelevant\t/; s/^problem_report\t/bug\t/' "$scratch/needs.tsv" >"$scratch/irrelevant.tsv"
"$verbatim" train needs --data "$scratch/irrelevant.tsv" --folds 3 --licence "ours, CC0" --out "$scratch/irrelevant.model" >/dev/null 2>"$scratch/err"
ended=$?
equal "irrelevant is none, bug a problem ($(head -c 200 "$scratch/err"))" $ended 0
check "and teaches the same" cmp -s "$scratch/irrelevant.model" "$scratch/needs-first.model"
# where the model can't go is said before anything is read: else the data would be what is refused
for out in "$scratch/no/such/model" "$scratch/" "$scratch"; do
    "$verbatim" train needs --data "$scratch/nowhere.tsv" --out "$out" >/dev/null 2>"$scratch/err"
    equal "a model can't go to ${out#"$scratch"}: exit status" $? 73
    check "and it is said which ($(head -c 200 "$scratch/err"))" contains "$scratch/err" "--out $out"
done
script -qec "'$verbatim' train needs --data '$scratch/needs.tsv' --out '$scratch/tty.model'" /dev/null >"$scratch/terminal" 2>&1
check "a terminal sees the progress of a task, and how much there is" grep -qE '[0-9]+ of [0-9]+ epochs' "$scratch/terminal"
finish
