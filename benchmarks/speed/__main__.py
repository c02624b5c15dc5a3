"""All benchmarks of speed: `make bench`, or `python benchmarks/speed [NAME ...]` for some of them.

Each part runs in a process of its own. All together write benchmarks/RESULTS.md and RESULTS.json.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

PARTS = ("distinct", "one_spectrum", "gradients", "digits", "start_up", "growth", "baselines")


def main(arguments: list[str]) -> None:
    """Measure here what is named, or everything, each part apart, and write the results."""
    if arguments[:1] == ["growth"] and len(arguments) == 2:
        from growth import one

        print(json.dumps(one(*json.loads(arguments[1]))))
        return
    if len(arguments) == 1:
        print(json.dumps(import_module(arguments[0]).measure(), indent=1))
        return
    found = {}
    for name in arguments or PARTS:
        print(name, flush=True)
        done = subprocess.run([sys.executable, sys.argv[0], name], check=True, stdout=subprocess.PIPE, text=True)
        found[name] = json.loads(done.stdout)
    if not arguments:
        from report import write

        write(found, Path(__file__).parents[1])


if __name__ == "__main__":
    main(sys.argv[1:])
