#!/bin/bash
# A Kafka that trusts nobody: TLS, logins, ACLs made by ops/kafka/acls. The six workers, each as its own user, take a
# record from the door to the archive; then every user tries everything, and may do what it must and nothing else.
. "$(dirname "$0")/lib.sh"

command -v openssl >/dev/null || skip "no openssl"
python=$("$source/tests/lib/python.sh") || skip "no Python packages"
"$source/tests/lib/kafka.sh" fetch || skip "no Kafka"
access() { "$python" "$source/tests/e2e/kafka_access.py" "$@"; }
authority() { "$source/tests/lib/authority.sh" "$@"; }
workers="ingest preprocess featurize segment genai logsink"
tls=$scratch/tls secrets=$scratch/secrets
mkdir "$tls" "$secrets" "$secrets/clients"
read -r secure certs tokens provided late provider http ports <<<"$(free_ports 20)"

# --- certificates, passwords, a provider of tokens
authority new "$tls" ca
authority new "$tls" stranger
authority issue "$tls" ca broker
authority issue "$tls" ca late expired
authority issue "$tls" ca gone expired
for worker in $workers; do authority issue "$tls" ca "verbatim-$worker"; done
(umask 077 && for user in $workers analyst safety operator stranger; do openssl rand -hex 16 >"$secrets/$user"; done)
cp "$secrets/genai" "$secrets/clients/verbatim-genai"
launch provider python3 "$source/tests/e2e/token_server.py" "$provider" "$secrets" 10
await "the provider's key" 20 test -e "$secrets/jwks.json"

# --- a broker: passwords at one door, certificates, unsigned tokens and a provider's tokens at others, and one whose
# own certificate has expired. Who comes without TLS is nobody. The one superuser has a certificate.
oauth=org.apache.kafka.common.security.oauthbearer
properties="
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:SSL,INTERNAL:SSL,SECURE:SASL_SSL,CERTS:SSL,TOKENS:SASL_SSL,PROVIDED:SASL_SSL,LATE:SASL_SSL
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:CN=broker
ssl.keystore.type=PEM
ssl.keystore.location=$tls/broker.both.pem
ssl.truststore.type=PEM
ssl.truststore.location=$tls/ca.pem
listener.name.controller.ssl.client.auth=required
listener.name.internal.ssl.client.auth=required
listener.name.certs.ssl.client.auth=required
listener.name.certs.ssl.principal.mapping.rules=RULE:^CN=(verbatim-.*)\$/\$1/,DEFAULT
listener.name.late.ssl.keystore.type=PEM
listener.name.late.ssl.keystore.location=$tls/late.both.pem
listener.name.tokens.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.tokens.oauthbearer.sasl.jaas.config=$oauth.OAuthBearerLoginModule required;
listener.name.provided.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.provided.oauthbearer.sasl.jaas.config=$oauth.OAuthBearerLoginModule required;
listener.name.provided.oauthbearer.sasl.server.callback.handler.class=$oauth.OAuthBearerValidatorCallbackHandler
listener.name.provided.oauthbearer.connections.max.reauth.ms=60000
listener.name.provided.sasl.oauthbearer.jwks.endpoint.url=file://$secrets/jwks.json
listener.name.provided.sasl.oauthbearer.expected.audience=kafka
listener.name.provided.sasl.oauthbearer.expected.issuer=tests"
for listener in secure late; do
    properties+="
listener.name.$listener.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.$listener.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;"
done
kafka=$(KAFKA_AUTO_CREATE=false KAFKA_HEAP=512m KAFKA_PROPERTIES=$properties \
    KAFKA_JAVA="-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file://$secrets/jwks.json" \
    KAFKA_LISTENER="SECURE://127.0.0.1:$secure,CERTS://127.0.0.1:$certs,TOKENS://127.0.0.1:$tokens,PROVIDED://127.0.0.1:$provided,LATE://127.0.0.1:$late" \
    "$source/tests/lib/kafka.sh" start "$scratch/kafka") || give_up "Kafka did not start"
eval "$kafka"
internal=$(sed -n 's/^listeners=.*INTERNAL:\/\/127.0.0.1:\([0-9]*\).*/\1/p' "$scratch/kafka/broker-1.properties")
admin=(--bus.kind=kafka --bus.topic_prefix=t. --kafka.bootstrap.servers="127.0.0.1:$internal" --kafka.security.protocol=SSL
    --kafka.ssl.ca.location="$tls/ca.pem" --kafka.ssl.certificate.location="$tls/broker.pem" --kafka.ssl.key.location="$tls/broker.key")
