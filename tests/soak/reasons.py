"""When may a worker end by itself because it can't go on with the bus? Only when the schedule gave it a reason: the bus was
away from everybody (kinds.py: costs="all"), or this member was set aside or doubled (costs="its target"). A session that is lost
in a fault's last moment is missed SESSION_SECONDS later, and a transaction begun then may take COMMIT_SECONDS more."""
import math
import threading

from kinds import BY_NAME

SESSION_SECONDS = 6   # rig.py sets them
COMMIT_SECONDS = 5
LASTS_SECONDS = SESSION_SECONDS + COMMIT_SECONDS


class Reasons:
    """What runs, or ran until lately."""

    def __init__(self, clock):
        self.clock, self.lock, self.made = clock, threading.Lock(), {}   # fault → when it ended

    def begins(self, fault):
        with self.lock:
            self.made[fault] = math.inf

    def ends(self, fault):
        with self.lock:
            self.made[fault] = self.clock()

    def of(self, worker, replica):
        """The fault that is one for this member now; None: there is none. A twin is the member, too."""
        now = self.clock()
        with self.lock:
            for fault, ended in self.made.items():
                costs = BY_NAME[fault.kind].costs
                hit = costs == "all" or (costs == "its target" and fault.target == f"{worker}-{replica}")
                if hit and now <= ended + LASTS_SECONDS:
                    return fault
        return None
