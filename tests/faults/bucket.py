"""A small S3 server in memory that fails as it is told, and remembers every request: for tests of what a worker does
meanwhile. It checks the access key alone (signatures are for MinIO and botocore to judge, in tests/s3)."""
import hashlib
import os
import re
import socket
import struct
import sys
import threading
import time
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from fake_s3 import XML, Handler, Server, error  # noqa: E402

class Keeper(Handler):
    def refuse(self, status, code, **headers):
        self.reply(status, error(code), **headers)

    def reset(self):
        """A connection that breaks: RST, not FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    # --- what it can be told to do; True: the request is over

    def half(self):
        """Takes half of a PUT, and breaks off."""
        size = int(self.headers.get("content-length") or 0)
        self.rfile.read(size // 2)
        self.reset()

    def fail(self, how):
        if how == "half":
            return self.half()
        if how == "hang":
            self.read_body()
            self.server.released.wait(60)
            return self.reset()
        if how == "lost":  # done, but nobody hears of it
            self.body = self.read_body()
            self.serve(silent=True)
            return self.reset()
        self.read_body()
        if how == "slow":
            time.sleep(0.3)
            return self.refuse(500, "InternalError")
        status, code = how
        return self.refuse(status, code, **({"retry-after": "1"} if status == 503 else {}))

    # --- S3

    def handle_any(self):
        server = self.server
        key = re.search(r"Credential=([^/]+)/", self.headers.get("authorization", ""))
        with server.lock:
            how = server.fault
            server.log.append((time.monotonic(), self.command, self.path.split("?")[0], how))
        if not key or key.group(1) not in server.keys:
            self.read_body()
            return self.refuse(403, "InvalidAccessKeyId")
        if how:
            return self.fail(how)
        self.body = self.read_body()
        return self.serve()

    def serve(self, silent=False):
        url = urlsplit(self.path)
        key = unquote(url.path.lstrip("/").partition("/")[2])
        answer = (lambda *a, **k: None) if silent else self.reply
        objects = self.server.objects
        with self.server.lock:
            if self.command == "PUT":
                if self.headers.get("if-none-match") == "*" and key in objects:
                    return None if silent else self.refuse(412, "PreconditionFailed")
                objects[key] = self.body
                return answer(200, etag='"%s"' % hashlib.md5(self.body).hexdigest())
            if self.command == "GET" and "list-type=2" in url.query:
                return answer(200, self.listing(parse_qs(url.query, keep_blank_values=True)))
            body = objects.get(key)
        if body is None:
            return None if silent else self.refuse(404, "NoSuchKey")
        return answer(200, body, etag='"%s"' % hashlib.md5(body).hexdigest())

    def listing(self, query):
        prefix, after = query.get("prefix", [""])[0], query.get("start-after", [""])[0]
        keys = sorted(key for key in self.server.objects if key.startswith(prefix) and key > after)
        rows = "".join(f"<Contents><Key>{escape(key)}</Key><Size>{len(self.server.objects[key])}</Size>"
                       f"<LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>\"x\"</ETag></Contents>" for key in keys)
        return f"{XML}<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode()

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = handle_any


class Bucket(Server):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Keeper)
        self.lock, self.released = threading.Lock(), threading.Event()
        self.objects, self.log, self.fault, self.keys = {}, [], None, {"KEY"}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def tell(self, fault):
        with self.lock:
            self.fault, self.log = fault, []
        self.released.set()
        self.released = threading.Event()

    def requests(self):
        with self.lock:
            return list(self.log)
