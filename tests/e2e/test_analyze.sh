#!/bin/bash
# verbatim analyze as a Unix filter: 10,000 records in, as many out, in order, in flat memory; and its manners
# with CSV, bad rows, a reader that goes away, and arguments that make no sense.
. "$(dirname "$0")/lib.sh"

# Room for the window of texts in which repeats are looked for: it fills up to a fixed size.
growth_most_kib=8192
verbatim=$bin/verbatim
generate=$source/tests/e2e/generate.py

python3 "$generate" 10000 --prefix in >"$scratch/in.ndjson"
head -n 1000 "$scratch/in.ndjson" >"$scratch/small.ndjson"
python3 "$source/tests/e2e/peak.py" "$scratch/small.peak" \
    "$verbatim" analyze --quiet <"$scratch/small.ndjson" >"$scratch/small.out" 2>"$scratch/small.err"
equal "1,000 records exit 0" $? 0
python3 "$source/tests/e2e/peak.py" "$scratch/peak" \
    "$verbatim" analyze <"$scratch/in.ndjson" >"$scratch/out.ndjson" 2>"$scratch/err"
equal "10,000 records exit 0" $? 0
ids "$scratch/in.ndjson" >"$scratch/in.ids"
ids "$scratch/out.ndjson" >"$scratch/out.ids"
check "as many out as in, in input order" cmp "$scratch/in.ids" "$scratch/out.ids"
equal "each has an insight with a sentiment" "$(jq -c 'select(.insight.sentiment.label and .document.text and .safety.state)' "$scratch/out.ndjson" | wc -l)" 10000
equal "the original text and the customer's name are gone" "$(jq -c 'select(.feedback.text)' "$scratch/out.ndjson" | wc -l)" 0
check "the summary on standard error counts them" contains "$scratch/err" "10000 records"
problems=$(jq -c 'select(any(.insight.needs[]?; .kind == "problem_report"))' "$scratch/out.ndjson" | wc -l)
check "a record that tells of two problems counts once" grep -Eq "problem_report +$problems " "$scratch/err"
small=$(cat "$scratch/small.peak") large=$(cat "$scratch/peak")
echo "most memory: $small KiB for 1,000 records, $large KiB for 10,000"
check "memory is flat: $small KiB for 1,000 records, $large KiB for 10,000" [ $((large - small)) -le $growth_most_kib ]

# Other people's texts, where they are at hand: odd bytes, emoji, markup, slang.
data=${VERBATIM_TEST_DATA:-$source/../shared/data}
if [ -e "$data/sentiment/goemotions.tsv" ]; then
    head -q -n 2500 "$data"/sentiment/{goemotions,tweets_es,allocine_fr,tweets_fr,vader_tweets}.tsv | head -n 10000 |
        python3 -c 'import json, sys
for i, line in enumerate(sys.stdin): print(json.dumps({"id": f"t-{i}", "text": line.rstrip("\n").split("\t")[-1] or "-"}))' >"$scratch/texts.ndjson"
    "$verbatim" analyze --quiet <"$scratch/texts.ndjson" >"$scratch/texts.out" 2>"$scratch/texts.err"
    equal "others' texts exit 0" $? 0
    check "others' texts come out as they went in" cmp <(ids "$scratch/texts.ndjson") <(ids "$scratch/texts.out")
fi

# CSV, and the text put back.
printf 'id,text,rating,shop\nc1,"Great, but ""slow""",4,north\nc2,"two\nlines",1,south\n' |
    "$verbatim" analyze --csv --keep-text --quiet >"$scratch/csv.out"
equal "CSV exits 0" $? 0
equal "a quoted field keeps its comma and quotes" "$(jq -r 'select(.id == "c1") | .feedback.text' "$scratch/csv.out")" 'Great, but "slow"'
equal "an unknown column becomes an attribute" "$(jq -r 'select(.id == "c2") | .feedback.attributes.shop' "$scratch/csv.out")" south

printf '\xef\xbb\xbftext;id;rating\r\n"a; b";s1;4\r\n"stray"quote;s2;1\r\nlast;s3;2\r\n' |
    "$verbatim" analyze --csv --keep-text --quiet >"$scratch/semicolons.out" 2>"$scratch/semicolons.err"
