"""The line between the workers and what they need: toxiproxy, told over its HTTP API what to do with connections, and
a server of our own that the line to the store leads to while it shall answer with errors."""
import http.client
import json
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Proxy:
    """One toxiproxy with a line for each thing."""

    def __init__(self, program, port, log):
        self.port = port
        self.process = subprocess.Popen([program, "-host", "127.0.0.1", "-port", str(port)], stdout=log,
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        self.lines = {}
        until = time.monotonic() + 20
        while not self.answers():
            if time.monotonic() > until or self.process.poll() is not None:
                raise OSError("toxiproxy doesn't answer")
            time.sleep(0.05)

    def answers(self):
        try:
            return self.call("GET", "/version") is not None
        except OSError:
            return False

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
        if reply.status >= 300 and reply.status != 404:
            raise OSError(f"toxiproxy {method} {path}: {reply.status} {text[:200]}")
        return text

    def line(self, name, port, to_port):
        self.lines[name] = to_port
        self.call("POST", "/proxies", {"name": name, "listen": f"127.0.0.1:{port}", "upstream": f"127.0.0.1:{to_port}",
                                       "enabled": True})

    def lead(self, name, to_port):
        """Another end for a line. Its connections are closed."""
        self.call("POST", f"/proxies/{name}", {"upstream": f"127.0.0.1:{to_port}", "enabled": True})

    def lead_back(self, name):
        self.lead(name, self.lines[name])

    def poison(self, name, toxic, kind, stream="downstream", **attributes):
        self.call("POST", f"/proxies/{name}/toxics", {"name": toxic, "type": kind, "stream": stream, "toxicity": 1,
                                                      "attributes": attributes})

    def heal(self, name, toxic):
        self.call("DELETE", f"/proxies/{name}/toxics/{toxic}")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Refuser:
    """An S3 server that answers every request with one error."""

    CODES = {403: "AccessDenied", 500: "InternalError", 503: "SlowDown", 507: "XMinioStorageFull"}

    def __init__(self):
        outer = self
        self.status = 503
        self.answered = 0

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def handle_any(self):
                self.rfile.read(int(self.headers.get("content-length") or 0))
                body = (f"<?xml version='1.0'?><Error><Code>{outer.CODES[outer.status]}</Code>"
                        "<Message>as scheduled</Message></Error>").encode()
                outer.answered += 1
                self.send_response(outer.status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *arguments):
                """A caller that goes away."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
