# What tests of webhooks share: a receiver, what it got, and what it should have got. To be sourced behind lib.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # lib.sh and the test set them

echo "whsec_$(head -c 32 /dev/urandom | base64)" >"$scratch/secret"
mode() { printf '%s\n' "$*" >"$scratch/mode"; }
mode ok
: >"$scratch/received"
receive() { launch "receiver$1" python3 "$source/tests/e2e/webhook_receiver.py" "$1" "$scratch/secret" "$scratch/received" "$scratch/mode"; }

post() { # PREFIX COUNT: of seven customers
    python3 "$source/tests/e2e/generate.py" "$2" --prefix "$1" | jq -c '.customer = "c-\(.id | split("-")[1] | tonumber % 7)"' >"$scratch/in.ndjson"
    curl -s -m 60 -o "$scratch/answer" -H 'Content-Type: application/x-ndjson' --data-binary "@$scratch/in.ndjson" "http://127.0.0.1:$http/v1/feedback"
    equal "$1: taken in" "$(jq .accepted "$scratch/answer")" "$2"
}
insights() { "$bin/verbatim" tail insights --from-start --once "${bus[@]}" 2>/dev/null; }
has_insights() { [ "$(insights | jq -r .id | grep -c "^$1-")" -ge "$2" ]; }
await_insights() { await "$2 insights of $1" 60 has_insights "$1" "$2"; }
bus=("--bus.path=$scratch/data/bus")

records() { jq -cS "select(.path == \"$1\" and .status == 204) | .record"; } # that were taken at PATH, as they came
delivered() { records /all <"$scratch/received" | jq -r .id | grep "^$1-"; } # ids
taken() { [ "$(delivered "$1" | sort -u | wc -l)" -ge "$2" ]; }
in_order() { # WHAT PREFIX: of each customer, the first time that each came
    local found wanted
    found=$(records /all <"$scratch/received" | jq -r 'select(.id | startswith("'"$2"'-")) | "\(.feedback.customer) \(.id | split("-")[1])"' |
        awk '!seen[$0]++' | sort -s -k1,1)
    wanted=$(sort -k1,1 -k2,2n <<<"$found")
    equal "$1" "$found" "$wanted"
}
