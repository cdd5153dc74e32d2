"""Callers at the door: keep-alive connections, posts of one and of many in each form, with ids or idempotency keys.

A post that isn't answered, or with 429 or 5xx, is sent again, the same bytes under the same key, to the other door,
until there is a receipt: that is what the door's README asks of callers. A caller sends the records of one key in the
order of their sequence, and only goes on when the post before has its receipt."""
import http.client
import json
import math
import random
import threading
import time

KEYS_EACH = 24          # customers of one caller
CALLERS = 8
ROWS = (30, 170)        # of a post of many
CATCH_UP = 3            # times the rate, after an outage
TIMEOUT = 12            # seconds until a caller gives up a connection
FORMS = (("ndjson", 60), ("array", 15), ("csv", 8), ("single", 17))
TYPES = {"ndjson": "application/x-ndjson", "array": "application/json", "csv": "text/csv", "single": "application/json"}

TEXTS = [
    "Great taste, and the box was easy to open.", "The cap leaks, please make it tighter.",
    "Me han cobrado dos veces y nadie contesta.", "Le colis est arrivé en retard et abîmé.",
    "I got a rash on both arms after two days.", "Please add a dark mode to the app.",
    "Muy buen servicio, volveré a comprar.", "La batterie se vide en deux heures.",
    "Why is there no refund for the second order?", "It works well, thank you.",
    "Write to me at someone@example.org or call +34 612 345 678.", "El botón no funciona en mi teléfono.",
    "J'ai adoré la couleur, mais la taille est trop petite.", "The chair broke and my son hurt his hand.",
    "Delivery was quick, support even quicker.", "No entiendo las instrucciones de montaje.",
]
PRODUCTS = ["Muesli", "Serum", "App", "Chair"]


def json_row(name, key, sequence, number):
    identity = f'"id":"{name}",' if name else ""
    return (f'{{{identity}"customer":"customer-{key}","product":"{PRODUCTS[key % 4]}","rating":{sequence % 5 + 1},'
            f'"text":{json.dumps(TEXTS[number % len(TEXTS)] + " No. " + str(number))}}}')


def csv_row(name, key, sequence, number):
    text = (TEXTS[number % len(TEXTS)] + " No. " + str(number)).replace('"', '""')
    return f'{name},customer-{key},{PRODUCTS[key % 4]},{sequence % 5 + 1},"{text}"'


def body_of(form, rows):
    """rows: [(id or "", key, sequence, number)]"""
    if form == "csv":
        return "\n".join(["id,customer,product,rating,text"] + [csv_row(*row) for row in rows]) + "\n"
    lines = [json_row(*row) for row in rows]
    return {"ndjson": "\n".join(lines) + "\n", "array": "[" + ",".join(lines) + "]", "single": lines[0]}[form]


class Post:
    """One request as it is sent, however often."""

    def __init__(self, path, headers, body, records):
        self.path, self.headers, self.body = path, headers, body
        self.records = records   # [(id or "", key, sequence)]


