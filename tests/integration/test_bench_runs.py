"""What the benchmarks measure still runs. How fast it is, no test says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT))


def test_the_measure_screen_paints_what_comes_in_and_answers_keys() -> None:
    from bench.on_terminal import on_terminal
    from bench.typist import Typist

    typist = Typist()
    words = [sys.executable, "-m", "bench.screen_run"]
    figures = on_terminal(words, 50_000, 3.0, 20, person=typist)
    assert figures["received"] > 0
    assert figures["frames"] > 0
    assert figures["bytes"] > 0
    assert len(typist.took_s) > 1
    assert min(typist.took_s) < 2.0, "no key was ever shown"


def test_the_serial_screen_paints_what_is_said() -> None:
    from bench.on_terminal import on_terminal

    words = [sys.executable, "-m", "bench.terminal_run"]
    figures = on_terminal(words, 11_520, "colours", 3.0)
    assert figures["said"] > 0
    assert figures["frames"] > 0
