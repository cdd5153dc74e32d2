#!/bin/bash
# What cmake --install puts somewhere runs from there, without the tree that it was built in.
. "$(dirname "$0")/lib.sh"

command -v cmake >/dev/null || skip "no cmake (ops/deps installs it)"
prefix=$scratch/prefix
cmake --install "$bin/.." --prefix "$prefix" >"$scratch/install.log" || give_up "cmake --install"
for program in verbatim verbatim-{ingest,preprocess,featurize,segment,genai,logsink}; do
    check "$program is installed" test -x "$prefix/bin/$program"
done
for file in cues/en.txt topics/es.txt aspects/fr.txt models/segments.model recommendations.txt sample/feedback.ndjson; do
    check "its $file too" test -r "$prefix/share/verbatim/config/$file"
done

read -r http <<<"$(free_ports 1)"
cd / || exit 1
"$prefix/bin/verbatim" run --once --quiet --data "$scratch/data" --ingest.listen="127.0.0.1:$http" >"$scratch/out" 2>"$scratch/err"
rc=$?
equal "the installed run --once exits 0 ($(head -c 200 "$scratch/err"))" $rc 0
check "with the sample's insights" contains "$scratch/out" "$(wc -l <"$source/config/sample/feedback.ndjson") records"
printf '{"id":"x","text":"Great taste, but I got a rash."}\n' | "$prefix/bin/verbatim" analyze --quiet >"$scratch/one" 2>"$scratch/err"
equal "the installed analyze finds its lists and models" "$(jq -r '.insight.provider' "$scratch/one")" local
finish
