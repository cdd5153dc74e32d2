"""verbatim evaluate --provider, --prompt, --promote: the figures of a provider that can be foreseen, what is said of the
cost before anything is bought, and which prompt may replace which."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faults"))
from llm_rig import letters  # noqa: E402
from mock import Mock, honest  # noqa: E402
from rig import BIN, SOURCE, equal  # noqa: E402

ROWS = 240
CURRENT, CANDIDATE = "insight-000001", "insight-000002"


def write_rows(path):
    """Every twelfth row has no label: nobody is asked about it. The model is right about all others."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("label\ttext\n")
        for number in range(ROWS):
            text = f"The lid of the jar came off at once {letters(number)}"
            label = "none" if number % 12 == 11 else honest(text)["sentiment"]["label"]
            file.write(f"{label}\t{text}\n")
    return ROWS - ROWS // 12


def write_prompts(folder):
    """The shipped configuration with two versions of the prompt, told apart by a word."""
    shutil.copytree(f"{SOURCE}/config", folder)
    for version, word in ((CURRENT, "zorkcurrent"), (CANDIDATE, "zorkcandidate")):
        if version != CURRENT:
            shutil.copytree(f"{folder}/prompts/{CURRENT}", f"{folder}/prompts/{version}")
    for version, word in ((CURRENT, "zorkcurrent"), (CANDIDATE, "zorkcandidate")):
        with open(f"{folder}/prompts/{version}/system.txt", "a", encoding="utf-8") as file:
            file.write(f"\n{word}\n")


class Rig:
    def __init__(self, folder, mock):
        self.folder, self.mock = folder, mock
        self.rows = write_rows(f"{folder}/rows.tsv")
        write_prompts(f"{folder}/config")
        with open(f"{folder}/prices.txt", "w", encoding="ascii") as prices:
            prices.write("openai/mock 1 2 0.1\n")

    def run(self, *options, task="sentiment", data="rows.tsv"):
        calls = len(self.mock.calls)
        done = subprocess.run(
            [f"{BIN}/verbatim", "evaluate", "--task", task, "--data", f"{self.folder}/{data}", "--json", *options,
             f"--openai.endpoint=http://127.0.0.1:{self.mock.port}/v1", f"--genai.folder={self.folder}/config",
             f"--genai.prices={self.folder}/prices.txt", "--genai.retry_least=1ms", "--genai.retry_most=5ms"],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300, check=False)
        return done, len(self.mock.calls) - calls

    def figures(self, *options, status=0, **kind):
        done, calls = self.run(*options, **kind)
        if done.returncode != status:
            raise SystemExit(f"{options}: {done.returncode} instead of {status}: {done.stderr[-1500:]}")
        return json.loads(done.stdout), calls

    def refused(self, why, status, says, *options, **kind):
        """Nothing is bought."""
        done, calls = self.run(*options, **kind)
        equal(f"{why}: exit status ({done.stderr[-300:]!r})", done.returncode, status)
        equal(f"{why}: calls", calls, 0)
        if says not in done.stderr:
            raise SystemExit(f"{why}: {says!r} isn't in {done.stderr[-600:]!r}")


def well(rig):
    got, calls = rig.figures("--provider", "openai/mock", "--yes")
    local, remote = got["contenders"]
    alone, _ = rig.figures()
    equal("local is what evaluate says without a provider", round(local["macro_f1"], 6), round(alone["four_way"]["macro_f1"], 6))
    equal("rows, all of them judged", (got["rows"], local["judged"], remote["judged"], got["scores"]), (rig.rows, rig.rows, rig.rows, "four_way"))
    equal("the model is right", (remote["macro_f1"], remote["accuracy"], remote["answered"], remote["evidence"]), (1, 1, 1, 1))
    equal("the model and the version of the prompt", (remote["model"], remote["prompt"]), ("mock", CURRENT))
    agree = local["right"] / rig.rows  # as the model says the labels
    equal("agreement with local", round(remote["same_as_local"], 6), round(agree, 6))
    equal("calls, tokens, money", (remote["calls"], remote["input_tokens"], remote["output_tokens"], round(remote["cost_usd"] * 1e6)),
          (calls, 900 * calls, 120 * calls, calls * (900 + 2 * 120)))
    if not rig.rows // 8 <= calls <= rig.rows // 2:
        raise SystemExit(f"{calls} calls for {rig.rows} rows: not asked in batches")
    if not 0 < remote["latency_median_ms"] <= remote["latency_p95_ms"]:
        raise SystemExit(f"latency: {remote['latency_median_ms']}, {remote['latency_p95_ms']}")
    got, calls = rig.figures("--provider", "openai/mock", "--limit", "24", "--budget", "5")
    equal("--limit, spread over the file", (got["rows"], 1 <= calls <= 24), (24, True))
    table, _ = rig.run("--provider", "openai/mock", "--limit", "24", "--budget", "5", "--prompt", CANDIDATE)
    equal("a prompt that is named", json.loads(table.stdout)["contenders"][1]["prompt"], CANDIDATE)


def of_no_use(rig):
    rig.mock.fault, rig.mock.every = "malformed", 3
    got, _ = rig.figures("--provider", "openai/mock", "--yes")
    rig.mock.fault, rig.mock.every = None, 1
    remote = got["contenders"][1]
    equal("repairs, and all answered or counted", (remote["repaired"] > 0, remote["rows"]), (True, rig.rows))

    def lie(_, answer):
        answer["needs"].append({"quote": "nobody wrote this", "kind": "question", "text": "A need that isn't there"})

    rig.mock.moods = {"zorkcurrent": lie}
    got, _ = rig.figures("--provider", "openai/mock", "--yes", "--limit", "60")
    rig.mock.moods = {}
    remote = got["contenders"][1]
    equal("a claim without evidence in each answer", (remote["claims_dropped"], remote["with_dropped"]), (got["rows"], 1))
    equal("evidence rate", round(remote["evidence"], 6), round(1 - got["rows"] / remote["claims"], 6))


