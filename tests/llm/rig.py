"""Runs llm_ask beside a server, and compares."""
import json
import os
import subprocess
import tempfile

ASK = os.environ["VERBATIM_TEST_ASK"]


def ask(section, options, questions, at_once=1, environment=None):
    """The results, by number, of questions (dicts) put to the provider `section` with these options."""
    with tempfile.TemporaryDirectory() as folder:
        config, lines = os.path.join(folder, "config"), os.path.join(folder, "questions")
        with open(config, "w") as file:
            file.write("[%s]\n" % section + "".join("%s = %s\n" % item for item in options.items()))
        with open(lines, "w") as file:
            file.write("\n".join(json.dumps(question) for question in questions))
        run = subprocess.run([ASK, config, section, lines, str(at_once)], stdout=subprocess.PIPE, timeout=120, check=True,
                             env={"PATH": os.environ["PATH"], "HOME": folder, **(environment or {})})
    results = [json.loads(line) for line in run.stdout.splitlines()]
    assert sorted(result["number"] for result in results) == list(range(len(questions))), results
    return sorted(results, key=lambda result: result["number"])


def expect(case, got, **expected):
    wrong = {name: (got.get(name), value) for name, value in expected.items() if got.get(name) != value}
    assert not wrong, "%s: (is, should be) %s in %s" % (case, wrong, got)
