"""A worker that gives up is only excused by what was done to it, or to the bus, just then."""
import unittest

import reasons
from schedule import Fault

CASES = (   # why, kind, target, it ended so long ago (None: it runs), member, excused
    ("the broker is away", "broker-kill", "broker-1", None, ("segment", 0), True),
    ("it came back just now", "broker-kill", "broker-1", reasons.LASTS_SECONDS - 1, ("segment", 0), True),
    ("it has been back for long", "broker-kill", "broker-1", reasons.LASTS_SECONDS + 1, ("segment", 0), False),
    ("it has a twin", "twin", "segment-1", None, ("segment", 1), True),
    ("another replica has a twin", "twin", "segment-1", None, ("segment", 10), False),
    ("it was frozen", "freeze", "genai-0", 2, ("genai", 0), True),
    ("another worker was frozen", "freeze", "genai-0", 2, ("segment", 0), False),
    ("the store is no bus", "s3-down", "s3-net", None, ("logsink", 0), False),
    ("another's death is no reason", "kill", "genai-0", 1, ("genai", 1), False),
    ("a late answer is no outage", "net-latency", "kafka-net", None, ("genai", 1), False),
)


class ReasonsToGiveUp(unittest.TestCase):
    def test_cases(self):
        for why, kind, target, ago, member, excused in CASES:
            now = 100.0
            known = reasons.Reasons(lambda: now)
            fault = Fault(1, 0.0, kind, target, 1.0, None, 0)
            known.begins(fault)
            if ago is not None:
                known.ends(fault)
                now += ago
            self.assertEqual(known.of(*member), fault if excused else None, why)

    def test_nothing_was_done(self):
        self.assertIsNone(reasons.Reasons(lambda: 0.0).of("segment", 0))


if __name__ == "__main__":
    unittest.main()
