"""Judges a run by its archive: what was promised, and is each of it there?

  lost        a record with a receipt that ends neither as an insight nor as a dead letter, or that is missing on one of
              the topics between; a message that a read_committed consumer can read and that isn't in the archive; a
              message that no worker can use and that became no dead letter
  doubled     a record that ends twice, or is twice on a topic behind the door (on `feedback` it may be: callers post
              again); a place of any topic that is in the archive twice; two dead letters of one message; an insight that
              a read_committed consumer got twice
  disordered  a record whose first appearance on a topic comes behind one of the same key with a higher sequence
  unknown     an id that nobody posted; archived messages that no read_committed consumer can read

At least once what comes twice is no finding but counted as `repeated`, by topic; save that a place is in the archive twice.
"""
import base64
import collections
import json
import re

import msgpack

PASSED = ("feedback", "documents", "features", "segments", "insights")   # each record is on each of these
ORDERED = PASSED
RECORDS = PASSED + ("safety",)   # audit and ledger hold what workers say of themselves
ONCE = ("documents", "safety", "features", "segments", "insights")
ID = re.compile(rb'^\{"id":"((?:[^"\\]|\\.)*)"')
PLACE = re.compile(rb'"bus":\{"topic":"([^"]*)","partition":(\d+),"offset":(\d+)')
POISON_IDS = frozenset(("hostile",))   # tests/e2e/hostile.py


def read_line(line):
    """(id or None, offset). ValueError: it is no line of an archive."""
    at = line.rfind(b'"bus":{"topic":')
    place = PLACE.match(line, at) if at >= 0 else None
    if not place:
        raise ValueError(f"a line without its place: {line[:200]!r}")
    name = ID.match(line)
    return (name.group(1).decode() if name else None), int(place.group(3))


