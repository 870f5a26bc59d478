"""Run the benchmarks: ``python -m bench [NAME…] [--json]``."""

from __future__ import annotations

import argparse
import importlib
import json
import sys

from bench.measure import Result

NAMES = ("decode", "sampler", "export", "first_paint", "terminal", "screen")


def main() -> int:
    """Print a line for each figure; 1 if one is over its budget."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", default=list(NAMES), metavar="NAME")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results: list[Result] = []
    for name in arguments.names:
        for result in importlib.import_module(f"bench.{name}").run():
            results.append(result)
            if not arguments.json:
                print(result.line(), flush=True)
    if arguments.json:
        print(json.dumps([result.as_dict() for result in results], indent=2))
    return int(any(result.over for result in results))


if __name__ == "__main__":
    sys.exit(main())
