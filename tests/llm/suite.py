"""Turns the Signature 4 test suite that botocore's source carries (aws4_testsuite: requests, and what they must be
signed with) into the lines that s3_test_botocore reads."""
import pathlib
import re
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from signed_line import signed_line  # noqa: E402

KEY, SECRET, SECONDS = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1440938160  # 20150830T123600Z


def read_request(text):
    head, _, body = text.partition("\n\n")
    lines = re.sub(r"\n(?=[ \t])", "\x00", head).split("\n")  # a folded line is part of the one before
    method, target = lines[0].split(" ", 1)
    target = target.rsplit(" ", 1)[0]
    headers = [tuple(line.replace("\x00", "\n").split(":", 1)) for line in lines[1:] if line]
    path, _, query = target.partition("?")
    decoded = [tuple(urllib.parse.unquote(part) for part in (item + "=").split("=")[:2]) for item in query.split("&") if item]
    return method, path, decoded, headers, body


def line_of(request, signed_request, authorization):
    """The session token, where it is signed, stands in the signed request only."""
    method, path, query, headers, body = read_request(request)
    signed = re.search(r"SignedHeaders=([^,]+)", authorization).group(1).split(";")
    host = next(value for name, value in headers if name.lower() == "host")
    tokens = [value for name, value in read_request(signed_request)[3] if name.lower() == "x-amz-security-token"]
    token = tokens[0] if "x-amz-security-token" in signed else ""
    ours = ("host", "x-amz-date", "x-amz-security-token")  # added by the test, and by the signer
    rest = [(name, value) for name, value in headers if name.lower() in signed and name.lower() not in ours]
    return signed_line("raw", method, host, path, path, query, rest, body, "us-east-1", "service", KEY, SECRET, token, SECONDS,
                       authorization)


for file in sorted(pathlib.Path(sys.argv[1]).rglob("*.req")):
    texts = [file.with_suffix(suffix).read_bytes().decode() for suffix in (".req", ".sreq", ".authz")]
    print(line_of(texts[0], texts[1], texts[2].strip()))
