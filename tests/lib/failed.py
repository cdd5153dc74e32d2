#!/usr/bin/env python3
"""What failed in a report that ctest wrote (--output-junit).

usage: tests/lib/failed.py [--names] REPORT.xml

Prints each failed test's name and the last lines of its output; with --names the names alone.
example: tests/lib/failed.py build/release/tests.xml
"""
import sys
import xml.etree.ElementTree as tree

LINES = 60


def main(arguments):
    names_only = "--names" in arguments
    files = [word for word in arguments if not word.startswith("-")]
    if len(files) != 1:
        sys.exit(__doc__)
    for test in tree.parse(files[0]).iter("testcase"):
        if test.get("status") not in ("fail", "disabled", "notrun") or test.find("skipped") is not None:
            continue
        print(test.get("name") if names_only else f"-- {test.get('name')}")
        if not names_only:
            print("\n".join((test.findtext("system-out") or "").splitlines()[-LINES:]))


main(sys.argv[1:])
