"""What servers have in common that play S3 and misbehave: tests/s3/stub.py, which does what the key says, and
tests/faults/bucket.py, which keeps objects and fails as it is told."""
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

XML = "<?xml version='1.0'?>"


def error(code, message="as told"):
    return f"{XML}<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, status, body=b"", **headers):
        """Names of headers with _ for -."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def read_body(self):
        return self.rfile.read(int(self.headers.get("content-length") or 0))


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args):
        """A client that goes away, connections that break: that is what the tests are about."""
