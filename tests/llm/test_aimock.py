"""common/llm beside aimock, a second server that isn't ours: the happy path of every provider and API."""
import json
import os
import tempfile

from rig import Server, ask, expect, free_port

SAID = {"label": "negative", "topics": ["delivery", "ünïcode"]}
FIXTURES = {"fixtures": [
    {"match": {"userMessage": "as a tool"}, "response": {"toolCalls": [{"name": "insights", "arguments": SAID}]}},
    {"match": {"userMessage": "as text"}, "response": {"content": json.dumps(SAID)}},
]}
QUESTION = {"system": "Say what it says.", "name": "insights", "purpose": "What it says.", "max_tokens": 200, "temperature": 0,
            "schema": json.dumps({"type": "object", "properties": {"label": {"type": "string"}}})}
KEYS = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S", "ANTHROPIC_API_KEY": "K"}
MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
CASES = [
    ("bedrock", {"api": "converse"}, "as a tool", {"finish": "tool_use", "model": MODEL}),
    ("bedrock", {"api": "invoke"}, "as a tool", {"finish": "tool_use"}),
    ("anthropic", {}, "as a tool", {"finish": "tool_use"}),
    ("openai", {"model": "gpt-4o-mini"}, "as text", {"finish": "stop", "model": "gpt-4o-mini"}),
    ("openai", {"model": "gpt-4o-mini", "structured": "strict", "limit_name": "max_completion_tokens"}, "as text", {"finish": "stop"}),
    ("openai", {"model": "gpt-4o-mini", "structured": "json_object"}, "as text", {"finish": "stop"}),
]

with tempfile.TemporaryDirectory() as folder:
    port = free_port()
    with open(folder + "/fixtures.json", "w") as file:
        json.dump(FIXTURES, file)
    with Server(["node", os.environ["AIMOCK"], "-p", str(port), "-f", folder + "/fixtures.json", "--strict"], port, "/__aimock/journal",
                folder + "/log") as server:
        for provider, options, prompt, expected in CASES:
            endpoint = {"endpoint": server.url + ("/v1" if provider == "openai" else "")}
            result = ask(provider, {**options, **endpoint}, [{**QUESTION, "prompt": prompt}], 1, KEYS)[0]
            expect("%s %s" % (provider, options), result, why="answered", status=200, **expected)
            assert json.loads(result["json"]) == SAID, result
            assert result["known"], result
        assert len(server.call("GET", "/__aimock/journal")) == len(CASES)
print("aimock: %d APIs and styles answered" % len(CASES))
