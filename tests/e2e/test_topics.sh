#!/bin/bash
# verbatim topics discover: phrases that no topic covers, of a file and of an archive; its exit codes.
. "$(dirname "$0")/lib.sh"

verbatim=$bin/verbatim
json() { jq -r "$1" "$scratch/out.json"; }
{
    for i in 1 2 3 4 5 6; do
        echo "{\"text\":\"The watch strap number $i is itchy, delivery was fine.\",\"customer\":\"c$((i % 4))\",\"language\":\"en\"}"
    done
    for i in 1 2 3 4; do echo "{\"text\":\"La correa del reloj $i me pica.\",\"customer\":\"d$i\",\"language\":\"es\"}"; done
} >"$scratch/feedback.ndjson"

"$verbatim" topics discover --input "$scratch/feedback.ndjson" --json >"$scratch/out.json" 2>"$scratch/err"
rc=$?
equal "a file: exits 0 ($(head -c 300 "$scratch/err"))" $rc 0
equal "all records were read" "$(json .records)" 10
equal "the phrase, its records and customers" \
    "$(json '.phrases[] | select(.phrase | startswith("watch strap")) | "\(.records) \(.customers)"' | head -1)" "6 4"
check "with an example" [ "$(json '[.phrases[] | select(.example | contains("watch strap"))] | length > 0')" = true ]
equal "what a topic covers isn't there" "$(json '[.phrases[] | select(.phrase | contains("delivery"))] | length')" 0
mkdir -p "$scratch/own" && cp -r "$source/config/topics" "$scratch/own/topics" && echo '[strap]
watch strap' >>"$scratch/own/topics/en.txt"
long='We bought one of these for my father in May, and to be honest all that he says of it is this: the watch strap is itchy.'
for i in 1 2 3; do jq -cn --arg text "$long" --arg c "e$i" '{text: $text, customer: $c, language: "en"}'; done >"$scratch/long.ndjson"
"$verbatim" topics discover --input "$scratch/long.ndjson" >"$scratch/table" 2>"$scratch/err"
check "the table's example shows the phrase, however far behind it stands" grep -q "^watch strap .*…the watch strap" "$scratch/table"
"$verbatim" topics discover --input "$scratch/feedback.ndjson" --json --genai.folder="$scratch/own" >"$scratch/out-own.json" 2>"$scratch/err"
ended=$?
equal "topics of one's own: exits 0 ($(head -c 300 "$scratch/err"))" $ended 0
equal "topics of one's own: what they cover isn't there" \
    "$(jq '[.phrases[] | select(.phrase | contains("watch strap"))] | length' "$scratch/out-own.json")" 0

# The same records through the workers: texts come redacted and languages as they were detected, the phrases are the same.
# Customers are counted by bits of their hashes, so by a drawn key two of them would fall together now and then.
read -r http <<<"$(free_ports 1)"
"$verbatim" run --once --quiet --sample "$scratch/feedback.ndjson" --data "$scratch/data" --ingest.listen="127.0.0.1:$http" \
    --preprocess.customer_key=drawn-once-and-for-all \
    >"$scratch/run" 2>&1 || give_up "verbatim run --once ($(head -c 300 "$scratch/run"))"
json '[.phrases[] | "\(.phrase) \(.records) \(.customers)"] | sort | .[]' >"$scratch/of_file"
"$verbatim" topics discover --archive "$scratch/data/archive" --json >"$scratch/out.json" 2>"$scratch/err"
rc=$?
equal "an archive: exits 0 ($(head -c 300 "$scratch/err"))" $rc 0
equal "an archive: all records were read" "$(json .records)" 10
json '[.phrases[] | "\(.phrase) \(.records) \(.customers)"] | sort | .[]' >"$scratch/of_archive"
check "an archive: there are phrases" [ -s "$scratch/of_archive" ]
equal "an archive: the phrases of the file" "$(cat "$scratch/of_archive")" "$(cat "$scratch/of_file")"
check "an archive: with an example" [ "$(json '[.phrases[] | select(.example | contains("watch strap"))] | length > 0')" = true ]
"$verbatim" topics discover --archive "$scratch/data/archive" --language fr --json >"$scratch/out.json" 2>"$scratch/err"
equal "an archive: another language" "$(json '"\(.records) \(.other_languages)"')" "0 10"
"$verbatim" topics discover --archive "$scratch/data/archive" --input "$scratch/feedback.ndjson" >"$scratch/out" 2>&1
equal "two sources: exits 64" $? 64
"$verbatim" topics discover --archive "$scratch/nowhere" >"$scratch/out" 2>&1
equal "no archive: exits 66" $? 66

