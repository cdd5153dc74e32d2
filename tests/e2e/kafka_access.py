#!/usr/bin/env python3
"""Users, rights and their proof on a Kafka that trusts nobody.

usage: kafka_access.py users ADMIN-JSON FOLDER NAME...   makes SCRAM users with the passwords in FOLDER/NAME
       kafka_access.py acls ADMIN-JSON                   reads kafka-acls.sh commands (ops/kafka/acls) and makes their rules
       kafka_access.py forbid ADMIN-JSON USER TOPIC      takes from a user the right to write to a topic
       kafka_access.py permit ADMIN-JSON USER TOPIC      gives it back
       kafka_access.py position ADMIN-JSON GROUP TOPIC   prints what a group has committed there, of all partitions
       kafka_access.py matrix CLIENT-JSON FOLDER PREFIX  tries everything as everybody; exits 1 where it isn't as wanted

ADMIN-JSON and CLIENT-JSON are librdkafka properties. confluent-kafka takes kafka-acls.sh's place here because that
needs a JVM for each command; the options are checked against those that it has.
"""
import argparse
import concurrent.futures
import json
import shlex
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, ConsumerGroupTopicPartitions, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (AclBinding, AclBindingFilter, AclOperation, AclPermissionType, AdminClient, ResourcePatternType, ResourceType,
                                   ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion)

# Written by hand from README.md's picture, not from what the programs say of themselves. (reads, writes)
ALL = {"feedback", "documents", "safety", "features", "segments", "insights", "dead-letters", "audit", "ledger", "answers"}
REPORTS = {"dead-letters", "audit", "ledger"}
WANTED = {
    "ingest": ({"insights", "audit"}, {"feedback", "ledger"}),
    "preprocess": ({"feedback"}, {"documents", "safety"} | REPORTS),
    "featurize": ({"documents"}, {"features"} | REPORTS),
    "segment": ({"features"}, {"segments"} | REPORTS),
    "genai": ({"segments", "insights", "answers"}, {"insights", "safety", "answers"} | REPORTS),
    "logsink": (ALL - {"answers"}, REPORTS),
    "analyst": ({"insights"}, set()),
    "safety": ({"insights", "safety"}, set()),
    "operator": ({"dead-letters", "audit", "insights", "answers"}, {"feedback", "documents", "features", "segments", "audit"}),
    "stranger": (set(), set()),  # a user without a single right
}
GROUPS = {name: name for name in ("preprocess", "featurize", "segment", "genai", "logsink", "analyst", "safety")}
GROUPS |= {"redrive": "operator", "replay": "operator", "digest": "genai"}
TRANSACTIONS = {f"{name}-0.{name}": name for name in ("ingest", "preprocess", "featurize", "segment", "genai", "logsink")}
TRANSACTIONS |= {"genai-0.digest": "genai", "redrive.redrive": "operator", "replay.replay": "operator"}
REFUSALS = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED,
            KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED}
TIMEOUT = 120  # all of the answers come at once, on a machine that does other things too


def users(admin, folder, names):
    changes = []
    for name in names:
        with open(f"{folder}/{name}", encoding="ascii") as file:
            password = file.readline().strip().encode()
        changes.append(UserScramCredentialUpsertion(f"verbatim-{name}", ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), password))
    client = AdminClient(admin)  # it must outlive its answers
    for future in client.alter_user_scram_credentials(changes).values():
        future.result(TIMEOUT)


def rules_of(line):
    parser = argparse.ArgumentParser(prog="kafka-acls.sh", allow_abbrev=False, exit_on_error=True)
    parser.add_argument("--add", action="store_true", required=True)
    parser.add_argument("--allow-principal", action="append", required=True)
    parser.add_argument("--operation", action="append", required=True)
    parser.add_argument("--resource-pattern-type", choices=["literal", "prefixed"], default="literal")
    kinds = {"--topic": ResourceType.TOPIC, "--group": ResourceType.GROUP, "--transactional-id": ResourceType.TRANSACTIONAL_ID}
    for option in kinds:
        parser.add_argument(option, action="append", default=[])
    given = parser.parse_args(shlex.split(line)[1:])
    pattern = ResourcePatternType.PREFIXED if given.resource_pattern_type == "prefixed" else ResourcePatternType.LITERAL
    for option, kind in kinds.items():
        for name in getattr(given, option[2:].replace("-", "_")):
            for operation in given.operation:
                for principal in given.allow_principal:
                    yield AclBinding(kind, name, pattern, principal, "*", AclOperation[operation.upper()], AclPermissionType.ALLOW)


def acls(admin):
    rules = [rule for line in sys.stdin for rule in rules_of(line)]
    client = AdminClient(admin)
    for future in client.create_acls(rules).values():
        future.result(TIMEOUT)
    print(len(rules))


# --- a right that goes, and comes back ----------------------------------------------------------------------------

def refusal(user, topic, kind=AclBinding):
    return kind(ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, f"User:{user}", "*", AclOperation.WRITE, AclPermissionType.DENY)


def forbid(admin, user, topic):
    client = AdminClient(admin)
    for future in client.create_acls([refusal(user, topic)]).values():
        future.result(TIMEOUT)


