#!/usr/bin/env python3
"""Do the links in Markdown files lead anywhere? Prints those within the tree whose file or heading isn't there, and
exits 1 if there are any. Links to other sites are not looked at, nor what stands in code.

usage: tests/lib/check_links.py FILE...
example: tests/lib/check_links.py $(git ls-files '*.md')
"""
import os
import re
import sys
import urllib.parse

LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]^]+\]:\s*<?([^\s>]+)", re.M)
FENCE = re.compile(r"^ *(```+|~~~+).*?^ *\1[^\n]*$", re.M | re.S)
CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.S)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.M)


def without_code(text):
    """Code is blanked, line for line, so that line numbers stay."""
    blank = lambda found: "\n" * found.group().count("\n")
    return CODE.sub(blank, FENCE.sub(blank, text))


def anchors_of(path, known={}):
    """What GitHub makes of the file's headings: small letters, spaces as hyphens, no other punctuation, numbered
    when repeated; and the ids that the file sets itself."""
    if path not in known:
        with open(path, encoding="utf-8") as file:
            text = FENCE.sub("", file.read())
        seen, known[path] = {}, set(re.findall(r"<[^>]+ (?:id|name)=\"([^\"]+)\"", text))
        for heading in HEADING.findall(text):
            heading = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
            slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            known[path].add(f"{slug}-{seen[slug]}" if slug in seen else slug)
            seen[slug] = seen.get(slug, 0) + 1
    return known[path]


def fault_of(file, target):
    """Why the link leads nowhere, or None."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target, re.I):
        return None
    place, _, anchor = urllib.parse.unquote(target).partition("#")
    path = os.path.normpath(os.path.join(os.path.dirname(file), place)) if place else file
    if not os.path.exists(path):
        return "isn't there"
    if anchor and path.endswith(".md") and anchor not in anchors_of(path):
        return "has no such heading"
    return None


def main():
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__)
        return 0
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 64
    faults = 0
    for file in sys.argv[1:]:
        with open(file, encoding="utf-8") as lines:
            text = without_code(lines.read())
        for found in LINK.finditer(text):
            target = found.group(1) or found.group(2)
            fault = fault_of(file, target)
            if fault:
                print(f"{file}:{text.count(chr(10), 0, found.start()) + 1}: {target} {fault}", file=sys.stderr)
                faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