admin_json=$(printf '{"bootstrap.servers":"127.0.0.1:%s","security.protocol":"SSL","ssl.ca.location":"%s","ssl.certificate.location":"%s","ssl.key.location":"%s"}' \
    "$internal" "$tls/ca.pem" "$tls/broker.pem" "$tls/broker.key")
"$bin/verbatim" topics create "${admin[@]}" --bus.partitions=2 >"$scratch/topics.txt" || give_up "the admin can't create topics"
# shellcheck disable=SC2086 # names, each a word
access users "$admin_json" "$secrets" $workers analyst safety operator stranger || give_up "no users"

# --- rights: what is printed is what --apply runs, and Kafka takes it
export VERBATIM_BIN=$bin
"$source/ops/kafka/acls" --bus.topic_prefix=t. >"$scratch/acls" || give_up "ops/kafka/acls"
printf '#!/bin/bash\nprintf "%%q " kafka-acls.sh "$@" >>%q && echo >>%q\n' "$scratch/applied" "$scratch/applied" >"$scratch/kafka-acls.sh"
chmod +x "$scratch/kafka-acls.sh"
PATH=$scratch:$PATH "$source/ops/kafka/acls" --apply --bus.topic_prefix=t.
check "--apply runs what is printed" cmp "$scratch/acls" "$scratch/applied"
"$source/ops/kafka/acls" --apply -- false
equal "--apply stops where a command fails" $? 1
rules=$(access acls "$admin_json" <"$scratch/acls")
equal "a rule for each row of verbatim access" "$rules" "$("$bin/verbatim" access --json | jq length)"

