"""common/llm beside llmock, which speaks OpenAI's and Anthropic's language, fails as they do, and keeps a journal: each
fault has its reason, and each question is one attempt."""
import json
import os
import sys
import tempfile
import time

from rig import Server, ask, expect, free_port

SCHEMA = json.dumps({"type": "object", "additionalProperties": False, "required": ["label", "score", "topics"], "properties": {
    "label": {"type": "string", "enum": ["positive", "negative"]}, "score": {"type": "number"},
    "topics": {"type": "array", "items": {"type": "string"}}}})
QUESTION = {"system": "Say what it says.", "prompt": "The parcel came late.", "name": "insights", "purpose": "What it says.",
            "schema": SCHEMA, "max_tokens": 200, "temperature": 0}
# A behaviour of llmock's, and what a call must end with then.
FAULTS = [
    ({"type": "fail", "status": 429, "retry_after": 2}, {"why": "throttled", "status": 429, "retry_after_ms": 2000, "maybe_paid": False}),
    ({"type": "fail", "status": 503}, {"why": "overloaded", "status": 503}),
    ({"type": "fail", "status": 500}, {"why": "server_error", "status": 500}),
    ({"type": "fail", "status": 401}, {"why": "denied", "status": 401}),
    ({"type": "fail", "status": 404}, {"why": "model_gone", "status": 404}),
    ({"type": "fail", "status": 408}, {"why": "timeout", "status": 408, "maybe_paid": True}),
    ({"type": "delay", "seconds": 20}, {"why": "timeout", "maybe_paid": True}),
    ({"type": "reply", "text": "I'd rather not."}, {"why": "bad_answer", "status": 200, "json": "I'd rather not.", "known": True}),
]
ONLY_ANTHROPIC = [
    ({"type": "fail", "status": 529}, {"why": "overloaded", "status": 529}),
    ({"type": "tool_fault", "kind": "unknown_tool"}, {"why": "bad_answer", "status": 200, "known": True}),
]


def answers(server, provider, options):
    for result in ask(provider, options, [{**QUESTION, "prompt": "Parcel %d came late." % i} for i in range(20)], 10):
        expect("answer", result, why="answered", status=200, known=True, retry_after_ms=-1)
        said = json.loads(result["json"])
        assert said["label"] in ("positive", "negative") and isinstance(said["topics"], list), said
        assert result["input"] > 0 and result["output"] > 0 and result["id"] and result["model"], result


def faults(server, provider, options):
    for number, (behaviour, expected) in enumerate(FAULTS + (ONLY_ANTHROPIC if provider == "anthropic" else [])):
        server.call("POST", "/_llmock/scenario", {"behaviors": [behaviour]})
        question = {**QUESTION, "prompt": "Fault %d." % number, "deadline_ms": 3000 if behaviour["type"] == "delay" else 60000}
        expect("%s %s" % (provider, behaviour), ask(provider, options, [question])[0], **expected)


def one_attempt_each(server, calls):
    """A call that was held is in the journal only when it has been let go."""
    until = time.monotonic() + 60
    while len(server.call("GET", "/_llmock/requests")["requests"]) < calls and time.monotonic() < until:
        time.sleep(0.2)
    verdict = server.call("GET", "/_llmock/verdict")
    assert verdict["passed"] and verdict["attempts"] == verdict["calls"] == calls, verdict


def limits_are_read(folder):
    port = free_port()
    with Server([LLMOCK, "serve", "--port", str(port), "--rpm", "3", "--log-level", "warning"], port, "/_llmock/verdict", folder + "/limits") as server:
        for provider, options in providers(server):
            results = ask(provider, options, [{**QUESTION, "prompt": "Limit %d." % i} for i in range(12)], 12)
            left = {result["requests_left"] for result in results if result["why"] == "answered"}
            assert left >= {0, 1, 2}, results
            beyond = [result for result in results if result["why"] != "answered"]
            assert beyond and all(result["why"] == "throttled" and 0 < result["retry_after_ms"] <= 60000 for result in beyond), results


def providers(server):
    yield "openai", {"endpoint": server.url + "/v1", "model": "gpt-4o-mini", "api_key": "sk-test"}
    yield "anthropic", {"endpoint": server.url + "/anthropic", "api_key": "sk-ant-test"}


LLMOCK = os.path.join(os.path.dirname(sys.executable), "llmock")
with tempfile.TemporaryDirectory() as folder:
    port = free_port()
    with Server([LLMOCK, "serve", "--port", str(port), "--log-level", "warning"], port, "/_llmock/verdict", folder + "/log") as server:
        for provider, options in providers(server):
            answers(server, provider, options)
            faults(server, provider, options)
        one_attempt_each(server, 2 * (20 + len(FAULTS)) + len(ONLY_ANTHROPIC))
    limits_are_read(folder)
print("llmock: 40 answers, %d faults with their reasons, one attempt a question, rate limits read" % (2 * len(FAULTS) + len(ONLY_ANTHROPIC)))
