"""Digests told by a model, from their counts: numbers that were counted are told, invented ones are not, without the model
the rules tell, and no record and no digest waits for it. Then genai dies between the purchase and the commit: the same
counts aren't bought again."""
import collections
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faults"))
from llm_rig import Run, letters  # noqa: E402
from mock import Mock  # noqa: E402
from rig import BIN, Rig, equal, wait_for  # noqa: E402

RECORDS, LEAST, CALLS = 40, 5, 4  # LEAST: records that make a segment worth a story


def options(mock):
    return ["--genai.providers=openai", f"--openai.endpoint=http://127.0.0.1:{mock.port}/v1", "--openai.model=mock",
            f"--genai.calls={CALLS}", "--genai.batch_records=4", "--genai.batch_wait=10ms"]


def rows(start):
    return [{"id": f"r-{number}", "text": f"The lid of the jar came off at once {letters(number)}", "product": "Jar X2"}
            for number in range(start, start + RECORDS)]


def digests(run):
    return [record["digest"] for record in run.topic("insights").values() if "digest" in record]


def told(run, records):
    """The digests' stories, once these many records are in digests."""
    wait_for(f"digests of {records} records",
             lambda: run.alive() and sum(digest["records"] for digest in digests(run)) >= records)
    found = digests(run)
    equal("records in digests", sum(digest["records"] for digest in found), records)
    for digest in found:
        equal("a digest with records has a story of the window first", bool(digest["records"]), bool(digest.get("stories")))
        if digest["records"]:
            equal("the first has no segment", digest["stories"][0].get("segment"), None)
    return [story for digest in found for story in digest.get("stories", [])]


def check_story(story):
    counts = story["counts"].encode()
    for claim in story["summary"] + story.get("recommendations", []):
        quote = counts[claim["start"]:claim["end"]].decode()
        if not quote or quote not in story["counts"]:
            raise SystemExit(f"rests on no line: {claim} in {story}")
        for number in re.findall(r"\d+", claim["text"].replace("X2", "")):
            if number not in re.findall(r"\d+", story["counts"]):
                raise SystemExit(f"{number} isn't among the counts: {claim} in {story}")


def by_model(stories):
    return [story for story in stories if story["provider"] == "openai"]


def what_a_model_says(mock):
    with Run(*options(mock), "--genai.digest_every=1s") as run:
        seen = 0
        for story in ("right", "both", "invented"):
            mock.story = story
            bought = len(mock.calls)
            run.post(rows(seen))
            seen += RECORDS
            stories = told(run, seen)
            for each in stories:
                check_story(each)
            fresh = [each for call in mock.calls[bought:] for each in call.texts if " records" in each.split("\n")[0]]
            print(f"{story}: {len(fresh)} sets of counts asked about, {len(by_model(stories))} of {len(stories)} stories so far by the model")
            if story == "right":
                equal("all by the model", len(by_model(stories)), len(stories))
                equal("nothing dropped", sum(each.get("dropped_claims", 0) for each in stories), 0)
                for each in stories:
                    equal("provenance", (each["model"], each["prompt"][:14], each["input_tokens"], each["output_tokens"], each["attempts"]),
                          ("mock-1", "digest-000001.", 900, 120, 1))
                if any("came off" in text for text in fresh):
                    raise SystemExit("a customer's words are among the counts")
            equal("each record was asked about", run.metric("verbatim_llm_records_total", result="answered"), seen)
            equal("and is there", sum("insight" in record for record in run.topic("insights").values()), seen)
            if story == "both":
                equal("a dropped sentence for each", sum(each.get("dropped_claims", 0) for each in stories),
                      run.metric("verbatim_digest_claims_dropped_total"))
                equal("still all by the model", len(by_model(stories)), len(stories))
            if story == "invented":
                rules = [each for each in stories if each["provider"] == "local"]
                if not rules or not all(each["degraded"] and each["dropped_claims"] == 1 for each in rules):
                    raise SystemExit(f"invented numbers: {rules}")
                equal("counted", run.metric("verbatim_digest_stories_total", result="degraded"), len(rules))
        mock.fault = "overload"
        run.post(rows(seen))
        stories = told(run, seen + RECORDS)
        for each in stories:
            check_story(each)
        last = [each for each in stories if each["provider"] == "local" and not each.get("dropped_claims")]
        if not last or not all(each["degraded"] and each["summary"] for each in last):
            raise SystemExit(f"without a provider: {last}")
        equal("dead letters", len(run.topic("dead-letters")), 0)
        run.stop()
        mock.fault = None


