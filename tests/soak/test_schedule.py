"""The schedule is a pure function, hits everything, and lets nothing be hit twice at a time."""
import unittest

import schedule
from faults import ACTS
from kinds import BY_NAME, KINDS, WORKERS, holds, worker_of


class Schedule(unittest.TestCase):
    def test_same_again(self):
        names = schedule.names_of("all")
        self.assertEqual(schedule.make(7, 3, names, 3), schedule.make(7, 3, names, 3))
        self.assertNotEqual(schedule.make(7, 3, names, 3), schedule.make(8, 3, names, 3))

    def test_enough(self):
        """What issue 4 asks of ten minutes."""
        for brokers in (1, 3):
            for seed in range(20):
                faults = schedule.make(seed, 10, schedule.names_of("all"), brokers)
                self.assertGreaterEqual(len(faults), 200)
                self.assertEqual({fault.kind for fault in faults}, {kind.name for kind in KINDS if kind.in_all and kind.brokers <= brokers})
                self.assertLess(faults[-1].at, 600)

    def test_only_those_asked_for(self):
        self.assertEqual({"kill", "poison"}, {fault.kind for fault in schedule.make(1, 2, schedule.names_of("kill, poison"))})
        with self.assertRaises(ValueError):
            schedule.names_of("kill,meteor")

    def test_one_at_a_time(self):
        for seed in range(20):
            held = {}
            for fault in schedule.make(seed, 10, schedule.names_of("all"), 3):
                for thing in holds(BY_NAME[fault.kind], fault.target):
                    self.assertLessEqual(held.get(thing, 0), fault.at, fault.line())
                    held[thing] = fault.at + fault.seconds

    def test_apart(self):
        """Each kind so often as asked for, each worker killed as often."""
        names = schedule.names_of("all")
        self.assertEqual(schedule.apart(7, 2, names, 3), schedule.apart(7, 2, names, 3))
        for brokers in (1, 3):
            faults = schedule.apart(7, 2, names, brokers)
            kinds = [fault.kind for fault in faults]
            self.assertEqual(set(kinds), {kind.name for kind in KINDS if kind.in_all and kind.brokers <= brokers})
            self.assertEqual({kinds.count(kind) for kind in kinds if kind != "kill"}, {2})
            killed = [worker_of(fault.target) for fault in faults if fault.kind == "kill"]
            self.assertEqual({worker: killed.count(worker) for worker in killed}, dict.fromkeys(WORKERS, 2))
        self.assertEqual({"kill"}, {fault.kind for fault in schedule.apart(1, 2, schedule.names_of("kill@segment"))})
        self.assertEqual(2, len(schedule.apart(1, 2, schedule.names_of("kill@segment"))))

    def test_each_kind_is_made(self):
        self.assertEqual(set(ACTS), set(BY_NAME))


if __name__ == "__main__":
    unittest.main()
