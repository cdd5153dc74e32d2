"""Do these records keep to this JSON Schema? And does it refuse what the programs would refuse?

usage: judge_schema.py SCHEMA RECORDS...      (files of one JSON record a line)
"""
import copy
import json
import sys

import jsonschema


def broken(record):
    """Copies of a whole record, each wrong in one way."""
    for why, change in (
        ("a number for the text", lambda r: r["feedback"].update(text=7)),
        ("a rating beyond its bounds", lambda r: r["feedback"].update(rating=101)),
        ("an unknown safety state", lambda r: r["safety"].update(state="maybe")),
        ("an unknown kind", lambda r: r["safety"].update(kinds=["hazard", "x"])),
        ("a required field that is missing", lambda r: r["insight"].pop("provider")),
        ("a required field of a struct", lambda r: r["insight"]["sentiment"].pop("label")),
        ("an item of a list", lambda r: r["insight"]["needs"][0].update(start=-1)),
        ("a time that is none", lambda r: r["feedback"].update(received_at="yesterday")),
        ("no id", lambda r: r.pop("id")),
    ):
        wrong = copy.deepcopy(record)
        change(wrong)
        yield why, wrong


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.FormatChecker()

    @checker.checks("date-time")
    def is_time(value):
        import datetime

        try:
            datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return False
        return value.endswith("Z")

    validator = jsonschema.Draft202012Validator(schema, format_checker=checker)
    judged, failed, whole = 0, 0, None
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            for line in file:
                record = json.loads(line)
                judged += 1
                for error in validator.iter_errors(record):
                    failed += 1
                    print(f"{path}: {record.get('id')}: {error.json_path}: {error.message}")
                if path.endswith("whole.json"):
                    whole = record
    for why, wrong in broken(whole):
        if validator.is_valid(wrong):
            failed += 1
            print(f"the schema takes {why}")
    print(f"{judged} records judged")
    sys.exit(1 if failed or judged < 200 else 0)


main()
