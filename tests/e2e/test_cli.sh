#!/bin/bash
# verbatim topics, send and tail on the embedded bus, and what people see on a terminal. (test_six_workers.sh does
# the same on Kafka.)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_session.sh"

cli_session embedded --bus.path="$scratch/bus"

# --- a terminal gets columns and colours, a pipe JSON; NO_COLOR means it
read -r http <<<"$(free_ports 1)"
"$bin/verbatim" run --once --quiet --data "$scratch/data" --ingest.listen="127.0.0.1:$http" >"$scratch/run.txt" || give_up "run --once"
# on_terminal COLUMNS COMMAND...: its output, from a terminal so wide
on_terminal() {
    python3 - "$@" <<'PY'
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
out = b""
try:
    while block := os.read(fd, 65536):
        out += block
except OSError:
    pass
os.waitpid(pid, 0)
sys.stdout.buffer.write(out.replace(b"\r\n", b"\n"))
PY
}
tail=("$bin/verbatim" tail --from-start --once --bus.path="$scratch/data/bus")
unset NO_COLOR
export TERM=xterm
on_terminal 100 "${tail[@]}" >"$scratch/colour.txt"
NO_COLOR=1 on_terminal 100 "${tail[@]}" >"$scratch/plain.txt"
escape=$(printf '\033')
check "a terminal gets colours" grep -q "$escape\[31m" "$scratch/colour.txt"
equal "NO_COLOR gets none" "$(grep -c "$escape" "$scratch/plain.txt")" 0
equal "a heading and a row for each record" "$(grep -cE '^(feeling|positive|negative|neutral|mixed) ' "$scratch/plain.txt")" 203
equal "no line is wider than the terminal" "$(python3 -c '
import sys, unicodedata
def cells(line):
    return sum(0 if unicodedata.combining(c) or c in "\u200d\ufe0f" else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
print(sum(cells(line.rstrip("\n")) > 100 for line in open(sys.argv[1], encoding="utf-8")))' "$scratch/plain.txt")" 0
equal "a pipe gets JSON" "$("${tail[@]}" | jq -r .insight.sentiment.label | wc -l)" 202
equal "so does a terminal that asks for it" "$(on_terminal 100 "${tail[@]}" --json | jq -r .insight.sentiment.label | wc -l)" 202

# --- a bus that isn't there is named while it is waited for
# What comes slowly is on the bus when it came; and what was sent before something failed is told, as who sends it again doubles it.
mkfifo "$scratch/slow"
launch slow bash -c "exec '$bin/verbatim' send --bus.path='$scratch/slow-bus' <'$scratch/slow'"
exec 7>"$scratch/slow"
echo '{"text":"slow"}' >&7
arrived() { "$bin/verbatim" tail feedback --once --bus.path="$scratch/slow-bus" 2>/dev/null | grep -q slow; }
await "a record of a slow pipe is on the bus before the next one comes" 10 arrived
exec 7>&-
reap slow
printf '{"text":"good"}\n' >"$scratch/good.ndjson"
equal "what was sent before a file was missing is told" \
    "$("$bin/verbatim" send --json --bus.path="$scratch/slow-bus" "$scratch/good.ndjson" "$scratch/missing" 2>/dev/null)" '{"sent":1,"refused":0}'
printf '{"text":"good"}\n' | "$bin/verbatim" send --bus.kind=kafka --kafka.bootstrap.servers=127.0.0.1:9 --bus.commit_timeout=5s 2>"$scratch/away.txt"
equal "send without a broker: exit 75" $? 75
check "and it says what it waits for" grep -q '^verbatim send: waiting for kafka 127.0.0.1:9' "$scratch/away.txt"
check "and what became of it" grep -q '^verbatim send: kafka 127.0.0.1:9 .*: not delivered: ' "$scratch/away.txt"
finish
