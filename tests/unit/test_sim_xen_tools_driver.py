"""The console's own driver on the simulated board under Xen: what it surveys, plans, reads back."""

from __future__ import annotations

from pathlib import Path

from simulated_board import BoardLink, run, running

from hvconsole.hypervisor.xen.driver import XenDriver
from hvconsole.sim.hypervisor.xen import SimulatedXen

BUSY = Path(__file__).parents[2] / "cells/xen/busy.cfg"


async def test_a_survey_sees_what_xl_did() -> None:
    async with running("xen-rtds") as board:
        board.attach(SimulatedXen(board.host))
        for path in ("/boot/vmlinuz", "/boot/initramfs-virt.gz"):
            board.tree.write(path, b"simulated")
        board.tree.write("/root/busy.cfg", BUSY.read_bytes())
        made = await run(board, "xl create /root/busy.cfg && xl cpupool-cpu-remove Pool-0 1")
        assert made.status == 0, made.error_text
        pool = """xl cpupool-create 'name="p"' 'sched="credit"' 'cpus=["1"]'"""
        done = await run(
            board, f"{pool} && xl cpupool-migrate busy p && xl sched-credit -d 1 -w 99"
        )
        assert done.status == 0, done.error_text
        seen = await XenDriver(BoardLink(board)).survey()
    assert not seen.incomplete
    guest = next(one for one in seen.guests if one.name == "busy")
    assert (guest.pool, guest.state, guest.values) == ("p", "running", {"weight": 99, "cap": 0})
    assert {one.name: (one.scheduler, one.cpus) for one in seen.pools} == {
        "Pool-0": ("rtds", {0}),
        "p": ("credit", {1}),
    }
    missing = {one.name for one in seen.schedulers if one.missing}
    assert missing == {"arinc653"}
