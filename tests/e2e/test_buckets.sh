#!/bin/bash
# verbatim buckets: places of objects listed and made, in a folder and on a real S3, with every right and with few; what is
# wrong is told, with the status that the help names.
. "$(dirname "$0")/lib.sh"

cd "$scratch" || exit 1
buckets() { "$bin/verbatim" buckets "$@" 2>"$scratch/err"; }
# found WHY STATUS LINE ARGUMENT...: exits so; of each place worker and answers (y, n or ?)
answers_of() { jq -r '[.[] | .worker + " " +
    ([.there, .list, .read, .write, .once] | map(if . == null then "?" elif . then "y" else "n" end) | join("")) + " " +
    (.versioning // "?") + (if .error then " " + .error.code else "" end)] | join("; ")' "$scratch/out"; }
found() {
    local why=$1 status=$2 line=$3
    shift 3
    buckets --json "$@" >"$scratch/out"
    equal "$why exits $status" $? "$status"
    equal "$why" "$(answers_of)" "$line"
}
# states WHY STATUS LINE ARGUMENT...: the same of create
states() {
    local why=$1 status=$2 line=$3
    shift 3
    buckets create --json "$@" >"$scratch/out"
    equal "$why exits $status" $? "$status"
    equal "$why" "$(jq -r '[.[] | .worker + " " + .state + (if .error then " " + .error.code else "" end)] | join("; ")' "$scratch/out")" "$line"
}
refused() {
    local why=$1 status=$2 text=$3
    shift 3
    buckets "$@" >"$scratch/out"
    equal "$why exits $status" $? "$status"
    check "$why says \"$text\" (said: $(head -c 300 "$scratch/err"))" contains "$scratch/err" "$text"
}

# --- folders
found "no archive yet" 66 "logsink n???? ? no_input"
check "and says what makes it" contains "$scratch/err" "logsink.url: not there; verbatim buckets create makes it"
check "and makes none" [ ! -e data ]
touch "$scratch/file"
refused "a file in its place" 66 "not there; what stands in its way must go first" "--logsink.url=$scratch/file"
refused "a file above it" 66 "not there; what stands in its way must go first" "--logsink.url=file://$scratch/file/archive"
folders=(--ingest.watch="file://$scratch/in/raw/")
states "folders" 0 "ingest created; logsink created" "${folders[@]}"
check "are there" [ -d "$scratch/in/raw" ]
check "both" [ -d "$scratch/data/archive" ]
states "again" 0 "ingest kept; logsink kept" "${folders[@]}"
found "only looking" 0 "ingest yyy?? off; logsink yyy?? off" list --read-only "${folders[@]}"
equal "writes nothing" "$(find in data -type f | wc -l)" 0
found "folders that may be used" 0 "ingest yyyyy off; logsink yyyyy off" "${folders[@]}"
found "and again" 0 "ingest yyyyy off; logsink yyyyy off" "${folders[@]}"
equal "one probe each" "$(find in data -type f | sort | paste -sd' ')" "data/archive/verbatim-probe in/receipts/verbatim-probe"
rmdir in/raw
found "a watched folder that was taken away" 66 "ingest n???? ? no_input; logsink yyyyy off" "${folders[@]}"
states "is made again" 0 "ingest created; logsink kept" "${folders[@]}"
touch file
found "a file where a folder should be" 66 "logsink n???? ? no_input" --logsink.url=file
states "which stays" 73 "logsink failed no_output" --logsink.url=file
buckets "${folders[@]}" >table
check "a table for people" grep -Eq '^ingest +yes +yes +yes +yes +yes +off' table
check "with the place" grep -q "files come in: directory $scratch/in/raw" table
equal "without colours in a file" "$(grep -c $'\x1b' table)" 0
buckets --worker ingest "${folders[@]}" --json >out
equal "one worker's" "$(jq -r '[.[].option] | join(" ")' out)" ingest.watch

# --- what is asked wrongly
refused "no such verb" 64 'say "list" or "create"' make
refused "two" 64 'say "list" or "create"' list create
refused "a worker without places" 64 "ingest and logsink" --worker genai
refused "to look only, and create" 64 "goes with list" create --read-only
refused "a watch that isn't configured" 78 "ingest.watch is empty" --worker ingest
refused "no URL" 78 "URL is empty" --logsink.url=
refused "a URL of another kind" 78 "s3://bucket/prefix" --logsink.url=gs://bucket
HOME=$scratch refused "no credentials" 78 "no AWS credentials" --logsink.url=s3://verbatim/archive --store.endpoint=http://127.0.0.1:9
refused "an option that isn't" 78 "logsink.uri" --logsink.uri=x
read -r nobody <<<"$(free_ports 1)"
export AWS_ACCESS_KEY_ID=verbatim AWS_SECRET_ACCESS_KEY=verbatim-secret
refused "nobody answers" 69 "127.0.0.1:$nobody" --logsink.url=s3://verbatim/archive --store.endpoint="http://127.0.0.1:$nobody"
refused "nor for create" 69 "127.0.0.1:$nobody" create --logsink.url=s3://verbatim/archive --store.endpoint="http://127.0.0.1:$nobody"

# --- a real S3
python=$("$source/tests/lib/python.sh") || skip "no Python packages"
start_minio
at=(--store.endpoint="$endpoint" --logsink.url=s3://verbatim/archive)
both=("${at[@]}" --ingest.watch=s3://incoming/raw)
found "no buckets" 66 "ingest n???? ? no_input; logsink n???? ? no_input" "${both[@]}"
AWS_SECRET_ACCESS_KEY=wrong-secret refused "a wrong secret" 77 "SignatureDoesNotMatch" "${at[@]}"
AWS_SECRET_ACCESS_KEY=wrong-secret refused "for create" 77 "SignatureDoesNotMatch" create "${at[@]}"
check "which is told nowhere" bash -c "! grep -q wrong-secret out err"
states "buckets" 0 "ingest created; logsink created" "${both[@]}"
check "are there" [ -d minio/data/incoming ]
states "again" 0 "ingest kept; logsink kept" "${both[@]}"
found "and may be used" 0 "ingest yyyyy off; logsink yyyyy off" "${both[@]}"
found "also a second time" 0 "ingest yyyyy off; logsink yyyyy off" "${both[@]}"
check "the place is named" [ "$(jq -r '.[1].place' out)" = "s3://verbatim/archive/ at $endpoint" ]
refused "a name that no bucket may have" 78 "InvalidBucketName" create --store.endpoint="$endpoint" --logsink.url=s3://Capital/archive
states "a bucket in another region" 0 "logsink created" --store.endpoint="$endpoint" --store.region=eu-west-3 --logsink.url=s3://elsewhere

s3() { "$python" - "$endpoint" "$@" <<'PY'
import boto3, sys
s3 = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1")
if sys.argv[2] == "version":
    s3.put_bucket_versioning(Bucket="verbatim", VersioningConfiguration={"Status": sys.argv[3]})
else:
    print(*(item["Key"] for item in s3.list_objects_v2(Bucket=sys.argv[2]).get("Contents", [])))
PY
}
equal "one probe in the archive" "$(s3 verbatim)" archive/verbatim-probe
equal "and one beside raw/" "$(s3 incoming)" receipts/verbatim-probe
if s3 version Enabled 2>/dev/null; then # MinIO on one disk may refuse it
    found "with versions" 0 "logsink yyyyy enabled" "${at[@]}"
    s3 version Suspended
    found "and without again" 0 "logsink yyyyy suspended" "${at[@]}"
fi

# --- with the rights of ops/s3/policies, and with none
"$source/ops/s3/policies" --all policies --bucket verbatim || give_up "ops/s3/policies"
echo '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}]}' >policies/nobody.json
as() { # WHO FUNCTION ARGUMENT...: with the credentials of that policy
    local who=$1 AWS_ACCESS_KEY_ID=verbatim AWS_SECRET_ACCESS_KEY=verbatim-secret AWS_SESSION_TOKEN
    shift
    read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN \
        <<<"$("$python" "$source/tests/e2e/s3_access.py" credentials "$endpoint" "policies/$who.json")"
    export AWS_SESSION_TOKEN
    "$@"
    unset AWS_SESSION_TOKEN
}
watched=(--store.endpoint="$endpoint" --worker ingest --ingest.watch=s3://verbatim/raw)
as logsink found "logsink's rights are enough" 0 "logsink yyyyy ?" "${at[@]}"
as ingest found "ingest's are" 0 "ingest yyyyy ?" "${watched[@]}"
as logsink found "but not logsink's for ingest" 77 "ingest ?n?n? ? denied" "${watched[@]}"
as verify found "who may only read" 77 "logsink yyyn? ? denied" "${at[@]}"
as verify found "may look" 0 "logsink yyy?? ?" list --read-only "${at[@]}"
as nobody found "no rights" 77 "logsink ?n?n? ? denied" "${at[@]}"
as logsink states "what is there is kept without a right to make it" 0 "logsink kept" "${at[@]}"
as logsink states "and not made without" 77 "logsink failed denied" --store.endpoint="$endpoint" --logsink.url=s3://another/archive
check "nor was it" [ ! -e minio/data/another ]

# --- the probe is in nobody's way
printf '{"text":"It works well, thank you.","id":"a"}\n' >a.ndjson
"$bin/verbatim" run --once --sample a.ndjson --data "$scratch/run" --ingest.listen="127.0.0.1:$nobody" >run.log 2>&1
"$bin/verbatim" buckets --logsink.url="$scratch/run/archive" >out
equal "an archive with records may be used" $? 0
"$bin/verbatim" verify "$scratch/run/archive" >out 2>err
ended=$?
equal "and balances beside the probe ($(head -c 200 err))" $ended 0
finish
