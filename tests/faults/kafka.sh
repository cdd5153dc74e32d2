#!/bin/bash
# The fault tests that only a real Kafka proves, at the same time on one broker.
#   example: VERBATIM_BIN=build/release/bin tests/faults/kafka.sh
set -eu
. "$(dirname "$0")/../lib/help.sh"
here=$(cd "$(dirname "$0")" && pwd)
python=$("$here/../lib/python.sh") || exit $?
export KAFKA_AUTO_CREATE=false KAFKA_HEAP=512m
exec "$here/../kafka/with_kafka.sh" "$python" "$here/test_crash_points.py" + "$python" "$here/kafka_dead_letter.py" \
    + "$python" "$here/kafka_back_pressure.py" + "$python" "$here/kafka_topic_anew.py" 100 + "$python" \
    "$here/kafka_topic_anew.py" 1000 + "$python" "$here/kafka_missed.py" + "$python" "$here/kafka_more_partitions.py"
