#!/bin/bash
# The judge on archives that were made up, each with one thing wrong; who may give up; and the schedule.
set -eu
. "$(dirname "$0")/../lib/help.sh"
cd "$(dirname "$0")"
python=$(../lib/python.sh)
exec env PYTHONDONTWRITEBYTECODE=1 "$python" -m unittest test_oracle test_reasons test_schedule
