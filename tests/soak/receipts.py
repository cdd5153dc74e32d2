"""What was promised: every record that got a receipt, and whether its end has been seen on the bus since."""
import collections
import threading
import time


class Receipts:
    """Records are numbered by key (a customer) and sequence. Ids that the door derives are known from its receipts."""

    def __init__(self):
        self.lock = threading.Lock()
        self.places = {}                          # id → (key, sequence)
        self.given_at = {}                        # id → when the receipt came
        self.maybe = {}                           # as places: sent, and never answered
        self.waiting = collections.OrderedDict()  # id → when its receipt came; its end hasn't been seen
        self.seen = collections.Counter()         # id → how often a read_committed consumer got it
        self.last_given_of_seen = 0.0             # the newest receipt whose end was seen

    def add(self, records):
        """[(id, key, sequence)] with receipts just now."""
        now = time.monotonic()
        with self.lock:
            for name, key, sequence in records:
                self.places[name] = (key, sequence)
                self.maybe.pop(name, None)
                if name in self.seen:
                    self.last_given_of_seen = now
                elif name not in self.given_at:
                    self.waiting[name] = now
                self.given_at.setdefault(name, now)

    def sent(self, records):
        """Records whose ids are known before there is a receipt."""
        with self.lock:
            for name, key, sequence in records:
                if name not in self.places:
                    self.maybe[name] = (key, sequence)

    def ended(self, names):
        with self.lock:
            for name in names:
                self.seen[name] += 1
                self.waiting.pop(name, None)
                self.last_given_of_seen = max(self.last_given_of_seen, self.given_at.get(name, 0.0))

    def lag(self):
        """(age of the oldest receipt whose end hasn't been seen, or 0; the newest receipt whose end was seen)."""
        with self.lock:
            oldest = next(iter(self.waiting.values()), None)
            return (0.0 if oldest is None else time.monotonic() - oldest), self.last_given_of_seen

    def count(self):
        with self.lock:
            return len(self.places), len(self.waiting)
