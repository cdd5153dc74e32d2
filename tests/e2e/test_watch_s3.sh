#!/bin/bash
# Objects below a bucket's raw/ are taken in exactly once, also when the program is killed in the middle of one.
. "$(dirname "$0")/lib.sh"

python=$("$source/tests/lib/python.sh") || skip "no Python packages"
start_minio feedback
export AWS_ACCESS_KEY_ID=verbatim AWS_SECRET_ACCESS_KEY=verbatim-secret AWS_REGION=us-east-1 endpoint

cat >"$scratch/s3.py" <<'PY'
import boto3, os, sys
s3 = boto3.client("s3", endpoint_url=os.environ["endpoint"], region_name="us-east-1")
what, *rest = sys.argv[1:]
if what == "put":
    s3.upload_file(rest[0], "feedback", rest[1])
elif what == "keys":
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="feedback", Prefix=rest[0]):
        for item in page.get("Contents", []):
            print(item["Key"])
elif what == "cat":
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="feedback", Prefix=rest[0]):
        for item in page.get("Contents", []):
            sys.stdout.write(s3.get_object(Bucket="feedback", Key=item["Key"])["Body"].read().decode())
PY
s3() { "$python" "$scratch/s3.py" "$@"; }
receipts() { s3 keys "receipts/$1" | grep -c '\.json$'; }
has_receipts() { [ "$(receipts "$1")" = "$2" ]; }

read -r port <<<"$(free_ports 1)"
serve() {
    launch run "$bin/verbatim" run --no-sample --quiet --data "$scratch/data" "--ingest.listen=127.0.0.1:$port" \
        --ingest.watch=s3://feedback/raw/ --ingest.watch_every=100ms "--store.endpoint=$endpoint"
    await "the API" 30 answers "http://127.0.0.1:$port/readyz"
}

# --- a small CSV, with a row that is refused
printf 'text,product,rating\n"Lovely, really",Tea pot,5\n,Tea pot,1\nThe lid broke,Tea pot,one\n' >"$scratch/small.csv"
s3 put "$scratch/small.csv" raw/2026/small.csv
serve
await "the receipt of the small one" 60 has_receipts raw/2026/small.csv 1
s3 cat receipts/raw/2026/small.csv >"$scratch/receipt.json"
equal "what became of it" "$(jq -c '[.object,.status,.rows,.accepted,.refused]' "$scratch/receipt.json")" '["raw/2026/small.csv","done",3,1,2]'
s3 cat "$(jq -r .validation "$scratch/receipt.json")" >"$scratch/refused.ndjson"
equal "refused rows with their reasons" "$(jq -c '[.row,.line,.errors[0].pointer]' "$scratch/refused.ndjson" | paste -sd' ')" \
    '[1,3,"/text"] [2,4,"/rating"]'
equal "the raw row is there too" "$(jq -r .raw "$scratch/refused.ndjson" | tail -n 1)" 'The lid broke,Tea pot,one'

# --- a large one, and kill -9 in the middle of it
rows=60000
"$python" - "$scratch/large.ndjson" $rows <<'PY'
import json, sys
with open(sys.argv[1], "w") as out:
    for i in range(int(sys.argv[2])):
        out.write(json.dumps({"text": f"Order {i} came late and the box was torn, what a pity. " + "x" * 300, "customer": f"c{i % 500}"}) + "\n")
PY
begun() { compgen -G "$scratch/minio/data/feedback/receipts/raw/$1.*"; } # its progress or its receipt; in MinIO's own folder: at once
large=0 killed=false
while ! $killed && [ $large -lt 5 ]; do # where it was done before we looked, with another one
    large=$((large + 1)) object=large-$large.ndjson
    s3 put "$scratch/large.ndjson" "raw/$object"
    await "progress of $object" 60 begun "$object"
    halt run KILL
    if has_receipts "raw/$object" 0; then killed=true; else serve; fi
done
check "it was killed in the middle" $killed
serve
await "the receipt of the large one" 120 has_receipts "raw/$object" 1
equal "all rows, counted over the crash" "$(s3 cat "receipts/raw/$object" | jq -c '[.status,.rows,.accepted,.refused]')" "[\"done\",$rows,$rows,0]"
equal "no progress is left behind" "$(s3 keys "receipts/raw/$object" | grep -c progress)" 0
total=$((large * rows + 1))
all_done() { sleep 2; [ "$("$bin/verbatim" tail --from-start --once "--bus.path=$scratch/data/bus" insights | wc -l)" -ge $total ]; }
await "the insights" 180 all_done
"$bin/verbatim" tail --from-start --once "--bus.path=$scratch/data/bus" insights | ids | sort >"$scratch/ids"
equal "each row is one insight" "$(uniq "$scratch/ids" | wc -l)" $total
equal "and none is two" "$(wc -l <"$scratch/ids")" $total

# --- a restart takes nothing again; the same key with other bytes is new
printf '{"text":"A later word"}\n' >"$scratch/small.csv"
s3 put "$scratch/small.csv" raw/later.jsonl
await "a later one" 60 has_receipts raw/later.jsonl 1
equal "receipts in all" "$(receipts '')" $((large + 2))
halt run
equal "SIGTERM ends it with 0" "$status" 0
finish
