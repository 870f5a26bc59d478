"""Measuring over serial alone: a session on a real shell behind a pty, paced as a line is."""

from __future__ import annotations

import asyncio
from pathlib import Path

from test_serial_shell import KERNEL, wire

from hvconsole.link.serial_shell import SerialShellLink
from hvconsole.model.board import BoardProfile
from hvconsole.model.run import RunSettings
from hvconsole.session.session import Session
from hvconsole.session.workbench import BoardBench
from hvconsole.stream.snapshot import View

BOARD = BoardProfile(name="serial-only", kind="local")


async def test_a_run_over_a_line_of_115200_with_kernel_messages(tmp_path: Path) -> None:
    async with wire(noise_every=4000, bytes_per_s=11_520) as line:
        bench = BoardBench(BOARD, tmp_path / "record")
        settings = RunSettings(threshold_ns=2000, seconds=3.0)
        session = Session(BOARD, lambda: SerialShellLink(line), bench, settings)
        try:
            await session.open()
            assert session.status.link == "connected"
            await session.start_run()
            async with asyncio.timeout(60):
                end = await session.run_ended()
            assert end.clean, end
            shown = session.snapshot(View())
            assert shown.totals.received > 0
        finally:
            await session.close()
        assert KERNEL in line.heard
