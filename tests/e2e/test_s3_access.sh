#!/bin/bash
# The policies of ops/s3/policies on a real S3: with its own, logsink archives and ingest takes a file in; with each, all
# that can be tried is tried, and only what must be allowed is.
. "$(dirname "$0")/lib.sh"

python=$("$source/tests/lib/python.sh") || skip "no Python packages"
start_minio
export AWS_ACCESS_KEY_ID=verbatim AWS_SECRET_ACCESS_KEY=verbatim-secret
access() { "$python" "$source/tests/e2e/s3_access.py" "$@"; }
"$source/ops/s3/policies" --all "$scratch/policies" || give_up "ops/s3/policies"
for policy in "$scratch"/policies/*.json; do check "${policy##*/} is JSON" jq -e '.Statement | length > 1' "$policy"; done
"$source/ops/s3/policies" nobody 2>/dev/null
equal "who isn't known exits" $? 64
access seed "$endpoint" verbatim || give_up "no bucket"

# --- the workers with theirs: secrets from files, as a deployment mounts them
keys_of() { # WHO: arguments for its credentials
    local id secret token
    read -r id secret token <<<"$(access credentials "$endpoint" "$scratch/policies/$1.json")"
    [ -n "$token" ] || give_up "no session for $1"
    (umask 077 && echo "$secret" >"$scratch/$1.secret" && echo "$token" >"$scratch/$1.token")
    keys=(--store.endpoint="$endpoint" --store.access_key_id="$id" --store.secret_access_key_file="$scratch/$1.secret"
        --store.session_token_file="$scratch/$1.token")
}
read -r http logsink_admin <<<"$(free_ports 2)"
printf '{"text":"It works well, thank you.","id":"filed"}\n' >"$scratch/file.ndjson"
"$python" -c 'import boto3, sys; boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1").upload_file(sys.argv[2], "verbatim", "raw/file.ndjson")' \
    "$endpoint" "$scratch/file.ndjson" || give_up "no file"
keys_of ingest
secret=$(cat "$scratch/ingest.secret")
(unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY && exec "$bin/verbatim-ingest" --bus.path="$scratch/bus" --ingest.listen="127.0.0.1:$http" \
    --ingest.watch=s3://verbatim/raw --ingest.watch_every=100ms "${keys[@]}") >"$scratch/ingest.log" 2>&1 </dev/null &
pids[ingest]=$!
keys_of logsink
(unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY && exec "$bin/verbatim-logsink" --bus.path="$scratch/bus" --logsink.url=s3://verbatim/archive \
    --logsink.age=500ms --runtime.admin="127.0.0.1:$logsink_admin" "${keys[@]}") >"$scratch/logsink.log" 2>&1 </dev/null &
pids[logsink]=$!
bucket() { "$python" "$source/tests/e2e/read_bucket.py" "$endpoint" verbatim "archive/$1/date="; }
archived_file() { bucket feedback | jq 'select(.feedback.source) | .id' | grep -q .; }
await "the file's record is in the archive" 60 archived_file
await "its receipt" 30 compgen -G "$scratch/minio/data/verbatim/receipts/raw/file.ndjson.*.json"
check "nothing was refused" bash -c "! grep -iE 'denied| 403 ' '$scratch/ingest.log' '$scratch/logsink.log'"
check "no secret in logs, arguments, /metrics" bash -c "! { cat '$scratch/ingest.log' /proc/${pids[ingest]}/cmdline; curl -s http://127.0.0.1:$logsink_admin/metrics; } | grep -qaF -e '$secret' -e '$(cat "$scratch/logsink.secret")'"
halt logsink
equal "logsink ends with 0" "$status" 0
halt ingest
equal "ingest ends with 0" "$status" 0

# --- the matrix
access matrix "$endpoint" verbatim "$scratch/policies" >"$scratch/matrix" 2>"$scratch/matrix.err"
rc=$?
equal "each may do what it must and nothing else ($(cat "$scratch/matrix"); $(head -c 1500 "$scratch/matrix.err"))" $rc 0
cat "$scratch/matrix"
finish
