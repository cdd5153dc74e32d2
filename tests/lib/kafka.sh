#!/bin/bash
# A real Kafka 4.1.0 (KRaft, no ZooKeeper, no container) for tests, on free ports of 127.0.0.1.
set -eu

usage() {
    cat <<'END'
usage: tests/lib/kafka.sh start DIR [BROKERS]     prints bootstrap=127.0.0.1:PORT[,...]
       tests/lib/kafka.sh stop DIR [BROKER]       TERM, then KILL; of all, or of one (1, 2, ...)
       tests/lib/kafka.sh kill DIR BROKER         KILL at once
       tests/lib/kafka.sh restart DIR BROKER      starts one again on its old port and data
       tests/lib/kafka.sh fetch                   only fills the cache
       tests/lib/kafka.sh streams                 prints the folder with Kafka Streams' jars, of the same version

Everything lives in DIR: data, logs (broker-N.log), pids. With three brokers the internal topics have
three replicas and min.insync.replicas is 2. The jars come from Maven Central once, into
${VERBATIM_CACHE:-~/.cache/verbatim}/kafka-4.1.0 (Kafka Streams with RocksDB, 90 MB, into kafka-streams-4.1.0). Exit 77: Kafka can't be had here, and why.
KAFKA_HEAP (default 1g) sets the brokers' heap; KAFKA_ADVERTISE=HOST:PORT[,...] the addresses that brokers
1, 2, ... tell their clients (for a proxy in front of each); the listener INTERNAL tells its own; KAFKA_PROPERTIES lines that are added to server.properties;
KAFKA_JAVA options of the brokers' Java; KAFKA_AUTO_CREATE=false forbids topics that nobody created;
KAFKA_LISTENER=NAME://127.0.0.1:PORT[,...] listeners more, of one broker (KAFKA_PROPERTIES says their protocols).

example: eval "$(tests/lib/kafka.sh start /tmp/kafka)"; kcat -b "$bootstrap" -L; tests/lib/kafka.sh stop /tmp/kafka
END
}

here=$(cd "$(dirname "$0")" && pwd)
version=4.1.0
log4j_version=2.24.3
. "$here/cache.sh"
cache=$caches/kafka-$version
streams_cache=$caches/kafka-streams-$version

# FILE ARTIFACT
write_pom() {
    cat >"$1" <<END
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>verbatim.test</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>$2</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>$log4j_version</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>$log4j_version</version></dependency>
  </dependencies>
</project>
END
}

write_log_config() {
    cat >"$1" <<'END'
<Configuration status="ERROR">
  <Appenders><Console name="out"><PatternLayout pattern="%d %p %c: %m%n"/></Console></Appenders>
  <Loggers><Root level="${sys:kafka.log.level:-WARN}"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
END
}

# FOLDER ARTIFACT
fetch_jars() {
    write_pom "$1/pom.xml" "$2" && write_log_config "$1/log4j2.xml" &&
        mvn -q -B -f "$1/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$1/jars"
}

# FOLDER ARTIFACT: fills the folder once.
fetch_into() {
    [ ! -e "$1/complete" ] || return 0
    command -v java >/dev/null || skip "no java (ops/deps --test installs one)"
    command -v mvn >/dev/null || skip "no mvn (ops/deps --test installs it)"
    once "$1/complete" fetch_jars "$1" "$2" || skip "Maven could not fetch $2: $(grep -m 1 ERROR "$1/fetch.log")"
}

fetch() { fetch_into "$cache" kafka_2.13; }
fetch_streams() { fetch_into "$streams_cache" kafka-streams; }

# Becomes java: call it in a subshell, so that the pid that is kept is java's own.
exec_java() {
    exec java -Xms64m -XX:+UseSerialGC -Dlog4j2.configurationFile="$cache/log4j2.xml" -cp "$cache/jars/*" "$@"
}

# COUNT ports that nobody listens on now, all different; a broker that is restarted finds its port free.
free_ports() { python3 "$here/ports.py" "$1"; }

write_properties() {
    local node=$1 client=$2 controller=$3 quorum=$4 replicas=$5 advertised proxies
    advertised=127.0.0.1:$client
    IFS=, read -ra proxies <<<"${KAFKA_ADVERTISE:-}"
    advertised=${proxies[node - 1]:-$advertised}
    cat <<END
process.roles=broker,controller
node.id=$node
controller.quorum.voters=$quorum
listeners=CLIENT://127.0.0.1:$client,CONTROLLER://127.0.0.1:$controller,INTERNAL://127.0.0.1:$6${KAFKA_LISTENER:+,$KAFKA_LISTENER}
advertised.listeners=CLIENT://$advertised,INTERNAL://127.0.0.1:$6${KAFKA_LISTENER:+,$KAFKA_LISTENER}
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=INTERNAL
log.dirs=$dir/data-$node
num.partitions=1
default.replication.factor=$replicas
min.insync.replicas=$((replicas > 1 ? 2 : 1))
offsets.topic.replication.factor=$replicas
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=$replicas
transaction.state.log.min.isr=$((replicas > 1 ? 2 : 1))
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=$replicas
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=${KAFKA_AUTO_CREATE:-true}
controlled.shutdown.max.retries=1
${KAFKA_PROPERTIES:-}
END
}

launch() {
    local node=$1
    # shellcheck disable=SC2086 # options, parted by blanks
    (exec_java -Xmx"${KAFKA_HEAP:-1g}" ${KAFKA_JAVA:-} -Dkafka.log.level="${KAFKA_LOG_LEVEL:-WARN}" kafka.Kafka \
        "$dir/broker-$node.properties" >>"$dir/broker-$node.log" 2>&1 </dev/null) &
    echo $! >"$dir/broker-$node.pid"
    disown
}

