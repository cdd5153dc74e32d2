"""The kinds of faults: one table, from which the schedule draws, `--list` prints, and faults.py acts.

A kind's targets are drawn from a family: each member of each worker, each broker, or the one thing that there is. What a fault
holds can't be hit by another one meanwhile, nor for `rest` seconds after it: so there is time to recover, and no
fault undoes another's."""
from dataclasses import dataclass

WORKERS = ("ingest", "preprocess", "featurize", "segment", "genai", "logsink")
REPLICAS = 2
MIDDLE = ("preprocess", "featurize", "segment", "genai")
MEMBERS = tuple(f"{worker}-{replica}" for worker in WORKERS for replica in range(REPLICAS))


@dataclass(frozen=True)
class Kind:
    name: str
    what: str
    targets: str          # members, stoppable, middle, crashable, brokers, door, kafka, s3, or the name of the only one
    least: float = 0      # seconds that it lasts
    most: float = 0
    weight: int = 1       # how often it is drawn, in relation to others
    rest: float = 4       # seconds for which its target is left alone afterwards
    brokers: int = 1      # fewer than these, and it can't be made
    details: tuple = ()   # one of these is drawn
    judged_by: str = "stream"   # what recovers: the stream of insights, or the archive
    in_all: bool = True         # drawn when --faults is all
    costs: str = ""             # whose place on the bus it may cost, so that a worker gives up: all, or its target (reasons.py)


KINDS = (
    Kind("kill", "kill -9 of a worker, started again after a pause", "members", 0.2, 1.5, weight=8, rest=6),
    Kind("crash", "a worker dies at a crash point: in a transaction, after a PUT, before a receipt", "members", 4, 8,
         weight=4, rest=6),
    Kind("term", "SIGTERM; it must drain and end with 0; then it is started again", "members", 0.2, 1, weight=4, rest=5),
    Kind("freeze", "SIGSTOP past the session time-out, then SIGCONT: it comes back as a ghost", "members", 7, 9, weight=2,
         rest=6, costs="its target"),
    Kind("stall", "SIGSTOP for a moment", "members", 0.5, 2, weight=2, rest=3),
    Kind("twin", "a second process with the same member's name, which fences it; then it goes", "middle", 2, 4, rest=8,
         costs="its target"),
    Kind("storm", "extra replicas join and leave a group", "middle", 4, 6, rest=4),
    Kind("broker-kill", "kill -9 of a broker, started again", "brokers", 0.5, 2, rest=12, costs="all"),
    Kind("broker-term", "a broker is told to stop, and started again", "brokers", 0.5, 1, rest=12, costs="all"),
    Kind("leader-kill", "kill -9 of the broker that leads a partition, or the metadata quorum", "brokers", 2, 4, rest=12,
         brokers=3, details=("partition", "controller"), costs="all"),
    Kind("rolling-restart", "each broker in turn is told to stop and started again", "brokers", 0.2, 0.5, rest=15,
         brokers=3, costs="all"),
    Kind("net-reset", "connections to Kafka are reset", "kafka-net", 0.2, 1.5, weight=2, rest=3, costs="all"),
    Kind("net-latency", "each byte to and from Kafka comes late", "kafka-net", 2, 4, rest=2, details=(50, 150, 400)),
    Kind("net-bandwidth", "a thin line to Kafka (KB/s)", "kafka-net", 2, 4, rest=3, details=(50, 150, 400),
         costs="all"),
    Kind("net-timeout", "Kafka is a black hole: connections stay, nothing comes through", "kafka-net", 2, 5, rest=5,
         costs="all"),
    Kind("coordinator-timeout", "one direction to one broker is silent for longer than a commit may take", "kafka-net", 6, 8,
         rest=8, details=("upstream", "downstream"), costs="all"),
    Kind("s3-reset", "connections to the store are reset", "s3-net", 0.5, 2, weight=2, rest=2, judged_by="archive"),
    Kind("s3-latency", "the store answers late", "s3-net", 2, 5, rest=2, details=(200, 800), judged_by="archive"),
    Kind("s3-bandwidth", "a thin line to the store (KB/s)", "s3-net", 2, 4, rest=2, details=(20, 60), judged_by="archive"),
    Kind("s3-timeout", "the store is a black hole", "s3-net", 2, 6, rest=3, judged_by="archive"),
    Kind("s3-truncate", "connections to the store end after so many bytes of a request", "s3-net", 1, 3, weight=2, rest=2,
         details=(100, 1500, 6000), judged_by="archive"),
    Kind("s3-lost-answer", "a request to the store is done, but its answer is cut off", "s3-net", 1, 3, weight=2, rest=2,
         details=(1, 40, 150), judged_by="archive"),
    Kind("s3-500", "the store answers 500", "s3-net", 1, 4, rest=2, judged_by="archive"),
    Kind("s3-503", "the store answers 503 SlowDown", "s3-net", 1, 4, rest=2, judged_by="archive"),
    Kind("s3-403", "the store refuses the credentials", "s3-net", 1, 4, rest=2, judged_by="archive"),
    Kind("s3-down", "kill -9 of the store, started again", "s3-net", 0.5, 2, rest=4, judged_by="archive"),
    Kind("s3-full", "the store's disk is full", "s3-net", 2, 4, rest=2, judged_by="archive"),
    Kind("poison", "messages that no worker can use, at the front", "poison", weight=2, rest=2, details=("feedback",)),
    Kind("poison-inside", "the same between two workers; `verify` rightly finds what no worker wrote there, so only by name",
         "poison", rest=2, details=("documents", "features", "segments"), in_all=False),
    Kind("letters-refused", "the topic of the dead letters refuses every write, while there are some to write", "dead-letters",
         2, 4, rest=4, in_all=False),
    Kind("oversized", "posts of a text of the largest size, one less, one more", "door-posts", rest=3),
    Kind("slow-callers", "half requests and bodies that come a byte at a time", "door-callers", 3, 6, rest=2),
    Kind("repeats", "the last posts are posted again by everybody", "door-repeats", weight=2, rest=2),
    Kind("reload", "SIGHUP", "members", 0, 0, weight=2, rest=1),
    Kind("bad-reload", "SIGHUP with a file that is wrong: the old one stays in force", "reload-files", 0.5, 1, rest=2,
         details=("keys", "cues")),
)

BY_NAME = {kind.name: kind for kind in KINDS}


def worker_of(target):
    """segment-1 → segment"""
    return target.rsplit("-", 1)[0]


def targets_of(kind, brokers):
    """What it can hit, as names of what it holds."""
    families = {"members": MEMBERS,
                "middle": tuple(member for member in MEMBERS if worker_of(member) in MIDDLE),
                "brokers": tuple(f"broker-{number}" for number in range(1, brokers + 1))}
    return families.get(kind.targets, (kind.targets,))


def holds(kind, target):
    """Everything that can't be hit by another fault meanwhile."""
    if kind.targets == "brokers":
        return ("brokers", "kafka-net")   # only one broker at a time, and not behind a silent line
    if kind.targets == "reload-files":   # who starts while a file is wrong ends with 78, rightly
        return (target, "ingest-0", "ingest-1", "preprocess-0", "preprocess-1")
    if kind.name == "storm":
        return (target, "storm")
    return (target,)
