"""Which fault when: a pure function of seed, minutes, kinds and brokers; or which one after the other."""
import random
from dataclasses import asdict, dataclass

from kinds import BY_NAME, KINDS, WORKERS, holds, targets_of, worker_of

EVERY_SECONDS = 2.4   # one begins, on average
CALM_BEFORE = 8       # seconds at the beginning, in which is measured what is normal
CALM_AFTER = 6        # seconds at the end without a new fault
AT_ONCE_MOST = 4


@dataclass(frozen=True)
class Fault:
    number: int
    at: float        # seconds from the start of the load
    kind: str
    target: str
    seconds: float   # how long it lasts
    detail: object
    seed: int        # for what it draws itself

    def line(self):
        detail = "" if self.detail is None else f" {self.detail}"
        return f"{self.number:4d} {self.at:7.1f} s  {self.kind} {self.target}{detail} for {self.seconds:.1f} s"

    def as_dict(self):
        return asdict(self)


def names_of(text):
    """What --faults says: all, or names parted by commas, each with a worker to hit or without (kill@segment): {kind: its
    workers, none: all that there are}. ValueError: an unknown one."""
    names = [kind.name for kind in KINDS if kind.in_all] if text == "all" else [name.strip() for name in text.split(",") if name.strip()]
    aims = {}
    for name in names:
        kind, _, worker = name.partition("@")
        if kind not in BY_NAME:
            raise ValueError(f"unknown fault {kind}; known are all, {', '.join(BY_NAME)}")
        if worker and worker not in map(worker_of, targets_of(BY_NAME[kind], brokers=3)):
            raise ValueError(f"{kind} can't hit {worker}")
        aims.setdefault(kind, []).extend([worker] if worker else [])
    if not aims:
        raise ValueError("no fault named")
    return aims


class Bag:
    """Kinds in random order, each as often as its weight; filled anew when it is empty."""

    def __init__(self, kinds, chance):
        self.kinds, self.chance, self.left = kinds, chance, []

    def draw(self, fits):
        """The first that fits; None where none of the bag does."""
        for _ in range(2):
            for place, kind in enumerate(self.left):
                if fits(kind):
                    return self.left.pop(place)
            fresh = [kind for kind in self.kinds for _ in range(kind.weight)]
            self.chance.shuffle(fresh)
            self.left += fresh
        return None


def apart(seed, times, names, brokers=1):
    """Each kind so many times, `kill` of each worker; one after the other, so when is up to who plays them."""
    chance = random.Random(f"verbatim soak {seed} apart")
    faults = []
    for kind in (BY_NAME[name] for name in names if BY_NAME[name].brokers <= brokers):
        targets = [target for target in targets_of(kind, brokers) if not names[kind.name] or worker_of(target) in names[kind.name]]
        chance.shuffle(targets)
        groups = [[target for target in targets if worker_of(target) == worker] for worker in WORKERS] if kind.name == "kill" else [targets]
        for group, turn in ((group, turn) for group in groups if group for turn in range(times)):
            detail = kind.details[turn % len(kind.details)] if kind.details else None
            seconds = round(chance.uniform(kind.least, kind.most), 2)
            faults.append(Fault(len(faults) + 1, 0.0, kind.name, group[turn % len(group)], seconds, detail, chance.getrandbits(32)))
    return faults


def make(seed, minutes, names, brokers=1):
    """names: as names_of() says."""
    chance = random.Random(f"verbatim soak {seed}")
    kinds = [BY_NAME[name] for name in names if BY_NAME[name].brokers <= brokers]
    bag, free_from, ends, faults = Bag(kinds, chance), {}, [], []
    at, last = float(CALM_BEFORE), minutes * 60 - CALM_AFTER

    def free_targets(kind):
        return [target for target in targets_of(kind, brokers)
                if (not names[kind.name] or worker_of(target) in names[kind.name]) and all(free_from.get(thing, 0) <= at for thing in holds(kind, target))]

    while kinds and at < last:
        now = [end for end in ends if end > at]
        kind = bag.draw(lambda kind: bool(free_targets(kind))) if len(now) < AT_ONCE_MOST else None
        if kind:
            target = chance.choice(free_targets(kind))
            seconds = round(min(chance.uniform(kind.least, kind.most), max(last + CALM_AFTER / 2 - at, kind.least)), 2)
            detail = chance.choice(kind.details) if kind.details else None
            faults.append(Fault(len(faults) + 1, round(at, 2), kind.name, target, seconds, detail, chance.getrandbits(32)))
            ends = now + [at + seconds]
            for thing in holds(kind, target):
                free_from[thing] = at + seconds + kind.rest
        at += EVERY_SECONDS * chance.uniform(0.5, 1.5)
    return faults
