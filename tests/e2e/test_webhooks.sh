#!/bin/bash
# Webhooks on the embedded bus: a receiver gets each insight, signed, in the order of its customer; whatever it answers first, and
# though the program is killed. What it never takes becomes a dead letter, which redrive brings; 410 stops it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/webhook_session.sh"

read -r http port admin _ <<<"$(free_ports 8)" # all six workers have an admin port
hooks=http://127.0.0.1:$port
started=("$bin/verbatim" run --no-sample --quiet --data "$scratch/data" --ingest.listen="127.0.0.1:$http" --runtime.admin="127.0.0.1:$admin"
    --webhooks.endpoints="$scratch/webhooks" --webhooks.timeout=8s --webhooks.backoff_most=1s)
begin() { # more options
    launch run "${started[@]}" "$@"
    await "run is ready" 30 answers "http://127.0.0.1:$http/readyz"
}
receive "$port"

# --- a file that can't be
refused() { # WHAT, LINE OF THE FILE, WHAT IS SAID
    printf '# webhooks\n%s\n' "$2" >"$scratch/webhooks"
    timeout 60 "${started[@]}" >"$scratch/out" 2>&1
    equal "$1 exits" $? 78
    check "and says so, by file and line (said: $(tail -n 1 "$scratch/out"))" contains "$scratch/out" "$3"
}
refused "plain http" "crm http://crm.example/hook file:$scratch/secret" "webhooks:2: its URL is plain http"
refused "a filter with a typo" "crm https://crm.example/hook file:$scratch/secret safty=positive" "webhooks:2: A filter takes"
refused "a secret that isn't there" "crm https://crm.example/hook file:$scratch/nowhere" "crm"
echo whsec_c2hvcnQ= >"$scratch/short"
refused "a short secret" "crm https://crm.example/hook file:$scratch/short" "openssl rand"
check "no secret is told" bash -c "! grep -q c2hvcnQ '$scratch/out'"

# --- what came before an endpoint isn't for it
: >"$scratch/webhooks"
begin
post before 20
await_insights before 20
halt run
cat >"$scratch/webhooks" <<END
# NAME URL SECRET FILTER
all $hooks/all file:$scratch/secret
alarms $hooks/alarms file:$scratch/secret safety=positive
END

# --- whatever a receiver says first
mode mixed
begin
post mixed 200
await "all 200 are taken" 120 taken mixed 200
await_insights mixed 200
equal "nothing older came" "$(delivered before | wc -l)" 0
equal "all are signed" "$(jq -c 'select(.good | not)' "$scratch/received" | wc -l)" 0
records /all <"$scratch/received" | sort -u >"$scratch/got"
insights | jq -cS . | sort >"$scratch/wanted"
grep -F '"id":"mixed-' "$scratch/wanted" >"$scratch/wanted.mixed"
equal "and are the insights, word for word" "$(cmp "$scratch/got" "$scratch/wanted.mixed" 2>&1)" ""
alarms=$(jq -r 'select(.safety.state == "positive") | .id' "$scratch/wanted.mixed" | sort)
check "there are alarms" [ -n "$alarms" ]
alarmed() { records /alarms <"$scratch/received" | jq -r .id | sort -u; }
has_alarms() { [ "$(alarmed | wc -l)" -ge "$(wc -l <<<"$alarms")" ]; }
await "the filter lets alarms through" 60 has_alarms
equal "and nothing else" "$(alarmed)" "$alarms"
in_order "by customer, in their order" mixed
metric() { curl -s "http://127.0.0.1:$admin/metrics" | sed -n "s/^verbatim_webhook_$1{.*webhook=\"all\"${2:-}} //p"; }
counted() { [ "$(metric requests_total ',result="delivered"')" = 200 ]; } # a moment after the receiver has it
await "deliveries are counted" 30 counted
check "and failures" [ "$(metric requests_total ',result="failed"')" -gt 0 ]
# of seven customers one each, where the machine stood still until the time for an answer was over
twice=$(($(delivered mixed | wc -l) - 200))
check "each was taken once, but for those that were under way at most ($twice)" [ $twice -le 7 ]
drained() { [ "$(metric backlog_records)" = 0 ]; }
await "there is no backlog" 20 drained
check "who looks at the status sees it" grep -q '"worker":"webhook-all"' <<<"$(curl -s "http://127.0.0.1:$http/v1/status")"

