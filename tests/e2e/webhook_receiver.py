#!/usr/bin/env python3
"""A receiver of webhooks: webhook_receiver.py PORT SECRET LOG MODE-FILE

Writes a JSON line for each request: id, whether its signature is good, what it was answered, the body. What it does is said by
the words in MODE-FILE, read anew for each request:
  ok           204 for all
  STATUS       that status for all (429 and 503 with Retry-After: 1)
  hang, close  no answer; the connection is closed
  mixed        the first try of each id meets, by its id: nothing wrong; in three of eight 500, 429, or a closed connection; in one of
               64 a hang; later ones 204
  slow         204 after 50 ms
  later:TEXT   429 with Retry-After: 3600 for bodies that hold TEXT, 204 after 200 ms for the others
  not:TEXT     400 for bodies that hold TEXT, 204 for the others
"""
import base64, hashlib, hmac, json, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, secret_file, log_path, mode_path = int(sys.argv[1]), *sys.argv[2:5]
secret = base64.b64decode(open(secret_file).read().split()[0].removeprefix("whsec_"))
lock = threading.Lock()
log = open(log_path, "a", buffering=1)
seen = {}


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, retry_after):
        self.send_response(status)
        if status in (429, 503):
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        identity, timestamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        wanted = base64.b64encode(hmac.new(secret, f"{identity}.{timestamp}.".encode() + body, hashlib.sha256).digest()).decode()
        good = any(hmac.compare_digest(s, "v1," + wanted) for s in self.headers["webhook-signature"].split())
        good = good and abs(time.time() - int(timestamp)) < 300 and self.headers["content-type"] == "application/json"
        with lock:
            tries = seen[identity] = seen.get(identity, 0) + 1
        mode = open(mode_path).read().strip()
        if mode == "mixed":
            drawn = hashlib.sha256(identity.encode()).digest()[0]
            mode = "ok" if tries > 1 or drawn >= 100 else ["500", "429", "close"][drawn % 3] if drawn >= 4 else "hang"
        later = mode.startswith("later:")
        if later:
            mode = "429" if mode[6:].encode() in body else "slow"
        if mode == "slow":
            time.sleep(0.2 if later else 0.05)
            mode = "ok"
        if mode.startswith("not:"):
            mode = "400" if mode[4:].encode() in body else "ok"
        status = 204 if mode == "ok" else int(mode) if mode.isdigit() else 0
        with lock:
            log.write(json.dumps({"id": identity, "good": good, "status": status, "path": self.path, "record": json.loads(body)}) + "\n")
        if mode == "hang":
            time.sleep(60)
        if status:
            self.answer(status, "3600" if later else "1")
        else:
            self.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass


Server(("127.0.0.1", port), Receiver).serve_forever()
