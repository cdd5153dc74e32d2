#!/bin/bash
# Dead letters on the embedded bus: list, filter, mend, send again; nothing twice, nothing for ever. (test_replay_on_kafka.sh
# does the same on Kafka.)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/redrive_session.sh"

# --- what can't be meant
refused() { "$bin/verbatim" redrive "${@:3}" --bus.path="$scratch/none" >/dev/null 2>"$scratch/err"; equal "$1: exit 64" $? 64; check "$1: it says why" contains "$scratch/err" "$2"; }
refused "another verb" 'say "list" or "send"' drive
refused "an edit of a list" 'go with "send"' list --edit
refused "a field that there isn't" "--set: records have no feedback.ratng; did you mean feedback.rating?" send --set feedback.ratng=3
refused "a field without its section" "--set: records have no rating; did you mean feedback.rating?" send --set rating=3
refused "both ways to edit" 'either --edit or --set' send --edit --set id=x
refused "a time that is none" '--since needs a time' --since yesterday
refused "a topic that is none" 'no topic "feedbak"' --topic feedbak
"$bin/verbatim" redrive --bus.path="$scratch/none" >/dev/null 2>"$scratch/err"
equal "a bus that isn't there: exit 66" $? 66
check "and where it would be is said" contains "$scratch/err" "none/ holds no topics"
"$bin/verbatim" topics create --bus.path="$scratch/none" >/dev/null
equal "an empty bus has none" "$("$bin/verbatim" redrive --json --bus.path="$scratch/none" | wc -l)" 0

redrive_session embedded --bus.path="$scratch/bus"

# --- an editor that fails, and one that leaves rubbish
EDITOR=false VISUAL='' "$bin/verbatim" redrive send --edit --again --id a --bus.path="$scratch/bus" 2>"$scratch/err"
equal "an editor that fails: exit 75" $? 75
check "it says that nothing was sent" contains "$scratch/err" "nothing was sent"
EDITOR='sed -i s/.record.:/{/' VISUAL='' TMPDIR=$scratch "$bin/verbatim" redrive send --edit --again --id a --bus.path="$scratch/bus" 2>"$scratch/err"
equal "what isn't JSON any more: exit 65" $? 65
kept=$(grep -o "$scratch/verbatim-redrive-[A-Za-z0-9]*" "$scratch/err")
check "the text is kept" test -s "$kept"
equal "for its owner only" "$(stat -c %a "$kept")" 600
rm "$kept"
# shellcheck disable=SC2016 # the editor's shell's: its parent
EDITOR='kill -INT $PPID; false' VISUAL='' TMPDIR=$scratch "$bin/verbatim" redrive send --edit --again --id a --bus.path="$scratch/bus" 2>"$scratch/err"
equal "Ctrl-C in the editor is its own: exit 75" $? 75
equal "and what customers said isn't left behind" "$(find "$scratch" -name 'verbatim-redrive-*' | wc -l)" 0
finish
