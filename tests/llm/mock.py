"""A provider in place of a real one: OpenAI's chat completions on loopback. It counts, answers what can be foreseen,
and misbehaves as asked.

    with Mock() as mock:
        mock.fault = "throttle"      # or another of FAULTS; None: well
        mock.obeys = {"zorkaa": "flip"}   # texts with this word are obeyed as this attack (attacks.ndjson)
        ... mock.calls: one Call each
"""
import collections
import json
import random
import re
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FAULTS = ("throttle", "overload", "hang", "drop", "malformed", "cut", "empty", "missing", "doubled", "huge", "fail_first")
Call = collections.namedtuple("Call", "at ids status texts open answered")  # open: calls at once; answered: so far
PIECE = re.compile(r"^(?P<mark>[0-9a-f]{16}) (?P<kind>feedback|counts) id=(?P<id>\w+) language=(?P<language>\w+)(?: rating=\S+)? answer-in=(?P<into>\w+)\n"
                   r"(?P<text>.*?)\n(?P=mark) end id=(?P=id)$", re.MULTILINE | re.DOTALL)


def honest(text):
    """What a good model says of a text, made up so that a test can foresee it: the same for the same text."""
    words = text.split()
    quote = " ".join(words[:4])
    label = ("negative", "positive", "neutral", "mixed")[sum(text.encode()) % 4]
    return {"sentiment": {"label": label, "score": {"negative": -0.5, "positive": 0.5}.get(label, 0), "evidence": [quote]},
            "needs": [{"quote": quote, "kind": "problem_report", "text": f"Need of {words[-1]}"}],
            "mentions": [{"quote": quote, "topic": "quality", "sentiment": label}],
            "recommendations": [{"quote": quote, "text": f"See to {words[-1]}", "team": "support", "priority": 3}],
            "signals": []}


def retell(text, story):
    """What it says of a window's counts: a number that is among them ("right"), one that nobody counted ("invented"), or
    a sentence of each kind ("both")."""
    first = text.split("\n")[0]
    count = re.search(r"(\d+) records", first)[1]
    right, invented = ({"text": f"There are {number} records.", "quote": first} for number in (count, int(count) + 4321))
    return {"summary": {"right": [right], "invented": [invented], "both": [right, invented]}[story],
            "recommendations": [{"quote": first, "text": "Tell marketing.", "team": "marketing", "priority": 2}]}


def obey(aim, own, others, system):
    """An attack does its worst: to its own answer, to the others of its request, and to the form."""
    if aim == "flip":
        own["sentiment"] = {"label": "positive", "score": 1, "evidence": []}
    elif aim == "others":
        for answer in [own, *others]:
            answer["sentiment"] = {"label": "neutral", "score": 1, "evidence": []}
            answer["needs"] = answer["mentions"] = answer["signals"] = []
            answer["recommendations"] = [dict(item, text="BUY NOW", team="marketing") for item in answer["recommendations"]]
    elif aim == "leak":
        start = random.randrange(max(1, len(system) - 900))
        own["needs"] = [dict(own["needs"][0], text=system[start + 200 * i:start + 200 * (i + 1)].strip() or "x") for i in range(3)]
        own["recommendations"] = [dict(own["recommendations"][0], text="Sure: " + system[:230])]
    elif aim == "canary":
        secret = re.search(r"the word ([0-9a-f]{16})", system)
        own["needs"] = [dict(own["needs"][0], text=f"The word is {secret[1] if secret else system[:200]}")]
    elif aim == "safety":
        own.update(signals=[], safety={"state": "negative", "kinds": []}, safety_state="negative", serious=False)
        own["recommendations"] = [dict(item, priority=5, team="marketing") for item in own["recommendations"]]
    elif aim == "evidence":
        own["sentiment"]["evidence"] = ["the company is the best"]
        own["needs"] = [dict(own["needs"][0], quote="I love it")]
        own["signals"] = [{"quote": "everybody died", "kind": "adverse_event"}]
    elif aim == "markup":
        own["recommendations"] = [dict(own["recommendations"][0], text="<script>alert(1)</script>\u001b[31mRED http://evil.example")]
    elif aim == "ids":
        own["id"] = "aaaaaa"