equal "a bad row of CSV exits 65" $? 65
equal "and costs itself only; ; parts the cells where the header has it" "$(jq -r '.id + "=" + .feedback.text' "$scratch/semicolons.out" | paste -sd,)" "s1=a; b,s3=last"
check "and is told by its line" contains "$scratch/semicolons.err" ":3:1: a quote out of place"

# A file of others: its columns are named, the rest is kept and said; and many files are one input, each with its header.
printf 'Date,Review,Stars,Product\n2026-11-01,Lovely.,5,Tea\n' >"$scratch/a.csv"
printf 'Stars;Review\n1;Awful.\n' >"$scratch/b.csv"
"$verbatim" analyze --text-column Review --column rating=stars --column attributes.said=Date "$scratch/a.csv" >"$scratch/named.out" 2>"$scratch/named.err"
equal "columns go where they are told" "$(jq -c '.feedback | [.rating, .product, .attributes.said]' "$scratch/named.out")" '[5,"Tea","2026-11-01"]'
check "and are said" contains "$scratch/named.err" "columns     text, rating, product; as attributes: said"
"$verbatim" analyze --quiet --text-column Review --column rating=Stars "$scratch/a.csv" "$scratch/b.csv" >"$scratch/both.out" 2>"$scratch/both.err"
equal "several files are read in turn" "$(jq -c '[.document.text, .feedback.rating]' "$scratch/both.out" | paste -sd' ')" '["Lovely.",5] ["Awful.",1]'
refuses() { # WHY STATUS SAYS ARGUMENT...
    local why=$1 wanted=$2 says=$3
    shift 3
    "$verbatim" analyze --quiet "$@" >/dev/null 2>"$scratch/refuses.err"
    equal "$why" $? "$wanted"
    check "$why: says why ($(cat "$scratch/refuses.err"))" contains "$scratch/refuses.err" "$says"
}
refuses "a field that there isn't" 64 'did you mean "rating"?' --column ratign=Stars "$scratch/a.csv"
refuses "a column without its field" 64 "expected FIELD=NAME" --column Stars "$scratch/a.csv"
refuses "a column that there isn't" 65 'a.csv:1: the header names no column "Sters"; it names: Date, text, Stars, product' --text-column Review --column rating=Sters "$scratch/a.csv"
refuses "columns of JSON" 64 "is JSON" --column rating=stars "$source/config/sample/feedback.ndjson"

# Rows that can't be: the rest is there all the same, and the exit status tells.
printf '{"id":"a","text":"fine"}\n{"id":"b"}\nnot json\n{"id":"c","text":"also fine"}\n{"id":"d","text":7}\n' |
    "$verbatim" analyze >"$scratch/bad.out" 2>"$scratch/bad.err"
equal "refused rows exit 65" $? 65
equal "the good rows are there" "$(ids "$scratch/bad.out" | paste -sd,)" "a,c"
check "the count of refused rows is told" contains "$scratch/bad.err" "3 of 5 records were refused"
printf 'text,rating\n"Two\nlines",5\n,3\n' | "$verbatim" analyze >/dev/null 2>"$scratch/row.err"
check "a refused row of CSV is told with its line" contains "$scratch/row.err" ":4: /text is required"


# A file that isn't all there is no success, and one that can't be read says what it is.
printf '[{"id":"a","text":"fine"},{"id":"b","text":"good"}' | "$verbatim" analyze --quiet >"$scratch/cut.out" 2>"$scratch/cut.err"
equal "an array that isn't closed exits 65, with what was there" "$? $(ids "$scratch/cut.out" | paste -sd,)" "65 a,b"
check "and says so ($(head -n 1 "$scratch/cut.err"))" contains "$scratch/cut.err" ":1: the array isn't closed; is the input cut off?"
printf '[{"id":"a","text":"fine"},{"id":"b","te' | "$verbatim" analyze --quiet 2>"$scratch/cut.err" >/dev/null
check "cut within a record it is one fault, not two" contains "$scratch/cut.err" "1 of 2 records were refused"
packed() { # WHAT MESSAGE: standard input
    "$verbatim" analyze --quiet >"$scratch/packed.out" 2>"$scratch/packed.err"
    equal "$1: exits 65" $? 65
    check "$1: says what it is ($(head -n 1 "$scratch/packed.err"))" contains "$scratch/packed.err" "standard input is $2"
}
gzip -c "$scratch/small.ndjson" | packed gzip "gzip, not UTF-8 text; try: zcat"
zstd -qc "$scratch/small.ndjson" | packed zstd "zstd, not UTF-8 text; try: zstdcat"
head -n 3 "$scratch/small.ndjson" | iconv -t utf-16 | packed UTF-16 "UTF-16, not UTF-8 text; try: iconv"
printf 'PK\003\004rest' | packed "a spreadsheet" "a ZIP archive or a spreadsheet"

