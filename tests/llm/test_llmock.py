"""llmock, a server of others that breaks itself and then judges its client: its verdict on us is clean.

It knows nothing of our ids, so its answers are never of use and each record ends with the local models: what is judged
here is how calls are tried again."""
import json
import subprocess
import sys
import urllib.request

from llm_rig import SOURCE, Run, equal, free_port, http, letters, wait_for

COUNT = 24
SCENARIOS = (
    ("well", []),
    ("throttled twice, with Retry-After", [{"type": "fail", "status": 429, "times": 2, "retry_after": 1}]),
    ("overloaded twice", [{"type": "fail", "status": 503, "times": 2}]),
    ("failing once, overloaded once", [{"type": "fail", "status": 500, "times": 1}, {"type": "fail", "status": 529, "times": 1}]),
    ("a request that it doesn't take", [{"type": "fail", "status": 400, "times": 1}]),
    ("no key", [{"type": "fail", "status": 401, "times": 1}]),
    ("no such model", [{"type": "fail", "status": 404, "times": 1}]),
    ("hanging", [{"type": "delay", "seconds": 20, "times": 2}]),
    ("malformed", [{"type": "reply", "text": "Sure! {\"answers\": [", "times": 3}]),
)


def python():
    made = subprocess.run([f"{SOURCE}/tests/lib/python.sh", f"{SOURCE}/tests/llm/requirements.txt"], stdout=subprocess.PIPE, text=True)
    if made.returncode:
        sys.exit(77)
    return made.stdout.strip()


def control(base, path, value=None):
    data = json.dumps(value).encode() if value is not None else None
    request = urllib.request.Request(f"{base}/_llmock/{path}", data=data, headers={"Content-Type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return json.load(answer)


def judge(base, why, behaviours):
    control(base, "reset", {})
    if behaviours:
        control(base, "scenario", {"behaviors": behaviours})
    with Run("--genai.providers=openai", f"--openai.endpoint={base}/v1", "--openai.model=gpt-4o-mini", "--openai.api_key=sk-test",
             f"--openai.deadline={'3s' if why == 'hanging' else '60s'}", "--genai.calls=2") as run:
        run.post([{"id": f"r-{n}", "text": f"The lid of the jar came off at once {letters(n)}"} for n in range(COUNT)])
        insights = run.await_topic("insights", COUNT)
        equal(f"{why}: an insight for each", len(insights), COUNT)
        seen = {name: run.metric("verbatim_llm_calls_total", error_type=name) for name in ("timeout", "bad_answer")}
        run.stop()
    if (seen["timeout"] >= 2) != (why == "hanging") or (seen["bad_answer"] == 3) != (why == "malformed"):
        raise SystemExit(f"{why}: {seen}")
    verdict = control(base, "verdict")
    print(f"{why}: {verdict['calls']} calls, {verdict['attempts']} attempts, {verdict['faults_injected']} faults, "
          f"{verdict['errors']} errors, {verdict['warnings']} warnings")
    if behaviours and verdict["faults_injected"] == 0 and why not in ("hanging", "malformed"):
        raise SystemExit(f"{why}: nothing was broken")
    if not verdict["passed"] or verdict["findings"]:
        raise SystemExit(f"{why}: {json.dumps(verdict['findings'], indent=1)}")


def main():
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([python(), "-m", "llmock.cli", "serve", "--host", "127.0.0.1", "--port", str(port)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for("llmock answers", lambda: http(f"{base}/health")[0] == 200)
        for why, behaviours in SCENARIOS:
            judge(base, why, behaviours)
    finally:
        server.kill()
        server.wait()


main()
