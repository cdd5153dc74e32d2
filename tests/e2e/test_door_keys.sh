#!/bin/bash
# The door with TLS and keys, as it stands on the internet: keys made by `verbatim keys`, both renewed by SIGHUP.
. "$(dirname "$0")/lib.sh"

command -v openssl >/dev/null || skip "no openssl"
read -r port admin <<<"$(free_ports 2)"
url=https://127.0.0.1:$port/v1
certify() { # NAME: a certificate of that name
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
        -addext 'subjectAltName=IP:127.0.0.1' -keyout "$scratch/key.pem" -out "$scratch/certificate.pem" 2>/dev/null
}
status_of() { curl -s -o "$scratch/answer" -w '%{http_code}' --cacert "$scratch/certificate.pem" "$@"; }
post() { status_of "$url/feedback" -H 'Content-Type: application/json' -d '{"text":"good"}' "$@"; }

writer=$("$bin/verbatim" keys create shop --tenant acme --scopes write --file "$scratch/keys")
reader=$("$bin/verbatim" keys create desk --tenant acme --scopes read --file "$scratch/keys")
equal "a line for each key" "$(wc -l <"$scratch/keys")" 2
equal "nobody else may read them" "$(stat -c %a "$scratch/keys")" 600
check "no secret is kept" bash -c "! grep -qF '${writer#*.}' '$scratch/keys'"
equal "its hash is" "$(cut -d: -f2 "$scratch/keys" | head -n 1)" "$(printf %s "${writer#*.}" | sha256sum | cut -d' ' -f1)"
printf %s "$(cat "$scratch/keys")" >"$scratch/by_hand"
"$bin/verbatim" keys create third --file "$scratch/by_hand" >/dev/null
equal "a file without its last line's end gets a line of its own" "$(cut -d: -f1 "$scratch/by_hand" | xargs)" "shop desk third"
"$bin/verbatim" keys create 'a:b' >/dev/null 2>"$scratch/err"
equal "a name that can't be exits" $? 64

"$bin/verbatim-ingest" "--bus.path=$scratch/bus" "--ingest.listen=0.0.0.0:$port" >"$scratch/open.log" 2>&1
equal "open to everybody without keys exits" $? 78
check "and says why" contains "$scratch/open.log" "ingest.keys is empty"

certify first
launch ingest "$bin/verbatim-ingest" "--bus.path=$scratch/bus" "--runtime.admin=127.0.0.1:$admin" "--ingest.listen=127.0.0.1:$port" "--ingest.keys=$scratch/keys" \
    "--ingest.certificate=$scratch/certificate.pem" "--ingest.private_key=$scratch/key.pem"
ready() { [ "$(status_of "https://127.0.0.1:$port/readyz")" = 200 ]; }
await "ingest is ready" 20 ready
check "its log says where it listens" contains "$scratch/ingest.log" "listens=\"127.0.0.1:$port\""
"$bin/verbatim-ingest" "--bus.path=$scratch/bus2" "--ingest.listen=127.0.0.1:$port" >"$scratch/taken.log" 2>&1
equal "a port in use exits" $? 69
check "and names it" contains "$scratch/taken.log" "127.0.0.1:$port"

equal "a writer posts" "$(post -H "Authorization: Bearer $writer")" 202
equal "without a key" "$(post)" 401
equal "with a wrong one" "$(post -H "Authorization: Bearer shop.0000")" 401
equal "with a reader's" "$(post -H "X-API-Key: $reader")" 403
equal "a reader reads" "$(status_of "$url/status" -H "X-API-Key: $reader")" 200
equal "a writer doesn't" "$(status_of "$url/status" -H "X-API-Key: $writer")" 403

expiry() { curl -s "http://127.0.0.1:$admin/metrics" | sed -n 's/^verbatim_certificate_expiry_seconds{.*use="door"} //p'; }
not_after() { date -d "$(openssl x509 -in "$scratch/certificate.pem" -noout -enddate | cut -d= -f2)" +%s; }
equal "when the certificate runs out is a metric" "$(expiry)" "$(not_after)"

# --- renewed: another certificate, one key more, one less
certify second
fresh=$("$bin/verbatim" keys create fresh --file "$scratch/more")
{ head -n 1 "$scratch/keys"; cat "$scratch/more"; } >"$scratch/new" && mv "$scratch/new" "$scratch/keys"
kill -HUP "${pids[ingest]}"
renewed() { [ "$(post -H "X-API-Key: $fresh")" = 202 ]; }
await "the new key and certificate" 20 renewed
equal "the key that went" "$(status_of "$url/status" -H "X-API-Key: $reader")" 401
name=$(openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | openssl x509 -noout -subject)
check "the new certificate is shown ($name)" grep -q second <<<"$name"

# --- a broken file leaves the old in force
echo nonsense >"$scratch/keys"
kill -HUP "${pids[ingest]}"
refused() { grep -q 'what was in force stays' "$scratch/ingest.log"; }
await "the refusal in the log" 20 refused
equal "the key is still good" "$(post -H "X-API-Key: $fresh")" 202
cp "$scratch/certificate.pem" "$scratch/trusted.pem"
echo nonsense >"$scratch/certificate.pem"
cp "$scratch/more" "$scratch/keys"
other=$("$bin/verbatim" keys create other --file "$scratch/keys")
kill -HUP "${pids[ingest]}"
refused_twice() { [ "$(grep -c 'what was in force stays' "$scratch/ingest.log")" = 2 ]; }
await "the certificate's refusal, too" 20 refused_twice
cp "$scratch/trusted.pem" "$scratch/certificate.pem"
equal "then the new key isn't good either" "$(post -H "X-API-Key: $other")" 401
check "no secret is in the log" bash -c "! grep -qF -e '${writer#*.}' -e '${fresh#*.}' '$scratch/ingest.log'"

# --- rotated under load: each request has a connection of its own, and none fails
cp "$scratch/certificate.pem" "$scratch/trusted.pem"
for name in third fourth fifth; do
    certify $name
    cat "$scratch/certificate.pem" >>"$scratch/trusted.pem"
    mv "$scratch/certificate.pem" "$scratch/$name.pem" && mv "$scratch/key.pem" "$scratch/$name.key"
done
printf '%s\n' "$(head -n 1 "$scratch/more")" >"$scratch/keys"
statuses() { # of posts, until there is a file "enough"
    until [ -e "$scratch/enough" ]; do
        curl -s -m 30 -o /dev/null -w '%{http_code}\n' --cacert "$scratch/trusted.pem" -H 'Content-Type: application/json' \
            -H "X-API-Key: $fresh" -d '{"text":"good"}' "$url/feedback"
    done >>"$scratch/statuses.$1"
}
launch one statuses 1
launch two statuses 2
shown() { openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | openssl x509 -noout -subject | grep -q "$1"; }
posts() { cat "$scratch"/statuses.* 2>/dev/null | wc -l; }
went_on() { [ "$(posts)" -ge $((before + 4)) ]; }
for name in third fourth fifth; do
    cp "$scratch/$name.pem" "$scratch/certificate.pem" && cp "$scratch/$name.key" "$scratch/key.pem"
    kill -HUP "${pids[ingest]}"
    await "the $name certificate is shown" 20 shown $name
    before=$(posts)
    await "posts go on with it" 60 went_on
done
touch "$scratch/enough"
reap one
reap two
cat "$scratch"/statuses.* >"$scratch/statuses"
check "there was a load ($(wc -l <"$scratch/statuses") posts)" [ "$(wc -l <"$scratch/statuses")" -ge 12 ]
equal "posts without a receipt" "$(grep -cv '^202$' "$scratch/statuses")" 0
halt ingest
equal "SIGTERM ends it with 0" "$status" 0

# --- verbatim run plays its sample through a door with a certificate and keys
sample=$(wc -l <"$source/config/sample/feedback.ndjson")
printf '%s\n' "$fresh" >"$scratch/fresh"
once() {
    "$bin/verbatim" run --once --quiet --data "$scratch/run" --ingest.listen="127.0.0.1:$port" --ingest.certificate="$scratch/fifth.pem" \
        --ingest.private_key="$scratch/fifth.key" --ingest.keys="$scratch/keys" "$@" >"$scratch/run.txt" 2>&1
}
once
equal "run --once without a key exits" $? 64
check "and says which" contains "$scratch/run.txt" "--key-file FILE"
printf '%s\n' "$writer" >"$scratch/gone"
once --key-file "$scratch/gone"
equal "with a key that isn't good any more" $? 65
check "the door's answer is told" contains "$scratch/run.txt" "401"
check "the key isn't" bash -c "! grep -qF '${writer#*.}' '$scratch/run.txt'"
once --key-file "$scratch/fresh"
rc=$?
equal "with a good one ($(tail -n 1 "$scratch/run.txt"))" $rc 0
check "the whole sample went through it" contains "$scratch/run.txt" "$sample records"
finish
