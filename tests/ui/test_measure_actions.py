"""Every action of the Measure screen, by its key, through the palette, by mouse."""

import asyncio
from dataclasses import replace

import pytest
from driving import console
from synthetic import BOARD, SyntheticConsole, SyntheticPlayback
from textual.events import MouseMove, MouseScrollUp

from hvconsole.model.problem import LinkProblem
from hvconsole.ui.actions import ACTIONS
from hvconsole.ui.screens.help import HelpScreen
from hvconsole.ui.view.window import DEFAULT_SPAN_S
from hvconsole.ui.widgets.charts import HistogramPanel, TimelinePanel
from hvconsole.ui.widgets.problem import ProblemPanel

IDLE = replace(BOARD, run="idle")


def recording() -> SyntheticConsole:
    status = replace(BOARD, link="replay", run="ended")
    return SyntheticConsole(status=status, playback=SyntheticPlayback())


async def test_the_board_is_opened_on_start() -> None:
    async with console() as driver:
        assert driver.board.calls == ["open"]


async def test_what_the_screen_shows() -> None:
    async with console() as driver:
        for text in (
            *("bpi", "Banana Pi M1", "SIMULATED", "⇄ connected", "● REC bpi-cyclic 1.23 MB"),
            *("CNTVCT 24 MHz", "Linux 6.1.55-sunxi", "▶ 12.0 s", "threshold 1.50 µs"),
            *("▸ following", "CPU 0", "CPU 1", "0 all", "6818", "93.3%", "2.92ms"),
        ):
            assert text in driver.text


async def test_a_key_is_painted_before_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    async with console() as driver:
        shown: list[str] = []
        monkeypatch.setattr(
            driver.app, "post_display_hook", lambda: shown.append(driver.line("threshold"))
        )
        driver.screen.action_scale()  # nothing else has its turn meanwhile
        assert any("linear" in line for line in shown)
        assert not any(one.is_dirty for one in driver.screen.query(TimelinePanel))


async def test_a_panel_that_takes_room_is_laid_out_before_it_is_painted() -> None:
    async with console() as driver:
        await driver.press("p")
        assert "resume" in driver.text
        heights = [one.outer_size.height for one in driver.screen.query(TimelinePanel)]
        await driver.press("p")
        assert [one.outer_size.height for one in driver.screen.query(TimelinePanel)] > heights


async def test_a_run_is_started_and_ended() -> None:
    async with console(SyntheticConsole(status=IDLE)) as driver:
        assert "s run" in driver.text
        await driver.press("s")
        assert driver.board.status.run == "running"
        assert "s stop" in driver.text
        await driver.press("s")
        assert driver.board.calls == ["open", "start_run", "stop_run"]


@pytest.mark.parametrize("state", ["preparing", "ending"])
async def test_a_second_press_does_not_undo_the_first(state: str) -> None:
    board = SyntheticConsole(status=replace(BOARD, run=state))
    async with console(board) as driver:
        await driver.press("s")
        assert driver.board.calls == ["open"]


@pytest.mark.parametrize("where", ["app", "status"])
async def test_read_only_is_shown(where: str) -> None:
    board = SyntheticConsole(status=replace(IDLE, read_only=where == "status"))
    async with console(board, read_only=where == "app") as driver:
        assert "read-only" in driver.text.splitlines()[0]


async def test_rec_is_said_only_while_it_is_written() -> None:
    async with console() as driver:
        assert "● REC bpi-cyclic" in driver.text
        driver.board.status = replace(BOARD, run="ended")
        await driver.settle()
        assert "○ kept bpi-cyclic 1.23 MB" in driver.text
        driver.board.status = replace(BOARD, recording=None)
        await driver.settle()
        assert "○ not recording" in driver.text