# Spreadsheets of Windows: their letters, their decimal comma.
printf 'text;rating\nMuy buena atenci\xf3n;4,5\nRegular;2,5\n' | "$verbatim" analyze --quiet >"$scratch/windows.ndjson" 2>"$scratch/windows.err"
equal "bytes of Windows-1252 exit 65" $? 65
check "and how to convert them is said ($(head -c 300 "$scratch/windows.err"))" contains "$scratch/windows.err" "iconv -f windows-1252"
equal "a decimal comma is read" "$(jq -c .feedback.rating "$scratch/windows.ndjson")" 2.5

# How far it is: of a file, of which a share is known; of a pipe, only how many.
script -qec "'$verbatim' analyze '$scratch/in.ndjson' >/dev/null" /dev/null >"$scratch/terminal" 2>&1
check "a terminal sees the share of a file" grep -q '\[#.*\] [0-9]* records, [0-9]*/s, [0-9]* s left' "$scratch/terminal"
script -qec "cat '$scratch/in.ndjson' | '$verbatim' analyze >/dev/null" /dev/null >"$scratch/terminal" 2>&1
check "and of a pipe the count" grep -q '[0-9]* records, [0-9]*/s' "$scratch/terminal"
check "without a bar" [ "$(grep -c '\[[.#]*\] [0-9]* records' "$scratch/terminal")" = 0 ]

# While it streams: a record is answered when it comes, not when the next ones have; it was received then, too.
mkfifo "$scratch/slow"
launch slow bash -c "exec '$verbatim' analyze --quiet <'$scratch/slow' >'$scratch/slow.ndjson'"
exec 7>"$scratch/slow"
answered() { [ "$(wc -l <"$scratch/slow.ndjson")" = "$1" ]; }
echo '{"text":"the first"}' >&7
await "an answer before the next record comes" 10 answered 1
sleep 0.1
echo '{"text":"the second"}' >&7
await "and one to that" 10 answered 2
exec 7>&-
reap slow
equal "the end of a slow pipe is success" "$status" 0
check "the second was received after the first was answered" \
    jq -se '.[1].feedback.received_at > .[0].insight.finished_at' "$scratch/slow.ndjson"

# A reader that has enough is no failure.
"$verbatim" analyze --quiet <"$scratch/in.ndjson" 2>"$scratch/head.err" | head -n 1 >/dev/null
equal "head may close the pipe" "${PIPESTATUS[0]}" 0
equal "no record, no output" "$("$verbatim" analyze --quiet </dev/null | wc -c)" 0
"$verbatim" analyze --quiet "$scratch/missing.ndjson" >/dev/null 2>"$scratch/missing.err"
equal "a missing file exits 66" $? 66
check "and is named" contains "$scratch/missing.err" "missing.ndjson"
"$verbatim" analyze --kep-text </dev/null >/dev/null 2>"$scratch/flag.err"
equal "an unknown flag exits 64" $? 64
check "and the nearest is offered" contains "$scratch/flag.err" "--keep-text"
echo '{"text":"bad lamp","ratng":1,"colour":"red"}' | "$verbatim" analyze >/dev/null 2>"$scratch/doubt.err"
equal "a field that is none is an attribute" $? 0
check "and one that is nearly one of ours is said" contains "$scratch/doubt.err" '"ratng" is an attribute; did you mean "rating"?'
echo '{"text":"bad lamp","ratng":1,"rating":2}' | "$verbatim" analyze >/dev/null 2>"$scratch/doubt.err"
check "not beside the field itself" [ "$(grep -c 'did you mean' "$scratch/doubt.err")" = 0 ]
"$verbatim" analyze --quiet <"$scratch/small.ndjson" >/dev/full 2>"$scratch/full.err"
equal "a full disk behind standard output exits 74" $? 74
finish
