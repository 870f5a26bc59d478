"""What the screen shows as plain values: numbers, windows, tables, seek bars."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from synthetic import BOARD, SyntheticConsole, SyntheticPlayback

from hvconsole.model import units
from hvconsole.model.text import width
from hvconsole.stream.snapshot import Marker, Totals, View
from hvconsole.ui.chart.frame import Caption, framed
from hvconsole.ui.source import Status
from hvconsole.ui.view import measure
from hvconsole.ui.view.header import header
from hvconsole.ui.view.line import ALWAYS, Part, fit, middle, row_width
from hvconsole.ui.view.look import Look
from hvconsole.ui.view.playback import SPEEDS, other_speed, position_at, seek_bar
from hvconsole.ui.view.table import as_text, table
from hvconsole.ui.view.window import LONGEST_S, SPANS, Window

ANY = st.floats(allow_nan=True, allow_infinity=True)


@pytest.mark.parametrize(
    ("ns", "said"),
    [
        (0.0, "0 ns"),
        (0.5, "0.500 ns"),
        (41.67, "41.7 ns"),
        (999.4, "999 ns"),
        (999.6, "1.00 µs"),
        (1234.0, "1.23 µs"),
        (48_300.0, "48.3 µs"),
        (2_920_000.0, "2.92 ms"),
        (12.3e9, "12.3 s"),
        (4e12, "4.00 ks"),
        (math.nan, "–"),
        (math.inf, "∞"),
    ],
)
def test_durations_have_three_digits_and_a_unit(ns: float, said: str) -> None:
    assert units.duration(ns) == said


@given(st.floats(1, 1e17))
def test_durations_take_at_most_seven_cells(ns: float) -> None:
    said = units.duration(ns)
    assert width(said) <= 7
    number, unit = said.split(" ")
    factor = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9, "ks": 1e12, "Ms": 1e15}[unit]
    assert float(number) * factor == pytest.approx(ns, rel=0.006)


@given(ANY)
def test_no_number_breaks_a_formatter(value: float) -> None:
    for say in (units.duration, units.count, units.rate, units.lost_share, units.coverage):
        assert say(value)
    assert units.clock(value)
    assert units.axis_length(value)


@given(st.integers(0, 10**15))
def test_counts_take_at_most_five_cells(number: int) -> None:
    assert len(units.count(number)) <= 5


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "0 %"), (1e-9, "<.001 %"), (0.00391, "0.391 %"), (0.5, "50.0 %"), (1.0, "100 %")],
)
def test_a_loss_is_never_rounded_away(share: float, said: str) -> None:
    assert units.lost_share(share) == said


@pytest.mark.parametrize(
    ("share", "said"), [(1.0, "100 %"), (0.99999, "99.9 %"), (0.933, "93.3 %"), (0.0, "0.0 %")]
)
def test_only_all_of_the_time_is_called_all(share: float, said: str) -> None:
    assert units.coverage(share) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 B"), (999, "999 B"), (1_234_567, "1.23 MB"), (5 * 10**12, "5.00 TB")],
)
def test_sizes(number: int, said: str) -> None:
    assert units.size(number) == said


@pytest.mark.parametrize(
    ("seconds", "step", "said"),
    [
        (2.0, 1.0, "2 s"),
        (2.5, 0.5, "2.5 s"),
        (0.00123, 0.00001, "0.00123 s"),
        (125.0, 5.0, "2:05"),
        (125.5, 0.5, "2:05.5"),
        (3725.0, 600.0, "1:02:05"),
    ],
)
def test_moments_are_as_exact_as_their_axis(seconds: float, step: float, said: str) -> None:
    assert units.moment(seconds, step) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.0, "0.0 s"), (59.94, "59.9 s"), (60.0, "1:00"), (3600.0, "1:00:00")]
)
def test_the_clock(seconds: float, said: str) -> None:
    assert units.clock(seconds) == said


def test_frequencies_and_groups() -> None:
    assert units.frequency(24_000_000) == "24 MHz"
    assert units.frequency(62_500_000) == "62.5 MHz"
    assert units.frequency(2_399_999_000) == "2.4 GHz"
    assert units.grouped(1_234_567, 11) == "1 234 567"
    assert units.grouped(1_234_567, 7) == "1.23M"


NOW = st.floats(0, 1e5)
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("zoom"), st.integers(-3, 3)),
        st.tuples(st.just("pan"), st.floats(-3, 3)),
    ),
    max_size=12,
)


@given(NOW, MOVES)
def test_a_window_stays_within_what_there_is(now: float, moves: list[tuple[str, float]]) -> None:
    window = Window()
    for name, amount in moves:
        window = window.zoom(int(amount), now) if name == "zoom" else window.pan(amount, now)
        assert window.span_s in SPANS
        left = window.left(now)
        assert left >= 0
        assert left <= max(now - window.span_s, 0) + 1e-9


@given(st.floats(0.1, 0.9), st.integers(-4, 4))
def test_zooming_keeps_the_moment_under_the_pointer(share: float, steps: int) -> None:
    window = Window(10.0, 1000.0)
    moment = 1000.0 + share * 10.0
    zoomed = window.zoom(steps, 5000.0, moment)
    assert (moment - zoomed.start_s) / zoomed.span_s == pytest.approx(share, abs=1e-6)


def test_zooming_ends_at_a_day_and_at_a_tenth_of_a_millisecond() -> None:
    assert Window().zoom(-100, 1e6).span_s == LONGEST_S
    assert Window().zoom(100, 1e6).span_s == SPANS[0] == 1e-4


def test_zooming_out_and_in_again_returns() -> None:
    window = Window()
    for steps in (-7, 7, 5, -5):
        window = window.zoom(steps, 1e6)
    assert window == Window()


def test_showing_moves_only_when_it_must() -> None:
    window = Window(10.0, 20.0)
    assert window.showing(25.0, 100.0) is window
    assert window.showing(50.0, 100.0).start_s == 45.0


def test_a_pause_remembers_what_was_followed() -> None:
    snapshot = SyntheticConsole().advance(12.0).snapshot(View())
    paused = Look().pause(snapshot)
    assert paused.window.start_s == pytest.approx(2.0)
    assert paused.resume() == Look()
    held = Look(window=Window(5.0, 1.0)).pause(snapshot)
    assert held.resume().window == Window(5.0, 1.0)
    assert paused.follow() == replace(Look(), followed=True)


@pytest.mark.parametrize("cells", range(46, 200, 3))
@pytest.mark.parametrize("cpus", [(0,), (0, 1), (0, 1, 2, 10, 127)])
def test_the_table_fills_its_width_exactly(cells: int, cpus: tuple[int, ...]) -> None:
    snapshot = SyntheticConsole(cpus=cpus).advance(0.3).snapshot(View())
    shown = table(snapshot, snapshot.totals, cpus[0], cells, lambda _: 0)
    for row in (shown.head, *shown.body):
        assert row_width(row) == cells
        assert not any("…" in text for text, _ in row)


def test_a_single_cpu_has_one_row_and_no_choice() -> None:
    snapshot = SyntheticConsole(cpus=(3,)).advance(1.0).snapshot(View())
    shown = table(snapshot, snapshot.totals, None, 100, lambda _: 0)
    assert shown.lanes == (3,)
    assert shown.selected == -1
    assert shown.body[0][0][0] == "CPU 3"


def test_figures_that_worry_are_marked() -> None:
    totals = Totals(detected=5, received=3, dropped=2, elapsed_ns=1e9, blind_ns=5e8)
    snapshot = replace(SyntheticConsole().snapshot(View()), lanes={0: totals})
    shown = table(snapshot, totals, None, 100, lambda _: 0)
    text = "".join(part for part, _ in shown.body[0])
    assert "50.0 %" in text


def test_figures_as_text_have_a_column_a_figure() -> None:
    snapshot = SyntheticConsole().advance(2.0).snapshot(View())
    lines = as_text(snapshot, snapshot.totals).splitlines()
    assert [line.split("\t")[0] for line in lines] == ["lane", "cpu0", "cpu1", "all"]
    assert len({line.count("\t") for line in lines}) == 1


def test_the_reading_is_that_of_the_column() -> None:
    snapshot = SyntheticConsole().advance(12.0).snapshot(View(columns=100))
    columns = snapshot.columns
    for at in (0, 17, 99):
        read = measure.reading(columns, float(columns.edges_s[at : at + 2].mean()))
        assert read is not None
        assert read.count == columns.count[at]
        assert read.start_s == columns.edges_s[at]
    assert measure.reading(columns, -1.0) is None
    assert measure.reading(columns, 99.0) is None


def test_the_longest_in_view_is_found() -> None:
    columns = SyntheticConsole().advance(12.0).snapshot(View(columns=100)).columns
    moment = measure.longest_moment(columns)
    assert measure.reading(columns, moment).longest_ns == np.nanmax(columns.longest_ns)
    assert measure.longest_moment(SyntheticConsole().snapshot(View()).columns) is None


@pytest.mark.parametrize(
    ("done", "said"),
    [
        ("pause 'büro'", "▼ pause 'büro'"),
        ("create '東京'", "▼ create '??'"),
        ("x" * 60, f"▼ {'x' * 47}…"),
    ],
)
def test_a_marker_fits_into_a_frame(done: str, said: str) -> None:
    board = SyntheticConsole().advance(1)
    board.stream.mark(Marker(0.5, done))
    ((text, _role),) = measure.say_marker(board.snapshot(View()), None)
    assert text == said


def test_scales_hold_threshold_and_lengths() -> None:
    snapshot = SyntheticConsole().advance(12.0).snapshot(View())
    scale = measure.lengths(snapshot, log=True)
    assert scale.low <= 1500.0
    assert scale.high >= snapshot.totals.max_ns
    assert measure.lengths(snapshot, log=False).low == 0.0


def test_what_matters_least_gives_way_first() -> None:
    left = [Part("name", keep=ALWAYS), Part("kind", keep=40), Part("more", keep=10)]
    right = [Part("state", keep=ALWAYS)]
    texts = {room: "".join(text for text, _ in fit(left, right, room)) for room in range(40)}
    assert texts[39].split() == ["name", "kind", "more", "state"]
    assert texts[20].split() == ["name", "kind", "state"]
    assert texts[12].split() == ["name", "state"]
    assert texts[8].endswith("state")
    assert all(len(text) == room for room, text in texts.items())


@given(st.text(alphabet="ab板", max_size=30), st.integers(0, 40), st.integers(0, 5))
def test_a_sentence_in_the_middle_fills_its_room(text: str, room: int, height: int) -> None:
    rows = middle(text, room, height)
    assert [row_width(row) for row in rows] == [room] * height


PIECES = st.lists(st.text(alphabet="abc", max_size=12), max_size=4)


@given(st.text(alphabet="abc", max_size=20), PIECES, PIECES, st.integers(2, 60))
def test_frames_have_their_width(title: str, info: list[str], foot: list[str], cells: int) -> None:
    caption = Caption(title, tuple((t, 0) for t in info), tuple((t, 0) for t in foot))
    inside = [[(" " * (cells - 2), 0)]]
    for row in framed(inside, caption, cells):
        assert sum(len(text) for text, _ in row) == cells


@given(st.floats(-10, 1e4), st.floats(0, 1e4), st.integers(1, 200))
def test_the_seek_bar_fills_its_width(position: float, duration: float, cells: int) -> None:
    playback = SyntheticPlayback(position_s=position, duration_s=duration)
    assert row_width(seek_bar(playback, cells)) == cells


def test_the_seek_bar_is_read_back_where_it_is_clicked() -> None:
    playback = SyntheticPlayback()
    row = seek_bar(playback, 100)
    at = sum(width(text) for text, _ in row[:2])
    assert position_at(playback, at, 100) == pytest.approx(playback.position_s, abs=0.5)
    assert position_at(playback, 0, 100) is None
    assert position_at(playback, 99, 100) is None


def test_speeds_go_up_and_down_in_steps() -> None:
    assert other_speed(1.0, 1) == 2.0
    assert other_speed(1.0, -1) == 0.5
    assert other_speed(SPEEDS[-1], 1) == SPEEDS[-1]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"run": "idle"}, "s starts a run on bpi"),
        ({"run": "preparing", "run_detail": "deploying"}, "preparing bpi: deploying"),
        ({"run": "running"}, "waiting for the first frame"),
        ({"link": "connecting", "link_detail": "port 22"}, "connecting to bpi: port 22"),
        ({"link": "lost", "link_detail": "refused"}, "bpi is out of reach: refused"),
        ({"link": "replay", "link_detail": ""}, "the recording has not begun"),
    ],
)
def test_an_empty_screen_says_what_is_missing(changed: dict[str, str], said: str) -> None:
    assert measure.why_empty(replace(BOARD, **changed), "s") == said


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ("stop", "■ ended "),
        ("time", "■ ended "),
        ("link-lost: gone", "■ ended: link-lost "),
        ("no-heartbeat", "■ ended: no-heartbeat "),
    ],
)
def test_an_end_that_nobody_asked_for_is_told_in_the_header(detail: str, said: str) -> None:
    status = Status(board="b", link="connected", run="ended", run_detail=detail)
    assert said in "".join(text for text, _ in header(status, None, 80)[1])