async def test_pausing_holds_the_view_while_collecting_goes_on() -> None:
    async with console() as driver:
        before = driver.screen.seen
        await driver.press("p")
        driver.board.advance(3.0)
        await driver.settle()
        assert driver.screen.seen is not None
        assert driver.screen.seen.now_s == before.now_s
        assert "VIEW PAUSED  at 12.0 s  collecting goes on, 1 839 new" in driver.text
        assert "6818" in driver.line("0 all")
        await driver.press("p")
        assert driver.screen.seen.now_s == pytest.approx(15.0)
        assert "VIEW PAUSED" not in driver.text
        assert "▸ following" in driver.text


async def test_a_paused_view_can_be_walked_through() -> None:
    async with console() as driver:
        await driver.press("p")
        driver.board.advance(3.0)
        await driver.press("plus", "left", "1")
        seen = driver.screen.seen
        assert seen.columns.edges_s[-1] - seen.columns.edges_s[0] == pytest.approx(5.0)
        assert seen.columns.edges_s[-1] < 12.0
        assert "6818" in driver.line("0 all"), "figures stay as they were"
        assert "VIEW PAUSED" in driver.text


async def test_zooming_in_and_out() -> None:
    async with console() as driver:
        await driver.press("plus")
        assert driver.screen.look.window.span_s == DEFAULT_SPAN_S / 2
        assert driver.screen.look.window.follows
        await driver.press("equals_sign", "minus", "underscore", "minus")
        assert driver.screen.look.window.span_s == 2 * DEFAULT_SPAN_S
        assert "20 s" in driver.line("following")


async def test_panning_stops_following_and_follow_resumes_it() -> None:
    async with console() as driver:
        await driver.press("left")
        assert driver.screen.look.window.start_s == pytest.approx(0.0)
        driver.board.advance(3.0)
        await driver.settle()
        assert driver.screen.seen.columns.edges_s[0] == 0.0
        assert "❚ held" in driver.text
        await driver.press("l")
        assert driver.screen.look.window.start_s == pytest.approx(2.5)
        await driver.press("pagedown", "pagedown")
        assert driver.screen.look.window.start_s == pytest.approx(5.0), "not past the newest"
        assert not driver.screen.look.window.follows, "following is for the person to resume"
        await driver.press("f")
        assert driver.screen.look.window.follows
        await driver.press("home")
        assert driver.screen.look.window.start_s == 0.0
        await driver.press("end")
        assert driver.screen.look.window.follows


async def test_the_axis_of_lengths_changes() -> None:
    async with console() as driver:
        await driver.press("y")
        assert "linear" in driver.text
        await driver.press("y")
        assert "log" in driver.line("following")


async def test_lanes_are_chosen_by_key() -> None:
    async with console() as driver:
        await driver.press("2")
        assert driver.screen.look.lanes == (1,)
        assert driver.screen.seen.totals.received == driver.screen.seen.lanes[1].received
        assert "6818" in driver.line("0 all"), "the row over all stays over all"
        await driver.press("0")
        assert driver.screen.look.lanes == ()
        await driver.press("down")
        assert driver.screen.look.lane == 0
        await driver.press("k")
        assert driver.screen.look.lane is None
        await driver.press("9")
        assert driver.screen.look.lane is None


async def test_the_cursor_reads_out() -> None:
    async with console() as driver:
        await driver.press("x")
        reading = driver.line("switches ─╯")
        assert "2.92 ms" in reading
        assert not driver.screen.look.window.follows
        at = driver.screen.timeline.cursor_s
        await driver.press("shift+right")
        assert driver.screen.timeline.cursor_s > at
        await driver.press("H", "H")
        assert driver.screen.timeline.cursor_s < at
        await driver.press("escape")
        assert driver.screen.timeline.cursor_s is None


async def test_a_panel_is_maximised_and_restored() -> None:
    async with console() as driver:
        await driver.press("m")
        assert driver.screen.timeline.size.height == 21
        await driver.press("escape")
        assert driver.screen.timeline.size.height < 12
        await driver.press("tab", "tab", "enter")
        assert driver.screen.query_one(HistogramPanel).size.height == 21
        assert not driver.screen.timeline.display
        await driver.press("m")
        assert driver.screen.timeline.display