"$verbatim" topics discover --input "$scratch/feedback.ndjson" --language es --json >"$scratch/out.json" 2>"$scratch/err"
equal "one language: exits 0" $? 0
equal "one language: the rest is counted" "$(json '"\(.records) \(.other_languages)"')" "4 6"
check "one language: found" [ "$(json '[.phrases[] | select(.phrase | contains("correa"))] | length > 0')" = true ]

jq -c 'del(.language)' "$scratch/feedback.ndjson" >"$scratch/untold.ndjson"
"$verbatim" topics discover --input "$scratch/untold.ndjson" --language es --json >"$scratch/out.json" 2>"$scratch/err"
equal "one language, where nobody said which: it is detected" "$(json '"\(.records) \(.other_languages)"')" "4 6"

"$verbatim" topics discover --input - --limit 1 <"$scratch/feedback.ndjson" >"$scratch/table" 2>"$scratch/err"
equal "a table: exits 0" $? 0
equal "a table: a head and one row" "$(wc -l <"$scratch/table")" 2
check "a table: its columns" contains "$scratch/table" "customers"

"$verbatim" topics discover --input "$scratch/feedback.ndjson" --min 99 >"$scratch/table" 2>"$scratch/err"
equal "nothing is that frequent: exits 0" $? 0
check "and says so" contains "$scratch/table" "no phrase"

echo '{"txt":"nothing"}' >>"$scratch/feedback.ndjson"
"$verbatim" topics discover --input "$scratch/feedback.ndjson" --json >"$scratch/out.json" 2>"$scratch/err"
equal "a refused record: exits 65" $? 65
equal "and is counted, the rest is there" "$(json '"\(.records) \(.refused)"')" "10 1"
"$verbatim" topics discover >"$scratch/out" 2>&1
equal "no source: exits 64" $? 64
"$verbatim" topics discover --input "$scratch/feedback.ndjson" --language xx >"$scratch/out" 2>&1
equal "a language without stop words: exits 64" $? 64
"$verbatim" topics discover --input "$scratch/none.ndjson" >"$scratch/out" 2>&1
equal "no such file: exits 66" $? 66

# Markup and personal data are off before phrases are counted; a CSV's column is named.
{
    echo "id,Review"
    for i in 1 2 3 4; do echo "$i,<p>The gizmo<br /><br />wobbles&nbsp;a lot $i</p> mail ann$i@example.org"; done
} >"$scratch/feedback.csv"
"$verbatim" topics discover --input "$scratch/feedback.csv" --text-column review >"$scratch/table" 2>"$scratch/err"
ended=$?
equal "a column of its own: exits 0 ($(head -c 200 "$scratch/err"))" $ended 0
check "a column of its own: found" contains "$scratch/table" "gizmo"
check "no markup, no personal data ($(head -c 300 "$scratch/table"))" [ "$(grep -cE 'nbsp|<p>|example[.]org|ann[0-9]' "$scratch/table")" = 0 ]
"$verbatim" topics discover --input "$scratch/feedback.csv" >"$scratch/out" 2>&1
equal "no text column: exits 65" $? 65
check "and says how to name it" contains "$scratch/out" "--text-column"
"$verbatim" topics list --text-column x >"$scratch/out" 2>&1
equal "a column for a list: exits 64" $? 64

# On a terminal no line is wider than it is.
widest() { tr -d '\r' <"$scratch/terminal" | LC_ALL=C.UTF-8 wc -L; }
script -qec "stty cols 80; '$verbatim' topics list '--bus.path=$scratch/data/bus'" /dev/null >"$scratch/terminal" 2>&1
check "a terminal: topics are listed" contains "$scratch/terminal" "dead-letters"
check "a terminal: within 80 columns ($(widest))" [ "$(widest)" -le 80 ]
script -qec "stty cols 80; '$verbatim' topics discover --input '$scratch/feedback.ndjson' 2>'$scratch/err'" /dev/null >"$scratch/terminal" 2>&1
check "a terminal: phrases are shown" contains "$scratch/terminal" "watch strap"
check "a terminal: within 80 columns too ($(widest))" [ "$(widest)" -le 80 ]
script -qec "stty cols 60; NO_COLOR=1 '$verbatim' tail --from-start --once '--bus.path=$scratch/data/bus' insights" /dev/null >"$scratch/terminal" 2>&1
check "a narrow terminal: insights are shown" contains "$scratch/terminal" "feeling"
check "a narrow terminal: within 60 columns ($(widest))" [ "$(widest)" -le 60 ]

