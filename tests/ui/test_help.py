"""Help, footer and palette come from what is bound, so they cannot be wrong."""

from dataclasses import replace

from driving import console
from hypothesis import given, strategies as st
from synthetic import BOARD, SyntheticConsole, SyntheticPlayback

from hvconsole.model.text import width
from hvconsole.ui.actions import ACTIONS
from hvconsole.ui.screens.help import HelpScreen
from hvconsole.ui.view.help import help_rows, keys_text, matching
from hvconsole.ui.view.keys import Entry, hints, key_name

# The synthetic board has no boot modes, there is nothing else to be opened, and no real terminal.
ELSEWHERE = {
    "board.boot",
    "go.boards",
    "go.sessions",
    "go.compare",
    "go.campaigns",
    "console.mouse",
}
HERE = [a for a in ACTIONS if a.scope in {"app", "measure"} and a.id not in ELSEWHERE]


def listed(entries: dict[str, list[Entry]]) -> set[tuple[str, str]]:
    return {(key, e.tooltip) for group in entries.values() for e in group for key in e.keys}


async def test_help_lists_exactly_what_is_bound() -> None:
    async with console() as driver:
        bound = {
            (key_name(key), active.binding.tooltip)
            for key, active in driver.screen.active_bindings.items()
        }
        await driver.press("question_mark")
        assert isinstance(driver.app.screen, HelpScreen)
        assert listed(driver.app.screen.entries) == bound


async def test_every_action_that_can_be_done_is_bound() -> None:
    async with console() as driver:
        ids = {one.id for one in driver.screen.bound()}
        assert ids == {a.id for a in HERE if a.group != "Recording"}
    status = replace(BOARD, link="replay", run="ended")
    replay = SyntheticConsole(status=status, playback=SyntheticPlayback())
    async with console(replay) as driver:
        ids = {one.id for one in driver.screen.bound()}
        assert ids == {a.id for a in HERE if a.id not in {"run.toggle", "xentrace.toggle"}}


async def test_own_keys_work_and_are_shown_everywhere() -> None:
    async with console(keys={"view.pause": "z,f7", "console.help": "f2"}) as driver:
        assert "z pause" in driver.text
        await driver.press("p")
        assert not driver.screen.look.paused
        await driver.press("f7")
        assert driver.screen.look.paused
        assert "z resumes" in driver.text
        await driver.press("f2")
        assert isinstance(driver.app.screen, HelpScreen)
        entries = listed(driver.app.screen.entries)
        assert ("z", "Pause the view; collecting goes on") in entries
        assert ("F7", "Pause the view; collecting goes on") in entries
        assert not any(key == "p" for key, _ in entries)


async def test_the_footer_shows_help_and_quit_however_narrow() -> None:
    async with console(size=(30, 20)) as driver:
        footer = driver.text.splitlines()[-1]
        assert "? help" in footer
        assert "q quit" in footer


async def test_help_can_be_scrolled_where_it_does_not_fit() -> None:
    async with console() as driver:
        await driver.press("question_mark")
        assert "End the run, tidy up" not in driver.text
        await driver.press("end")
        await driver.pilot.pause(0.5)
        assert "End the run, tidy up" in driver.text


def test_keys_have_the_names_printed_on_them() -> None:
    names = {
        "ctrl+s": "Ctrl+S",
        "shift+left": "Shift+←",
        "question_mark": "?",
        "H": "H",
        "f1": "F1",
        "pageup": "PgUp",
        "plus": "+",
        "q": "q",
    }
    assert {key: key_name(key) for key in names} == names


def test_long_series_are_shown_by_their_ends() -> None:
    assert keys_text(("1", "2", "3", "4", "5")) == "1 … 5"
    assert keys_text(("q", "Ctrl+C")) == "q Ctrl+C"


