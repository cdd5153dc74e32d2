"""What each kind of fault does: one function a kind, which makes it, holds it for its time, and takes it away whatever
happens. When it returns, what was broken runs again; from then on counts the time to recover."""
import json
import os
import random
import shutil
import signal
import socket
import sys
import time

from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from load import Caller

AT_THE_DOOR = ("door.sent", "door.delivered")
AT_THE_STORE = ("archive.put", "archive.object", "archive.manifest", "commit.begun")
IN_A_COMMIT = {"exactly_once": ("commit.begun", "commit.sent", "commit.positions", "commit.flushed", "commit.done"),
               "at_least_once": ("commit.begun", "commit.sent", "commit.flushed", "commit.telling", "commit.told", "commit.done")}
OF_POSITIONS_ALONE = {"exactly_once": ("commit.positions", "commit.done"), "at_least_once": ("commit.telling", "commit.told")}
TEXT_MOST = 262144    # schemas/feedback.def


# --- workers -------------------------------------------------------------------------------------

def kill(rig, fault):
    member = rig.crew.members[fault.target]
    member.kill()
    rig.wait(fault.seconds)
    member.start_unless_over()


def crash_points(worker, delivery):
    if worker == "ingest":
        return AT_THE_DOOR
    return AT_THE_STORE + OF_POSITIONS_ALONE[delivery] if worker == "logsink" else IN_A_COMMIT[delivery]


def crash(rig, fault):
    """Armed at its start; it dies by itself. If it doesn't come to that point in time, it is killed."""
    member, chance = rig.crew.members[fault.target], random.Random(fault.seed)
    point = chance.choice(crash_points(member.worker, rig.delivery))
    member.kill()
    member.start(crash=f"{point}:{chance.choice((1, 1, 2, 5, 20))}")
    armed, until = member.process, time.monotonic() + fault.seconds
    while armed.poll() is None and time.monotonic() < until and not rig.over.is_set():
        rig.wait(0.05)
    if armed.poll() is None:
        member.kill()
        member.start_unless_over()
        point = "not reached"
    rig.crashed(point)
    while not member.running() and not rig.over.is_set():
        rig.wait(0.05)   # the crew starts it again


def term(rig, fault):
    member = rig.crew.members[fault.target]
    member.term()
    rig.wait(fault.seconds)
    member.start_unless_over()


def freeze(rig, fault):
    member = rig.crew.members[fault.target]
    member.send(signal.SIGSTOP)
    try:
        rig.wait(fault.seconds)
    finally:
        member.send(signal.SIGCONT)


def twin(rig, fault):
    member = rig.crew.members[fault.target]
    other = rig.crew.extra(member.worker, member.replica)
    other.start()
    try:
        rig.wait(fault.seconds)
    finally:
        rig.crew.dismiss(other)


def storm(rig, fault):
    """One extra replica comes while another goes."""
    worker, until = rig.crew.members[fault.target].worker, time.monotonic() + fault.seconds
    replica, guests = 10, []
    try:
        while time.monotonic() < until and not rig.over.is_set():
            guests.append(rig.crew.extra(worker, replica))
            guests[-1].start()
            replica += 1
            rig.wait(1.2)
            if len(guests) > 1:
                rig.crew.dismiss(guests.pop(0))
    finally:
        for guest in guests:
            rig.crew.dismiss(guest)


def reload(rig, fault):
    rig.crew.members[fault.target].send(signal.SIGHUP)


def bad_reload(rig, fault):
    path, worker = {"keys": (f"{rig.folder}/keys.txt", "ingest"), "cues": (f"{rig.folder}/cues/en.txt", "preprocess")}[fault.detail]
    members = [member for member in rig.crew.members.values() if member.worker == worker]
    shutil.copy(path, path + ".good")
    with open(path + ".bad", "w") as file:
        file.write("] this is no line of it\n\x01 = =\n")
    try:
        os.replace(path + ".bad", path)
        for member in members:
            member.send(signal.SIGHUP)
        rig.wait(fault.seconds)
    finally:
        os.replace(path + ".good", path)
        for member in members:
            member.send(signal.SIGHUP)


# --- Kafka ---------------------------------------------------------------------------------------

def broker_away(by):
    def act(rig, fault):
        number = int(fault.target.rsplit("-", 1)[1])
        restart_broker(rig, number, by, fault.seconds)
    return act


