# Sourced behind lib/help.sh: a fresh MinIO ($endpoint) with a bucket of each name that is given, gone when the script
# ends; $dir, a folder that goes with it; $here, and a $python with boto3.
here=$(cd "$(dirname "$0")" && pwd)
python=$("$here/../lib/python.sh") || exit $?
"$here/../lib/minio.sh" fetch || exit $?
dir=$(mktemp -d)
trap '"$here/../lib/minio.sh" stop "$dir"; rm -rf "$dir"' EXIT
for bucket in "$@"; do mkdir -p "$dir/data/$bucket"; done
eval "$("$here/../lib/minio.sh" start "$dir")"
export no_proxy=127.0.0.1
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION
