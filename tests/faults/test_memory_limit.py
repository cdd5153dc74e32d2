"""Too little memory (RLIMIT_AS): a worker under load stays within it, or ends with 71 as documented; never by a signal,
and nothing is lost or doubled: the next one, which has enough, goes on."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Rig, STAGES, equal, once_each, wait_for  # noqa: E402

MAP_MIB = 128  # of the bus, which counts as address space
OUTPUT = {"preprocess": "documents", "featurize": "features", "segment": "segments", "genai": "insights"}
RECORDS = 3000


def address_space_mib(rig, worker):
    """Of an idle one."""
    member = rig.start(worker)
    wait_for(f"{worker} is ready", lambda: member.ready() == 200)
    with open(f"/proc/{member.process.pid}/status") as status:
        mib = next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmSize"))
    member.stop()
    return mib


def limited(rig, worker, limit_mib, wanted):
    """What becomes of it: ended, or within its limit."""
    rig.wrapper = ["prlimit", f"--as={limit_mib << 20}"]
    member = rig.start(worker)
    rig.wrapper = []
    wait_for(f"{worker} ends or is through", lambda: member.process.poll() is not None or rig.count(OUTPUT[worker]) >= wanted)
    if member.process.poll() is None:
        member.stop()
        return "within"
    equal(f"exit status of {worker} at {limit_mib} MiB", member.process.returncode, 71)
    return "ended"


def main():
    with Rig() as rig:
        rig.bus += [f"--bus.size_limit={MAP_MIB}M"]
        rig.create_topics()
        idle = {worker: address_space_mib(rig, worker) for worker in STAGES}
        sent = [f"o-{i}" for i in range(RECORDS)]
        rig.send(sent, pad=80)
        for worker in STAGES:
            ended = 0
            while limited(rig, worker, idle[worker] - 130 + 6 * ended, len(sent)) == "ended":
                ended += 1
            topic, enough = OUTPUT[worker], rig.start(worker)
            wait_for(f"{worker} goes on with enough", lambda: rig.count(topic) >= len(sent))
            enough.stop()
            print(f"{worker}: idle {idle[worker]} MiB of address space; ended with 71 {ended} times, and came through "
                  f"with {130 - 6 * ended} less", flush=True)
            if not ended:
                raise SystemExit("the limit is none")
            once_each(topic, rig.ids(topic), sent)
        equal("dead letters", rig.count("dead-letters"), 0)


main()
