"""A real Kafka of one or three brokers and a real S3 server, by tests/lib's scripts; each with an address of its own
and one behind the proxy. The judges use the first, what is judged the second."""
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import boto3

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from ports import free_ports  # noqa: E402

BUCKET = "verbatim"
ACCESS, SECRET = "verbatim", "verbatim-secret"
# A broker that was killed may only come back when the controller has missed it for a session.
PROPERTIES = "broker.session.timeout.ms=3000\nbroker.heartbeat.interval.ms=500\n"
JAVA = "-XX:TieredStopAtLevel=1"   # 3.3 CPU-seconds to start instead of 5.8
STORE_BYTES = "3g"   # of the tmpfs that the store's data is on, where one can be mounted


def script(source, name, *arguments, **environment):
    """What one of tests/lib prints, as KEY=VALUE. OSError: it failed, and how."""
    done = subprocess.run([f"{source}/tests/lib/{name}", *map(str, arguments)], env={**os.environ, **environment},
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    if done.returncode:
        raise OSError(f"{name} {arguments[0]}: {done.stderr.strip() or done.returncode}")
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


class Kafka:
    """Brokers 1 ... count. `direct` is where the judges connect; `proxied[n]` what broker n tells everybody else."""

    def __init__(self, source, folder, count):
        self.source, self.folder, self.count = source, folder, count
        self.proxied = dict(zip(range(1, count + 1), free_ports(count)))
        self.bootstrap = ",".join(f"127.0.0.1:{port}" for port in self.proxied.values())
        self.heap = "512m" if count > 1 else "768m"
        self.lock = threading.Lock()   # one broker is away at a time

    def start(self):
        script(self.source, "kafka.sh", "start", self.folder, self.count, KAFKA_ADVERTISE=self.bootstrap,
               KAFKA_HEAP=self.heap, KAFKA_AUTO_CREATE="false",
               KAFKA_PROPERTIES=PROPERTIES, KAFKA_JAVA=JAVA)
        self.ports = {number: self.listener(number, "CLIENT") for number in self.proxied}
        self.direct = ",".join(f"127.0.0.1:{self.listener(number, 'INTERNAL')}" for number in self.proxied)

    def listener(self, number, name):
        with open(f"{self.folder}/broker-{number}.properties") as file:
            return int(re.search(rf"^listeners=.*\b{name}://127\.0\.0\.1:(\d+)", file.read(), re.M).group(1))

    def down(self, number, by):
        """by: kill or stop."""
        script(self.source, "kafka.sh", by, self.folder, number)

    def up(self, number):
        script(self.source, "kafka.sh", "restart", self.folder, number, KAFKA_HEAP=self.heap, KAFKA_JAVA=JAVA)

    def stop(self):
        if os.path.exists(self.folder):
            script(self.source, "kafka.sh", "stop", self.folder)


class Store:
    """MinIO with one bucket; `endpoint` is its own address."""

    def __init__(self, source, folder):
        self.source, self.folder, self.mounted = source, folder, False
        self.ballast = f"{folder}/data/ballast"

    def start(self):
        os.makedirs(f"{self.folder}/data")
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={STORE_BYTES}", "verbatim-soak", f"{self.folder}/data"],
                               stderr=subprocess.DEVNULL)
        self.mounted = mount.returncode == 0
        os.makedirs(f"{self.folder}/data/{BUCKET}")
        self.endpoint = script(self.source, "minio.sh", "start", self.folder)["endpoint"]
        self.port = int(self.endpoint.rsplit(":", 1)[1])
        self.client = boto3.client("s3", endpoint_url=self.endpoint, aws_access_key_id=ACCESS,
                                   aws_secret_access_key=SECRET, region_name="us-east-1")
        self.client.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"], "Resource": [f"arn:aws:s3:::{BUCKET}/*"]}]}))

    def kill(self):
        with open(f"{self.folder}/minio.pid") as file:
            os.kill(int(file.read()), signal.SIGKILL)

    def restart(self):
        script(self.source, "minio.sh", "restart", self.folder)

    def fill(self):
        """Takes what is left of its disk. False: it has no disk of its own."""
        if not self.mounted:
            return False
        os.makedirs(os.path.dirname(self.ballast), exist_ok=True)
        with open(self.ballast, "wb") as file:
            step, size = 1 << 26, 0
            while step >= 4096:   # others write meanwhile
                try:
                    os.posix_fallocate(file.fileno(), size, step)
                    size += step
                except OSError:
                    step //= 2
        return True

    def empty(self):
        if os.path.exists(self.ballast):
            os.unlink(self.ballast)

    def stop(self):
        if os.path.exists(self.folder):
            script(self.source, "minio.sh", "stop", self.folder)
        for _ in range(100 if self.mounted else 0):
            if subprocess.run(["umount", f"{self.folder}/data"], stderr=subprocess.DEVNULL).returncode == 0:
                self.mounted = False
                return
            time.sleep(0.1)