# Words of several meanings, in what ships: LANGUAGE|SENTENCE|TOPICS|ASPECTS.
about() { jq -r '[(.insight.topics // [] | join(",")), ([.insight.aspects[]?.aspect] | join(","))] | join("|")' "$scratch/about.out"; }
while IFS='|' read -r language sentence topics aspects; do
    jq -nc --arg language "$language" --arg text "$sentence" '{$text, $language}' | "$verbatim" analyze --quiet >"$scratch/about.out" 2>"$scratch/err"
    equal "about: $sentence" "$(about)" "$topics|$aspects"
done <<'END'
fr|Est-ce que ce gel convient aux femmes enceintes ?|health|
fr|L'enceinte grésille.|sound|sound
fr|La qualité est au rendez-vous.|quality|quality
fr|Peut-on payer en trois fois ?|payments|
fr|Vue sur le parking.|lodging|location
fr|Je voudrais trier les photos par date.||
es|Quiero filtrar los resultados por precio.|price|price
es|El enchufe del calefactor se derritió.|safety,quality|
es|Me toca pagar el doble.|billing|
es|Envío rápido.|delivery|delivery
es|Ya no sé cuántas veces he llamado.|support|
en|She broke out in hives.|safety,health|
en|It smells like burning plastic.|safety|smell
en|The screen is scratched.|quality|display
en|The coffee machine hums.|food|
en|The mattress sags.|comfort|comfort
en|The room smelled damp.|cleanliness|smell
en|Smells wonderful.|taste|smell
en|It smelled awful.|cleanliness|smell
en|They sold my data.|privacy|privacy
es|Nadie se hace cargo.|support|
en|Delivery was fast.|delivery|delivery
END
# Files that an editor on Windows wrote: a byte order mark, and CRLF.
mkdir -p "$scratch/windows" && cp -r "$source/config/." "$scratch/windows/"
for file in topics/en.txt aspects/en.txt recommendations.txt cues/en.txt products.txt clocks.txt prices.txt; do
    sed -i 's/$/\r/; 1s/^/\xef\xbb\xbf/' "$scratch/windows/$file"
done
printf '\xef\xbb\xbf[genai]\r\nfolder = %s\r\n[preprocess]\r\ncues = %s\r\nproducts = %s\r\ndue_clocks = %s\r\n' "$scratch/windows" \
    "$scratch/windows/cues" "$scratch/windows/products.txt" "$scratch/windows/clocks.txt" >"$scratch/windows.conf"
echo '{"text":"I got a rash. Delivery was fast.","language":"en"}' | "$verbatim" analyze --quiet --config "$scratch/windows.conf" >"$scratch/about.out" 2>"$scratch/err"
equal "files of an editor on Windows are read ($(head -c 200 "$scratch/err"))" "$(jq -r .safety.state "$scratch/about.out") $(about)" "positive safety,health,delivery|delivery"
wishes() { # SENTENCE: which advice support gets
    jq -nc --arg text "$1" '{$text, language: "en"}' | "$verbatim" analyze --quiet 2>"$scratch/err" | jq -r '.insight.recommendations[]? | select(.team == "support") | .text'
}
wishes "There should be an option to pause deliveries when on holiday, it's awful." >"$scratch/wish"
check "who wishes for something has no parcel to be found ($(head -c 100 "$scratch/wish"))" [ "$(grep -c parcel "$scratch/wish")" = 0 ]
wishes "The delivery never arrived, three weeks late." >"$scratch/wish"
check "who waits for a parcel has ($(head -c 100 "$scratch/wish"))" contains "$scratch/wish" "Find out where the parcel is"
wishes "They sold my data, disgusting." >"$scratch/wish"
check "privacy has somebody who answers for it ($(head -c 100 "$scratch/wish"))" contains "$scratch/wish" "data protection"
wishes "Awful delivery." >"$scratch/wish"
check "also without a need in words ($(head -c 100 "$scratch/wish"))" contains "$scratch/wish" "Find out where the parcel is"
finish
