"""Booting as rows: every row fits, hostile words stay words, the log takes what room is left."""

from __future__ import annotations

from hypothesis import given, strategies as st

from hvconsole.model.boot import BootEvent, BootMode, BootProgress, BootProof, BootStep
from hvconsole.model.problem import Problem
from hvconsole.ui.chart.cells import Row
from hvconsole.ui.view.boot import about, agree_rows, progress_rows
from hvconsole.ui.view.line import row_width

hostile = st.text(max_size=60) | st.sampled_from(["\x1b]0;x\x07", "a\nb", "あ" * 50, "\u202egnp"])
events = st.builds(
    BootEvent,
    st.sampled_from(list(BootStep)),
    st.sampled_from(["begun", "done", "note", "ask", "failed"]),
    hostile,
    st.floats(0, 1e4),
)


def text(rows: list[Row]) -> str:
    return "\n".join("".join(piece for piece, _ in row) for row in rows)


@given(
    st.lists(events, max_size=30),
    st.lists(hostile, max_size=40),
    st.sampled_from(["running", "proven", "unproven", "failed"]),
    st.none() | st.builds(Problem, hostile, detail=hostile, hint=hostile),
    st.tuples(st.integers(1, 120), st.integers(1, 50)),
)
def test_progress_always_fits(
    happened: list[BootEvent],
    lines: list[str],
    outcome: str,
    problem: Problem | None,
    size: tuple[int, int],
) -> None:
    width, height = size
    progress = BootProgress(
        "xen-rtds", tuple(happened), tuple(lines), outcome, (("a", "b"),), 1.0, problem
    )
    rows = progress_rows(progress, width, height)
    assert len(rows) <= height
    assert all(row_width(row) == width for row in rows)
    assert all(char.isprintable() for row in rows for piece, _ in row for char in piece)


@given(hostile, st.lists(hostile, max_size=5), st.integers(1, 120))
def test_what_is_agreed_to_always_fits(words: str, lines: list[str], width: int) -> None:
    mode = BootMode(about=words, uboot=tuple(lines), linux=(("echo", words),))
    rows = agree_rows("m", mode, running=True, width=width)
    assert all(row_width(row) == width for row in rows)
    assert all(char.isprintable() for row in rows for piece, _ in row for char in piece)


def test_the_log_takes_the_room_that_is_left() -> None:
    progress = BootProgress("m", lines=tuple(f"line {n}" for n in range(100)))
    rows = progress_rows(progress, 40, 20)
    assert len(rows) == 20
    assert "line 99" in text(rows)
    assert "line 80" not in text(rows)


def test_a_mode_says_what_it_is() -> None:
    assert about("n", BootMode(about="Linux alone")) == "Linux alone"
    proof = BootProof(hypervisor="xen", scheduler="rtds")
    assert about("x", BootMode(proof=proof)) == "under xen, scheduler rtds"
    assert about("x", BootMode()) == "mode x"


def test_nothing_typed_is_said() -> None:
    assert "nothing is typed" in text(agree_rows("n", BootMode(), running=False, width=80))
    assert "The run ends" not in text(agree_rows("n", BootMode(), running=False, width=80))


def test_the_result_stays_in_sight_however_low_the_screen_is() -> None:
    happened = tuple(BootEvent(BootStep.TYPE, "note", f"event {n}", n) for n in range(30))
    progress = BootProgress("m", happened, ("log",), "proven")
    rows = progress_rows(progress, 40, 8)
    assert "proven: m" in text(rows[:1])
    assert "log" in text(rows[-1:])
