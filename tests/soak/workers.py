"""The six workers as processes: started, watched, killed and started again; and what they used.

A member that ends is started again at once, unless a fault holds it. How it ended is judged: by our signal, with 0
after TERM, by its armed crash point, or with a status that is documented for a bus that it can't go on with. Those are
counted, and told in the result, those for which the schedule gave no reason (reasons.py) apart. Anything else breaks a promise."""
import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
import urllib.request

from cluster import free_ports
from kinds import MEMBERS, WORKERS
from reasons import Reasons

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
GAVE_UP = {75: "fenced", 71: "system"}   # schemas/errors.md; common/bus/kafka.md says when
AGAIN_AFTER = 0.5      # seconds until a member that ended by itself is started again
SLOWEST_STOP = 40      # seconds; an orchestrator would kill after 20, on a machine that does nothing else


class Member:
    def __init__(self, crew, name, worker, replica, port):
        self.crew, self.name, self.worker, self.replica, self.port = crew, name, worker, replica, port
        self.lock = threading.RLock()
        self.process, self.held, self.ends_as, self.starts = None, False, set(), 0
        self.peak_kib = 0

    def start(self, crash=None):
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("VERBATIM_", "AWS_"))}
        if crash:
            environment["VERBATIM_TEST_CRASH"] = crash
        with self.lock:
            self.held, self.ends_as = False, ({-signal.SIGKILL} if crash else set())
            self.starts += 1
            with open(f"{self.crew.folder}/{self.name}.log", "ab") as log:
                log.write(f"--- started {self.starts} at {self.crew.clock():.1f} s{' armed ' + crash if crash else ''}\n".encode())
                log.flush()
                self.process = subprocess.Popen(
                    [f"{self.crew.programs}/verbatim-{self.worker}", "--config", f"{self.crew.folder}/{self.worker}.ini",
                     f"--runtime.replica={self.replica}", f"--runtime.admin=127.0.0.1:{self.port}",
                     *self.crew.flags(self)], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment,
                    start_new_session=True)

    def running(self):
        with self.lock:
            return self.process is not None and self.process.poll() is None

    def send(self, number):
        with self.lock:
            if self.running():
                self.process.send_signal(number)

    def kill(self):
        """-9, and it stays down until start()."""
        with self.lock:
            self.held = True
            self.ends_as.add(-signal.SIGKILL)
            if self.process:
                self.process.kill()
                self.process.wait()

    def term(self):
        """TERM; returns how it ended, None: it didn't in time (and was killed). Stays down until start()."""
        with self.lock:
            self.held = True
            self.send(signal.SIGCONT)
            self.send(signal.SIGTERM)
        try:
            status = self.process.wait(SLOWEST_STOP)
        except subprocess.TimeoutExpired:
            self.crew.breaks(f"{self.name} did not end within {SLOWEST_STOP} s of SIGTERM")
            self.say_where()
            self.kill()
            return None
        self.judge(status, (0,), f"{self.name} ended with {status} on SIGTERM")
        return status

    def say_where(self):
        """What each thread waits for, into its log, where gdb is installed."""
        command = ["gdb", "-p", str(self.process.pid), "-batch", "-ex", "thread apply all bt"]
        if not shutil.which(command[0]):
            return
        with open(f"{self.crew.folder}/{self.name}.log", "ab") as log, contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=60, check=False)

    def judge(self, status, good, text):
        if status in GAVE_UP:
            reason = self.crew.reasons.of(self.worker, self.replica)
            self.crew.gave_up(f"{self.worker} {GAVE_UP[status]}" + ("" if reason else ", unexplained"))
            self.crew.note(f"{self.name} gave up with {status}; " + (f"a reason: {reason.kind} {reason.target}" if reason else "no fault explains it"))
        elif status not in good and status not in self.ends_as:
            self.crew.breaks(text)

    def ready(self):
        return self.running() and answers(f"http://127.0.0.1:{self.port}/readyz")

    def metrics(self):
        """name → sum over its labels; empty while it doesn't answer."""
        try:
            text = OPENER.open(f"http://127.0.0.1:{self.port}/metrics", timeout=1).read().decode()
        except (OSError, ValueError):
            return {}
        sums = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, value = line.split("{", 1)[0].split(" ", 1)[0], line.rsplit(" ", 1)[1]
                sums[name] = sums.get(name, 0.0) + float(value)
        return sums

    def look(self):
        """Its memory; and if it ended by itself, was it allowed to?"""
        with self.lock:
            if self.held or self.process is None:
                return
            status = self.process.poll()
            if status is None:
                self.peak_kib = max(self.peak_kib, anonymous_kib(self.process.pid))
                return
            self.judge(status, (), f"{self.name} ended by itself with {status}")
            self.crew.note(f"{self.name} ended with {status}")
            self.held = True
        threading.Timer(AGAIN_AFTER, self.start_unless_over).start()

    def start_unless_over(self):
        with self.lock:
            if not self.crew.over.is_set() and not self.running():
                self.start()