@given(st.integers(1, 200))
def test_help_fits_any_width(cells: int) -> None:
    groups = {"Run": [Entry(("s",), "Start a run")], "Time": [Entry(("+", "="), "Zoom in")] * 9}
    rows = help_rows(groups, cells)
    assert all(sum(width(text) for text, _ in row) == cells for row in rows)


@given(st.integers(60, 200))
def test_help_leaves_nothing_out(cells: int) -> None:
    said = {action.tooltip for action in ACTIONS}
    groups = {"All": [Entry(("q", "Ctrl+C", "Ctrl+Q"), tooltip) for tooltip in sorted(said)]}
    shown = " ".join(text for row in help_rows(groups, cells) for text, _ in row)
    words = {word for tooltip in said for word in tooltip.split()}
    assert words <= set(shown.split())


def test_two_directions_share_a_hint() -> None:
    bound = [a for a in ACTIONS if a.id in {"time.zoom_in", "time.zoom_out", "time.page_left"}]
    from hvconsole.ui.view.keys import Bound

    keys = [Bound(a.keys.split(",")[0], a.id, a.label, a.tooltip, a.group, a.footer) for a in bound]
    assert hints(keys) == [("time.zoom_in", "+/-", "zoom", 90)]


async def test_help_is_read_with_the_keys_of_a_list() -> None:
    async with console() as driver:
        await driver.press("question_mark")
        room = driver.app.screen.query_one("#help-scroll")
        assert "PgDn scroll" in driver.text
        await driver.press("j", "down")
        await driver.pilot.pause()
        assert room.scroll_offset.y == 2
        await driver.press("G")
        await driver.pilot.pause()
        assert room.scroll_offset.y == room.max_scroll_y > 0
        assert "Ctrl+drag" in driver.text
        await driver.press("ctrl+u", "k")
        await driver.pilot.pause()
        assert room.scroll_offset.y == room.max_scroll_y - (room.size.height - 1) - 1
        await driver.press("g")
        await driver.pilot.pause()
        assert room.scroll_offset.y == 0
        await driver.pilot.resize_terminal(160, 60)
        await driver.pilot.pause()
        await driver.pilot.pause()
        assert "PgDn scroll" not in driver.text


async def test_words_are_looked_for_in_help() -> None:
    async with console() as driver:
        await driver.press("question_mark", "slash", *"ZOOM")
        screen = driver.app.screen
        assert "Zoom in" in driver.text
        assert "Zoom about the moment under the pointer" in driver.text
        assert "Quit" not in driver.text
        assert "Esc shows all keys" in driver.text
        high = screen.query_one("#help-scroll").outer_size.height
        await driver.press("q")
        assert "no key or gesture does “ZOOMq”" in driver.text
        assert screen.query_one("#help-scroll").outer_size.height == high, "it stands still"
        await driver.press("backspace", "enter", "j")
        assert driver.app.screen is screen
        assert "Zoom in" in driver.text
        await driver.press("escape")
        assert driver.app.screen is screen
        assert "Zoom in" in driver.text
        assert "Start" in driver.text, "all keys again"
        await driver.press("escape")
        assert driver.app.screen is not screen


def test_a_key_is_found_by_its_name() -> None:
    groups = {"Find": [Entry(("n",), "Next one"), Entry(("N", "p"), "One before")]}
    assert matching(groups, "n before") == {}
    assert matching(groups, "N")["Find"] == groups["Find"], "it begins a word as well"
    assert matching(groups, "one N")["Find"] == groups["Find"]
    assert matching(groups, "p")["Find"] == groups["Find"][1:]
    assert matching(groups, "p find")["Find"] == groups["Find"][1:]
    assert matching(groups, "")["Find"] == groups["Find"]
    assert matching(groups, "[bold] %s") == {}


def test_screens_stand_in_the_order_of_their_keys() -> None:
    keys = [a.keys for a in ACTIONS if a.id.startswith("go.")]
    assert keys == [f"f{n}" for n in range(2, 11)]
