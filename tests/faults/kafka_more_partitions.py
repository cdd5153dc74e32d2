"""An operator makes the partitions of all topics more under running workers, on a real Kafka. What goes to the new ones is
worked off and archived, each record once, and told to whoever waits for it at the door, whose reader is in no group; a webhook,
whose group began at the end of the topic, a stream and a tail have all that came since, also what a new partition held before
they found it; answers of a model are still bought, though their journal has new partitions too; each insight is in one digest,
also after a restart, which has to find the last digest in a partition where none would be written now."""
import http.server
import os
import re
import subprocess
import sys
import threading
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(here, "../llm")]
from mock import Mock  # noqa: E402
from rig import BIN, OPENER, STAGES, Rig, equal, once_each, wait_for  # noqa: E402

BOOTSTRAP = os.environ["KAFKA_BOOTSTRAP"]
PREFIX = "more."
BEFORE, AFTER = 2, 6


class More:
    def __init__(self, rig):
        self.rig, self.sent = rig, []

    def told(self, name, count):
        """How many posts get their insight as the answer."""
        ids = [f"{name}-{i}" for i in range(count)]
        self.sent += ids
        return sum(self.rig.post({"id": id, "customer": f"of-{id}", "text": f"The box {id} came late."}, "?wait=10s")[0] == 200
                   for id in ids)

    def all_told(self, name, count, settled):
        """The round from which on all are told: members hear of new partitions one after the other, every 5 s."""
        for number in range(1, 21):
            if self.told(f"{name}-{number}", count) == count and settled():
                return number
            time.sleep(0.5)
        raise SystemExit(f"{name}: posts still wait in vain")

    def insights(self):
        """Ids, and how many records the digests tell of."""
        all_of_them = self.rig.topic("insights")
        return ([record["id"] for record in all_of_them if "digest" not in record],
                sum(record["digest"]["records"] for record in all_of_them if "digest" in record))

    def finished_before(self):
        """One that nobody waited for, and whoever comes for it when it is finished has it from the topic."""
        row = {"id": "unasked", "customer": "of-unasked", "text": "The box unasked came late."}
        self.sent.append("unasked")
        equal("a receipt", self.rig.post(row)[0], 202)
        wait_for("its insight", lambda: "unasked" in self.rig.ids("insights"))
        began = time.monotonic()
        equal("the insight, to who asks later", self.rig.post(row, "?wait=30s")[0], 200)
        equal("within seconds", time.monotonic() - began < 25, True)

    def begin(self, followers):
        """They begin at the end: from the first record that one brings on it brings all."""
        for number in range(1000):
            self.told(f"first-{number}", 1)
            if all(follower.ids for follower in followers):
                return
            time.sleep(0.2)
        raise SystemExit("a follower brings nothing")

    def place(self):
        """An insight in each new partition, as one before it is, before any reader can have found them."""
        kept = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": "nobody", "auto.offset.reset": "earliest"})
        kept.assign([TopicPartition(PREFIX + "insights", number, 0) for number in range(BEFORE)])
        message = wait_for("an insight", lambda: next((m for m in kept.consume(10, 1) if b"before-0" in (m.value() or b"")), None))
        kept.close()
        producer = Producer({"bootstrap.servers": BOOTSTRAP})
        for number in range(BEFORE, AFTER):
            id = f"placed-{number}"
            self.sent.append(id)
            producer.produce(PREFIX + "insights", message.value().replace(b"before-0", id.encode()), key=id, partition=number,
                             headers=message.headers())
        equal("messages that aren't placed", producer.flush(60), 0)

    def balanced(self):
        ids, told = self.insights()
        return len(ids) >= len(self.sent) and told >= len(self.sent)


class Hook:
    """A receiver of webhooks, and the ids that it was brought."""
    def __init__(self, folder):
        ids = self.ids = set()

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                ids.add(self.headers["webhook-id"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with open(f"{folder}/secret", "w") as secret:
            secret.write("whsec_" + "c2VjcmV0" * 5)
        with open(f"{folder}/webhooks", "w") as file:
            file.write(f"all http://127.0.0.1:{server.server_port}/ file:{folder}/secret\n")
        self.options = [f"--webhooks.endpoints={folder}/webhooks"]


class Lines:
    """The ids in what comes line by line: of a stream, or a tail."""
    def __init__(self, lines):
        self.ids = set()
        threading.Thread(target=self.read, args=(lines,), daemon=True).start()

    def read(self, lines):
        for line in lines:
            self.ids.update(re.findall(rb'{"id":"([^"]+)"', line)[:1])


def ids_of(follower):
    return {id if isinstance(id, str) else id.decode() for id in follower.ids}


def are_used():
    """Whether insights stand in new partitions."""
    consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": "nobody"})
    ends = [consumer.get_watermark_offsets(TopicPartition(PREFIX + "insights", number), timeout=60)[1]
            for number in range(BEFORE, AFTER)]
    consumer.close()
    return any(ends)


def make_more():
    admin = AdminClient({"bootstrap.servers": BOOTSTRAP})
    topics = [topic for topic in admin.list_topics(timeout=60).topics if topic.startswith(PREFIX)]
    for made in admin.create_partitions([NewPartitions(topic, AFTER) for topic in topics]).values():
        made.result(60)


def main():
    bus = ["--bus.kind=kafka", f"--kafka.bootstrap.servers={BOOTSTRAP}", f"--bus.topic_prefix={PREFIX}", f"--bus.partitions={BEFORE}"]
    with Mock() as mock, Rig(bus) as rig:
        rig.options["genai"] = ["--genai.providers=openai", f"--openai.endpoint=http://127.0.0.1:{mock.port}/v1", "--openai.model=mock",
                                "--genai.digest_every=5s", "--genai.digest_prompt="]
        rig.create_topics()
        hook = Hook(rig.dir)
        rig.door(*hook.options)
        members = {worker: rig.start(worker) for worker in (*STAGES, "logsink")}
        for member in members.values():
            wait_for(f"{member.worker} is ready", lambda: member.ready() == 200)
        more = More(rig)
        tail = subprocess.Popen([f"{BIN}/verbatim", "tail", "insights", *bus], stdout=subprocess.PIPE)
        stream = OPENER.open(f"http://127.0.0.1:{rig.http_port}/v1/insights/stream", timeout=600)
        followers = {"webhook": hook, "tail": Lines(tail.stdout), "stream": Lines(stream)}
        more.begin(followers.values())
        old = set(more.sent)
        equal("told before", more.told("before", 4), 4)
        wait_for("a digest of them", more.balanced)
        make_more()
        more.place()
        rounds = more.all_told("after", 12, are_used)
        members["genai"].stop()
        members["genai"] = rig.start("genai")
        more.all_told("again", 4, lambda: True)
        more.finished_before()
        wait_for("all are in digests", more.balanced)
        for name, follower in followers.items():
            wait_for(f"the {name} has all", lambda: ids_of(follower) >= set(more.sent) - old)
        tail.terminate()
        ids, told = more.insights()
        once_each("insights", {id: ids.count(id) for id in ids}, more.sent)
        equal("records that the digests tell of", told, len(more.sent))
        archived = wait_for("all archived", lambda: (lambda lines: lines if len(lines) >= len(more.sent) else None)(
            [line for line in rig.archived("insights")[0] if "digest" not in line]))
        equal("in new partitions, too", max(line["bus"]["partition"] for line in archived) >= BEFORE, True)
        for member in members.values():
            member.stop()
        print(f"{len(more.sent)} records over {BEFORE}, then {AFTER} partitions, each once; told from round {rounds} on")


main()