def restart_broker(rig, number, by, seconds):
    with rig.kafka.lock:   # on a slow machine the one before may not be back yet
        rig.kafka.down(number, by)
        try:
            rig.wait(seconds)
        finally:
            rig.kafka.up(number)


def leader_kill(rig, fault):
    """Of a partition of `documents`, or of the quorum: it says so in its own data."""
    number = int(fault.target.rsplit("-", 1)[1])
    if fault.detail == "partition":
        topic = AdminClient({"bootstrap.servers": rig.kafka.direct, "log_level": 0}).list_topics(timeout=20).topics["documents"]
        number = topic.partitions[fault.seed % len(topic.partitions)].leader
    else:
        with open(f"{rig.kafka.folder}/data-{number}/__cluster_metadata-0/quorum-state") as file:
            number = json.load(file).get("leaderId", number)
    restart_broker(rig, number if number in rig.kafka.proxied else 1, "kill", fault.seconds)


def rolling_restart(rig, fault):
    for number in rig.kafka.proxied:
        if not rig.over.is_set():
            restart_broker(rig, number, "stop", fault.seconds)
            rig.wait(1)


def on_the_line(line, kind, attributes=lambda fault: {}, stream="downstream"):
    """A toxic on the lines to Kafka's brokers, or to the store."""
    def act(rig, fault):
        lines = [name for name in rig.proxy.lines if name.startswith(line)]
        streams = ("upstream", "downstream") if stream == "both" else (stream,)
        toxics = [(name, f"{kind}-{fault.number}-{way}", way) for name in lines for way in streams]
        try:
            for name, toxic, way in toxics:
                rig.proxy.poison(name, toxic, kind, way, **attributes(fault))
            rig.wait(fault.seconds)
        finally:
            for name, toxic, _ in toxics:
                rig.proxy.heal(name, toxic)
    return act


def coordinator_timeout(rig, fault):
    name = f"kafka-{fault.seed % rig.kafka.count + 1}"
    toxic = f"silent-{fault.number}"
    try:
        rig.proxy.poison(name, toxic, "timeout", fault.detail, timeout=0)
        rig.wait(fault.seconds)
    finally:
        rig.proxy.heal(name, toxic)


def poison(rig, fault):
    write_poison(rig, fault, fault.detail)


def write_poison(rig, fault, topic):
    """One of each case, anywhere in the topic. Their places are kept: each must become one dead letter."""
    sys.path.insert(0, f"{rig.source}/tests/e2e")
    from hostile import CASES
    chance = random.Random(fault.seed)
    producer = Producer({"bootstrap.servers": rig.kafka.direct, "message.timeout.ms": 60000, "log_level": 0,
                         "enable.idempotence": True})

    def delivered(why):
        def note(error, message):
            if error is None:
                usable = why == "a vector of the wrong size" and message.topic() in ("documents", "segments")
                rig.poisoned[(message.topic(), message.partition(), message.offset())] = usable
        return note
    for why, value in CASES.items():
        producer.produce(topic, value, key=f"poison-{fault.number}".encode(),
                         partition=chance.randrange(rig.partitions), on_delivery=delivered(why))
    producer.flush(70)


def letters_refused(rig, fault):
    """No message is young enough for the topic: INVALID_TIMESTAMP, which is neither about the message nor for ever."""
    admin = AdminClient({"bootstrap.servers": rig.kafka.direct, "log_level": 0})
    refuse(rig, admin, AlterConfigOpType.SET)
    try:
        write_poison(rig, fault, "feedback")
        rig.wait(fault.seconds)
    finally:
        refuse(rig, admin, AlterConfigOpType.DELETE)


def refuse(rig, admin, change):
    entry = ConfigEntry("message.timestamp.before.max.ms", "0", incremental_operation=change)
    topic = ConfigResource(ConfigResource.Type.TOPIC, "dead-letters", incremental_configs=[entry])
    for left in range(9, -1, -1):   # the broker may be away, too
        try:
            return admin.incremental_alter_configs([topic], request_timeout=20)[topic].result()
        except KafkaException:
            if not left or rig.over.is_set():
                raise
            rig.wait(1)


# --- the store -----------------------------------------------------------------------------------

