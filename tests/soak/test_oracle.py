"""Does the judge see? Archives are made up here, each with one thing wrong."""
import base64
import json
import unittest

import msgpack
from archive import contents, in_order
from oracle import PASSED, Judge, read_line

PROMISED = {f"k{key}-{sequence}": (key, sequence) for key in range(2) for sequence in range(3)}
ORDER = ["k0-0", "k0-1", "k0-2", "k1-0", "k1-1", "k1-2"]


def line(topic, offset, name=None, **sections):
    record = {"id": name, **sections} if name else {"raw": "eA==", "error": "bad_message"}
    return json.dumps({**record, "bus": {"topic": topic, "partition": 0, "offset": offset, "key": "x"}},
                      separators=(",", ":")).encode()


def letter(offset, name, topic="feedback", at=0):
    value = msgpack.packb({"v": 1, "id": name})
    return line("dead-letters", offset, f"letter-{offset}", dead_letter={
        "worker": "preprocess", "cause": "bad_message", "message": "no", "topic": topic, "partition": 0, "offset": at,
        "value": base64.b64encode(value).decode()})


def archive(**changed):
    """topic → names, in their order; each topic holds all unless changed."""
    return {topic: [line(topic, number * 2, name) for number, name in enumerate(changed.get(topic, ORDER))] for topic in PASSED}


def judged(lines, promised=None, maybe=None, poisoned=None, unread=(), seen=None, once=True):
    judge = Judge(PROMISED if promised is None else promised, maybe, poisoned, once)
    for topic, found in lines.items():
        judge.object(topic, 0, b"\n".join(found) + b"\n")
        for one in found:
            offset = read_line(one)[1]
            if (topic, offset) not in unread:
                judge.readable(topic, 0, offset)
    judge.all_read(PASSED)
    judge.consumed(seen or {})
    judge.verdict()
    return judge


