#!/bin/bash
# GET /v1/openapi.json, judged by a validator that isn't ours, and held against what the server does.
. "$(dirname "$0")/lib.sh"

python=$("$source/tests/lib/python.sh") || skip "no Python packages"
read -r port <<<"$(free_ports 1)"
url=http://127.0.0.1:$port
launch ingest "$bin/verbatim-ingest" "--bus.path=$scratch/bus" "--ingest.listen=127.0.0.1:$port"
await "ingest is ready" 20 answers "$url/readyz"
curl -sf "$url/v1/openapi.json" >"$scratch/openapi.json"
check "the reference is JSON" jq -e .openapi "$scratch/openapi.json"
check "and not empty" [ -s "$scratch/openapi.json" ]

"$python" - "$scratch/openapi.json" "$source/config/sample/feedback.ndjson" "$url" >"$scratch/judge.log" 2>&1 <<'PY'
import json, sys, urllib.error, urllib.request
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
document = json.load(open(sys.argv[1]))
validate(document)
assert document["openapi"].startswith("3.1")
schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": "#/components/schemas/Feedback", "components": document["components"]}
judge = Draft202012Validator(schema)

def post(text):
    request = urllib.request.Request(sys.argv[3] + "/v1/feedback", data=text.encode(), headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code

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
halt ingest
equal "SIGTERM ends it with 0" "$status" 0
finish
