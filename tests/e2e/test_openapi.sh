#!/bin/bash
# GET /v1/openapi.json, judged by a validator that isn't ours, and held against what the server does.
. "$(dirname "$0")/lib.sh"

python=$("$source/tests/lib/python.sh") || skip "no Python packages"
read -r port <<<"$(free_ports 1)"
url=http://127.0.0.1:$port
launch run "$bin/verbatim" run --no-sample --quiet --data "$scratch/data" "--ingest.listen=127.0.0.1:$port"
await "the door is ready" 20 answers "$url/readyz"
curl -sf "$url/v1/openapi.json" >"$scratch/openapi.json"
check "the reference is JSON" jq -e .openapi "$scratch/openapi.json"
check "and not empty" [ -s "$scratch/openapi.json" ]
for page in / /v1/openapi.json; do
    tag=$(curl -sI "$url$page" | tr -d '\r' | sed -n 's/^ETag: //p')
    equal "$page: what a browser still has isn't sent again" \
        "$(curl -s -o /dev/null -w '%{http_code}:%{size_download}' -H "If-None-Match: $tag" "$url$page")" 304:0
done

"$python" - "$scratch/openapi.json" "$source/config/sample/feedback.ndjson" "$url" >"$scratch/judge.log" 2>&1 <<'PY'
import json, sys, urllib.error, urllib.request
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
document = json.load(open(sys.argv[1]))
validate(document)
assert document["openapi"].startswith("3.1")
def judge_of(schema):
    return Draft202012Validator({"$schema": "https://json-schema.org/draft/2020-12/schema", "components": document["components"], **schema})
judge = judge_of({"$ref": "#/components/schemas/Feedback"})

def ask(method, path, text=None, **headers):
    """Its status; what it answers must be among what the reference names for it, and of that shape."""
    request = urllib.request.Request(sys.argv[3] + path, data=text and text.encode(), method=method,
                                     headers={"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=180) as got:
            status, kind, body = got.status, got.headers["Content-Type"], got.read()
    except urllib.error.HTTPError as error:
        status, kind, body = error.code, error.headers["Content-Type"], error.read()
    answers = document["paths"][path.split("?")[0]].get(method.lower(), {"responses": {"default": {"$ref": "#/components/responses/Problem"}}})["responses"]
    answer = answers.get(str(status), answers.get("default"))
    if "$ref" in answer:
        answer = document["components"]["responses"][answer["$ref"].split("/")[-1]]
    schema = answer["content"][kind]["schema"]
    if kind != "text/plain":
        judge_of(schema).validate(json.loads(body))
    return status

def post(text):
    return ask("POST", "/v1/feedback", text)

good = '{"text":"Great taste, but I got a rash.","rating":2,"product":"Muesli"}'
for status, method, path, text, headers in (
        (200, "POST", "/v1/feedback?wait=120s", good, {}),
        (202, "POST", "/v1/feedback", "[" + good + ',{"text":""}]', {}),
        (202, "POST", "/v1/feedback", "text,rating\ngood,5\n", {"Content-Type": "text/csv"}),
        (400, "POST", "/v1/feedback", "{", {}),
        (400, "POST", "/v1/feedback?wiat=5s", good, {}),
        (405, "PUT", "/v1/feedback", good, {}),
        (415, "POST", "/v1/feedback", good, {"Content-Type": "text/plain"}),
        (415, "POST", "/v1/feedback", good, {"Content-Encoding": "br"}),
        (422, "POST", "/v1/feedback", "[{},7]", {}),
        (200, "GET", "/v1/status", None, {}), (405, "POST", "/v1/status", "{}", {}),
        (200, "GET", "/healthz", None, {}), (200, "GET", "/readyz", None, {}),
        (400, "GET", "/v1/insights/stream?saftey=positive", None, {}),
        (400, "GET", "/v1/insights/stream", None, {"Last-Event-ID": "x"})):
    assert ask(method, path, text, **headers) == status, (status, method, path)

wrong = ['{"text":7}', '{"product":"p"}', '{"text":"a","ratting":1}', '{"text":"a","rating":"four"}', '{"text":"a","id":"a b"}', '{"text":"a","attributes":7}']
for text in wrong + [line for line in open(sys.argv[2]) if line.strip()]:
    valid, status = judge.is_valid(json.loads(text)), post(text)
    assert valid == (status == 202), (text, valid, status)
statuses = document["paths"]["/v1/feedback"]["post"]["responses"]
for status in ("202", "400", "401", "403", "413", "415", "422", "429", "503"):
    assert status in statuses, status
print("judged")
PY
equal "the reference is valid, and true" "$(tail -n 1 "$scratch/judge.log")" judged || cat "$scratch/judge.log"
halt run
equal "SIGTERM ends it with 0" "$status" 0
finish
