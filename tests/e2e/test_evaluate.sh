#!/bin/bash
# verbatim evaluate: the figures of small labelled files, as a table and as JSON, and its exit codes.
. "$(dirname "$0")/lib.sh"

verbatim=$bin/verbatim
json() { jq -r "$1" "$scratch/out.json"; }

cat >"$scratch/feelings.tsv" <<'END'
lang	label	text
en	pos	I love it, it works perfectly and the service was excellent.
en	neg	Terrible quality, it broke after a day and nobody answers. Awful.
es	pos	Excelente, me encanta, lo recomiendo a todo el mundo.
es	neg	Una porquería, se rompió el primer día y no devuelven el dinero.
fr	pos	Je suis ravie, produit excellent et livraison rapide.
fr	neg	Très déçue, mauvaise qualité, à éviter.
en	none	The box is 20 cm wide.
END
"$verbatim" evaluate --task sentiment --data "$scratch/feelings.tsv" --json >"$scratch/out.json" 2>"$scratch/err"
equal "sentiment exits 0" $? 0
equal "all plain feelings are right" "$(json .figures.two_way_macro_f1)" 1
equal "each row is counted once, none isn't judged" "$(json '"\(.rows) \(.unlabelled) \(.refused) \([.two_way.classes[].rows] | add)"')" "7 1 0 6"
equal "the confusion matrix adds up to the rows" "$(json '[.three_way.confusion[][]] | add')" 6
check "the rate is there" [ "$(json '.records_per_second > 0')" = true ]
"$verbatim" evaluate --task sentiment --data "$scratch/feelings.tsv" >"$scratch/table"
equal "the table exits 0" $? 0
check "the table has classes" contains "$scratch/table" "precision"

cat >"$scratch/safety.tsv" <<'END'
label	serious	text
adverse_event	yes	After two pills I collapsed and was taken to hospital by ambulance.
hazard	no	The charger caught fire while I was sleeping.
negative		Fast delivery and a fair price.
negative		I like the colour.
END
"$verbatim" evaluate --task safety --data "$scratch/safety.tsv" --json >"$scratch/out.json" 2>"$scratch/err"
equal "safety exits 0" $? 0
equal "harm is found, the rest is left alone" \
    "$(json '.figures | "\(.recall) \(.serious_recall) \(.alerts_per_1000) \(.false_alerts_per_1000)"')" "1 1 500 0"
"$verbatim" evaluate --task safety --label negative --data "$scratch/feelings.tsv" --json >"$scratch/out.json" 2>"$scratch/err"
equal "--label goes for every row" "$(json '"\(.states.classes[] | select(.name == "negative") | .rows)"')" 7

printf '%s\n' '{"text":"Write to ana.lopez@example.com please","spans":[{"start":9,"end":30,"type":"EMAIL"}]}' \
    '{"text":"Nothing to hide here"}' >"$scratch/personal.ndjson"
"$verbatim" evaluate --task redact --data "$scratch/personal.ndjson" --json >"$scratch/out.json" 2>"$scratch/err"
equal "redact exits 0" $? 0
equal "the address is gone, the other text is as it was" \
    "$(json '.figures | "\(.email_values) \(.email_left) \(.texts_without) \(.altered_per_1000)"')" "1 0 1 0"

