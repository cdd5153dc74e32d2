"""All parts of a run, put together, and taken down again whatever happens."""
import os
import shutil
import subprocess
import threading
import time

from cluster import ACCESS, BUCKET, SECRET, Kafka, Store, free_ports
from faults import ACTS
from kinds import BY_NAME, MIDDLE
from load import Caller, Load
from proxy import Proxy, Refuser
from reasons import COMMIT_SECONDS, SESSION_SECONDS
from receipts import Receipts
from watch import Watch
from workers import Crew

PARTITIONS = 6
ARCHIVE_AGE = 4       # seconds
FIRST_KEY = 999999    # no caller has it
ROOT = "archive/"     # of the archive in the bucket

# What differs from the defaults, so that minutes hold what else takes hours. Nothing here weakens a promise.
OPTIONS = {
    "bus": f"partitions = {PARTITIONS}\ncommit_timeout = {COMMIT_SECONDS}s\n",
    "kafka": f"session.timeout.ms = {SESSION_SECONDS * 1000}\nheartbeat.interval.ms = 1500\nsocket.timeout.ms = 10000\n",
    "logsink": f"url = s3://{BUCKET}/{ROOT.rstrip('/')}\nage = {ARCHIVE_AGE}s\n",
    "store": f"access_key_id = {ACCESS}\nsecret_access_key = {SECRET}\ndeadline = 10s\nleast_speed_time = 5s\n",
}