# --- killed in the middle, twice
mode slow
post killed 400
some() { [ "$(delivered killed | wc -l)" -ge "$1" ]; }
for count in 100 200; do
    await "$count were taken" 60 some $count
    halt run KILL
    begin
done
await "all 400 are taken" 120 taken killed 400
in_order "in their order, at first" killed
equal "what came again is the same under the same id" "$(records /all <"$scratch/received" | grep '"id":"killed-' | sort -u | wc -l)" 400

# --- a receiver that is away, and one record that it can't read
mode 503
post away 50
failing() { [ "$(metric failing)" = 1 ]; }
await "it is known to be away" 60 failing
mode ok
await "all 50 are taken" 60 taken away 50
mode not:poison-3
post poison 5
await "all others are taken" 60 taken poison 4
post after 5
await "and those that come after" 60 taken after 5
letter() { "$bin/verbatim" redrive list --json --bus.path="$scratch/data/bus" --cause undelivered; }
set_aside() { [ "$(letter | jq -r 'select(.worker == "webhook-all") | .record')" = poison-3 ]; }
await "after some tries the one is set aside" 120 set_aside
mode ok
"$bin/verbatim" redrive send --cause undelivered --worker webhook-all --bus.path="$scratch/data/bus" >/dev/null
await "and comes by redrive" 60 taken poison 5

# --- a long pause is asked for, and the last answer is a good one: nothing is held meanwhile, as it would hold the bus
mode 'later:"pause-1"'
post pause 20
given_back() {
    [ "$(curl -s "http://127.0.0.1:$http/v1/status" |
        jq -c '.workers[] | select(.worker == "webhook-all") | [.in_flight, .backlog_records > 0]')" = '[0,true]' ]
}
await "what is left is given back to the bus" 60 given_back
mode ok
kill -HUP "${pids[run]}"
await "after SIGHUP all 20 are taken" 60 taken pause 20
halt run
equal "SIGTERM ends it with 0" "$status" 0

# --- what an endpoint doesn't take for too long
mode 500
begin --webhooks.give_up=3s
post old 20
given_up() { [ "$(letter | jq -r 'select(.worker == "webhook-all") | .record' | grep -c '^old-')" = 20 ]; }
await "all of it is set aside" 120 given_up
halt run # what comes now may be older than that before its turn comes
equal "SIGTERM ends it with 0" "$status" 0
mode ok
begin
post new 5
await "what comes then is taken" 60 taken new 5
equal "nothing old came" "$(delivered old | wc -l)" 0

# --- gone, and back
mode 410
post gone 5
gone() { [ "$(metric failing)" = 2 ]; }
await "410 stops it" 60 gone
await "which the log says" 30 contains "$scratch/run.log" "410 Gone"
post more 5
await_insights more 5
equal "nothing more is asked" "$(jq -r 'select(.path == "/all") | .record.id' "$scratch/received" | grep -c '^more-')" 0
mode ok
sed -i '/^alarms/d' "$scratch/webhooks"
echo "late $hooks/late file:$scratch/secret" >>"$scratch/webhooks"
kill -HUP "${pids[run]}"
await "after SIGHUP it takes what it missed" 60 taken gone 5
await "all of it" 60 taken more 5
late() { curl -s "http://127.0.0.1:$http/v1/status" | jq -e 'any(.workers[]; .worker == "webhook-late")'; }
await "a new one has begun" 30 late
shown() { curl -s "http://127.0.0.1:$admin/metrics" | grep "verbatim_webhook_requests_total{.*webhook=\"$1\""; }
went() { shown all && ! shown alarms; }
await "one that went isn't shown" 30 went
post late 5
is_late() { [ "$(records /late <"$scratch/received" | jq -r .id | grep -c '^late-')" = 5 ]; }
await "a new one gets what comes" 60 is_late
echo nonsense >"$scratch/webhooks"
kill -HUP "${pids[run]}"
stays() { grep -q 'what was in force stays' "$scratch/run.log"; }
await "a bad file is refused" 30 stays
post still 5
await "and what was in force stays" 60 taken still 5
halt run
equal "SIGTERM ends it with 0" "$status" 0
check "no body is in the log" bash -c "! grep -qE 'still-[0-9]|poison-' '$scratch/run.log'"
"$bin/verbatim" verify --bus.path="$scratch/data/bus" "$scratch/data/archive" >"$scratch/verify.txt" 2>&1
ended=$?
equal "the archive balances ($(tail -n 2 "$scratch/verify.txt"))" $ended 0
finish