async def test_reset_undoes_all_looking_around() -> None:
    async with console() as driver:
        fresh = driver.screen.look
        await driver.press("plus", "left", "y", "1", "x", "r")
        assert driver.screen.look == fresh
        assert driver.screen.timeline.cursor_s is None


async def test_figures_and_problems_are_copied() -> None:
    board = SyntheticConsole(status=IDLE)
    board.problems["start_run"] = LinkProblem("no way", detail="cut", hint="plug it in")
    async with console(board) as driver:
        await driver.press("c")
        head, first, *_ = driver.app.clipboard.splitlines()
        assert head.startswith("lane\tswitches\trate_per_s")
        assert first.startswith("cpu0\t3174\t")
        await driver.press("s", "c")
        assert driver.app.clipboard == "no way\n  cut\n  fix: plug it in"


async def test_problems_are_shown_and_put_away() -> None:
    board = SyntheticConsole(status=IDLE)
    board.problems["start_run"] = LinkProblem("no way", detail="cut", hint="plug it in")
    async with console(board) as driver:
        await driver.press("s")
        for text in ("✕ problem", "no way", "cut", "→ plug it in"):
            assert text in driver.text
        await driver.press("escape")
        assert "no way" not in driver.text


async def test_a_problem_while_connecting_does_not_end_the_console() -> None:
    board = SyntheticConsole(status=replace(BOARD, link="lost", run="idle"))
    board.problems["open"] = LinkProblem("host key changed", hint="look at it")
    async with console(board, seconds=0) as driver:
        assert "host key changed" in driver.text
        assert "✕ link lost" in driver.text
        assert "bpi is out of reach" in driver.text


async def test_the_problem_of_the_status_comes_and_goes_once() -> None:
    problem = LinkProblem("the link broke")
    async with console() as driver:
        driver.board.status = replace(BOARD, problem=problem)
        await driver.settle()
        assert "the link broke" in driver.text
        await driver.press("escape")
        assert "the link broke" not in driver.text, "put away is put away"
        driver.board.status = replace(BOARD, problem=LinkProblem("again"))
        await driver.settle()
        assert "again" in driver.text
        driver.board.status = BOARD
        await driver.settle()
        assert not driver.screen.query_one(ProblemPanel).display


async def test_errors_that_nobody_foresaw_are_shown_too() -> None:
    board = SyntheticConsole(status=IDLE)
    board.problems["start_run"] = ZeroDivisionError("by zero")
    async with console(board) as driver:
        await driver.press("s")
        assert "something went wrong inside hvconsole" in driver.text
        assert "ZeroDivisionError: by zero" in driver.text


async def test_a_lost_link_keeps_the_last_data_and_marks_it() -> None:
    async with console() as driver:
        driver.board.status = replace(BOARD, link="lost", link_detail="no answer for 10 s")
        await driver.settle()
        assert "✕ LINK LOST  no answer for 10 s" in driver.text
        assert "6818" in driver.text
        driver.board.status = BOARD
        await driver.settle()
        assert "LINK LOST" not in driver.text


async def test_another_run_is_looked_at_from_its_beginning() -> None:
    async with console() as driver:
        await driver.press("p", "left")
        other = SyntheticConsole(cpus=(3,)).advance(2.0)
        driver.board.stream = other.stream
        await driver.press("l")
        assert not driver.screen.look.paused
        assert driver.screen.look.window.follows
        await driver.settle()
        assert "CPU 3" in driver.text


async def test_the_next_theme_is_taken() -> None:
    async with console(theme="dark") as driver:
        await driver.press("t")
        assert driver.app.theme == "high-contrast"
        assert driver.screen.timeline._styles is driver.app.palette.body


