"""What a frame of the Serial screen costs while the line talks, on a terminal of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from bench.measure import Result
from bench.on_terminal import on_terminal

SECONDS = 5.0
# Bytes a second, what is said, and the budget of a frame in ms of one CPU.
FLOODS = (
    ("nothing", 0, "plain", None),
    ("115200 baud, plain text", 11_520, "plain", 8.0),
    ("115200 baud, colours", 11_520, "colours", 8.0),
    ("1 MB/s, plain text", 1_000_000, "plain", 15.0),
    ("1 MB/s, colours", 1_000_000, "colours", 15.0),
)


def run() -> Iterator[Result]:
    for name, rate, what, budget in FLOODS:
        figures = painted(rate, what)
        frames = max(figures["frames"], 1)
        cost = figures["cpu_s"] / frames * 1e3
        yield Result(
            f"a frame of the terminal, {name}",
            cost,
            "1 ms of CPU",
            budget,
            f"{frames / SECONDS:.1f} frames a second, "
            f"our part p95 {figures['p95_ms']:.1f}, longest {figures['slowest_ms']:.1f} ms, "
            f"a key {figures['key_ms']:.1f} (p95 {figures['key_p95_ms']:.1f}) ms, "
            f"{figures['skipped'] / max(figures['said'], 1):.0%} not shown",
        )


def painted(rate: int, what: str) -> dict[str, float]:
    """Run the screen in a process of its own; return what it measured of itself."""
    return on_terminal([sys.executable, "-m", "bench.terminal_run"], rate, what, SECONDS)
