"""Sampling in a guest from the screen: the key, its lane and row, its figures."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from desks import NotedDesk
from driving import console
from synthetic import SyntheticConsole, values
from test_guest_console import GuestTty, until

from hvconsole.model.problem import BoardProblem
from hvconsole.stream.beside import Beside, beside
from hvconsole.stream.live import LiveStream
from hvconsole.stream.snapshot import Snapshot, View
from hvconsole.ui.screens.hypervisor import HypervisorScreen
from hvconsole.ui.view import table

LATE_S = 2.5
GUEST = 1000


def stream(seconds: float, cpus: tuple[int, ...], seed: int) -> LiveStream:
    live = LiveStream()
    made = values(3600.0, cpus, seed)
    while live.now_s < seconds:
        live.feed(next(made))
    return live


@dataclass
class Guests:
    """Guests that are sampled when a test says so (`hvconsole.ui.source.Guests`)."""

    wanted: tuple[str, ...] = ()
    problem: BoardProblem | None = None

    async def toggle(self, guest: str) -> bool:
        if self.problem is not None:
            raise self.problem
        on = guest not in self.wanted
        self.wanted = (*self.wanted, guest) if on else ()
        return on


@dataclass
class WithGuests(SyntheticConsole):
    """A board whose guest dom1 is sampled where that is wanted."""

    guests: Guests = field(default_factory=Guests)
    hypervisor: object | None = field(
        default_factory=lambda: NotedDesk(consoles={"2": GuestTty(name="the console of dom1")})
    )
    inside: LiveStream = field(default_factory=lambda: stream(6.0, (0,), 3))

    def snapshot(self, view: View) -> Snapshot:
        shown = [Beside(name, self.inside, LATE_S) for name in self.guests.wanted]
        return beside(self.stream, shown, view)


def test_without_guests_nothing_is_added_or_copied() -> None:
    host, view = stream(5.0, (0, 1), 7), View(span_s=5.0, apart=True)
    assert beside(host, [], view) is host.snapshot(view)
    assert beside(host, [Beside("dom1", LiveStream(), 0.0)], view) is host.snapshot(view)


def test_a_guests_lane_stands_on_the_hosts_time() -> None:
    host, guest = stream(10.0, (0, 1), 7), stream(6.0, (0,), 3)
    view = View(start_s=0.0, span_s=10.0, columns=100, apart=True)
    seen = beside(host, [Beside("dom1", guest, LATE_S)], view)
    assert list(seen.lanes) == [0, 1, GUEST]
    assert seen.name(GUEST) == "dom1"
    assert seen.name(1) == "CPU 1"
    own = seen.apart[GUEST]
    assert np.allclose(own.edges_s, seen.columns.edges_s)
    assert own.watched[:24].max() == 0, "not sampled yet"
    assert own.watched[26:80].min() > 0.9
    assert own.watched[90:].max() == 0, "the guest's end"
    assert own.count.sum() == guest.snapshot(view).lanes[0].received
    assert seen.totals == host.snapshot(view).totals, "the board's figures stay the board's"


def test_a_guest_that_is_looked_at_has_all_charts() -> None:
    host, guest = stream(10.0, (0, 1), 7), stream(6.0, (0,), 3)
    view = View(start_s=0.0, span_s=10.0, lanes=(GUEST,), part_s=(3.0, 5.0))
    seen = beside(host, [Beside("dom1", guest, LATE_S)], view)
    alone = guest.snapshot(View(start_s=-LATE_S, span_s=10.0, part_s=(3 - LATE_S, 5 - LATE_S)))
    assert seen.totals == alone.totals
    assert np.array_equal(seen.columns.count, alone.columns.count)
    assert np.allclose(seen.rate_edges_s, alone.rate_edges_s + LATE_S)
    assert math.isclose(seen.distribution.count.sum(), alone.distribution.count.sum())
    assert seen.part is not None
    assert (seen.part.start_s, seen.part.end_s) == (3.0, 5.0)
    assert {gap.cpu for gap in seen.part.longest} == {GUEST}
    assert all(3.0 <= gap.at_s <= 5.0 for gap in seen.part.longest)


def test_several_guests_and_vcpus_are_told_apart() -> None:
    host = stream(4.0, (0,), 7)
    guests = [Beside("one", stream(3.0, (0, 1), 1), 0), Beside("two", stream(3.0, (0,), 2), 0)]
    seen = beside(host, guests, View())
    assert seen.names == {1000: "one 0", 1001: "one 1", 2000: "two"}
    copied = table.as_text(seen, seen.totals).splitlines()
    assert [line.split("\t")[0] for line in copied[1:]] == [
        "cpu0",
        "one 0",
        "one 1",
        "two",
        "board",
    ]


def test_a_change_in_a_guest_alone_is_a_change() -> None:
    host, guest = stream(4.0, (0,), 7), stream(3.0, (0,), 1)
    before = beside(host, [Beside("dom1", guest, 0)], View()).version
    guest.feed([])
    assert beside(host, [Beside("dom1", guest, 0)], View()).version != before


async def test_the_key_begins_and_ends_it_and_the_guest_has_a_row_and_a_lane() -> None:
    source = WithGuests().advance(8)
    source.status = replace(source.status, run="running")
    async with console(source, size=(160, 48)) as driver:
        await driver.press("f3")
        await until(driver, lambda: "dom1" in driver.text)
        assert "g sample" not in driver.text, "dom0 is what is measured"
        await driver.press("down", "down", "down")
        await until(driver, lambda: "g sample" in driver.text)
        await driver.press("g")
        await until(driver, lambda: "sampling in guest dom1" in driver.text)
        assert source.guests.wanted == ("dom1",)
        await driver.press("o")
        await until(driver, lambda: "is sampled through its console" in driver.text)
        await driver.press("escape", "f2", "w")
        await driver.settle()
        assert "3 dom1" in driver.text
        assert "0 board" in driver.text
        assert "switches by CPU" in driver.text
        await driver.press("3")
        await driver.settle()
        shown = driver.screen.seen
        assert shown is not None
        assert shown.totals.received == shown.lanes[GUEST].received
        await driver.press("0", "f3", "g")
        await until(driver, lambda: "no more samples in guest dom1" in driver.text)
        assert source.guests.wanted == ()


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_why_a_guest_cannot_be_sampled_is_shown(size: tuple[int, int]) -> None:
    source = WithGuests()
    source.guests.problem = BoardProblem("nothing answers on the console of dom1", hint="log in")
    async with console(source, size=size) as driver:
        await driver.press("f3")
        await until(driver, lambda: "dom1" in driver.text)
        await driver.press("down", "down", "down", "g")
        await until(driver, lambda: "nothing answers on the console of dom1" in driver.text)
        assert isinstance(driver.app.screen, HypervisorScreen)