def refused(status):
    def act(rig, fault):
        rig.refuser.status = status
        rig.proxy.lead("s3", rig.refuser.port)
        try:
            rig.wait(fault.seconds)
        finally:
            rig.proxy.lead_back("s3")
    return act


def s3_down(rig, fault):
    rig.store.kill()
    try:
        rig.wait(fault.seconds)
    finally:
        rig.store.restart()


def s3_full(rig, fault):
    if not rig.store.mounted:
        return refused(507)(rig, fault)
    try:
        rig.store.fill()
        rig.wait(fault.seconds)
    finally:
        rig.store.empty()


# --- the door ------------------------------------------------------------------------------------

def oversized(rig, fault):
    caller = Caller(rig.load, fault.seed)
    for number, size in enumerate((TEXT_MOST - 1, TEXT_MOST, TEXT_MOST + 1)):
        key = 1000000 + fault.number * 10 + number
        post = rig.load.special(key, ("It works, and then it doesn't. " * (size // 20))[:size])
        if size <= TEXT_MOST:
            if caller.send(post):
                rig.receipts.add(post.records)
            continue
        status = None
        while status is None and not rig.over.is_set():
            try:
                status = caller.call(post)[0]
            except Exception:   # a door that is killed meanwhile: ask the other
                caller.other_door()
                rig.wait(0.2)
            if status == 429 or (status or 0) >= 500:
                status = None
                rig.wait(0.3)
        if status not in (413, 422, None):
            rig.breaks(f"a text of {size} bytes was answered with {status}")


def slow_callers(rig, fault):
    head = b"POST /v1/feedback HTTP/1.1\r\nHost: soak\r\nContent-Type: application/json\r\n"
    sockets = []
    try:
        for number in range(120):
            try:
                connection = socket.create_connection(("127.0.0.1", rig.load.doors[number % 2]), timeout=1)
                connection.sendall(head[:20 + number % 40] if number % 3 else head + b"Content-Length: 1000\r\n\r\n{")
                sockets.append(connection)
            except OSError:
                pass
        until = time.monotonic() + fault.seconds
        while time.monotonic() < until and not rig.over.is_set():
            for connection in sockets[::3]:
                try:
                    connection.send(b" ")
                except OSError:
                    pass
            rig.wait(0.5)
    finally:
        for connection in sockets:
            connection.close()


def repeats(rig, fault):
    rig.load.repeats_asked += len(rig.load.clients)


ACTS = {
    "kill": kill, "crash": crash, "term": term, "freeze": freeze, "stall": freeze, "twin": twin, "storm": storm,
    "broker-kill": broker_away("kill"), "broker-term": broker_away("stop"), "leader-kill": leader_kill,
    "rolling-restart": rolling_restart,
    "net-reset": on_the_line("kafka", "reset_peer", lambda fault: {"timeout": 0}),
    "net-latency": on_the_line("kafka", "latency", lambda fault: {"latency": fault.detail, "jitter": fault.detail // 3}, "both"),
    "net-bandwidth": on_the_line("kafka", "bandwidth", lambda fault: {"rate": fault.detail}, "both"),
    "net-timeout": on_the_line("kafka", "timeout", lambda fault: {"timeout": 0}, "both"),
    "coordinator-timeout": coordinator_timeout,
    "s3-reset": on_the_line("s3", "reset_peer", lambda fault: {"timeout": 0}),
    "s3-latency": on_the_line("s3", "latency", lambda fault: {"latency": fault.detail, "jitter": fault.detail // 3}),
    "s3-bandwidth": on_the_line("s3", "bandwidth", lambda fault: {"rate": fault.detail}, "upstream"),
    "s3-timeout": on_the_line("s3", "timeout", lambda fault: {"timeout": 0}, "both"),
    "s3-truncate": on_the_line("s3", "limit_data", lambda fault: {"bytes": fault.detail}, "upstream"),
    "s3-lost-answer": on_the_line("s3", "limit_data", lambda fault: {"bytes": fault.detail}, "downstream"),
    "s3-500": refused(500), "s3-503": refused(503), "s3-403": refused(403),
    "s3-down": s3_down, "s3-full": s3_full, "poison": poison, "poison-inside": poison,
    "letters-refused": letters_refused, "oversized": oversized, "slow-callers": slow_callers,
    "repeats": repeats, "reload": reload, "bad-reload": bad_reload,
}
