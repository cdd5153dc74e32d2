#!/usr/bin/env python3
"""Posts each line of a file as a request of its own, over some connections at once, until every one has its
receipt; prints how many got one, how often it had to try again, and how long it took.

usage: post_each.py URL FILE [CONNECTIONS]
"""
import http.client
import queue
import sys
import threading
import time
import urllib.parse

URL = urllib.parse.urlsplit(sys.argv[1])
CONNECTIONS = int(sys.argv[3]) if len(sys.argv) > 3 else 16
DEADLINE = time.monotonic() + 240
lines = queue.SimpleQueue()
receipts, retries, faults = [], [], []


def post(connection, line):
    """True: has its receipt. False: not now. An exception: the connection broke."""
    connection.request("POST", "/v1/feedback", line, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status == 202:
        return True
    if answer.status not in (429, 503):
        faults.append(f"{answer.status} {body[:200]!r}")
        return True
    time.sleep(float(answer.headers.get("Retry-After", "1")))
    return False


def work():
    connection = http.client.HTTPConnection(URL.hostname, URL.port, timeout=30)
    while True:
        try:
            line = lines.get_nowait()
        except queue.Empty:
            return
        while time.monotonic() < DEADLINE:
            try:
                if post(connection, line):
                    receipts.append(1)
                    break
            except (OSError, http.client.HTTPException):
                connection.close()
                time.sleep(0.1)
            retries.append(1)


def main():
    with open(sys.argv[2], "rb") as file:
        for line in file:
            lines.put(line.strip())
    started = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{len(receipts) - len(faults)} receipts, {len(retries)} tries again, {time.monotonic() - started:.1f} s")
    for fault in faults[:5]:
        print(fault, file=sys.stderr)
    sys.exit(1 if faults else 0)


main()