printf 'label\ttext\nen\tI would like to know where my order is.\nes\tMe gustaría saber dónde está mi pedido.\n' >"$scratch/languages.tsv"
"$verbatim" evaluate --task language --data "$scratch/languages.tsv" --json >"$scratch/out.json" 2>"$scratch/err"
equal "language is told apart" "$? $(json .figures.accuracy)" "0 1"
printf 'Text;Language\n"I would like to know; where is it?";EN\nMe gustaría saber dónde está mi pedido.;es_MX\n' >"$scratch/languages.csv"
printf 'Hallo, wo ist meine Bestellung geblieben?;other\nI like it.;English\n' >>"$scratch/languages.csv"
"$verbatim" evaluate --task language --data "$scratch/languages.csv" --json >"$scratch/out.json" 2>"$scratch/err"
equal "a CSV with a column language will do" "$? $(json '.figures | "\(.accuracy) \(.en_es_fr_right) \(.others_called_en_es_fr)"')" "65 1 1 0"
check "a language's name is refused" contains "$scratch/err" ':5: label "English" is no language'
printf '{"text":"Please add a dark mode.","label":["feature_request"]}\n{"text":"Fine.","label":"none"}\n' >"$scratch/needs.ndjson"
"$verbatim" evaluate --task needs --data "$scratch/needs.ndjson" --json >"$scratch/out.json" 2>"$scratch/err"
equal "a wish is a need, praise is none" "$? $(json .figures.macro_f1)" "0 1"
printf 'label\ttext\ndelivery\tThe delivery took three weeks.\n' >"$scratch/topics.tsv"
"$verbatim" evaluate --task topics --data "$scratch/topics.tsv" --json >"$scratch/out.json" 2>"$scratch/err"
equal "topics are compared by name" "$? $(json '.topics.classes[] | select(.name == "delivery") | .right // .f1')" "0 1"
printf 'label\ttext\ndelivry\tThe delivery took three weeks.\nsomething\tIt came.\n' >"$scratch/topics.tsv"
"$verbatim" evaluate --task topics --data "$scratch/topics.tsv" --json >"$scratch/out.json" 2>"$scratch/err"
equal "a label that is no topic is missed" "$? $(json '.topics.classes[] | select(.name == "delivry") | .f1')" "0 0"
check "and named, with the nearest" contains "$scratch/err" 'label "delivry" is no topic here; rows counted as missed: 1; did you mean "delivery"?'
check "also where none is near" contains "$scratch/err" 'label "something" is no topic here; rows counted as missed: 1'

printf 'label\ttext\nnone\tIt came on Monday.\n' >"$scratch/none.tsv"
"$verbatim" evaluate --task sentiment --data "$scratch/none.tsv" --json >"$scratch/out.json" 2>"$scratch/err"
equal "where nothing was judged no figure says 0" "$(json '"\(.unlabelled) \(.figures)"')" "1 {}"
# What can't be judged.
printf 'label\ttext\npos\tgood\nposs\tgood\npos\n' >"$scratch/bad.tsv"
"$verbatim" evaluate --task sentiment --data "$scratch/bad.tsv" --json >"$scratch/out.json" 2>"$scratch/err"
equal "refused rows exit 65, with the figures of the others" "$? $(json '"\(.rows) \(.refused)"')" "65 1 2"
check "the nearest label is offered" contains "$scratch/err" ':3: label "poss" isn'"'"'t known here; did you mean "pos"?'
printf '[{"text":"good","label":"happy"},{"text":"bad","label":"neg"}]' >"$scratch/bad.json"
"$verbatim" evaluate --task sentiment --data "$scratch/bad.json" --json 2>&1 >/dev/null | head -n 1 >"$scratch/said"
check "a label that is far from all is told those" contains "$scratch/said" 'label "happy" isn'"'"'t known here; known are positive, pos, negative'
check "a row of too few cells is told by its line" contains "$scratch/err" ":4: 1 cell,"
# Floors below what was measured (tests/golden/aspects/README.md), so that a change that breaks them is seen.
for language in en es fr; do
    "$verbatim" evaluate --task aspects --data "$source/tests/golden/aspects/$language.tsv" --json >"$scratch/out.json" 2>"$scratch/err"
    equal "aspects, $language: exits 0" $? 0
    check "aspects, $language: found" [ "$(json '.figures.named_f1 >= 0.95')" = true ]
    check "aspects, $language: praise and blame told apart" \
        [ "$(json '[.judged.classes[] | select(.name == "positive" or .name == "negative") | .f1 >= 0.85] | all')" = true ]