class Rig:
    def __init__(self, arguments, folder, say):
        self.source, self.folder, self.say = arguments.source, folder, say
        self.partitions, self.delivery = PARTITIONS, arguments.delivery
        self.problems, self.poisoned, self.points = [], {}, {}
        self.over, self.lock, self.began = threading.Event(), threading.Lock(), time.monotonic()
        self.events = open(f"{folder}/events.log", "a", buffering=1)
        self.kafka = Kafka(self.source, f"{folder}/kafka", arguments.brokers)
        self.store = Store(self.source, f"{folder}/minio")
        self.proxy = self.refuser = self.load = self.watch = None
        ports = free_ports(20)
        self.api_port, self.s3_port = ports.pop(), ports.pop()
        self.crew = Crew(folder, arguments.programs, ports, self.breaks, self.note, self.clock)
        self.receipts = Receipts()
        self.threads, self.done = [], 0

    def clock(self):
        return time.monotonic() - self.began

    def note(self, text):
        self.events.write(f"{self.clock():8.2f} s  {text}\n")

    def breaks(self, text):
        """Something that must not be."""
        self.note(f"BROKEN: {text}")
        with self.lock:
            self.problems.append(f"at {self.clock():.1f} s {text}")

    def crashed(self, point):
        with self.lock:
            self.points[point] = self.points.get(point, 0) + 1

    def wait(self, seconds):
        self.over.wait(seconds)

    # --- up ----------------------------------------------------------------------------------------

    def start(self, arguments):
        self.store.start()
        self.kafka.start()
        self.refuser = Refuser()
        with open(f"{self.folder}/toxiproxy.log", "ab") as log:
            self.proxy = Proxy(arguments.toxiproxy, self.api_port, log)
        for number, port in self.kafka.proxied.items():
            self.proxy.line(f"kafka-{number}", port, self.kafka.ports[number])
        self.proxy.line("s3", self.s3_port, self.store.port)
        self.crew.configure(self.kafka.bootstrap, self.s3_port, self.options(arguments))
        self.verbatim(arguments, "topics", "create", "--config", f"{self.folder}/preprocess.ini",
                      f"--bus.replication={self.kafka.count}")
        secret = self.verbatim(arguments, "keys", "create", "soak", "--file", f"{self.folder}/keys.txt").strip().splitlines()[0]
        self.crew.start()
        self.await_ready(300)
        self.load = Load(arguments.seed, self.crew.door_ports, secret, arguments.rate, self.receipts, self.breaks)
        self.watch = Watch(self.kafka.direct, self.receipts, self.crew, ARCHIVE_AGE)
        self.watch.start()
        self.warm_up(300)

    def warm_up(self, seconds):
        """One record from the door to its insight: then each worker works, and the first transactions, which take long, are over."""
        post = self.load.special(FIRST_KEY, "The first one.")
        until = time.monotonic() + seconds
        if Caller(self.load, 0).send(post, until):
            self.receipts.add(post.records)
        while self.receipts.count() != (1, 0):
            if time.monotonic() > until:
                raise OSError(f"the first record has no insight after {seconds} s; see {self.folder}")
            time.sleep(0.1)

    def options(self, arguments):
        cues = f"{self.folder}/cues"
        shutil.copytree(f"{self.source}/config/cues", cues)
        return {**OPTIONS, "runtime": f"delivery = {arguments.delivery}\n", "ingest": f"keys = {self.folder}/keys.txt\n",
                "preprocess": f"cues = {cues}\ncustomer_key = of-the-soak-{arguments.seed}\n"}

    def verbatim(self, arguments, *words):
        done = subprocess.run([f"{arguments.programs}/verbatim", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, start_new_session=True)
        if done.returncode:
            raise OSError(f"verbatim {' '.join(words)}: {done.stdout}")
        return done.stdout

    def await_ready(self, seconds):
        until = time.monotonic() + seconds
        for member in self.crew.members.values():
            while not member.ready():
                if time.monotonic() > until:
                    raise OSError(f"{member.name} isn't ready after {seconds} s; see {self.folder}/{member.name}.log")
                time.sleep(0.1)

    # --- faults ------------------------------------------------------------------------------------

    def make(self, fault):
        """In a thread of its own."""
        thread = threading.Thread(target=self.make_one, args=(fault,), daemon=True)
        self.threads.append(thread)
        thread.start()

    def make_one(self, fault):
        self.note(f"begins: {fault.line()}")
        self.crew.reasons.begins(fault)
        try:
            ACTS[fault.kind](self, fault)
        except Exception as error:   # the harness's own trouble is no proof of anything
            self.breaks(f"the harness could not make fault {fault.number} ({fault.kind} {fault.target}): {error!r}")
        self.crew.reasons.ends(fault)
        self.note(f"ended:  {fault.number} {fault.kind} {fault.target}")
        archive = fault.target.startswith("logsink")
        self.watch.healed(fault, "archive" if archive else BY_NAME[fault.kind].judged_by)
        with self.lock:
            self.done += 1

    def end_faults(self, seconds):
        until = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(until - time.monotonic(), 0.1))
        if any(thread.is_alive() for thread in self.threads):
            self.breaks(f"a fault did not end within {seconds} s")

    # --- the end -----------------------------------------------------------------------------------

    def drained(self):
        """Every receipt's end was seen, and the archive has read all."""
        return not self.receipts.count()[1] and self.work("logsink") is False

    def work(self, *workers):
        """Has one of these anything to do? None: not all say so, and none says yes."""
        figures = [member.metrics() for member in self.crew.members.values() if member.worker in workers]
        if any(figure.get("verbatim_backlog_records", 0) or figure.get("verbatim_in_flight_records", 0) for figure in figures):
            return True
        return False if all("verbatim_backlog_records" in figure for figure in figures) else None

    def drain(self, seconds, idle_seconds, show):
        """Until all is there; or, if that is wanted, until nobody has had work for so long although receipts wait, which the judge
        will call lost."""
        until, quiet, idle_since = time.monotonic() + seconds, 0, None
        while quiet < 3:
            if time.monotonic() > until:
                self.breaks(f"did not drain within {seconds} s: {self.receipts.count()[1]} receipts without their end")
                return
            quiet = quiet + 1 if self.drained() else 0
            work = None if quiet else self.work(*MIDDLE)   # logsink always has some: what workers say of themselves
            if quiet or work:
                idle_since = None
            elif work is False:
                idle_since = idle_since or time.monotonic()
                if idle_seconds and time.monotonic() - idle_since > idle_seconds:
                    self.note(f"nothing has work, and {self.receipts.count()[1]} receipts wait for their end")
                    return
            show("draining")
            time.sleep(0.3)
        while self.watch.open and time.monotonic() < until:
            show("recovering")
            time.sleep(0.3)

    def take_down(self):
        """What is still there, in any state."""
        self.over.set()
        for stop in (self.crew.kill, self.load and self.load.dead.set, self.watch and self.watch.stop, self.proxy and self.proxy.stop,
                     self.refuser and self.refuser.stop, self.kafka.stop, self.store.stop):
            try:
                if stop:
                    stop()
            except Exception as error:
                self.say(f"soak: {error}")
        for data in [f"{self.folder}/kafka/data-{number}" for number in self.kafka.proxied] + [f"{self.folder}/minio/data"]:
            if not os.path.ismount(data):
                shutil.rmtree(data, ignore_errors=True)
