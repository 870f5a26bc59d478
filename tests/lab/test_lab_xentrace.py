"""Xen's scheduler traced on an emulated board, beside samples that are taken at the same time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from hvconsole.board.journal import journal_folder
from hvconsole.cli import main
from hvconsole.commands.sessions import link_maker
from hvconsole.lab.boards import LabBoard
from hvconsole.lab.places import VIRT_BOARD
from hvconsole.lab.profiles import lab_profile
from hvconsole.link.protocol import Completed
from hvconsole.record.reader import SessionReader
from hvconsole.record.xentrace import read_trace
from hvconsole.stream.vcpu_lane import VcpuLane
from hvconsole.wire.xentrace import Losses

pytestmark = pytest.mark.lab
BUSY = Path(__file__).parents[2] / "cells" / "xen" / "busy.cfg"


def on_board(*argv: str, stdin: bytes = b"") -> Completed:
    async def there() -> Completed:
        link = link_maker(lab_profile(VIRT_BOARD))()
        await link.open()
        try:
            return await link.run(argv, stdin=stdin)
        finally:
            await link.close()

    return asyncio.run(there())


def test_whenever_the_samplers_vcpu_ran_nowhere_there_is_a_gap(
    xen_board: LabBoard, tmp_path: Path
) -> None:
    create = 'cat >"$1" && xl create "$1"'
    made = on_board("sh", "-c", create, "make", "/tmp/busy.cfg", stdin=BUSY.read_bytes())
    assert made.status == 0, made.error_text
    session = tmp_path / "a.hvs"
    words = ["--seconds", "3", "--cpu", "0", "--counter", "cntpct", "--xentrace"]
    assert main(["record", VIRT_BOARD, *words, "--out", str(session)]) == 0

    losses, lane = Losses(), VcpuLane()
    for records in read_trace(session, losses):
        lane.feed(records)
    assert losses == Losses()
    assert lane.cpus == [0, 1]
    held = np.concatenate([lane.intervals(cpu) for cpu in lane.cpus])
    assert {0, 1} <= set(held["domain"].tolist())

    data = next(iter(SessionReader(session).runs())).lanes[0]
    starts, ends = data.start.tolist(), (data.start + data.length).tolist()
    mine = np.sort(held[(held["domain"] == 0) & (held["unit"] == 0)])
    pairs = zip(mine["end"][:-1].tolist(), mine["start"][1:].tolist(), strict=True)
    off = [(a, b) for a, b in pairs if starts[0] < a < b < ends[-1]]
    assert len(off) > 20
    for begin, end in off:
        at = int(np.searchsorted(data.start, np.uint64(begin), side="right")) - 1
        assert starts[at] <= begin
        assert end <= ends[at]


def test_nothing_of_it_stays_on_the_board(xen_board: LabBoard) -> None:
    """No process is left, and no undo stands."""
    assert on_board("pidof", "xentrace").status != 0
    assert list(journal_folder().glob("*")) == []
