#!/bin/bash
# The examples that need no Kafka, run as their README says: Python over HTTP, the curl session, the browser page.
# (test_six_workers.sh runs those that do.)
. "$(dirname "$0")/lib.sh"

examples=$source/ops/examples
browser=$("$source/tests/lib/browser.sh") || skip "no browser"
eval "$browser"
export NODE_PATH CHROMIUM CHROMIUM_FLAGS
read -r http pages <<<"$(free_ports 2)"
url=http://127.0.0.1:$http

launch run "$bin/verbatim" run --no-sample --quiet --data "$scratch/data" --ingest.listen="127.0.0.1:$http" \
    --ingest.cors_origins="http://127.0.0.1:$pages"
await "run is ready" 20 answers "$url/readyz"
insights() { "$bin/verbatim" tail --from-start --once --bus.path="$scratch/data/bus" insights; }

# --- Python over HTTP: each line once, however often it is sent; a bad one is told and left out
{ head -n 20 "$source/config/sample/feedback.ndjson" && echo '{"text": "Fine.", "ratting": 3}'; } >"$scratch/in.ndjson"
for try in first second; do
    python3 "$examples/python/post.py" --url "$url" <"$scratch/in.ndjson" >"$scratch/$try.ids" 2>"$scratch/$try.err"
    equal "post.py, $try time: 65, as a line was refused" $? 65
done
check "post.py says which and why" contains "$scratch/first.err" 'did you mean'
check "post.py counts" contains "$scratch/first.err" "20 sent, 1 refused"
check "the same lines are the same records" cmp "$scratch/first.ids" "$scratch/second.ids"
equal "twenty records were sent" "$(sort -u "$scratch/first.ids" | wc -l)" 20

# --- a mailbox: subject and words, the plain part before HTML, any charset; the sender is hashed, the date kept
cat >"$scratch/support.mbox" <<'MBOX'
From a@example.com Mon Nov  2 10:00:00 2026
From: "Anna" <Anna@example.com>
Subject: =?utf-8?Q?Caf=C3=A9?=
Date: Mon, 02 Nov 2026 10:00:00 -0000
Message-ID: <1@example.com>
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

The caf=E9 was cold.
--b
Content-Type: text/html

<p>no</p>
--b--

From b@example.com Mon Nov  2 10:00:00 2026
Date: none
Content-Type: text/html

<p>I got a <b>rash</b> &amp; a fever.</p>

MBOX
printf 'From c@example.com Mon Nov  2 10:00:00 2026\nFrom: "\nMessage-ID: <>\nSubject: caf\351 closed\n\nNobody was there.\n\n' >>"$scratch/support.mbox" # a broken head costs what it holds
python3 "$examples/python/from_mailbox.py" "$scratch/support.mbox" | "$bin/verbatim" analyze --quiet >"$scratch/mails.ndjson"
equal "mails become feedback" "$(jq -r '.document.text' "$scratch/mails.ndjson" | paste -sd'|')" "Café||The café was cold.|I got a rash & a fever.|caf� closed||Nobody was there."
equal "with customer, channel and date" "$(jq -c '.feedback | [(.customer | length), .channel, .occurred_at]' "$scratch/mails.ndjson" | head -n 1)" '[32,"email","2026-11-02T10:00:00.000Z"]'
"$bin/verbatim" analyze --quiet "$scratch/support.mbox" >/dev/null 2>"$scratch/mbox.err"
equal "a mailbox itself is refused" $? 65
check "and the way is told" contains "$scratch/mbox.err" "from_mailbox.py FILE | verbatim"

# --- Python over HTTP against a door that is busy, then away, then there
cat >"$scratch/busy.py" <<'PY'
import http.server, json, sys
answers = [(429, {"Retry-After": "0"}), (503, {"Retry-After": "0"}), None, (202, {})]
class Door(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    keys = set()
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.keys.add(self.headers["Idempotency-Key"])
        answer = answers.pop(0)
        if answer is None:
            self.close_connection = True
            return self.connection.close()
        body = json.dumps({"id": f"{len(self.keys)} key"}).encode()
        self.send_response(answer[0])
        for name, value in {**answer[1], "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Door)
print(server.server_port, flush=True)
while answers:
    server.handle_request()
PY
launch busy python3 "$scratch/busy.py"
await "the busy door is there" 10 test -s "$scratch/busy.log"
echo '{"text": "Fine."}' | timeout 60 python3 "$examples/python/post.py" --url "http://127.0.0.1:$(cat "$scratch/busy.log")" \
    >"$scratch/busy.out" 2>"$scratch/busy.err"
equal "post.py gets through 429, 503 and a broken connection" $? 0
equal "under one idempotency key" "$(cat "$scratch/busy.out")" "1 key"

# --- curl
VERBATIM_URL=$url "$examples/curl/session" >"$scratch/session.txt" 2>"$scratch/session.err"
rc=$?
equal "the curl session exits 0 ($(head -c 200 "$scratch/session.err"))" $rc 0
equal "its statuses" "$(sed -n 's/^(status \(...\))$/\1/p' "$scratch/session.txt" | paste -sd' ')" "202 202 202 200 202 202 422 200"
equal "an idempotency key gives one id" "$(grep -A 3 '^# Under an idempotency key' "$scratch/session.txt" | grep -o '"id":"[^"]*"' | sort | uniq -c | awk '{print $1}')" 2
check "the awaited answer is the finished insight" grep -q '"state":"positive".*"insight":{' "$scratch/session.txt"
check "the stream showed it too" grep -q '^data: {"v":1\|^data: {"id"' "$scratch/session.txt"
check "a mistake names the field" contains "$scratch/session.txt" '/ratting'

# --- the page, in a real browser
launch pages python3 -m http.server "$pages" --bind 127.0.0.1 --directory "$examples/browser"
await "the page is served" 10 answers "http://127.0.0.1:$pages/insights.html"
timeout 400 node "$source/tests/e2e/look_at_example.js" "http://127.0.0.1:$pages/insights.html" "$url" >"$scratch/page.txt" 2>&1
rc=$?
equal "the browser shows the insight ($(tail -n 3 "$scratch/page.txt" | head -c 300))" $rc 0

# 20 by post.py, then 1 + 1 + 1 + 2 + 1 by curl, then 1 from the browser's test; what was sent twice is there once.
all_there() { insights | ids >"$scratch/insights.ids" && [ "$(sort -u "$scratch/insights.ids" | wc -l)" -ge 27 ]; }
await "an insight for each record" 60 all_there
equal "an insight for each record" "$(sort -u "$scratch/insights.ids" | wc -l)" 27
equal "and none twice" "$(wc -l <"$scratch/insights.ids")" 27
halt run
equal "SIGTERM ends it with 0" "$status" 0
finish
