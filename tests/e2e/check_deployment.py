#!/usr/bin/env python3
"""Are docker-compose.yml, the Dockerfile, the Kubernetes manifests, the Prometheus rules and the Grafana dashboard
true of the programs that were built? Prints what isn't, and exits 1.

Every container's options are given to its program, which must accept them; the six workers are then started with
them, on an embedded bus in a scratch folder instead of Kafka, and must become ready.

usage: check_deployment.py SOURCE BIN SCRATCH
"""
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

import yaml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from ports import free_port  # noqa: E402

SOURCE, BIN, SCRATCH = sys.argv[1:]
faults, checks = [], 0
WORKERS = {"ingest", "preprocess", "featurize", "segment", "genai", "logsink"}


def check(fine, what):
    global checks
    checks += 1
    if not fine:
        faults.append(what)


def read(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
        return file.read()


# --- what there is to run: (where, command, environment) ----------------------------------------------------------

def image_environment():
    text = read("ops/docker/Dockerfile").replace("\\\n", " ")
    return dict(pair.split("=", 1) for line in re.findall(r"^ENV (.*)$", text, re.M) for pair in line.split()
                if pair.startswith("VERBATIM_"))


def compose_containers(image):
    compose = yaml.safe_load(re.sub(r"\$\{(\w+):\?[^}]*\}", "given", read("docker-compose.yml")))
    services = compose["services"]
    for name, service in services.items():
        for other in service.get("depends_on", {}):
            check(other in services, f"compose: {name} depends on {other}, which isn't there")
        for volume in service.get("volumes", []):
            check(volume.split(":")[0] in compose["volumes"], f"compose: {name}: no volume {volume}")
        for secret in service.get("secrets", []):
            check(secret in compose["secrets"], f"compose: {name}: no secret {secret}")
        if service["image"] == "verbatim":
            environment = {key: str(value) for key, value in service.get("environment", {}).items()}
            yield f"compose {name}", service["command"], {**image, **environment}


def kubernetes_containers(image):
    kustomization = yaml.safe_load(read("ops/k8s/kustomization.yaml"))
    shared = {generator["name"]: dict(literal.split("=", 1) for literal in generator["literals"])
              for generator in kustomization["configMapGenerator"]}
    for path in kustomization["resources"]:
        for document in yaml.safe_load_all(read(f"ops/k8s/{path}")):
            if document["kind"] not in ("StatefulSet", "Job"):
                continue
            pod = document["spec"]["template"]["spec"]
            for container in pod["containers"]:
                where = f"k8s {path} {container['name']}"
                environment = dict(image)
                for source in container.get("envFrom", []):
                    environment.update(shared[source["configMapRef"]["name"]])
                for item in container.get("env", []):
                    environment[item["name"]] = item.get("value", "7")
                volumes = {volume["name"] for volume in pod.get("volumes", [])}
                volumes |= {claim["metadata"]["name"] for claim in document["spec"].get("volumeClaimTemplates", [])}
                for mount in container.get("volumeMounts", []):
                    check(mount["name"] in volumes, f"{where}: no volume {mount['name']}")
                check_ports(where, container, environment)
                yield where, container["command"], environment


def check_ports(where, container, environment):
    ports = {port["name"]: str(port["containerPort"]) for port in container.get("ports", [])}
    for name, option in (("metrics", "VERBATIM_RUNTIME_ADMIN"), ("http", "VERBATIM_INGEST_LISTEN")):
        if name in ports:
            check(environment.get(option, "").endswith(":" + ports[name]), f"{where}: {option} is not on port {ports[name]}")


# --- does its program take it? ------------------------------------------------------------------------------------

def clean(environment):
    """Nothing of ours from outside."""
    return {**{k: v for k, v in os.environ.items() if not k.startswith(("VERBATIM_", "AWS_"))}, **environment}


def check_accepted(where, command, environment):
    program = os.path.join(BIN, command[0])
    if not os.path.exists(program):
        check(False, f"{where}: no program {command[0]}")
        return
    arguments = ["config"] if command[0] == "verbatim" else ["--print-config"]
    result = subprocess.run([program, *arguments], env=clean(environment), capture_output=True, text=True, check=False)
    check(result.returncode == 0, f"{where}: {command[0]} refuses its options: {result.stderr.strip()}")


def is_ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def check_starts(where, command, environment):
    """With its own options, but the paths and ports of this machine, and no Kafka."""
    name, port = where.replace(" ", "-").replace("/", "-"), free_port()
    folder = os.path.join(SCRATCH, name)
    os.makedirs(folder)
    subprocess.run([os.path.join(BIN, "verbatim"), "keys", "create", "me", "--file", f"{folder}/keys"],
                   env=clean({}), stdout=subprocess.DEVNULL, check=True)
    here = {key: value for key, value in environment.items() if not key.startswith("VERBATIM_KAFKA_")}
    changes = {"VERBATIM_BUS_KIND": "embedded", "VERBATIM_BUS_PATH": f"{folder}/bus",
               "VERBATIM_RUNTIME_ADMIN": f"127.0.0.1:{port}", "VERBATIM_INGEST_KEYS": f"{folder}/keys",
               "VERBATIM_PREPROCESS_FOLDER": f"{folder}/preprocess", "VERBATIM_LOGSINK_URL": f"{folder}/archive"}
    here.update({key: value for key, value in changes.items()
                 if key in environment or key in ("VERBATIM_BUS_KIND", "VERBATIM_RUNTIME_ADMIN")})
    if "VERBATIM_INGEST_LISTEN" in here:
        host = here["VERBATIM_INGEST_LISTEN"].rsplit(":", 1)[0]
        here["VERBATIM_INGEST_LISTEN"] = f"{host}:{free_port()}"
    with open(f"{folder}/log", "w", encoding="utf-8") as log:
        process = subprocess.Popen([os.path.join(BIN, command[0]), *command[1:]], env=clean(here), stdout=log, stderr=log)
    deadline = time.monotonic() + 120
    while process.poll() is None and not is_ready(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    with open(f"{folder}/log", encoding="utf-8") as log:
        check(is_ready(port), f"{where}: did not start: {log.read()[-300:]}")
    process.terminate()
    check(process.wait(120) == 0, f"{where}: did not stop with 0 on SIGTERM")


# --- image, metrics -----------------------------------------------------------------------------------------------

def check_image():
    """Do the Debian packages of the image hold what the programs link? Only a Debian can tell."""
    listed = set(re.findall(r"^\s+(?:ca-certificates )?((?:z?lib\S+ ?)+)", read("ops/docker/Dockerfile"), re.M))
    packages = {package for line in listed for package in line.split()}
    check(packages, "Dockerfile: no packages found")
    needed = set()
    for program in ["verbatim", *(f"verbatim-{worker}" for worker in WORKERS)]:
        for library in re.findall(r"=> (/\S+)", subprocess.run(["ldd", f"{BIN}/{program}"], capture_output=True, text=True, check=True).stdout):
            direct = subprocess.run(["readelf", "-d", f"{BIN}/{program}"], capture_output=True, text=True, check=True).stdout
            if os.path.basename(library) not in direct:
                continue
            for path in (library, os.path.realpath(library)):
                owner = subprocess.run(["dpkg", "-S", path], capture_output=True, text=True, check=False).stdout
                if owner:
                    needed.add(owner.split(":")[0])
                    break
    for package in needed - {"libc6"}:
        check(package in packages, f"Dockerfile: the programs need {package}")
    for path in re.findall(r"^COPY (?!--from)(\S+) ", read("ops/docker/Dockerfile"), re.M):
        check(os.path.exists(os.path.join(SOURCE, path)), f"Dockerfile: no {path} to copy")


def check_context():
    """What .dockerignore lets through must be enough for CMake: each folder that is added must be there."""
    kept = [line[1:].rstrip("/") for line in read(".dockerignore").split() if line.startswith("!")]
    listing = subprocess.run(["find", ".", "-name", "CMakeLists.txt", "-not", "-path", "./build/*"], cwd=SOURCE, capture_output=True, text=True, check=True)
    for path in sorted(line[2:] for line in listing.stdout.split()):
        if path.startswith("tests/"):
            continue
        check(any(path == keep or path.startswith(keep + "/") for keep in kept), f".dockerignore leaves {path} out")


def check_metrics():
    known = set(re.findall(r'"((?:verbatim|process)_[a-z_]+)"', read("common/observe/metrics.def")))
    known |= {f"{name}_{suffix}" for name in known for suffix in ("bucket", "sum", "count")}
    for path in ("ops/prometheus/alerts.yml", "ops/grafana/verbatim.json"):
        text = read(path)
        used = set(re.findall(r"\b((?:verbatim|process)_[a-z_]+)\b(?=[\[{ )\\])", text))
        check(used, f"{path}: no metrics found")
        for name in used - known:
            check(False, f"{path}: no metric {name}")
    json.loads(read("ops/grafana/verbatim.json"))
    targets = set(re.findall(r"(\w+):9100", read("ops/prometheus/prometheus.yml")))
    check(targets == WORKERS, f"prometheus.yml scrapes {targets}")


def check_runbook():
    """Each alert has its place there, with how urgent it is."""
    runbook = read("ops/runbook.md")
    for name, severity in re.findall(r"alert: (\w+)\n(?:.*\n)*?\s+labels: \{severity: (\w+)", read("ops/prometheus/alerts.yml")):
        said = re.search(rf"\*\*{name}\*\*[^(]*\((\w+)", runbook)
        check(said and said.group(1) == severity, f"ops/runbook.md doesn't say {name} ({severity})")


def main():
    image = image_environment()
    started = {"compose": set(), "k8s": set()}
    for where, command, environment in [*compose_containers(image), *kubernetes_containers(image)]:
        check_accepted(where, command, environment)
        if command[0] != "verbatim":
            check_starts(where, command, environment)
            started[where.split()[0]].add(command[0].removeprefix("verbatim-"))
    for kind, names in started.items():
        check(names == WORKERS, f"{kind}: workers are {sorted(names)}")
    check_image()
    check_context()
    check_metrics()
    check_runbook()
    for fault in faults:
        print(f"FAILED: {fault}", file=sys.stderr)
    print(f"{checks} checks, {len(faults)} failed")
    sys.exit(1 if faults else 0)


main()
