"""An S3 server that misbehaves: the key says how. Prints its two ports, HTTP and HTTPS (with the certificate and
key in the file that it is given), then serves until it is killed."""
import hashlib
import os
import ssl
import sys
import threading
import time
from datetime import datetime, timezone
from xml.etree import ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from fake_s3 import Handler, Server, error  # noqa: E402

UPLOADS = {}  # key → [token of its creation, number of complete requests]


class Stub(Handler):
    def drop(self):
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(2)

    def start(self, size):
        self.send_response(200)
        self.send_header("content-length", str(size))
        self.end_headers()

    def headless(self):
        """A reply that ends in the middle of its headers."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\naccept-ranges: bytes\r\nc")
        self.drop()

    def half(self):
        self.start(100)
        self.wfile.write(b"x" * 10)
        self.drop()

    def slow(self):
        self.start(100)
        try:
            for _ in range(600):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
        except OSError:
            pass

    def huge(self):
        self.start(10**9)
        try:
            while True:
                self.wfile.write(b"\0" * 65536)
        except OSError:
            self.close_connection = True

    def rotate(self):
        new = "Credential=NEWKEY/" in self.headers["authorization"]
        self.reply(200, b"hello") if new else self.reply(403, error("InvalidAccessKeyId"))

    def skew(self):
        sent = datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        near = abs((datetime.now(timezone.utc) - sent).total_seconds()) < 900
        self.reply(200, b"hello") if near else self.reply(403, error("RequestTimeTooSkewed"))

    def headers_checked(self):
        """The digest that was signed is that of the body that came."""
        digest = hashlib.sha256(self.body).hexdigest()
        self.reply(200 if digest == self.headers["x-amz-content-sha256"] else 400)

    def upload(self, key):
        """create, parts, complete; complete fails first as the key says, and then no longer knows the upload."""
        state = UPLOADS.setdefault(key, ["", 0])
        if self.command == "POST" and "uploads=" in self.path:
            state[0] = self.headers["x-amz-meta-verbatim-upload"]
            self.reply(200, b"<InitiateMultipartUploadResult><UploadId>id-1</UploadId></InitiateMultipartUploadResult>")
        elif self.command == "PUT":
            self.reply(200, etag='"abc"')
        elif self.command == "HEAD":
            token = "somebody-else" if "taken" in key else state[0]
            self.reply(200, x_amz_meta_verbatim_upload=token)
        elif self.command == "DELETE":
            self.reply(204)
        elif state[1]:
            self.reply(412, error("PreconditionFailed")) if "taken" in key else self.reply(404, error("NoSuchUpload"))
        else:
            state[1] += 1
            if "inside" in key:
                self.reply(200, error("InternalError"))
            elif "cut" in key:
                self.reply(200, b"<CompleteMultipartUploadResult><ETag>")
            else:
                self.drop()

    def put_lost(self):
        if self.command == "HEAD":
            self.reply(200, x_amz_meta_verbatim_upload=UPLOADS["put-lost"][0])
        elif "put-lost" in UPLOADS:
            self.reply(412, error("PreconditionFailed"))
        else:
            UPLOADS["put-lost"] = [self.headers["x-amz-meta-verbatim-upload"], 0]
            self.drop()

    def listing(self, bucket):
        page = {
            "list-junk": b"<html><body>not S3",
            "list-bomb": b'<!DOCTYPE a [<!ENTITY b "cc">]><ListBucketResult>&b;</ListBucketResult>',
            "list-back": b"<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>b</Key></Contents>"
                         b"<Contents><Key>a</Key></Contents></ListBucketResult>",
            "list-empty": b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
            "list-marked": b"<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>own/</Key></Contents></ListBucketResult>"
                           if "start-after=own%2F" not in self.path else
                           b"<ListBucketResult><Contents><Key>own/a</Key></Contents></ListBucketResult>",
        }[bucket]
        self.reply(200, page)

    def make(self, bucket):
        """A bucket in the region that its name says, if the body asks for that; "make-taken" is somebody else's."""
        if bucket == "make-taken":
            self.reply(409, error("BucketAlreadyExists"))
            return
        where = ElementTree.fromstring(self.body).findtext("{http://s3.amazonaws.com/doc/2006-03-01/}LocationConstraint") \
            if self.body else "us-east-1"
        digest = hashlib.sha256(self.body).hexdigest() == self.headers["x-amz-content-sha256"]
        good = self.command == "PUT" and digest and bucket == f"make-{where}"
        self.reply(200) if good else self.reply(400, error("MalformedXML", f"{self.command} {bucket} {where}"))

    def wanted(self):
        """What the test's store was told to send with each object."""
        want = {"x-amz-server-side-encryption": "aws:kms", "x-amz-storage-class": "STANDARD_IA",
                "x-amz-server-side-encryption-aws-kms-key-id": "key/1", "x-amz-security-token": "a/token=="}
        signed = self.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
        good = all(self.headers[name] == value and name in signed for name, value in want.items())
        self.reply(200) if good else self.reply(400, error("Missing", str(self.headers)))

    def handle_any(self):
        self.body = self.read_body()
        bucket, _, key = self.path.split("?")[0].lstrip("/").partition("/")
        plain = {
            "ok": lambda: self.reply(200, b"hello"),
            "500": lambda: self.reply(500, error("InternalError")),
            "503": lambda: self.reply(503, error("SlowDown"), retry_after="7"),
            "429": lambda: self.reply(429, retry_after="2"),
            "502": lambda: self.reply(502, b"<html>bad gateway</html>"),
            "403": lambda: self.reply(403, error("AccessDenied", "no &lt;way&gt;&#10;at all")),
            "expired": lambda: self.reply(400, error("ExpiredToken")),
            "409": lambda: self.reply(409, error("ConditionalRequestConflict")),
            "501": lambda: self.reply(501, error("NotImplemented")),
            "301": lambda: self.reply(301, error("PermanentRedirect"), x_amz_bucket_region="eu-west-3"),
            "damaged": lambda: self.reply(200, b"hello", x_amz_checksum_sha256="A" * 43 + "="),
            "norange": lambda: self.reply(200, b"hello"),
            "signed": self.headers_checked, "wanted": self.wanted,
            "half": self.half, "headless": self.headless, "slow": self.slow, "huge": self.huge, "rotate": self.rotate, "skew": self.skew,
            "drop": self.drop, "put-lost": self.put_lost,
        }
        if bucket.startswith("make-"):
            self.make(bucket)
        elif bucket.startswith("list-"):
            self.listing(bucket)
        elif key.startswith("upload-"):
            self.upload(key)
        else:
            plain[key]()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any


class TlsServer(Server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def get_request(self):
        connection, address = super().get_request()
        return self.context.wrap_socket(connection, server_side=True), address


TlsServer.context.load_cert_chain(sys.argv[1])
plain, secure = Server(("127.0.0.1", 0), Stub), TlsServer(("127.0.0.1", 0), Stub)
print(plain.server_address[1], secure.server_address[1], flush=True)
sys.stdout.close()
threading.Thread(target=secure.serve_forever, daemon=True).start()
plain.serve_forever()