def permit(admin, user, topic):
    client = AdminClient(admin)
    for future in client.delete_acls([refusal(user, topic, AclBindingFilter)]).values():
        if len(future.result(TIMEOUT)) != 1:
            sys.exit(f"there was no such refusal of {user} on {topic}")


def position(admin, group, topic):
    client = AdminClient(admin)
    wanted = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, number) for number in client.list_topics(topic, TIMEOUT).topics[topic].partitions])
    answer = client.list_consumer_group_offsets([wanted])[group].result(TIMEOUT)
    print(sum(max(0, partition.offset) for partition in answer.topic_partitions))


# --- the matrix: True allowed, False refused; anything else is an error of the test -------------------------------

def verdict(error):
    """What an error says of rights. One that has to do with something else came behind the gate."""
    return error.code() not in REFUSALS


def may_read(client, topic):
    """Reads its partition 0: a message or its end says yes. Who may not even see the topic isn't told so by a read."""
    consumer = Consumer({**client, "group.id": "nobody", "enable.partition.eof": True, "enable.auto.commit": False})
    hidden = consumer.list_topics(topic, TIMEOUT).topics[topic].error
    allowed = False if hidden and hidden.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED else None
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    deadline = time.monotonic() + TIMEOUT
    while allowed is None and time.monotonic() < deadline:
        message = consumer.poll(1)
        error = message.error() if message else None
        if message and (error is None or error.code() == KafkaError._PARTITION_EOF):
            allowed = True
        elif error and error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            allowed = False
    consumer.close()
    return allowed


def may_write(client, topics):
    seen = {}
    producer = Producer({**client, "message.timeout.ms": TIMEOUT * 1000})
    for topic in topics:
        try:
            producer.produce(topic, b"\xc0", on_delivery=lambda error, message: seen.__setitem__(message.topic(), error is None or verdict(error)))
        except KafkaException as failure:  # it knows by now
            seen[topic] = verdict(failure.args[0])
    producer.flush(TIMEOUT)
    return seen


def may_commit(client, group, topic):
    """Moves a group's position, which takes Read on it; on a topic that this user may read (else the topic would refuse)."""
    admin = AdminClient(client)
    try:
        answer = admin.alter_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 0)])])[group].result(TIMEOUT)
    except KafkaException as failure:
        return verdict(failure.args[0])
    error = answer.topic_partitions[0].error  # who may describe the group hears it here
    return error is None or verdict(error)


def may_transact(client, transactional_id):
    try:
        Producer({**client, "transactional.id": transactional_id}).init_transactions(TIMEOUT)
    except KafkaException as failure:
        return verdict(failure.args[0])
    return True


def wanted_cells(name, prefix):
    reads, writes = WANTED[name]
    cells = {("read", prefix + topic): topic in reads for topic in ALL}
    cells |= {("write", prefix + topic): topic in writes for topic in ALL}
    if reads:
        cells |= {("group", prefix + group): owner == name for group, owner in GROUPS.items()}
    cells |= {("transaction", prefix + transaction): owner == name and name != "ingest" for transaction, owner in TRANSACTIONS.items()}
    return cells


def found_cells(name, client, prefix, pool):
    topics = [prefix + topic for topic in sorted(ALL)]
    reads = sorted(WANTED[name][0])
    jobs = {}
    for kind, key in wanted_cells(name, prefix):
        if kind == "read":
            jobs[kind, key] = pool.submit(may_read, client, key)
        elif kind == "group":
            jobs[kind, key] = pool.submit(may_commit, client, key, prefix + reads[0])
        elif kind == "transaction":
            jobs[kind, key] = pool.submit(may_transact, client, key)
    found = {("write", topic): allowed for topic, allowed in may_write(client, topics).items()}
    return found | {cell: job.result() for cell, job in jobs.items()}


def matrix(client, folder, prefix):
    def row(name):
        with open(f"{folder}/{name}", encoding="ascii") as file:
            password = file.readline().strip()
        return found_cells(name, {**client, "sasl.username": f"verbatim-{name}", "sasl.password": password}, prefix, cells_pool)

    with concurrent.futures.ThreadPoolExecutor(len(WANTED)) as pool, concurrent.futures.ThreadPoolExecutor(32) as cells_pool:
        rows = dict(zip(WANTED, pool.map(row, WANTED)))
    cells = allowed = wrong = 0
    for name, found in rows.items():
        for cell, want in wanted_cells(name, prefix).items():
            cells, allowed = cells + 1, allowed + want
            if found.get(cell) is not want:
                wrong += 1
                print(f"verbatim-{name} {' '.join(cell)}: wanted {want}, found {found.get(cell)}", file=sys.stderr)
    print(f"{cells} cells, {allowed} allowed, {wrong} wrong")
    return wrong == 0 and cells > 200 and allowed > 30


def main():
    command, client, *rest = sys.argv[1:]
    client = {"log_level": 0, "socket.connection.setup.timeout.ms": 10000, **json.loads(client)}
    if command == "users":
        users(client, rest[0], rest[1:])
    elif command == "acls":
        acls(client)
    elif command in ("forbid", "permit", "position"):
        {"forbid": forbid, "permit": permit, "position": position}[command](client, *rest)
    else:
        sys.exit(0 if matrix(client, *rest) else 1)


main()