class Oracle(unittest.TestCase):
    def check(self, judge, **wanted):
        self.assertEqual({"lost": 0, "doubled": 0, "disordered": 0, "unknown": 0, **wanted}, dict(judge.found), judge.first)

    def test_nothing_wrong(self):
        self.check(judged(archive()))

    def test_at_least_once(self):
        letters = {**archive(insights=ORDER[1:]), "dead-letters": [letter(0, "k0-0"), letter(1, "k0-0")]}
        cases = [
            ("an insight comes twice", archive(insights=ORDER + ["k0-1"]), {}, {"insights": 1}),
            ("a run of them does", archive(features=ORDER[:2] + ORDER), {}, {"features": 2}),
            ("two dead letters of one message", letters, {}, {"dead-letters": 1}),
            ("what is new keeps its order", archive(features=["k0-1"] + ORDER), {"disordered": 1}, {"features": 1}),
            ("nothing may be lost", archive(insights=ORDER[:-1]), {"lost": 1}, {}),
        ]
        for why, lines, wanted, repeated in cases:
            with self.subTest(why):
                judge = judged(lines, once=False)
                self.check(judge, **wanted)
                self.assertEqual(repeated, dict(judge.repeated))

    def test_findings(self):
        cases = [
            ("an insight is missing", {"insights": ORDER[:-1]}, {"lost": 1}),
            ("a record is nowhere", {topic: ORDER[1:] for topic in PASSED}, {"lost": 1}),
            ("it is missing in the middle of its way", {"features": ORDER[1:]}, {"lost": 1}),
            ("an insight comes twice", {"insights": ORDER + ["k0-1"]}, {"doubled": 1}),
            ("a document comes twice", {"documents": ORDER + ["k0-1"]}, {"doubled": 1}),
            ("callers may post again, so feedback may", {"feedback": ORDER + ["k0-1"]}, {}),
            ("two of a key change places", {"insights": ["k0-1", "k0-0", "k0-2", "k1-0", "k1-1", "k1-2"]}, {"disordered": 1}),
            ("two of different keys may", {"insights": ["k1-0", "k0-0", "k0-1", "k0-2", "k1-1", "k1-2"]}, {}),
            ("the first sight of a record counts", {"feedback": ["k0-0", "k0-1", "k0-0", "k0-2", "k1-0", "k1-1", "k1-2"]}, {}),
            ("nobody posted it", {"insights": ORDER + ["stranger"]}, {"unknown": 1}),
            ("poison has an id too", {"documents": ORDER + ["hostile"]}, {}),
        ]
        for why, changed, wanted in cases:
            with self.subTest(why):
                self.check(judged(archive(**changed)), **wanted)

    def test_a_place_twice(self):
        """The same object under two names, or two that overlap: each line counts."""
        lines = archive()
        judge = Judge(PROMISED)
        for topic, found in lines.items():
            judge.object(topic, 0, b"\n".join(found))
        judge.object("feedback", 0, lines["feedback"][0])
        self.assertEqual(1, judge.found["doubled"])

    def test_dead_letters(self):
        short = {topic: ORDER[1:] for topic in PASSED if topic != "feedback"}
        cases = [
            ("it ended as a dead letter", short, [letter(0, "k0-0")], {}),
            ("a dead letter, and an insight", {}, [letter(0, "k0-0")], {"doubled": 1}),
            ("two dead letters of one message", short, [letter(0, "k0-0"), letter(2, "k0-0")], {"doubled": 2}),
            ("of a record that nobody posted", {}, [letter(0, "stranger")], {"unknown": 1}),
        ]
        for why, changed, letters, wanted in cases:
            with self.subTest(why):
                self.check(judged({**archive(**changed), "dead-letters": letters}), **wanted)

    def test_safety_tells_of_dead_letters(self):
        told = {**archive(), "safety": [line("safety", 0, "letter-7"), line("safety", 1, "k0-0"), line("safety", 2, "hostile")]}
        self.check(judged(told), unknown=1)
        self.check(judged({**told, "dead-letters": [letter(7, "", at=99)]}, poisoned={("feedback", 0, 99): False}))

    def test_poison(self):
        place = ("feedback", 0, 99)
        poisoned = archive()
        poisoned["feedback"].append(line("feedback", 99))
        self.check(judged(poisoned, poisoned={place: False}), lost=1)
        self.check(judged(poisoned, poisoned={place: True}))
        self.check(judged({**poisoned, "dead-letters": [letter(0, "", at=99)]}, poisoned={place: False}))

    def test_bus(self):
        judge = Judge(PROMISED)
        for topic, found in archive().items():
            judge.object(topic, 0, b"\n".join(found))
        judge.readable("insights", 0, 0)
        judge.readable("insights", 0, 4242)
        self.assertEqual(("lost", 1), ("lost", judge.found["lost"]))
        self.check(judged(archive(), unread={("insights", 4)}), unknown=1)
        self.check(judged(archive(), seen={"k0-0": 2, "k0-1": 1, "hostile": 7}), doubled=1)

    def test_never_answered(self):
        """A post without a receipt may be there or not, but not twice."""
        maybe = {"k9-0": (9, 0)}
        self.check(judged(archive(), maybe=maybe))
        self.check(judged(archive(**{topic: ORDER + ["k9-0"] for topic in PASSED}), maybe=maybe))
        self.check(judged(archive(insights=ORDER + ["k9-0", "k9-0"]), maybe=maybe), doubled=1)

    def test_the_first_is_told(self):
        judge = judged(archive(segments=ORDER[:-1], insights=ORDER[:-1]))
        self.assertEqual({"promise": "lost", "id": "k1-2", "why": "not on segments, insights; last seen on features",
                          "record": (1, 2)}, judge.first["lost"])

    def test_lines(self):
        name, offset = read_line(line("insights", 17, "a", document={"text": 'says "bus":{"topic":"x","partition":9,"offset":1'}))
        self.assertEqual(("a", 17), (name, offset))
        with self.assertRaises(ValueError):
            read_line(b'{"id":"a"}')


class Archive(unittest.TestCase):
    def test_order(self):
        names = ["insights/date=2026-01-03/0/00000000000000000100.ndjson.zst", "manifests/insights/0/1-0.json",
                 "insights/date=2026-01-04/0/00000000000000000007.ndjson.zst",
                 "insights/date=2026-01-03/1/00000000000000000000.ndjson.zst"]
        self.assertEqual({("insights", 0): [names[2], names[0]], ("insights", 1): [names[3]]}, in_order(names))

    def test_contents(self):
        import zstandard

        class Source:
            def get(self, name):
                return zstandard.ZstdCompressor().compress(name.encode())
        names = [str(number) for number in range(100)]
        self.assertEqual([(name, name.encode()) for name in names], list(contents(Source(), names)))


if __name__ == "__main__":
    unittest.main()