class Judge:
    """Told of promises first, then of the archive object by object, then of the bus; then asked for a verdict."""

    def __init__(self, promised, maybe=None, poisoned=None, once=True):
        """once: exactly, else at least. promised, maybe: id → (key, sequence); the second never got a receipt. poisoned: (topic, partition, offset)
        → True where a worker may be able to use it after all."""
        self.promised, self.poisoned = promised, poisoned or {}
        self.known = {**(maybe or {}), **promised}
        self.index = {name: number for number, name in enumerate(self.known)}
        self.counts = collections.defaultdict(lambda: bytearray(len(self.index)))   # topic → by index
        self.last = collections.defaultdict(dict)        # topic → key → sequence
        self.places = collections.defaultdict(bytearray)  # (topic, partition) → by offset, how often archived
        self.readables = collections.Counter()            # (topic, partition) → archived, and on the bus
        self.letters = collections.Counter()              # place that a dead letter came from
        self.letter_ends = collections.Counter()          # id → dead letters that hold it
        self.letter_ids = set(POISON_IDS)
        self.strangers = []                               # on safety, which also tells of dead letters: (id, where)
        self.causes = collections.Counter()
        self.lines = collections.Counter()
        self.once, self.repeated = once, collections.Counter()   # topic → what came again there
        self.found = collections.Counter(lost=0, doubled=0, disordered=0, unknown=0)
        self.first = {}                                   # kind of finding → the first one

    def note(self, kind, name, why):
        self.found[kind] += 1
        self.first.setdefault(kind, {"promise": kind, "id": name, "why": why, "record": self.known.get(name)})

    def twice(self, topic, name, why):
        self.repeated[topic] += 1
        if self.once:
            self.note("doubled", name, why)

    # --- the archive -----------------------------------------------------------------------------

    def object(self, topic, partition, lines):
        """The lines of one object; those of a partition come in their order."""
        places = self.places[topic, partition]
        for line in lines.split(b"\n"):
            if not line:
                continue
            name, offset = read_line(line)
            self.lines[topic] += 1
            if offset >= len(places):
                places.extend(bytes(offset + 1 - len(places) + 65536))
            if places[offset]:
                self.note("doubled", name, f"{topic}/{partition}/{offset} is in the archive twice")
            places[offset] = min(places[offset] + 1, 255)
            if topic == "dead-letters":
                self.letter(line)
            elif name is not None:
                self.record(topic, partition, offset, name)

    def record(self, topic, partition, offset, name):
        number = self.index.get(name)
        if number is None:
            if topic == "safety":
                self.strangers.append((name, f"at {topic}/{partition}/{offset}"))
            elif name not in POISON_IDS and topic in RECORDS:
                self.note("unknown", name, f"at {topic}/{partition}/{offset}")
            return
        counts = self.counts[topic]
        if counts[number]:
            if topic in ONCE:
                self.twice(topic, name, f"{topic}/{partition}/{offset} holds it again")
        elif topic in ORDERED:
            key, sequence = self.known[name]
            last = self.last[topic]
            if sequence < last.get(key, -1):
                self.note("disordered", name, f"{topic}/{partition}/{offset} comes behind {last[key]} of key {key}")
            else:
                last[key] = sequence
        counts[number] = min(counts[number] + 1, 255)

    def letter(self, line):
        record = json.loads(line)
        letter = record.get("dead_letter")
        if not letter:
            return
        self.letter_ids.add(record["id"])
        place = (letter["topic"], letter["partition"], letter["offset"])
        self.causes[letter["worker"], letter["cause"]] += 1
        self.letters[place] += 1
        if self.letters[place] > 1:
            self.twice("dead-letters", None, f"{'/'.join(map(str, place))} became {self.letters[place]} dead letters")
        if place in self.poisoned:
            return
        try:
            name = msgpack.unpackb(base64.b64decode(letter["value"]), strict_map_key=False)["id"]
        except Exception:
            name = None
        if name in self.index:
            self.letter_ends[name] += 1
        elif name not in POISON_IDS:
            self.note("unknown", name, f"a dead letter of {'/'.join(map(str, place))}: {letter['cause']} {letter['message']}")

    # --- the bus ---------------------------------------------------------------------------------

    def readable(self, topic, partition, offset):
        """A read_committed consumer got this."""
        places = self.places[topic, partition]
        self.readables[topic, partition] += 1
        if offset >= len(places) or not places[offset]:
            self.readables[topic, partition] -= 1
            self.note("lost", None, f"{topic}/{partition}/{offset} can be read from the bus, and isn't in the archive")

    def all_read(self, topics):
        """Every message of these topics was told to readable()."""
        for (topic, partition), places in self.places.items():
            more = len(places) - places.count(0) - self.readables[topic, partition]
            if topic in topics and more:
                self.note("unknown", None, f"the archive holds {more} messages of {topic}/{partition} that can't be read from the bus")

    def consumed(self, counts):
        """id → how often a consumer of insights got it."""
        for name, count in counts.items():
            if self.once and count > 1 and name in self.known:
                self.note("doubled", name, f"a read_committed consumer got its end {count} times")

    # --- verdict ---------------------------------------------------------------------------------

    def verdict(self):
        for name in self.known:
            number, letters = self.index[name], self.letter_ends[name]
            ends = self.counts["insights"][number] + letters
            if self.once and ends > 1 and letters:
                self.note("doubled", name, f"{self.counts['insights'][number]} insights and {letters} dead letters")
            if name in self.promised and not letters:
                missing = [topic for topic in PASSED if not self.counts[topic][number]]
                if missing:
                    seen = [topic for topic in PASSED if self.counts[topic][number]]
                    self.note("lost", name, f"not on {', '.join(missing)}; last seen on {seen[-1] if seen else 'nothing'}")
        for name, where in self.strangers:
            if name not in self.letter_ids:
                self.note("unknown", name, where)
        for place, usable in self.poisoned.items():
            if not usable and not self.letters[place]:
                self.note("lost", None, f"{'/'.join(map(str, place))} could not be used, and became no dead letter")
        return dict(self.found)