done
# Two or three words without anything in them are neither an alert nor a need; real ones stay (tests/golden/safety/README.md).
"$verbatim" evaluate --task safety --data "$source/tests/golden/safety/short.tsv" --json >"$scratch/out.json" 2>"$scratch/err"
check "short texts: harm is found" [ "$(json '.figures.recall >= 0.95')" = true ]
check "short texts: the rest seldom alerts" [ "$(json '.figures.false_alerts_per_1000 <= 50')" = true ]
# A set that was written before lists and models were looked at.
"$verbatim" evaluate --task safety --data "$source/tests/golden/safety/blind.tsv" --json >"$scratch/out.json" 2>"$scratch/err"
check "harm as people tell it is found" [ "$(json '.figures.recall >= 0.9')" = true ]
check "what sounds like it seldom alerts" [ "$(json '.figures.precision >= 0.75')" = true ]
"$verbatim" evaluate --task needs --data "$source/tests/golden/needs/short.tsv" --json >"$scratch/out.json" 2>"$scratch/err"
check "short texts: needs are told from none" [ "$(json '.figures.macro_f1_with_none >= 0.9')" = true ]
# Personal data: floors on the half that was looked at (tests/golden/redact/README.md).
grep -F '"half": "looked_at"' "$source/tests/golden/redact/customers.ndjson" >"$scratch/customers.ndjson"
"$verbatim" evaluate --task redact --data "$scratch/customers.ndjson" --json >"$scratch/out.json" 2>"$scratch/err"
equal "personal data: exits 0" $? 0
for kind in email card iban national_id phone address; do
    check "personal data: $kind goes" [ "$(json ".figures.${kind}_left <= 0.03")" = true ]
done
check "personal data: persons go" [ "$(json '.figures.person_left <= 0.06')" = true ]
check "personal data: look-alikes stay" [ "$(json '.figures.altered_per_1000 <= 16')" = true ]

printf 'label\ttext\nprice:good\tThe price is fine.\n' >"$scratch/aspects.tsv"
"$verbatim" evaluate --task aspects --data "$scratch/aspects.tsv" --json >"$scratch/out.json" 2>"$scratch/err"
equal "a feeling that there isn't is refused: exits 65" $? 65
printf 'label\ttext\nprice:good\tThe price is fine.\nprice\tThe price is great.\nprice:positive\tThe price is great.\n' >"$scratch/aspects.tsv"
"$verbatim" evaluate --task aspects --data "$scratch/aspects.tsv" --json >"$scratch/out.json" 2>"$scratch/err"
equal "and what is refused isn't counted" "$(json '"\(.rows) \(.refused) \(.figures.named_f1) \([.judged.classes[].said] | add)"')" "1 2 1 1"
check "an aspect without a feeling is told what to say" contains "$scratch/err" "say price:positive"

printf 'lable\ttext\npos\tgood\n' >"$scratch/bad.tsv"
"$verbatim" evaluate --task sentiment --data "$scratch/bad.tsv" >/dev/null 2>"$scratch/err"
equal "a file without the column exits 65" $? 65
check "the nearest column is offered" contains "$scratch/err" 'is "lable" meant?'
printf 'review,mood\n"good, really",pos\nbad,neg\n' >"$scratch/named.csv"
"$verbatim" evaluate --task sentiment --data "$scratch/named.csv" --text-column review --label-column mood --json >"$scratch/out.json" 2>"$scratch/err"
equal "columns may be named" "$? $(json .rows)" "0 2"
"$verbatim" evaluate --task sentiment --data "$scratch/missing.tsv" >/dev/null 2>"$scratch/err"
equal "a missing file exits 66" $? 66
"$verbatim" evaluate --task sentimant --data "$scratch/feelings.tsv" >/dev/null 2>"$scratch/err"
equal "an unknown task exits 64" $? 64
check "and the nearest is offered" contains "$scratch/err" 'did you mean "sentiment"?'
"$verbatim" evaluate --task foo --data "$scratch/feelings.tsv" >/dev/null 2>"$scratch/err"
check "far from all of them, they are listed ($(head -n 1 "$scratch/err"))" contains "$scratch/err" 'no task "foo": sentiment, needs, topics'
"$verbatim" evaluate --task sentiment >/dev/null 2>"$scratch/err"
equal "no file exits 64" $? 64
printf 'label\ttext\tlabel\npos\tgood\tneg\n' >"$scratch/twice.tsv"
"$verbatim" evaluate --task sentiment --data "$scratch/twice.tsv" >/dev/null 2>"$scratch/err"
equal "two columns of one name exit 65" $? 65
check "and it is said which" contains "$scratch/err" 'names the column "label" twice'
printf '[{"text":"good","label":"pos"},{"text":"bad","label":"neg"}' >"$scratch/cut.json"
"$verbatim" evaluate --task sentiment --data "$scratch/cut.json" --json >"$scratch/out.json" 2>"$scratch/err"
equal "an array that isn't closed exits 65, with the figures" "$? $(json .rows)" "65 2"
check "and says so" contains "$scratch/err" "the array isn't closed"
finish
