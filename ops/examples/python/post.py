#!/usr/bin/env python3
"""Sends feedback over HTTP: one JSON object a line of standard input, one POST each. Only the standard library.

A 202 means that the broker holds the record. Without one we post again, under the same Idempotency-Key, and nothing
is doubled. 429 and 503 say by Retry-After how long to wait; an invalid record is reported, and the next one sent.

example: post.py --url http://127.0.0.1:8080 < reviews.ndjson
"""
import argparse
import hashlib
import http.client
import json
import random
import sys
import time
import urllib.parse

ATTEMPTS = 10
LONGEST_PAUSE_S = 30.0


class Door:
    """One connection that is kept; opened again when it breaks."""

    def __init__(self, url, key):
        self.url = urllib.parse.urlsplit(url)
        self.headers = {"Content-Type": "application/json"}
        if key:
            self.headers["Authorization"] = f"Bearer {key}"
        self.connection = None

    def post(self, body, idempotency_key):
        """Status, headers and parsed answer; OSError or HTTPException when there was none."""
        if self.connection is None:
            kind = http.client.HTTPSConnection if self.url.scheme == "https" else http.client.HTTPConnection
            self.connection = kind(self.url.hostname, self.url.port, timeout=30)
        try:
            headers = {**self.headers, "Idempotency-Key": idempotency_key}
            self.connection.request("POST", "/v1/feedback", body, headers)
            response = self.connection.getresponse()
            return response.status, response.headers, json.loads(response.read() or b"{}")
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise


def pause_for(attempt, headers):
    """What the server asks for; else back off, with jitter so that not all callers come back at once."""
    asked = headers.get("Retry-After", "") if headers else ""
    if asked.isdigit():
        return float(asked) + random.random()
    return min(LONGEST_PAUSE_S, 0.2 * 2**attempt) * (0.5 + random.random())


def send(door, line):
    """The record's id, or None if it was refused; SystemExit if the door never took it."""
    # The same line is the same record, however often it is sent.
    idempotency_key = hashlib.sha256(line.encode()).hexdigest()
    problem = ""
    for attempt in range(ATTEMPTS):
        headers = None
        try:
            status, headers, answer = door.post(line.encode(), idempotency_key)
            if status == 202:
                return answer["id"]
            problem = f'{status} {answer.get("title", "")}: {answer.get("errors") or answer.get("detail", "")}'
            if status not in (408, 429, 500, 502, 503, 504):
                print(f"refused: {problem}: {line[:80]}", file=sys.stderr)
                return None
        except (OSError, http.client.HTTPException) as error:
            problem = f"no answer: {error}"
        time.sleep(pause_for(attempt, headers))
    raise SystemExit(f"gave up after {ATTEMPTS} attempts: {problem}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--key", help="API key, NAME.SECRET; none is needed on loopback")
    options = parser.parse_args()
    door = Door(options.url, options.key)
    sent = refused = 0
    for line in sys.stdin:
        if not line.strip():
            continue
        record_id = send(door, line.strip())
        if record_id is None:
            refused += 1
            continue
        sent += 1
        print(record_id)
    print(f"{sent} sent, {refused} refused", file=sys.stderr)
    sys.exit(65 if refused else 0)


if __name__ == "__main__":
    main()
