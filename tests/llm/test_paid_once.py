"""genai dies, as by kill -9, at each of its crash points, and a provider that counts says what was bought twice: at most
the calls that were under way. Then the whole topic is read again: nothing is bought. Identical texts are bought once."""
import collections
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faults"))
from llm_rig import letters  # noqa: E402
from mock import Mock  # noqa: E402
from rig import BIN, Rig, equal, once_each, seeded, wait_for  # noqa: E402

for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
    os.environ.pop(name, None)
os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1"
CALLS, FRESH, COST = 4, 30, 900 * 1 + 120 * 2  # calls at once; records for each death; micro-dollars of a call
POINTS = ("genai.asked", "genai.asked:9", "genai.answered", "genai.answered:9", "genai.journal", "genai.journal:9", "genai.kept",
          "genai.kept:9", "commit.before", "commit.flushed", "commit.done", "commit.after", "commit.before:2", "commit.after:2")
sent, rows = [], []


def more(rig):
    """Every sixth text was there before, and one text comes again and again."""
    fresh = []
    for _ in range(FRESH):
        number = len(sent)
        text = letters(number - 5 if number % 6 == 5 else number)
        text = "The lid was broken again." if number % 10 == 3 else f"The lid of the jar came off at once {text}"
        fresh.append(json.dumps({"id": f"r-{number}", "customer": f"customer-{number % 7}", "text": text}))
        sent.append(f"r-{number}")
    subprocess.run([f"{BIN}/verbatim", "send", *rig.bus], input="\n".join(fresh), text=True, check=True, stdout=subprocess.DEVNULL)
    rows.extend(fresh)
    wait_for("segments", lambda: rig.count("segments") >= len(sent))


def priced(rig, command, *options):
    """What `verbatim estimate` and `verbatim replay --dry-run` say, for the same model."""
    got = subprocess.run([f"{BIN}/verbatim", *command, "--json", *options, *rig.bus, *rig.options["genai"][:3], "--genai.batch_records=1",
                          f"--genai.prices={rig.dir}/prices.txt"], check=True, capture_output=True, text=True).stdout
    figures = json.loads(got)
    return figures.get("price", figures)


def check_prices(rig, texts):
    """Nothing that the journal holds costs anything, by the keys that genai itself wrote."""
    with open(f"{rig.dir}/all.ndjson", "w", encoding="utf-8") as file:
        file.write("\n".join(rows))
    logsink = rig.start("logsink")
    wait_for("the documents are archived", lambda: len(rig.archived("documents")[0]) >= len(sent))
    logsink.stop()
    for what, command in (("estimate", ["estimate", f"{rig.dir}/all.ndjson"]),
                          ("replay", ["replay", f"{rig.dir}/archive", "--topic", "documents", "--dry-run"])):
        figures = priced(rig, command)
        equal(f"{what}: texts to be asked about", (figures["records"], figures["asked"], figures["repeated"], figures["known"]),
              (len(sent), texts, len(sent) - texts, 0))
        equal(f"{what}: calls", figures["calls"], texts)
        equal(f"{what}: cost", round(figures["cost_usd"] * 1e6), figures["input_tokens"] + 2 * figures["output_tokens"])
        figures = priced(rig, command, "--journal")
        equal(f"{what}, with the journal", (figures["asked"], figures["known"], figures["cost_usd"]), (0, len(sent), 0))


def main():
    seeded()
    with Mock(latency=0.02) as mock, Rig() as rig:
        with open(f"{rig.dir}/prices.txt", "w", encoding="ascii") as prices:
            prices.write("openai/mock 1 2 0.1\n")
        rig.options["genai"] = ["--genai.providers=openai", f"--openai.endpoint=http://127.0.0.1:{mock.port}/v1", "--openai.model=mock",
                                f"--genai.calls={CALLS}", "--genai.batch_records=1", "--genai.batch_wait=0ms",
                                f"--genai.prices={rig.dir}/prices.txt", "--genai.budget=100", "--runtime.batch_records=20"]
        rig.create_topics()
        stages = [rig.start(stage) for stage in ("preprocess", "featurize", "segment")]
        for point in POINTS:
            more(rig)
            before = len(mock.calls)
            rig.start("genai", crash=point).ends(-signal.SIGKILL, f"genai at {point}")
            print(f"died at {point}, {len(mock.calls) - before} calls", flush=True)
        more(rig)
        healthy = rig.start("genai")
        wait_for("all insights", lambda: rig.count("insights") >= len(sent))
        once_each("insights", rig.ids("insights"), sent)
        texts = collections.Counter(text for call in mock.calls for text in call.texts)
        twice = sum(count - 1 for count in texts.values())
        print(f"{len(sent)} records, {len(texts)} texts, {len(mock.calls)} calls, {twice} of them bought twice, {len(POINTS)} deaths")
        equal("each distinct text was asked about", len(texts), len({r["document"]["text"] for r in rig.topic("insights")}))
        if twice > CALLS * len(POINTS):
            raise SystemExit(f"{twice} calls were bought twice: more than the {CALLS} under way at each of {len(POINTS)} deaths")
        spent = round(healthy.metrics()["verbatim_spend_today_usd"] * 1e6)
        # Of today, in UTC: a run over midnight leaves the calls of the day before out. A call near midnight may be either day's.
        now, clear = time.monotonic(), 60
        today = sum(now - call.at < time.time() % 86400 - clear for call in mock.calls)
        if not (today - CALLS * len(POINTS)) * COST <= spent <= len(mock.calls) * COST:
            raise SystemExit(f"spent {spent} micro-dollars by its own account, for {len(mock.calls)} calls of {COST}")
        healthy.stop()

        calls = len(mock.calls)
        again = rig.start("genai", "--runtime.group=again", replica=1)
        wait_for("all insights again", lambda: rig.count("insights") >= 2 * len(sent))
        equal("calls bought by reading the whole topic again", len(mock.calls) - calls, 0)
        equal("answers known", again.metric("verbatim_answers_total", result="known") +
              again.metric("verbatim_answers_total", result="shared"), len(sent))
        equal("spent again", again.metrics()["verbatim_spend_usd_total"], 0)
        equal("by the model, all of them", {r["insight"]["provider"] for r in rig.topic("insights")}, {"openai"})
        again.stop()
        check_prices(rig, len(texts))
        for stage in stages:
            stage.stop()
        equal("dead letters", len(rig.topic("dead-letters")), 0)


main()
