"""A provider that misbehaves: whatever it does, each record ends as one insight, from the model where it can be and
else from the local models, marked; and the calls stay few."""
import sys

from mock import Mock, honest
from llm_rig import Run, equal, letters

COUNT = 48
# (why, fault, one call in so many, options, the most calls there may be, who may have answered, least share by the model)
CASES = (
    ("well", None, 1, (), 24, {"openai"}, 1.0),
    ("throttled every third time: Retry-After is kept", "throttle", 3, (), 40, {"openai"}, 1.0),
    ("overloaded every third time: tried again", "overload", 3, (), 40, {"openai", "local"}, 0.7),
    ("connections that break every third time", "drop", 3, (), 40, {"openai", "local"}, 0.7),
    ("one id missing: asked for singly", "missing", 4, (), 40, {"openai"}, 1.0),
    ("one id twice: neither counts", "doubled", 4, (), 40, {"openai"}, 1.0),
    ("no JSON, always: the breaker opens", "malformed", 1, (), 30, {"local"}, 0.0),
    ("cut off, always", "cut", 1, (), 30, {"local"}, 0.0),
    ("empty, always", "empty", 1, (), 30, {"local"}, 0.0),
    ("huge, always", "huge", 1, (), 30, {"local"}, 0.0),
    ("hangs, always: its deadline ends each call", "hang", 1, ("--openai.deadline=500ms",), 60, {"local"}, 0.0),
    ("overloaded, always: the breaker opens", "overload", 1, (), 30, {"local"}, 0.0),
    ("throttled, always: patience ends", "throttle", 1, ("--genai.patience=3s",), 20, {"local"}, 0.0),
    ("throttled, always, and it doesn't say for how long", "throttle", 1,
     ("--genai.patience=5s", "--genai.retry_least=200ms", "--genai.retry_most=10s"), 20, {"local"}, 0.0),
)


def check(why, record, allowed):
    insight = record["insight"]
    if insight["provider"] not in allowed:
        raise SystemExit(f"{why}: {record['id']} was answered by {insight['provider']}")
    equal(f"{why}: {record['id']}: degraded", insight.get("degraded", False), insight["provider"] == "local")
    if insight["provider"] == "local":
        return 0
    equal(f"{why}: {record['id']}: label", insight["sentiment"]["label"], honest(record["document"]["text"])["sentiment"]["label"])
    equal(f"{why}: {record['id']}: model", insight["model"], "mock-1")
    if not (insight["prompt"].startswith("insight-000001.") and insight["attempts"] >= 1 and insight["input_tokens"] > 0
            and insight["output_tokens"] > 0 and "latency_us" in insight):
        raise SystemExit(f"{why}: {record['id']}: provenance is missing: {insight}")
    return 1


def main():
    chosen = sys.argv[1] if len(sys.argv) > 1 else ""
    for why, fault, every, options, most_calls, allowed, least in CASES:
        if chosen not in why:
            continue
        with Mock() as mock:
            mock.fault, mock.every, mock.retry_after = fault, every, None if "how long" in why else 1
            with Run("--genai.providers=openai", f"--openai.endpoint=http://127.0.0.1:{mock.port}/v1", "--openai.model=mock",
                     "--genai.retry_least=20ms", "--genai.retry_most=200ms", "--genai.batch_wait=500ms", *options) as run:
                run.post([{"id": f"r-{n}", "text": f"The lid of the jar came off at once {letters(n)}"} for n in range(COUNT)])
                insights = run.await_topic("insights", COUNT)
                equal(f"{why}: an insight for each", len(insights), COUNT)
                by_model = sum(check(why, record, allowed) for record in insights.values())
                if by_model < least * COUNT or len(mock.calls) > most_calls:
                    raise SystemExit(f"{why}: {by_model} of {COUNT} by the model, in {len(mock.calls)} calls")
                equal(f"{why}: dead letters", len(run.topic("dead-letters")), 0)
                run.stop()
        print(f"{why}: {by_model} of {COUNT} by the model, {len(mock.calls)} calls")


main()
