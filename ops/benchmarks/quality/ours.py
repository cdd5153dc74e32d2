"""Our programs: models built from a folder of data, and `verbatim evaluate` with them."""
import json
import os
import shutil
import subprocess

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
BIN = os.environ.get("VERBATIM_BIN", os.path.join(ROOT, "build/release/bin"))


def build(data, folder):
    """A configuration folder with the linear models that this data gives; the rest is what ships."""
    shutil.copytree(os.path.join(ROOT, "config"), folder, dirs_exist_ok=True)
    command = [BIN + "/verbatim-build-models", data, ROOT + "/ops/models/own", folder + "/models"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder


def evaluate(task, file, config=None, label=None):
    command = [BIN + "/verbatim", "evaluate", "--task", task, "--data", file, "--json"]
    command += [f"--genai.folder={config}"] if config else []
    command += ["--label", label] if label else []
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode not in (0, 65) or not run.stdout:
        raise SystemExit(f"quality: {' '.join(command)}: {run.stderr.strip()}")
    return json.loads(run.stdout)