def bought_by_nobody(rig):
    rig.refused("nobody agreed", 64, "--yes", "--provider", "openai/mock")
    rig.refused("below the estimate", 64, "the budget is $0.001", "--provider", "openai/mock", "--budget", "0.001")
    rig.refused("no price", 78, "no price of other", "--provider", "openai/other", "--budget", "5")
    rig.refused("an amount that is none", 64, "not \"much\"", "--provider", "openai/mock", "--budget", "much")
    rig.refused("an unknown provider", 64, 'did you mean "openai"', "--provider", "opanai/mock", "--yes")
    rig.refused("no model", 64, "which model of openai", "--provider", "openai", "--yes")
    rig.refused("local alone", 64, "nobody to compare", "--provider", "local", "--yes")
    rig.refused("not a model's task", 64, "language isn't theirs", "--provider", "openai/mock", "--yes", task="language")
    rig.refused("a prompt that isn't there", 78, "insight-000009", "--provider", "openai/mock", "--prompt", "insight-000009", "--yes")
    rig.refused("the current prompt", 64, "is the current prompt", "--provider", "openai/mock", "--promote", CURRENT, "--yes")
    rig.refused("two providers", 64, "one provider", "--provider", "openai/mock", "--provider", "openai/b", "--promote", CANDIDATE, "--yes")
    rig.refused("a guard of nothing", 64, "go with --provider", "--budget", "5")
    got, calls = rig.figures("--provider", "openai/mock", "--dry-run")
    equal("--dry-run", (calls, got["contenders"][0]["asked"], got["contenders"][0]["cost_usd"] > 0), (0, rig.rows, True))
    got, _ = rig.figures("--provider", "openai/other", "--yes", "--limit", "12")
    equal("without a price the cost isn't known", got["contenders"][1]["cost_usd"], None)
    estimate = rig.figures("--provider", "openai/mock", "--dry-run")[0]["contenders"][0]["cost_usd"]
    rig.mock.usage = (6000, 1000)  # more than was estimated
    got, _ = rig.figures("--provider", "openai/mock", "--budget", f"{estimate:.6f}")
    rig.mock.usage = (900, 120)
    remote = got["contenders"][1]
    equal("the budget holds while it is spent", (0 < remote["cost_usd"] <= estimate, 0 < remote["answered"] < 1), (True, True))
    with open(f"{rig.folder}/bad.tsv", "w", encoding="utf-8") as file:
        file.write("label\ttext\nposs\tThe jar is fine zorkab\npositive\tThe jar is fine zorkac\npositive\n")
    got, _ = rig.figures("--provider", "openai/mock", "--yes", status=65, data="bad.tsv")
    equal("rows that are refused aren't asked about", (got["rows"], got["refused"]), (1, 2))


def promotions(rig):
    def third_wrong(text, answer):
        if sum(text.encode()) % 3 == 0:
            label = answer["sentiment"]["label"]
            answer["sentiment"]["label"] = "negative" if label == "positive" else "positive"

    ask = ("--provider", "openai/mock", "--promote", CANDIDATE, "--budget", "5")
    checks = lambda got: {check["name"]: check["passes"] for check in got["verdict"]["checks"]}  # noqa: E731
    rig.mock.moods = {"zorkcurrent": third_wrong}
    done, _ = rig.run(*ask)
    got = json.loads(done.stdout)
    rest = {name for name, passes in checks(got).items() if not passes} - {"p95_ms"}  # a busy machine may slow the second
    equal("a better one", (rest, got["verdict"]["only_current_right"], checks(got)["reason"]), (set(), 0, True))
    equal("the exit status says it", done.returncode, 0 if got["verdict"]["promote"] else 1)
    equal("on the rows that both answered", got["verdict"]["both"], rig.rows)
    rig.mock.moods = {"zorkcandidate": third_wrong}
    got, _ = rig.figures(*ask, status=1)
    equal("a worse one", (checks(got)["accuracy"], checks(got)["macro_f1"], got["verdict"]["p_value"] < 0.001), (False, False, True))
    rig.mock.moods = {}
    got, _ = rig.figures(*ask, "--limit", "100", status=1)
    equal("too few rows", (checks(got)["rows"], checks(got)["accuracy"]), (False, True))
    rig.refused("a candidate that isn't there", 78, "insight-000007", "--provider", "openai/mock", "--promote", "insight-000007", "--yes")


def main():
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AWS_BEARER_TOKEN_BEDROCK"):
        os.environ.pop(name, None)
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1"
    with tempfile.TemporaryDirectory(prefix="verbatim-evaluate-") as folder, Mock(latency=0.002) as mock:
        rig = Rig(folder, mock)
        for part in (well, of_no_use, bought_by_nobody, promotions):
            part(rig)
            print(f"{part.__name__}: as foreseen, {len(mock.calls)} calls so far", flush=True)
        mock.stop()
        done, _ = rig.run("--provider", "openai/mock", "--yes", "--limit", "24")
        equal(f"nobody there ({done.stderr[-300:]!r})", done.returncode, 69)


main()
