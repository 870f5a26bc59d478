"""The Measure screen under load: a key's way to paint, a frame's bytes, and against plotext."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.measure import Result
from bench.on_terminal import on_terminal
from bench.typist import Typist
from hvconsole.config.paths import cache_dir

SECONDS = 8.0
RATE = 1_000_000
KEY_MS = 50.0
FRAME_KB = 15.0
TIMES_CHEAPER = 10.0
CHARTS = 4
# Other work on the machine lengthens a key's way: of several rounds the calmest says most of ours.
ROUNDS = 3
_OTHER = "textual-plotext==1.0.1"


def run() -> Iterator[Result]:
    words = [sys.executable, "-m", "bench.screen_run"]
    typed, busy = min((_round(words) for _ in range(ROUNDS)), key=lambda one: _p95(one[0].own_s))
    yield Result(
        f"a key to the screen, p95, {CHARTS} charts at 20 Hz, 1 M switches a second coming in,"
        " less the time in which other programs had the CPU",
        _p95(typed.own_s) * 1e3,
        "1 ms",
        KEY_MS,
        f"from the terminal and back to it; median {median(typed.own_s) * 1e3:.1f} ms over"
        f" {len(typed.own_s)} keys; with that time {median(typed.took_s) * 1e3:.1f},"
        f" p95 {_p95(typed.took_s) * 1e3:.1f} ms, for the screen was kept waiting"
        f" for {busy['waited_share']:.0%} of the time; {busy['cpu_share']:.0%} of a CPU,"
        f" {busy['received'] / 1e6:.1f} M switches, {busy['frames'] / SECONDS:.1f} frames a second;"
        f" the calmest of {ROUNDS} rounds",
    )
    calm = on_terminal(words, RATE, SECONDS, 10)
    frames = max(calm["frames"], 1)
    yield Result(
        "bytes of a frame at 10 Hz, 160x48",
        calm["bytes"] / frames / 1e3,
        "1 kB",
        FRAME_KB,
        f"largest write {calm['largest'] / 1e3:.1f} kB; {frames / SECONDS:.1f} frames a second",
    )
    yield against_plotext()


def _round(words: list[str]) -> tuple[Typist, dict[str, float]]:
    """Let somebody type while switches come; return what the keys and the frames took."""
    typist = Typist()
    return typist, on_terminal(words, RATE, SECONDS, 20, person=typist)


def _p95(values: list[float]) -> float:
    return sorted(values)[len(values) * 95 // 100]


def against_plotext() -> Result:
    """Paint four charts of 10,000 points: ours, and textual-plotext's in its own environment."""
    name = "a painted frame of four charts with 10,000 points each"
    python = _other_python()
    here = Path(__file__).parent
    ours = on_terminal([sys.executable, "-m", "bench.screen_run"], 20_000, SECONDS, 20)
    if python is None:
        return Result(name, ours["frame_ms"], "1 ms of CPU", None,
                      f"{_OTHER} cannot be installed here: nothing to compare with")  # fmt: skip
    theirs = on_terminal([str(python), str(here / "plotext_run.py")], 10_000, SECONDS, 20)
    return Result(
        name,
        ours["frame_ms"] / theirs["frame_ms"],
        f"a frame of {_OTHER}",
        1 / TIMES_CHEAPER,
        f"{ours['frame_ms']:.2f} against {theirs['frame_ms']:.1f} ms of CPU,"
        f" {theirs['frame_ms'] / ours['frame_ms']:.0f} times cheaper",
    )


def _other_python() -> Path | None:
    """Return the Python of an environment of its own: it wants another plotext than we do."""
    folder = cache_dir() / "bench" / "textual-plotext"
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if not ready.exists():
        made = subprocess.run([sys.executable, "-m", "venv", folder], check=False)
        install = [python, "-m", "pip", "install", "-q", _OTHER]
        if made.returncode or subprocess.run(install, check=False).returncode:
            return None
        ready.touch()
    return python