# Up means: it answers an API request, not merely that its port is open.
wait_until_up() {
    local node=$1 port pid deadline=$((SECONDS + 180)) # on a machine that does other things too
    port=$(sed -n 's/^listeners=CLIENT:\/\/127.0.0.1:\([0-9]*\),.*/\1/p' "$dir/broker-$node.properties")
    pid=$(cat "$dir/broker-$node.pid")
    while ! answers "$port"; do
        if ! kill -0 "$pid" 2>/dev/null; then
            tail -n 20 "$dir/broker-$node.log" >&2
            echo "kafka.sh: broker $node died" >&2
            return 1
        fi
        if [ $SECONDS -ge $deadline ]; then
            echo "kafka.sh: broker $node isn't up after 180 s; see $dir/broker-$node.log" >&2
            return 1
        fi
        sleep 0.1
    done
}

# Sends an ApiVersions request (version 0, correlation id 1, no client id) and reads its whole head.
answers() {
    python3 - "$1" <<'END' 2>/dev/null
import socket, struct, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=1) as s:
    s.settimeout(5)
    s.sendall(struct.pack(">ihhih", 10, 18, 0, 1, -1))
    head = b""
    while len(head) < 10:
        head += s.recv(10 - len(head)) or sys.exit(1)
sys.exit(struct.unpack(">iih", head)[1:] != (1, 0))
END
}

# An answering broker may still be fenced by the controller; then no topic can be created on it.
wait_until_joined() {
    local deadline=$((SECONDS + 120))
    command -v kcat >/dev/null || return 0
    until kcat -b "$2" -L -m 2 2>/dev/null | grep -q "^ $1 brokers:"; do
        [ $SECONDS -lt $deadline ] || { echo "kafka.sh: not all brokers joined; see $dir" >&2 && stop && exit 1; }
        sleep 0.1
    done
}

start() {
    local brokers=${1:-1} ports quorum="" bootstrap="" node id i
    [ ! -e "$dir/broker-1.pid" ] || { echo "kafka.sh: $dir holds a Kafka already" >&2 && exit 64; }
    fetch
    command -v java >/dev/null || skip "no java (ops/deps --test installs one)"
    mkdir -p "$dir"
    read -ra ports <<<"$(free_ports $((brokers * 3)))"
    for ((i = 0; i < brokers; i++)); do
        quorum+=${quorum:+,}$((i + 1))@127.0.0.1:${ports[i * 3 + 1]}
        bootstrap+=${bootstrap:+,}127.0.0.1:${ports[i * 3]}
    done
    # Its first byte is fixed: an id that begins with "-" would be taken for an option.
    id=$(python3 -c 'import base64, os; print(base64.urlsafe_b64encode(b"v" + os.urandom(15)).decode().rstrip("="))')
    for ((node = 1; node <= brokers; node++)); do
        i=$(((node - 1) * 3))
        write_properties "$node" "${ports[i]}" "${ports[i + 1]}" "$quorum" "$brokers" "${ports[i + 2]}" \
            >"$dir/broker-$node.properties"
        (exec_java -Xmx256m -XX:TieredStopAtLevel=1 kafka.tools.StorageTool format -t "$id" \
            -c "$dir/broker-$node.properties") >"$dir/format-$node.log" 2>&1 || { cat "$dir/format-$node.log" >&2 && exit 1; }
    done
    for ((node = 1; node <= brokers; node++)); do launch "$node"; done
    for ((node = 1; node <= brokers; node++)); do
        wait_until_up "$node" || { stop && exit 1; }
    done
    wait_until_joined "$brokers" "${bootstrap%%,*}"
    echo "bootstrap=$bootstrap"
}

stop_one() {
    local pid_file=$1 pid deadline=$((SECONDS + 15))
    [ -e "$pid_file" ] || return 0
    pid=$(cat "$pid_file")
    kill -TERM "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do
        if [ $SECONDS -ge $deadline ]; then
            kill -KILL "$pid" 2>/dev/null || true
            deadline=$((SECONDS + 15))
        fi
        sleep 0.1
    done
    rm -f "$pid_file"
}

# Of three brokers the last ones would wait for a quorum that is gone: they get TERM together.
stop() {
    local pid_file
    for pid_file in "$dir"/broker-*.pid; do
        [ ! -e "$pid_file" ] || kill -TERM "$(cat "$pid_file")" 2>/dev/null || true
    done
    for pid_file in "$dir"/broker-*.pid; do stop_one "$pid_file"; done
}

command=${1:-}
case $command in
-h | --help) usage && exit 0 ;;
fetch) fetch && exit 0 ;;
streams) fetch_streams && echo "$streams_cache" && exit 0 ;;
start | stop | kill | restart) [ $# -ge 2 ] || { usage >&2 && exit 64; } ;;
*) usage >&2 && exit 64 ;;
esac
mkdir -p "$2"
dir=$(cd "$2" && pwd)
case $command in
start) start "${3:-1}" ;;
stop) if [ -n "${3:-}" ]; then stop_one "$dir/broker-$3.pid"; else stop; fi ;;
kill) kill -KILL "$(cat "$dir/broker-$3.pid")" && rm -f "$dir/broker-$3.pid" ;;
restart) launch "$3" && wait_until_up "$3" ;;
esac