def within_the_budget(mock):
    mock.story, calls = "right", len(mock.calls)
    with tempfile.NamedTemporaryFile("w", encoding="ascii") as prices:
        prices.write("openai/mock 1 2 0.1\n")
        prices.flush()
        spent(mock, calls, f"--genai.prices={prices.name}")


def spent(mock, calls, prices):
    with Run(*options(mock), "--genai.digest_every=1s", "--genai.budget=0.000001", prices) as run:
        run.post(rows(0))
        stories = told(run, RECORDS)
        equal("told by rules", ({each["provider"] for each in stories}, all(each["degraded"] for each in stories)), ({"local"}, True))
        equal("calls", len(mock.calls), calls)
        run.stop()


def worth_a_story(rig):
    """How many stories the records make: the window's, and those of the segments that are large enough."""
    sizes = collections.Counter(record["segment"]["segment"] for record in rig.topic("insights") if "insight" in record)
    return 1 + min(8, sum(size >= LEAST for size in sizes.values()))


def foreseen(rig, stories):
    """By `verbatim estimate`, which knows no segments: never too few."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file, tempfile.NamedTemporaryFile("w", encoding="ascii") as prices:
        file.write("\n".join(map(json.dumps, rows(0))))
        prices.write("openai/mock 1 2 0.1\n")
        file.flush(), prices.flush()
        got = json.loads(subprocess.run([f"{BIN}/verbatim", "estimate", file.name, "--json", *rig.bus, *rig.options["genai"][:3],
                                         "--genai.digest_every=1s", f"--genai.prices={prices.name}"],
                                        check=True, capture_output=True, text=True).stdout)
    found = got["digests"]
    equal("windows foreseen", found["windows"], 1)
    if not stories <= found["calls"] <= 9:
        raise SystemExit(f"{stories} stories, foreseen: {found}")
    equal("their cost", round(found["cost_usd"] * 1e6), found["input_tokens"] + 2 * found["output_tokens"])
    equal("and the whole", round((got["cost_usd"] - found["cost_usd"]) * 1e6), got["input_tokens"] + 2 * got["output_tokens"])


def not_bought_twice(mock):
    """Killed when the last of the stories is in the journal, and nothing of the digest is committed."""
    mock.story = "right"
    with Rig() as rig:
        rig.options["genai"] = options(mock)
        rig.create_topics()
        stages = [rig.start(stage) for stage in ("preprocess", "featurize", "segment")]
        genai = rig.start("genai")
        subprocess.run([f"{BIN}/verbatim", "send", *rig.bus], input="\n".join(map(json.dumps, rows(0))), text=True, check=True,
                       stdout=subprocess.DEVNULL)
        wait_for("all insights", lambda: rig.count("insights") >= RECORDS)
        genai.stop()
        stories, before = worth_a_story(rig), len(mock.calls)
        foreseen(rig, stories)
        rig.start("genai", "--genai.digest_every=1s", crash=f"genai.kept:{stories}").ends(-signal.SIGKILL, "genai in a digest")
        equal("bought", len(mock.calls) - before, stories)
        equal("digests committed", [record for record in rig.topic("insights") if "digest" in record], [])
        again = rig.start("genai", "--genai.digest_every=1s")
        wait_for("the digest", lambda: any(record.get("digest", {}).get("records") for record in rig.topic("insights")))
        found = [record["digest"] for record in rig.topic("insights") if record.get("digest", {}).get("records")]
        equal("digests with records", len(found), 1)
        equal("its stories, all known", [(story["provider"], story.get("cached")) for story in found[0]["stories"]],
              [("openai", True)] * stories)
        equal("bought in all", len(mock.calls) - before, stories)
        equal("known, as counted", again.metric("verbatim_digest_stories_total", result="cached"), stories)
        for member in (again, *stages):
            member.stop()
        print(f"killed with {stories} stories bought: none bought again")


def main():
    with Mock(latency=0.02) as mock:
        what_a_model_says(mock)
        within_the_budget(mock)
        not_bought_twice(mock)


main()
