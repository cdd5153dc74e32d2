#!/usr/bin/env python3
"""What failed in a report that ctest wrote (--output-junit).

usage: tests/lib/failed.py [--names] REPORT.xml

Prints each failed test's name and the last lines of its output; with --names the names alone.
example: tests/lib/failed.py build/release/tests.xml
"""
import sys
import xml.etree.ElementTree as tree

LINES = 60


def main():
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__)
        return 0
    names_only = sys.argv[1:2] == ["--names"]
    files = sys.argv[1 + names_only:]
    if len(files) != 1 or files[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 64
    for test in tree.parse(files[0]).iter("testcase"):
        if test.get("status") != "fail":
            continue
        print(test.get("name") if names_only else f"-- {test.get('name')}")
        if not names_only:
            print("\n".join((test.findtext("system-out") or "").splitlines()[-LINES:]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
