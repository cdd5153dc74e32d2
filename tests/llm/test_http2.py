"""HTTP/2 and TLS, beside Node's own server: all calls on one connection at once; and no call to whom no authority vouches for."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from rig import ask, expect

AT_ONCE = 50
HERE = os.path.dirname(os.path.abspath(__file__))
if not shutil.which("node"):
    print("test_http2.py: no node (ops/deps --test installs it)", file=sys.stderr)
    sys.exit(77)


def authority(*arguments):
    subprocess.run([os.path.join(HERE, "../lib/authority.sh"), *arguments], check=True)


with tempfile.TemporaryDirectory() as folder:
    authority("new", folder, "ca")
    authority("new", folder, "other")
    authority("issue", folder, "ca", "server")
    server = subprocess.Popen(["node", os.path.join(HERE, "http2_server.js"), folder + "/server.key", folder + "/server.pem", str(AT_ONCE)],
                              stdout=subprocess.PIPE, text=True)
    try:
        options = {"endpoint": "https://127.0.0.1:%d" % int(server.stdout.readline()), "api_key": "KEY"}
        questions = [{"prompt": "p" * (1000 * i + 1)} for i in range(AT_ONCE)]
        for result in ask("anthropic", {**options, "ca_file": folder + "/ca.pem"}, questions, AT_ONCE):
            expect("over HTTP/2", result, why="answered", json='{"a":1}', input=3, output=2, requests_left=7)
        seen = [json.loads(server.stdout.readline()) for _ in questions]
        assert all(one["version"] == "2.0" and one["key"] == "KEY" for one in seen), seen
        assert {one["connections"] for one in seen} == {1}, seen
        for why, ca in (("the system's authorities", {}), ("another authority", {"ca_file": folder + "/other.pem"})):
            result = ask("anthropic", {**options, **ca}, [{"prompt": "p"}])[0]
            expect(why, result, why="unreachable", maybe_paid=False, status=0)
        print("%d calls at once on one HTTP/2 connection; a certificate that nobody vouches for gets none" % AT_ONCE)
    finally:
        server.kill()
        server.wait()
