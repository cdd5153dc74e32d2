"""Back-pressure on a real Kafka: preprocess stands still, the door answers 429; it comes back, slowly, and whoever waits
for the time that Retry-After says is taken in. Health, readiness and the stream know nothing of it."""
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import PATIENCE, Rig, equal, http, once_each, wait_for  # noqa: E402

LIMIT, BULK, TRIES = 400, 50, 6
accepted = []


def post(rig, start):
    """BULK records; (status, Retry-After)."""
    ids = [f"b-{start + i}" for i in range(BULK)]
    body = "\n".join(json.dumps({"id": id, "text": "The lid was broken."}) for id in ids).encode()
    status, headers, _ = http(f"http://127.0.0.1:{rig.http_port}/v1/feedback", body, {"Content-Type": "application/x-ndjson"})
    if status == 202:
        accepted.extend(ids)
    return status, int(headers.get("Retry-After", 0))


def until_refused(rig):
    while True:
        status, seconds = post(rig, len(accepted))
        if status == 429:
            return seconds
        equal("a post", status, 202)


def obey(rig, slow, seconds, told):
    """Until what Retry-After says was right; in vain is what found room for BULK more, and was refused all the same."""
    tries = 0
    while tries < TRIES:
        told.append(seconds)
        done = slow.metric("verbatim_records_total", result="done")
        time.sleep(seconds)
        status, seconds = post(rig, len(accepted))
        if status == 202:
            return
        equal("a post", status, 429)
        tries += slow.metric("verbatim_records_total", result="done") - done >= BULK  # else the machine, or it, stood still
        if sum(told) > 3 * PATIENCE:
            break
    raise SystemExit(f"obeyed in vain: {told}")


def others_are_well(rig, door):
    equal("readyz", door.ready(), 200)
    for path in ("/healthz", "/readyz", "/v1/status"):
        equal(path, http(f"http://127.0.0.1:{rig.http_port}{path}")[0], 200)


def main():
    bus = ["--bus.kind=kafka", f"--kafka.bootstrap.servers={os.environ['KAFKA_BOOTSTRAP']}", "--bus.topic_prefix=pressure.",
           "--bus.partitions=1"]
    with Rig(bus) as rig:
        rig.create_topics()
        slow = rig.start("preprocess", "--runtime.batch_records=1", "--runtime.batches=2")  # a transaction for each record
        wait_for("preprocess is there", lambda: slow.ready() == 200 and "verbatim_backlog_records" in slow.metrics())
        door = rig.door(f"--ingest.backlog_most={LIMIT}", "--ingest.stages=preprocess:feedback")
        wait_for("the door knows what waits", lambda: "verbatim_pipeline_backlog_records" in door.metrics())
        slow.signal(signal.SIGSTOP)
        seconds = until_refused(rig)
        others_are_well(rig, door)
        # what is let in while the bus is asked counts twice for a moment
        if not LIMIT // 2 <= len(accepted) <= LIMIT + 2 * BULK:
            raise SystemExit(f"{len(accepted)} were taken in before the limit of {LIMIT}")
        equal("nothing drains, nobody knows", seconds, 30)
        wait_for("it is counted", lambda: door.metric("verbatim_turned_away_total") >= 1)
        wait_for("so is what waits", lambda: door.metric("verbatim_pipeline_backlog_records") >= LIMIT)
        slow.signal(signal.SIGCONT)
        told = []
        wait_for("there is room again", lambda: post(rig, len(accepted))[0] == 202)
        for _ in range(2):  # fill it up again and obey
            obey(rig, slow, until_refused(rig), told)
        others_are_well(rig, door)
        slow.stop()
        quick = rig.start("preprocess")
        wait_for("all is through", lambda: len(rig.topic("documents")) >= len(accepted))
        quick.stop()
        door.stop()
        once_each("documents", rig.ids("documents"), accepted)
        print(f"{len(accepted)} records with a receipt, each once; told to wait {told} s, taken in thereafter")


main()
