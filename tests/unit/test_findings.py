"""What a comparison comes to, in sentences: no more than the runs can carry."""

from __future__ import annotations

import re

import numpy as np
from test_compare import figures

from hvconsole.analysis.compare import compare
from hvconsole.analysis.compare_text import render_comparison
from hvconsole.analysis.findings import findings


def found(number: int, **changed: object) -> list[str]:
    rng = np.random.default_rng(5)
    runs = []
    for i in range(number):
        for place, (name, scale) in enumerate((("native", 1.0), ("busy", 3.0), ("same", 1.0))):
            scattered = scale * float(np.exp(rng.normal(0, 0.02)))
            runs.append(figures(name, 3 * i + place + 1, scattered, **changed))
    return findings(compare(runs, "native"))


def test_a_difference_that_the_runs_carry_is_told_with_both_values() -> None:
    reference, busy, same, worst = found(10)
    told = r"native, the reference: time lost 0.\d+ %, longest switch [\d.]+ µs\."
    assert re.fullmatch(told, reference)
    bounds = r"\(×[23][\d.]*, 95 %: ×[23][\d.]* to ×[23][\d.]*\)"
    assert re.match(rf"busy: time lost 0.\d+ % against 0.\d+ % {bounds}: more;", busy)
    assert busy.count(": more") == 2
    assert same.count(": no difference shown (could show ×1.0") == 2
    assert worst.startswith("The longest switch of all was 3")
    assert "in busy" in worst


def test_too_few_runs_tell_nothing_but_how_many_could() -> None:
    _, busy, _, undecided, _ = found(2)
    assert "more" not in busy
    assert undecided.startswith("None of these differences is a verdict")
    assert "5 runs of each condition can decide" in undecided


def test_virtual_time_is_told_as_exact() -> None:
    _, busy, _, _ = found(1, labels=("virtual time",))
    assert busy.count("exactly so, in virtual time") == 2


def test_artefacts_come_with_their_cure() -> None:
    said = found(5, artefacts={"frequency change": (3, 2_000), "new\x1b[2J cause": (1, 500)})
    assert any("frequency change: 45 switches, 30.0 µs in all (pin it" in one for one in said)
    assert all("\x1b" not in one for one in said)


def test_the_sentences_stand_above_the_tables() -> None:
    runs = [figures("native", 1, 1.0), figures("busy", 2, 2.0)]
    text = render_comparison(compare(runs))
    assert text.startswith("what the runs show\n- native, the reference: ")
    assert max(len(line) for line in text.split("\n\n")[0].splitlines()) <= 100
