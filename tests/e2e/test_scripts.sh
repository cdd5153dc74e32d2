#!/bin/bash
# Every executable script of ops/ and tests/ explains itself with an example, and refuses an option that it doesn't know
# before it starts anything. And at the root lies what belongs there: once a session's pickle was committed by mistake.
. "$(dirname "$0")/lib.sh"

python=$("$source/tests/lib/python.sh") || skip "no Python for the tests"
PATH=$(dirname "$python"):$PATH
# Those hand options on: to verbatim run, to ctest, to ops/soak.
hands_on=" ops/run ops/test ops/coverage tests/soak/test_brief.sh "

# run_script SCRIPT OPTION: its output is in $scratch/out and err, its exit status in $rc.
run_script() {
    (cd "$source" && exec timeout 60 "$1" "$2") >"$scratch/out" 2>"$scratch/err" </dev/null
    rc=$?
}

scripts=0
while IFS= read -r script; do
    scripts=$((scripts + 1))
    run_script "$script" --help
    equal "$script --help exits 0" $rc 0
    check "$script --help shows an example" grep -q 'example:' "$scratch/out"
    [[ $hands_on != *" $script "* ]] || continue
    run_script "$script" --no-such-option
    wanted=64
    [[ $script != ops/examples/python/* ]] || wanted=2 # as Python's programs do
    equal "$script --no-such-option exits $wanted" $rc $wanted
    check "$script tells it on standard error" test -s "$scratch/err"
done < <(cd "$source" && find ops tests -type f -perm -u+x -not -path '*/node_modules/*' | sort)
if git -C "$source" rev-parse --git-dir >/dev/null 2>&1; then
    strays=$(git -C "$source" ls-files | grep -vE '/|^\.[a-z-]+$|^[A-Z]+\.md$|^CMake(Lists\.txt|Presets\.json)$|^LICENSE$|^docker-compose\.yml$' || true)
    equal "no stray file is committed at the root" "$strays" ""
fi
check "there are scripts" [ $scripts -ge 40 ]
finish