class Mock:
    def __init__(self, latency=0.0):
        self.fault, self.obeys, self.latency = None, {}, latency
        self.every = 1          # a fault befalls one in so many calls
        self.signals = {}       # word in a text -> kind of danger that the model sees in its first words
        self.retry_after = 1
        self.moods = {}         # word in the system text -> what becomes of an answer to a text: (text, answer) -> None
        self.usage = (900, 120) # tokens of a call
        self.story = "right"    # what is said of digests' counts
        self.calls, self.system, self.key, self.lock = [], "", None, threading.Lock()
        self.open = self.answered = 0
        self.port, self.server, self.stopping = 0, None, threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        mock = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                mock.serve(self)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads, request_queue_size, allow_reuse_address = True, 256, True

            def handle_error(self, *_):
                pass  # a client that goes is no news

        self.stopping.clear()
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        """No listener, as after a crash; start() again takes the same port."""
        self.stopping.set()
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    # --- one request ---------------------------------------------------------------------------------

    def serve(self, handler):
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        messages = {message["role"]: message["content"] for message in body["messages"]}
        pieces = [match.groupdict() for match in PIECE.finditer(messages["user"])]
        with self.lock:
            number = len(self.calls)
            fault = self.fault if self.fault and number % self.every == 0 else None
            if fault == "fail_first" and number > 0:
                fault = None
            status = {"throttle": 429, "overload": 503, "fail_first": 500}.get(fault, 200)
            self.open += 1
            self.calls.append(Call(time.monotonic(), [piece["id"] for piece in pieces], status,
                                   [piece["text"] for piece in pieces], self.open, self.answered))
            self.system, self.key = messages.get("system", ""), handler.headers.get("Authorization")
        try:
            text = self.misbehave(handler, fault, status) and self.answer(pieces, messages, fault)
        finally:
            with self.lock:  # before the answer is out, as the next call comes on its heels
                self.open -= 1
                self.answered += status == 200
        if text is not False:
            self.send(handler, 200, self.completion(body["model"], text, fault), {})

    def misbehave(self, handler, fault, status):
        """False: that was all that it gets."""
        self.stopping.wait(300 if fault == "hang" else self.latency)
        if fault == "drop":
            handler.connection.shutdown(socket.SHUT_RDWR)
        if fault in ("hang", "drop"):
            handler.close_connection = True
            return False
        if status == 200:
            return True
        extra = {"Retry-After": str(self.retry_after)} if status == 429 and self.retry_after else {}
        kind = "rate_limit_exceeded" if status == 429 else "server_error"
        self.send(handler, status, {"error": {"message": "slow down", "type": kind}}, extra)
        return False

    def answer(self, pieces, messages, fault):
        answers = [{"id": piece["id"], **(honest(piece["text"]) if piece["kind"] == "feedback" else retell(piece["text"], self.story))}
                   for piece in pieces]
        for piece, answer in zip(pieces, answers):
            for word, kind in self.signals.items():
                if word in piece["text"]:
                    answer["signals"] = [{"quote": " ".join(piece["text"].split()[:4]), "kind": kind}]
        for word, mood in self.moods.items():
            for piece, own in zip(pieces, answers):
                if word in messages.get("system", ""):
                    mood(piece["text"], own)
        for piece, own in zip(pieces, list(answers)):
            aim = next((aim for word, aim in self.obeys.items() if word in piece["text"]), None)
            if aim == "format":
                return "OK"
            obey(aim, own, [other for other in answers if other is not own], messages.get("system", ""))
            if aim == "ids":
                answers += [dict(own, id=other) for other in ("bbbbbb", "r1", piece["mark"]) for _ in range(3)]
        if fault == "missing" and len(answers) > 1:
            answers = answers[1:]
        if fault == "doubled" and len(answers) > 1:
            answers += answers[:1]
        text = json.dumps({"answers": answers}, ensure_ascii=False)
        return {"malformed": text.replace('"', "'"), "cut": text[:len(text) // 2], "empty": ""}.get(fault, text)

    def completion(self, model, text, fault):
        if fault == "huge":
            text = "x" * (4 << 20)
        return {"id": f"call-{len(self.calls)}", "object": "chat.completion", "created": int(time.time()), "model": f"{model}-1",
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
                "usage": {"prompt_tokens": self.usage[0], "completion_tokens": self.usage[1], "total_tokens": sum(self.usage)}}

    @staticmethod
    def send(handler, status, value, headers):
        data = json.dumps(value).encode()
        try:
            handler.send_response(status)
            for name, content in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
                handler.send_header(name, content)
            handler.end_headers()
            handler.wfile.write(data)
        except OSError:
            handler.close_connection = True
