"""A process that may have few files, and callers that would take them all: the door keeps as many connections as leave the
rest of the process enough, refuses the others (503, or the line is closed), and all that has a receipt is one insight."""
import json
import os
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import BIN, Rig, equal, free_port, http, once_each, wait_for  # noqa: E402

FILES, CALLERS, RECORDS = 256, 400, 100


def post(port, i):
    body = json.dumps({"id": f"few-{i}", "text": "The parcel came late."}).encode()
    return http(f"http://127.0.0.1:{port}/v1/feedback", body, {"Content-Type": "application/json"})[0]


def crowd(port):
    callers = []
    for _ in range(CALLERS):
        callers.append(socket.create_connection(("127.0.0.1", port), timeout=10))
    answer = callers[-1].recv(100)
    if answer and b" 503 " not in answer:
        raise SystemExit(f"the last of {CALLERS} callers was told {answer!r}")
    return callers


def main():
    with Rig() as rig:
        port = free_port()
        started = subprocess.Popen(
            ["sh", "-c", f'ulimit -n {FILES} && exec "$@"', "sh", f"{BIN}/verbatim", "run", "--no-sample", "--quiet",
             f"--data={rig.dir}", "--bus.durable=false", f"--ingest.listen=127.0.0.1:{port}"],
            stdout=subprocess.DEVNULL)
        try:
            wait_for("the door is open", lambda: post(port, 0) == 202)
            callers = crowd(port)
            for caller in callers:
                caller.close()
            for i in range(1, RECORDS):
                wait_for("a receipt", lambda: post(port, i) == 202)
            rig.bus[0] = f"--bus.path={rig.dir}/bus"
            wait_for("all are insights", lambda: rig.count("insights") >= RECORDS)
            once_each("insights", rig.ids("insights"), [f"few-{i}" for i in range(RECORDS)])
            started.send_signal(signal.SIGTERM)
            equal("exit status", started.wait(60), 0)
        finally:
            started.kill()
        print(f"{FILES} files, {CALLERS} callers: {RECORDS} insights")


main()