def answers(url):
    try:
        return OPENER.open(url, timeout=2).status == 200
    except OSError:
        return False


def anonymous_kib(pid):
    """Resident memory that isn't a mapped file (preprocess maps its window)."""
    try:
        with open(f"/proc/{pid}/status") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("RssAnon:")), 0)
    except OSError:
        return 0


class Crew:
    """All members. `breaks` and `note` are told what happens; `clock` is seconds since the start."""

    def __init__(self, folder, programs, ports, breaks, note, clock):
        self.folder, self.programs, self.breaks, self.note, self.clock = folder, programs, breaks, note, clock
        self.over, self.reasons = threading.Event(), Reasons(clock)
        self.door_ports = {replica: ports.pop() for replica in range(2)}
        self.members = {name: Member(self, name, name.rsplit("-", 1)[0], int(name.rsplit("-", 1)[1]), ports.pop())
                        for name in MEMBERS}
        self.ended_by_itself = {}   # "worker why" → times
        self.extras = []
        self.watcher = threading.Thread(target=self.watch, daemon=True)

    def flags(self, member):
        if member.worker == "ingest":
            return [f"--ingest.listen=127.0.0.1:{self.door_ports.get(member.replica, 0)}"]
        if member.worker == "preprocess":
            return [f"--preprocess.folder={self.folder}/state-{member.name}"]
        return []

    def configure(self, bootstrap, s3_port, options):
        """One file a worker. `options` is section → lines."""
        for worker in WORKERS:
            with open(f"{self.folder}/{worker}.ini", "w") as file:
                file.write(f"[bus]\nkind = kafka\n{options.get('bus', '')}[kafka]\nbootstrap.servers = {bootstrap}\n"
                           f"{options.get('kafka', '')}[runtime]\nlog_level = info\n{options['runtime']}")
                file.write(f"[{worker}]\n{options[worker]}" if worker in options else "")
                if worker == "logsink":
                    file.write(f"[store]\nendpoint = http://127.0.0.1:{s3_port}\n{options['store']}")

    def start(self):
        for member in self.members.values():
            member.start()
        self.watcher.start()

    def watch(self):
        while not self.over.wait(0.1):
            for member in list(self.members.values()) + list(self.extras):
                member.look()

    def gave_up(self, why):
        self.ended_by_itself[why] = self.ended_by_itself.get(why, 0) + 1

    def extra(self, worker, replica):
        """One more member: another replica, or a twin of one that there is."""
        member = Member(self, f"{worker}-{replica}-extra", worker, replica, free_ports(1)[0])
        self.extras.append(member)
        return member

    def dismiss(self, member):
        status = member.term() if member.running() else None
        self.extras.remove(member)
        return status

    def stop(self):
        """TERM to all, the last of the chain last; how they ended."""
        self.over.set()
        ends = {}
        for worker in WORKERS:
            members = [member for member in self.members.values() if member.worker == worker and member.process]
            threads = [threading.Thread(target=lambda m=member: ends.__setitem__(m.name, m.term())) for member in members]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        return ends

    def kill(self):
        self.over.set()
        for member in list(self.members.values()) + list(self.extras):
            if member.process and member.process.poll() is None:
                member.process.kill()
                member.process.wait()