# --- six workers, each with its own user: by certificates with the librdkafka that is here, then by passwords with a newer
# one (before 2.6.1 SCRAM doesn't work with Kafka 4: its issue 4895)
newer=$(find "${python%/bin/python}" -name 'librdkafka-*.so.1' | head -n 1)
mkdir "$scratch/newer" && ln -s "$newer" "$scratch/newer/librdkafka.so.1"
login() { # certs|password|tokens|provided WORKER: the lines of [kafka]
    printf '[bus]\nkind = kafka\ntopic_prefix = t.\n[kafka]\nssl.ca.location = %s\n' "$tls/ca.pem"
    case $1 in
    certs) printf 'bootstrap.servers = 127.0.0.1:%s\nsecurity.protocol = SSL\nssl.certificate.location = %s\nssl.key.location = %s\n' \
        "$certs" "$tls/verbatim-$2.pem" "$tls/verbatim-$2.key" ;;
    password) printf 'bootstrap.servers = 127.0.0.1:%s\nsecurity.protocol = SASL_SSL\nsasl.mechanisms = SCRAM-SHA-512\nsasl.username = verbatim-%s\nsasl.password_file = %s\n' \
        "$secure" "$2" "$secrets/$2" ;;
    tokens) printf 'bootstrap.servers = 127.0.0.1:%s\nsecurity.protocol = SASL_SSL\nsasl.mechanisms = OAUTHBEARER\nenable.sasl.oauthbearer.unsecure.jwt = true\nsasl.oauthbearer.config = principal=verbatim-%s lifeSeconds=8\n' \
        "$tokens" "$2" ;;
    provided) printf 'bootstrap.servers = 127.0.0.1:%s\nsecurity.protocol = SASL_SSL\nsasl.mechanisms = OAUTHBEARER\nsasl.oauthbearer.method = oidc\nsasl.oauthbearer.client.id = verbatim-%s\nsasl.oauthbearer.client.secret_file = %s\nsasl.oauthbearer.token.endpoint.url = http://127.0.0.1:%s/token\n' \
        "$provided" "$2" "$secrets/$2" "$provider" ;;
    esac
}
printf '[preprocess]\nfolder = %s\n' "$scratch/preprocess" >"$scratch/preprocess.ini"
printf '[logsink]\nurl = %s\nage = 1s\n' "$scratch/archive" >"$scratch/logsink.ini"
printf '[ingest]\nlisten = 127.0.0.1:%s\n' "$http" >"$scratch/ingest.ini"
touch "$scratch/"{featurize,segment,genai}.ini
read -ra admin_ports <<<"$ports"
declare -A port=()
for worker in $workers; do port[$worker]=${admin_ports[${#port[@]}]}; done
start() { # HOW WORKER ARGUMENT...
    { login "$1" "$2" && cat "$scratch/$2.ini"; } >"$scratch/$1-$2.ini"
    launch "$2" "$bin/verbatim-$2" --config "$scratch/$1-$2.ini" --runtime.admin="127.0.0.1:${port[$2]}" "${@:3}"
}
ready() { answers "http://127.0.0.1:${port[$1]}/readyz"; }
post() { curl -s -m 150 -o "$scratch/answer" -w '%{http_code}' -H 'Content-Type: application/json' "http://127.0.0.1:$http/v1/feedback?wait=120s" -d "{\"id\":\"$1\",\"text\":\"It works well, thank you.\"}"; }
has_reports() { archived "$scratch/archive" audit | grep -q .; }
has() { archived "$scratch/archive" "$1" | jq -r .id | grep -q "^$2\$"; }
all_six() { # HOW ID: a record from the door to the archive, and nobody was refused anything
    local worker topic
    for worker in $workers; do start "$1" "$worker"; done
    for worker in $workers; do await "$1: $worker is ready" 60 ready "$worker"; done
    equal "$1: a post comes back as an insight" "$(post "$2")" 200
    for topic in feedback documents features segments insights; do await "$1: $topic in the archive" 60 has "$topic" "$2"; done
    await "$1: reports in the archive" 60 has_reports
    check "$1: no right was missing" bash -c "! grep -i authoriz $scratch/{ingest,preprocess,featurize,segment,genai,logsink}.log"
}
poison() { # PARTITION: bytes that are no record, onto documents
    kcat -q -b "127.0.0.1:$internal" -X security.protocol=SSL -X ssl.ca.location="$tls/ca.pem" -X ssl.certificate.location="$tls/broker.pem" \
        -X ssl.key.location="$tls/broker.key" -P -t t.documents -p "$1" <<<"no record"
}
figure() { # WORKER NAME LABELS: of its metrics
    curl -s -m 5 "http://127.0.0.1:${port[$1]}/metrics" | sed -n "s/^verbatim_$2{.*$3.*} //p"
}
committed() { access position "$admin_json" t.featurize t.documents; }

all_six certs first

# --- a dead letter that its worker may not write: nothing is committed, in this process and in the next; when it may, each
# record ends as what it should
before=$(committed)
access forbid "$admin_json" verbatim-featurize t.dead-letters || give_up "the right can't be taken away"
poison 0
poison 1
curl -s -m 60 -o "$scratch/answer" -H 'Content-Type: application/json' "http://127.0.0.1:$http/v1/feedback" -d '{"id":"behind","text":"It works well."}'
refused_letters() { grep -qi 'authoriz' "$scratch/featurize.log" && [ "$(figure featurize commits_total 'result="retried"')" -ge 2 ]; }
unready() { ! ready "$1"; }
for life in first second; do
    await "the letter is refused, and tried again ($life process)" 60 refused_letters
    await "readyz says so" 30 unready featurize
    check "and it runs on" running featurize
    equal "positions that moved" "$(committed)" "$before"
    if [ $life = first ]; then halt featurize KILL && start certs featurize; fi
done
check "what is behind the poison waits" bash -c "! grep -q behind <(find '$scratch/archive/features' -name '*.zst' -exec zstd -dcq {} +)"
access permit "$admin_json" verbatim-featurize t.dead-letters || give_up "the right can't be given back"
await "what was behind it goes on" 60 has insights behind
letters_of() { archived "$scratch/archive" dead-letters | jq -c "select(.dead_letter.worker == \"$1\") | .dead_letter.cause"; }
two_letters() { [ "$(letters_of featurize | wc -l)" -ge 2 ]; }
await "the letters come" 60 two_letters
await "featurize is ready again" 60 ready featurize
equal "a letter for each, once" "$(letters_of featurize | sort | uniq -c | xargs)" '2 bad_message'
for worker in $workers; do halt "$worker" && equal "$worker ends with 0" "$status" 0; done
export LD_LIBRARY_PATH=$scratch/newer
all_six password second
for user in $workers; do
    secret=$(cat "$secrets/$user")
    check "no password of $user in logs" bash -c "! grep -qF '$secret' $scratch/*.log"
    check "nor in arguments, nor in the environment" bash -c "! cat /proc/${pids[$user]}/{cmdline,environ} | grep -qaF '$secret'"
    check "nor in /metrics" bash -c "! curl -s http://127.0.0.1:${port[$user]}/metrics | grep -qF '$secret'"
    check "nor in --print-config" bash -c "! '$bin/verbatim-$user' --config '$scratch/password-$user.ini' --print-config 2>&1 | grep -qF '$secret'"
done

# --- the operator: a dead letter is sent again
login password operator >"$scratch/operator.ini"
letters() { [ "$("$bin/verbatim" redrive list --json --config "$scratch/operator.ini" 2>"$scratch/letters.err" | wc -l)" -ge 1 ]; }
await "the operator sees a dead letter" 60 letters
"$bin/verbatim" redrive send --config "$scratch/operator.ini" >"$scratch/redriven.txt" 2>&1
rc=$?
equal "the operator sends it again ($(tail -n 2 "$scratch/redriven.txt"))" $rc 0
"$bin/verbatim" tail --from-start --once --config "$scratch/operator.ini" audit >"$scratch/audit.ndjson" 2>"$scratch/audit.err"
rc=$?
equal "the operator reads the audit ($(tail -n 1 "$scratch/audit.err"))" $rc 0
equal "and it says what was sent" "$(jq -c 'select(.audit.action == "redriven")' "$scratch/audit.ndjson" | wc -l)" 2
unset LD_LIBRARY_PATH

# --- tokens: genai again, with one that it signs itself, and with a provider's (librdkafka with OIDC, which Debian 12's
# isn't); both are renewed while it works
halt genai
start tokens genai
await "genai is ready with an unsigned token" 60 ready genai
equal "a post comes back as an insight" "$(post third)" 200
halt genai
LD_LIBRARY_PATH=$scratch/newer start provided genai
await "genai is ready with a provider's token" 60 ready genai
equal "a post comes back as an insight" "$(post fourth)" 200
renewed() { [ "$(grep -c '^token verbatim-genai' "$scratch/provider.log")" -ge 6 ]; }
await "its tokens are renewed" 60 renewed
equal "and it works on" "$(post fifth)" 200
check "no right was missing" bash -c "! grep -i authoriz $scratch/genai.log"
equal "dead letters, but of what was no record" "$(archived "$scratch/archive" dead-letters | jq -c 'select(.dead_letter.worker != "featurize")' | wc -l)" 0
for worker in $workers; do halt "$worker" && equal "$worker ends with 0" "$status" 0; done

# --- who isn't who it says, and who can't prove it: never ready, and the log says why
refused() { # WHY TEXT HOW ARGUMENT...
    start "$3" segment "${@:4}"
    await "$1: the log says why" 60 grep -qiE -- "$2" "$scratch/segment.log"
    check "$1: it isn't ready" bash -c "! curl -sf -m 5 http://127.0.0.1:${port[segment]}/readyz"
    halt segment
    equal "$1: SIGTERM ends it with 0" "$status" 0
}
LD_LIBRARY_PATH=$scratch/newer refused "a wrong password" "invalid credentials" password --kafka.sasl.password_file="$secrets/genai"
refused "a broker of another authority" "certificate verify failed" certs --kafka.ssl.ca.location="$tls/stranger.pem"
refused "a broker whose certificate has expired" "certificate verify failed" password --kafka.bootstrap.servers="127.0.0.1:$late"
refused "a client whose certificate has expired" "brokers are down|handshake|expired|disconnected" certs \
    --kafka.ssl.certificate.location="$tls/gone.pem" --kafka.ssl.key.location="$tls/gone.key"

# --- the matrix
client=$(printf '{"bootstrap.servers":"127.0.0.1:%s","security.protocol":"SASL_SSL","ssl.ca.location":"%s","sasl.mechanisms":"SCRAM-SHA-512"}' "$secure" "$tls/ca.pem")
access matrix "$client" "$secrets" t. >"$scratch/matrix" 2>"$scratch/matrix.err"
rc=$?
equal "everybody may do what it must and nothing else ($(cat "$scratch/matrix"); $(grep wanted "$scratch/matrix.err"))" $rc 0
cat "$scratch/matrix"
equal "nobody reads without a login" "$(kcat -q -b "$bootstrap" -C -t t.feedback -e 2>&1 | grep -ci 'authorization failed')" 1
finish
