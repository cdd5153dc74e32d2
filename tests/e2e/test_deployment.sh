#!/bin/bash
# Compose, Kubernetes, the image, Prometheus and Grafana against the programs as built: options, ports, paths, metrics.
. "$(dirname "$0")/lib.sh"

python=$("$source/tests/lib/python.sh") || skip "no Python packages"
"$python" "$source/tests/e2e/check_deployment.py" "$source" "$bin" "$scratch"
equal "check_deployment.py exits 0" $? 0

# A key that verbatim makes opens the door; another, or none, doesn't.
read -r http <<<"$(free_ports 1)"
key=$("$bin/verbatim" keys create shop --tenant acme --scopes write --file "$scratch/keys")
launch ingest "$bin/verbatim-ingest" --bus.path="$scratch/bus" --ingest.listen="127.0.0.1:$http" --ingest.keys="$scratch/keys"
await "ingest is ready" 20 answers "http://127.0.0.1:$http/readyz"
post() { curl -s -o "$scratch/answer" -w '%{http_code}' "$@" "http://127.0.0.1:$http/v1/feedback" -H 'Content-Type: application/json' -d '{"text":"Fine."}'; }
equal "with the key" "$(post -H "Authorization: Bearer $key")" 202
equal "without one" "$(post)" 401
equal "with another" "$(post -H "Authorization: Bearer ${key}0")" 401
equal "a key to write can't read" "$(curl -s -o /dev/null -w '%{http_code}' -H "X-API-Key: $key" "http://127.0.0.1:$http/v1/status")" 403
check "the secret is not in the keys file" [ "$(grep -c "${key#*.}" "$scratch/keys")" = 0 ]
halt ingest
finish
