"""Runs llm_ask beside a server, and compares."""
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from ports import free_port  # noqa: E402, F401

ASK = os.environ["VERBATIM_TEST_ASK"]


def ask(section, options, questions, at_once=1, environment=None):
    """The results, by number, of questions (dicts) put to the provider `section` with these options."""
    with tempfile.TemporaryDirectory() as folder:
        config, lines = os.path.join(folder, "config"), os.path.join(folder, "questions")
        with open(config, "w") as file:
            file.write("[%s]\n" % section + "".join("%s = %s\n" % item for item in options.items()))
        with open(lines, "w") as file:
            file.write("\n".join(json.dumps(question) for question in questions))
        run = subprocess.run([ASK, config, section, lines, str(at_once)], stdout=subprocess.PIPE, timeout=400, check=True,
                             env={"PATH": os.environ["PATH"], "HOME": folder, **(environment or {})})
    results = [json.loads(line) for line in run.stdout.splitlines()]
    assert sorted(result["number"] for result in results) == list(range(len(questions))), results
    return sorted(results, key=lambda result: result["number"])


def expect(case, got, **expected):
    wrong = {name: (got.get(name), value) for name, value in expected.items() if got.get(name) != value}
    assert not wrong, "%s: (is, should be) %s in %s" % (case, wrong, got)


class Server:
    """A program that serves `url` from when `ready` (a path) answers to the end of a with block."""

    def __init__(self, arguments, port, ready, log):
        self.url = "http://127.0.0.1:%d" % port
        self.log = open(log, "w")
        self.process = subprocess.Popen(arguments, stdout=self.log, stderr=self.log)
        until = time.monotonic() + 120
        while True:
            try:
                self.call("GET", ready)
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                assert self.process.poll() is None, "the server ended: " + open(log).read()
                assert time.monotonic() < until, "the server doesn't answer"
                time.sleep(0.05)

    def call(self, method, path, content=None):
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self.url + path, body, {"content-type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.loads(reply.read() or b"null")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()
