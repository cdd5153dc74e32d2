#!/bin/bash
# An independent packer must give the golden bytes, and an independent reader understand them.
set -eu
python=$("$VERBATIM_SOURCE/tests/lib/python.sh")
"$python" "$VERBATIM_SOURCE/tests/golden/pack.py" "$VERBATIM_SOURCE/tests/golden" --check
