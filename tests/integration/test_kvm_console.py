"""The way to a KVM guest's console: a real pseudo-terminal, of which a made-up virsh tells."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import tty
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hvconsole.hypervisor.kvm.driver import KvmDriver
from hvconsole.link.local import LocalLink
from hvconsole.link.process_line import ProcessLine
from hvconsole.model.hypervisor import Guest
from hvconsole.model.problem import BoardProblem, LinkProblem

EVERY_BYTE = bytes(range(256))


@pytest.fixture
def guest_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the guest's end of a pseudo-terminal that virsh names."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    virsh = tmp_path / "virsh"
    virsh.write_text(f'#!/bin/sh\n[ "$4 $5" = "ttyconsole busy" ] && echo {os.ttyname(slave)}\n')
    virsh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    os.close(slave)
    return master


@pytest.fixture
async def line(guest_end: int) -> AsyncIterator[ProcessLine]:
    link = LocalLink()
    await link.open()
    console = KvmDriver(link).console(Guest(key="busy", name="busy"))
    yield console
    await console.close()
    await link.close()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.02)


async def test_every_byte_goes_through_both_ways(line: ProcessLine, guest_end: int) -> None:
    await line.open()
    line.write(EVERY_BYTE)
    read = b""
    while len(read) < len(EVERY_BYTE):
        read += await asyncio.to_thread(os.read, guest_end, 4096)
    assert read == EVERY_BYTE
    os.write(guest_end, EVERY_BYTE)
    await until(lambda: line.scrollback == EVERY_BYTE)


async def test_two_cannot_have_it(line: ProcessLine, guest_end: int) -> None:
    await line.open()
    link = LocalLink()
    await link.open()
    second = KvmDriver(link).console(Guest(key="busy", name="busy"))
    with contextlib.suppress(LinkProblem):  # a slow machine sees it a moment later
        await second.open()
    await until(lambda: not second.is_open)
    assert second.state == "somebody has its console already"
    await line.close()
    third = KvmDriver(link).console(Guest(key="busy", name="busy"))
    await third.open()
    await until(lambda: third.is_open)
    await third.close()
    await link.close()


async def test_it_ends_when_the_guest_does(line: ProcessLine, guest_end: int) -> None:
    await line.open()
    line.write(b"x")
    assert await asyncio.to_thread(os.read, guest_end, 1) == b"x"
    os.close(guest_end)
    await until(lambda: not line.is_open)


def test_consoles_that_are_elsewhere_are_told() -> None:
    driver = KvmDriver(LocalLink())
    with pytest.raises(BoardProblem, match="the board's own"):
        driver.console(Guest(key="0", name="host", role="control"))
    with pytest.raises(BoardProblem, match="terminal that lkvm was started from"):
        driver.console(Guest(key="lkvm:g1", name="g1"))
