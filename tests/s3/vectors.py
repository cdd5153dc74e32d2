"""Signs requests with botocore and prints one a line (tests/lib/signed_line.py)."""
import datetime
import os
import random
import sys
import urllib.parse

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from signed_line import signed_line  # noqa: E402

random.seed(20260102)
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
PATHS = ["/", "/a", "/a/b/c", "/date=2026-01-02/0/000.ndjson.zst", "/with space", "/plus+and%percent",
         "/model/anthropic.claude-3-haiku-20240307-v1:0/invoke", "/ünïcode/日本語", "/a//b", "/a/./b", "/a/../b/",
         "/../x", "/~tilde_-.", "/q?mark#hash", "/!*'();:@&=+$,[]", "/trailing/", "/%2F/%", "/emoji/\U0001F600"]
QUERIES = [[], [("uploads", "")], [("list-type", "2"), ("prefix", "a b/ü"), ("start-after", "a+b=c&d")],
           [("b", "2"), ("a", "2"), ("a", "1"), ("A", "3")], [("partNumber", "1"), ("uploadId", "x~y/z==")],
           [("k%", ""), ("k", "%"), ("k-", "_")], [("ß", "é"), ("z", "~"), ("~", "z"), ("a-b", "1"), ("a", "1")]]
HEADERS = [[], [("content-type", "application/json")], [("X-Amz-Meta-A", "  two   spaces\tand tab ")],
           [("x-amz-meta-b", "1"), ("X-Amz-Tagging", "a=b&c=d"), ("If-None-Match", "*"), ("range", "bytes=0-9")]]
PAYLOADS = [b"", b'{"a":1}', bytes(range(256))]


def sign(s3, method, path, query, headers, payload, token, seconds):
    now = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda *a, **k: now.replace(tzinfo=None)
    service, region = ("s3", "us-east-1") if s3 else ("bedrock", "eu-west-3")
    host = "bucket.s3.us-east-1.amazonaws.com" if s3 else "bedrock-runtime.eu-west-3.amazonaws.com"
    wire = urllib.parse.quote(path, safe="/~")
    request = AWSRequest(method, "http://" + host + wire, headers=dict(headers), data=payload, params=query)
    kind = botocore.auth.S3SigV4Auth if s3 else botocore.auth.SigV4Auth
    kind(Credentials(KEY, SECRET, token or None), service, region).add_auth(request)
    print(signed_line("s3" if s3 else "other", method, host, path, wire, query, headers, payload, region, service, KEY, SECRET,
                      token, seconds, request.headers["Authorization"]))


for s3 in (True, False):
    for path in PATHS:
        for query in QUERIES:
            sign(s3, random.choice(["GET", "PUT", "POST", "DELETE", "HEAD"]), path, query, random.choice(HEADERS),
                 random.choice(PAYLOADS), random.choice(["", "a/session+token=="]), random.randrange(0, 4102444800))