class Caller:
    """One connection at a time to one of the doors."""

    def __init__(self, load, seed):
        self.load, self.chance = load, random.Random(seed)
        self.door, self.connection = self.chance.randrange(2), None
        self.recent = []   # the last posts that were answered

    def call(self, post):
        """One attempt: (status, body, Retry-After). OSError, HTTPException: no answer."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.load.doors[self.door], timeout=TIMEOUT)
        try:
            self.connection.request("POST", post.path, post.body, post.headers)
            reply = self.connection.getresponse()
            return reply.status, reply.read(), reply.headers.get("Retry-After")
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise

    def other_door(self):
        if self.connection:
            self.connection.close()
        self.connection, self.door = None, 1 - self.door

    def send(self, post, until=math.inf):
        """Until there is a receipt, whose ids it returns; None: it is over, or the post was refused for good."""
        while not self.load.dead.is_set() and time.monotonic() < until:
            pause = self.chance.uniform(0.05, 0.4)
            try:
                status, body, retry_after = self.call(post)
            except (OSError, http.client.HTTPException):
                self.load.count("unanswered")
            else:
                self.load.count(str(status))
                if status in (200, 202):
                    return self.ids_of(post, status, json.loads(body))
                if status != 429 and status < 500:
                    self.load.breaks(f"a good post was answered with {status}: {body[:300]!r}")
                    return None
                pause += min(float(retry_after or 0), 1.0)
            self.other_door()
            self.load.dead.wait(pause)
        return None

    def ids_of(self, post, status, answer):
        if "receipts" not in answer:   # one record: a receipt, or with ?wait= its insight
            ids = [answer["id"]]
        elif answer["refused"] or answer["accepted"] != len(post.records):
            self.load.breaks(f"rows of a good post were refused: {json.dumps(answer)[:300]}")
            return None
        else:
            ids = [receipt["id"] for receipt in answer["receipts"]]
        for asked, got in zip(post.records, ids):
            if asked[0] and asked[0] != got:
                self.load.breaks(f"the receipt for {asked[0]} says {got}")
        return ids


class Client(Caller):
    """A caller with customers of its own, whose records it numbers."""

    def __init__(self, load, number, seed):
        super().__init__(load, seed)
        self.number, self.sent, self.posts = number, 0, 0
        self.keys = range(number * KEYS_EACH, (number + 1) * KEYS_EACH)
        self.sequences = dict.fromkeys(self.keys, 0)
        self.thread = threading.Thread(target=self.run, daemon=True)

    def next_post(self):
        forms, weights = zip(*FORMS)
        form = self.chance.choices(forms, weights)[0]
        count = 1 if form == "single" else self.chance.randint(*ROWS)
        named = self.chance.random() < 0.7
        rows = []
        for _ in range(count):
            key = self.chance.choice(self.keys)
            sequence = self.sequences[key]
            self.sequences[key] += 1
            rows.append((f"k{key}-{sequence}" if named else "", key, sequence, self.sent + len(rows)))
        self.posts += 1
        headers = {"Content-Type": TYPES[form], "X-API-Key": self.load.secret}
        if not named:
            headers["Idempotency-Key"] = f"client-{self.number}-post-{self.posts}"
        wait = form == "single" and self.chance.random() < 0.1
        return Post("/v1/feedback" + ("?wait=2s" if wait else ""), headers, body_of(form, rows).encode(),
                    [row[:3] for row in rows])

    def run(self):
        while not self.load.ended.is_set():
            if self.sent >= self.load.due(self.number):
                self.load.ended.wait(0.02)
                continue
            post = self.next_post()
            self.load.receipts.sent([record for record in post.records if record[0]])
            ids = self.send(post)
            if ids is None:
                return
            self.load.receipts.add([(name, key, sequence) for name, (_, key, sequence) in zip(ids, post.records)])
            self.sent += len(ids)
            self.recent = (self.recent + [post])[-3:]
            if self.load.repeats_asked > 0:
                self.load.repeats_asked -= 1
                for old in self.recent:
                    self.send(old)


class Load:
    """All callers. `rate` is records a second in all."""

    def __init__(self, seed, doors, secret, rate, receipts, breaks):
        self.doors, self.secret, self.rate, self.receipts, self.breaks = doors, secret, rate, receipts, breaks
        self.ended, self.dead = threading.Event(), threading.Event()
        self.answers, self.lock = {}, threading.Lock()
        self.repeats_asked = 0
        chance = random.Random(f"load {seed}")
        self.clients = [Client(self, number, chance.getrandbits(64)) for number in range(CALLERS)]
        self.special_sequences = {}

    def start(self):
        self.allowed, self.last = 0.0, time.monotonic()
        self.started = self.last
        for client in self.clients:
            client.thread.start()

    def due(self, number):
        """How many records a client should have sent by now; after an outage no faster than CATCH_UP times the rate."""
        with self.lock:
            now = time.monotonic()
            sent = sum(client.sent for client in self.clients)
            self.allowed = min(self.rate * (now - self.started), max(self.allowed, sent) + CATCH_UP * self.rate * (now - self.last))
            self.last = now
        return self.allowed / len(self.clients)

    def sent(self):
        return sum(client.sent for client in self.clients)

    def count(self, answer):
        with self.lock:
            self.answers[answer] = self.answers.get(answer, 0) + 1

    def special(self, key, text):
        """A post with one record of a key that no client has: (Post, its record)."""
        with self.lock:
            sequence = self.special_sequences.get(key, 0)
            self.special_sequences[key] = sequence + 1
        record = (f"k{key}-{sequence}", key, sequence)
        body = json.dumps({"id": record[0], "customer": f"customer-{key}", "text": text}).encode()
        return Post("/v1/feedback", {"Content-Type": "application/json", "X-API-Key": self.secret}, body, [record])

    def end(self, seconds):
        """No new posts; those that are out may be answered for so long. False: some weren't."""
        self.ended.set()
        until = time.monotonic() + seconds
        for client in self.clients:
            client.thread.join(max(until - time.monotonic(), 0.01))
        alive = any(client.thread.is_alive() for client in self.clients)
        self.dead.set()
        for client in self.clients:
            client.thread.join(TIMEOUT + 2)
        return not alive
