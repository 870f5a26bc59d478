"""What a board calls itself, and says, is shown as text and does nothing else."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from driving import console
from hypothesis import given, strategies as st
from rich.cells import cell_len
from synthetic import BOARD, START, SyntheticConsole, hello

from hvconsole.model.problem import Problem
from hvconsole.stream.live import LiveStream
from hvconsole.stream.snapshot import View
from hvconsole.ui.source import Status
from hvconsole.ui.view import banner, measure
from hvconsole.ui.view.header import header
from hvconsole.ui.view.notes import notes
from hvconsole.ui.view.problem import problem_rows
from hvconsole.wire.values import Note, NoteCode

NASTY = {
    "markup": "[bold red]x[/bold red]",
    "unclosed markup": "[/] [@click=app.quit]y[/",
    "escape": "\x1b[31m\x1b[2Jwiped\x1b[0m",
    "title": "\x1b]0;owned\x07name",
    "clipboard": "\x1b]52;c;cm0gLXJm\x1b\\z",
    "c1": "\x9b31mcsi",
    "long": "n" * 5000,
    "wide": "测量板测量板测量板测量板测量板测量板测量板",
    "bidi": "abc\u202egnp.exe\u2066x",
    "arabic": "لوحة القياس",
    "zalgo": "z" + "\u0301\u0302\u0303\u0304\u0305" * 20,
    "lines": "a\nb\rc\td\x00e\x08f",
    "emoji": "👩\u200d💻 ⚡\ufe0f 🏁",
    "surrogate": "\ud800\udfff",
}
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def board(text: str) -> SyntheticConsole:
    status = replace(
        BOARD,
        board=text,
        kind=text,
        identity=(text, text),
        labels=(text, "SIMULATED"),
        link="reconnecting",
        link_detail=text,
        recording=Path(f"{text}.hvs".replace("\x00", "")),
        problem=Problem(text, detail=f"{text}\n{text}", hint=text),
    )
    console_ = SyntheticConsole(status=status).advance(12.0)
    console_.stream.feed(
        [Note(0, NoteCode.MESSAGE, 2, START, START, 0, text), Note(1, 77, 9, START, START, 5, text)]
    )
    return console_


CASES = [(name, (80, 24)) for name in NASTY] + [("long", (160, 48)), ("wide", (160, 48))]


@pytest.mark.parametrize(("name", "size"), CASES, ids=str)
async def test_the_screen_stays_whole(name: str, size: tuple[int, int]) -> None:
    text = NASTY[name]
    async with console(board(text), size=size, seconds=0) as driver:
        lines = driver.text.splitlines()
        assert len(lines) == size[1]
        assert not CONTROL.search("".join(lines))
        assert [cell_len(line) for line in lines] == [size[0]] * size[1]
        assert "SIMULATED" in lines[0] or len(text) > 20, "labels stay where there is room"
        assert "reconnecting" in lines[0], "the state of the link is never pushed out"
        assert lines[3].startswith("╭─ switches"), "nothing moved the charts"


@pytest.mark.parametrize("text", ["[bold red]x[/bold red]", "[/] [@click=app.quit]y[/"])
async def test_markup_is_shown_as_it_was_written(text: str) -> None:
    async with console(board(text), size=(160, 48), seconds=0) as driver:
        shown = driver.text
        assert shown.count(text) >= 4
        assert text in driver.line("✕ problem") or f" {text} " in shown


async def test_notifications_carry_no_markup() -> None:
    nasty = replace(BOARD, board="[red]b[/red]")
    async with console(SyntheticConsole(status=nasty)) as driver:
        driver.app.notify("[red]b[/red]", markup=False)
        await driver.press("c")
        assert driver.text.count("[red]b[/red]") == 2


async def test_help_and_palette_open_over_a_hostile_board() -> None:
    async with console(board(NASTY["unclosed markup"]), seconds=0) as driver:
        await driver.press("question_mark", "escape", "ctrl+p")
        await driver.pilot.press("escape")
        assert driver.app.is_running


TEXT = st.text(max_size=60)


@given(TEXT, TEXT, st.lists(TEXT, max_size=4), st.integers(0, 200))
def test_the_header_is_two_rows_of_any_width(
    name: str, kind: str, more: list[str], cells: int
) -> None:
    status = Status(board=name, kind=kind, identity=tuple(more), labels=tuple(more))
    rows = header(status, None, cells)
    assert [sum(cell_len(text) for text, _ in row) for row in rows] == [cells, cells]


@given(TEXT, st.integers(1, 200))
def test_banners_are_one_row_of_any_width(text: str, cells: int) -> None:
    status = Status(board="b", link="lost", link_detail=text)
    for row in (banner.link(status, cells), banner.paused(12.0, 5, "p", cells)):
        assert sum(cell_len(part) for part, _ in row) == cells


@given(TEXT, TEXT, TEXT, st.integers(1, 120))
def test_problems_fit_any_width(title: str, detail: str, hint: str, cells: int) -> None:
    for row in problem_rows(Problem(title, detail=detail, hint=hint), cells):
        text = "".join(part for part, _ in row)
        assert cell_len(text) == cells
        assert not CONTROL.search(text)


NOTES = st.builds(
    Note,
    lane=st.integers(0, 0xFFFF),
    code=st.integers(0, 200),
    severity=st.integers(-5, 9),
    start=st.integers(0, 2**64 - 1),
    end=st.integers(0, 2**64 - 1),
    value=st.integers(-(2**63), 2**63 - 1),
    text=TEXT,
)


@given(NOTES, st.integers(1, 120))
def test_any_note_is_one_row(note: Note, cells: int) -> None:
    stream = LiveStream()
    stream.feed([hello((0,)), note])
    for row in notes(stream.snapshot(View()), cells, 5):
        line = "".join(part for part, _ in row)
        assert cell_len(line) == cells
        assert not CONTROL.search(line)


@given(TEXT)
def test_an_empty_screen_says_why_in_plain_text(text: str) -> None:
    for link in ("connecting", "connected", "lost", "replay", "reconnecting"):
        status = Status(board=text, link=link, link_detail=text, run_detail=text, run="preparing")
        said = measure.why_empty(status, "s")
        assert said
        assert not CONTROL.search(said)