async def test_a_picture_is_saved(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    board = SyntheticConsole(status=replace(BOARD, board="../../etc/[bold]x"))
    monkeypatch.setenv("XDG_DOWNLOAD_DIR", str(tmp_path))
    async with console(board) as driver:
        await driver.press("ctrl+s")
        for _ in range(100):
            if list(tmp_path.iterdir()):
                break
            await asyncio.sleep(0.02)
        (picture,) = tmp_path.iterdir()
        assert picture.name.startswith("hvconsole-etc-bold-x-")
        assert picture.read_text().startswith("<svg")


async def test_a_picture_of_a_dialog_is_saved_by_the_same_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setenv("XDG_DOWNLOAD_DIR", str(tmp_path))
    async with console(keys={"console.picture": "f12"}) as driver:
        await driver.press("question_mark", "ctrl+s")
        assert isinstance(driver.app.screen, HelpScreen)
        assert not list(tmp_path.iterdir())  # another key does it now
        await driver.press("f12")
        (picture,) = tmp_path.iterdir()
        assert "closes" in picture.read_text()
        assert isinstance(driver.app.screen, HelpScreen)


async def test_help_opens_and_closes() -> None:
    async with console() as driver:
        await driver.press("question_mark")
        assert isinstance(driver.app.screen, HelpScreen)
        assert "Pause the view; collecting goes on" in driver.text
        await driver.press("escape")
        assert not isinstance(driver.app.screen, HelpScreen)


async def test_a_resting_pointer_does_not_end_following() -> None:
    async with console() as driver:
        await driver.pilot.hover("#timeline", offset=(30, 4))
        await driver.press("plus")
        assert driver.screen.look.window.follows


async def test_help_can_be_left_for_good() -> None:
    async with console() as driver:
        await driver.press("question_mark")
        await driver.pilot.press("ctrl+c")
        await driver.pilot.pause()
        assert driver.board.calls == ["open", "close"]


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_quitting_closes_the_board_first(key: str) -> None:
    async with console() as driver:
        await driver.pilot.press(key)
        await driver.pilot.pause()
        assert driver.board.calls == ["open", "close"]
    assert driver.app.return_code == 0


async def test_a_board_that_cannot_be_tidied_up_is_told_on_the_way_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    board = SyntheticConsole()
    board.problems["close"] = LinkProblem("the governor was not set back")
    async with console(board) as driver:
        await driver.pilot.press("q")
        await driver.pilot.pause()
    assert driver.app.return_code == 1
    assert "the governor was not set back" in capsys.readouterr().err


async def test_a_second_quit_does_not_wait() -> None:
    class Stuck(SyntheticConsole):
        async def close(self) -> None:
            self.calls.append("close")
            await asyncio.Event().wait()

    async with console(Stuck()) as driver:
        await driver.press("q")
        assert "ending the run and tidying up" in driver.text
        await driver.pilot.press("q")
        await driver.pilot.pause()
    assert driver.app.return_code == 1


async def test_a_recording_is_played_and_sought() -> None:
    async with console(recording()) as driver:
        playback = driver.board.playback
        assert "▸ replay" in driver.text
        assert "❚❚  12.3 s" in driver.text
        await driver.press("space")
        assert playback.playing
        await driver.press("full_stop", "full_stop", "comma")
        assert playback.position_s == pytest.approx(13.5)
        await driver.press("right_square_bracket", "right_square_bracket", "left_square_bracket")
        assert playback.speed == 2.0
        assert "×2" in driver.text
        await driver.press("s")
        assert driver.board.calls == ["open"], "a recording has no run to start"


async def test_the_seek_bar_is_clicked() -> None:
    async with console(recording(), size=(100, 30)) as driver:
        await driver.pilot.click("#seek", offset=(50, 0))
        await driver.settle()
        assert 25.0 < driver.board.playback.position_s < 35.0


async def test_the_wheel_zooms_about_the_pointer() -> None:
    async with console() as driver:
        timeline = driver.screen.timeline
        left = driver.screen.seen.columns.edges_s[0]
        at = left + (timeline._moment(20) - left)
        await driver.pilot._post_mouse_events([MouseScrollUp], "#timeline", (20, 4))
        await driver.settle()
        window = driver.screen.look.window
        assert window.span_s == DEFAULT_SPAN_S / 2
        assert timeline._moment(20) == pytest.approx(at, abs=0.1)


async def test_a_click_sets_the_cursor_and_the_pointer_reads() -> None:
    async with console() as driver:
        await driver.pilot.hover("#timeline", offset=(30, 4))
        await driver.settle()
        under = driver.screen.timeline.cursor_s
        assert under == pytest.approx(driver.screen.timeline._moment(30))
        await driver.pilot.click("#timeline", offset=(30, 4))
        await driver.pilot.hover("#figures")
        await driver.settle()
        assert driver.screen.timeline.cursor_s == pytest.approx(under)


async def test_dragging_pans() -> None:
    async with console() as driver:
        before = driver.screen.seen.columns.edges_s[0]
        await driver.pilot.mouse_down("#timeline", offset=(30, 4))
        await driver.pilot._post_mouse_events([MouseMove], "#timeline", (37, 4), button=1)
        await driver.pilot.mouse_up("#timeline", offset=(37, 4))
        await driver.settle()
        window = driver.screen.look.window
        assert window.start_s == pytest.approx(before - 7 / 70 * DEFAULT_SPAN_S, abs=0.01)
        assert driver.screen.timeline._cursor_s is None, "dragging is no click"


async def test_a_row_of_the_table_is_clicked() -> None:
    async with console() as driver:
        await driver.pilot.click("#figures", offset=(5, 3))
        await driver.settle()
        assert driver.screen.look.lane == 1
        await driver.pilot.click("#figures", offset=(5, 4))
        await driver.settle()
        assert driver.screen.look.lane is None


async def test_a_key_hint_is_clicked() -> None:
    async with console() as driver:
        x = driver.line("pause").index("p pause")
        await driver.pilot.click("#keys", offset=(x + 1, 0))
        await driver.settle()
        assert driver.screen.look.paused


@pytest.mark.parametrize(
    ("words", "done"),
    [
        ("pause the view", lambda d: d.screen.look.paused),
        ("zoom in", lambda d: d.screen.look.window.span_s == 5.0),
        ("log lin", lambda d: not d.screen.look.logarithmic),
        ("row 2 of", lambda d: d.screen.look.lane == 1),
        ("maximise", lambda d: d.screen.has_class("-maximised")),
        ("longest", lambda d: d.screen.timeline.cursor_s is not None),
        ("start a run", lambda d: "stop_run" in d.board.calls),
        ("next theme", lambda d: d.app.theme == "high-contrast"),
        ("theme: light", lambda d: d.app.theme == "light"),
        ("show all keys", lambda d: isinstance(d.app.screen, HelpScreen)),
    ],
)
async def test_the_palette_does_it_too(words: str, done) -> None:
    async with console() as driver:
        await driver.run_command(words)
        assert done(driver), words


async def test_the_palette_ends_the_console() -> None:
    async with console() as driver:
        await driver.run_command("tidy up")
        assert "close" in driver.board.calls


async def test_the_clock_rests_under_another_screen_but_not_under_a_dialog() -> None:
    async with console() as driver:
        measure = driver.screen
        await driver.press("question_mark")
        assert measure._clock._active.is_set()
        await driver.press("escape")
        await driver.press("f8")
        assert measure._clock._active.is_set() is False
        await driver.press("f2")
        assert measure._clock._active.is_set()


async def test_nothing_is_painted_while_nothing_changes() -> None:
    async with console() as driver:
        timeline = driver.screen.query_one(TimelinePanel)
        painted = []
        timeline.repaint = lambda: painted.append(1)
        for _ in range(5):
            driver.screen.tick()
        assert not painted
        driver.board.advance(0.1)
        driver.screen.tick()
        assert painted


def test_every_action_has_a_name_a_sentence_and_an_id_of_its_own() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    for action in ACTIONS:
        assert action.label
        assert action.tooltip
        assert action.binding.id == action.id
        assert action.binding.tooltip == action.tooltip


def test_no_key_does_two_things() -> None:
    # On the Serial screen all keys but one go to the board; its others follow that one.
    for scope in {action.scope for action in ACTIONS} - {"serial"}:
        seen = [action for action in ACTIONS if action.scope in {"app", scope}]
        keys = [key for action in seen for key in action.keys.split(",")]
        assert len(keys) == len(set(keys)), scope
