"""Listening to a boot: real consoles are understood, anything else harms nothing."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, strategies as st

from hvconsole.board.boot_ear import BootEar
from hvconsole.wire.console import Prompt

UBOOT = (
    b"\r\nU-Boot SPL 2023.01\r\n\r\nU-Boot 2023.01+dfsg-2\r\n\r\nHit any key to stop autoboot:  2 "
)
XEN = (
    b"\b\b\b 0 \r\nStarting kernel ...\r\n\r\n(XEN) Xen version 4.17.5 (Debian)\r\n"
    b"(XEN) Using scheduler: SMP RTDS Scheduler (rtds)\r\n"
    b"[    0.000000] Booting Linux on physical CPU 0x0\r\n"
)


@pytest.fixture
async def ear() -> BootEar:
    return BootEar(b"=> ")


async def test_a_boot_of_xen(ear: BootEar) -> None:
    ear.feed(b"# reboot\r\n(XEN) Hardware Dom0 shutdown: rebooting machine\r\n")
    assert (ear.restarts, ear.system) == (0, ""), "last words of the boot before"
    ear.feed(UBOOT)
    assert (ear.restarts, ear.uboot, ear.system) == (1, True, "")
    ear.feed(XEN)
    assert (ear.restarts, ear.system) == (1, "Xen")


async def test_a_boot_that_is_quiet(ear: BootEar) -> None:
    ear.feed(UBOOT + b"\r\nStarting kernel ...\r\n\r\n")
    assert ear.system == "the kernel"


async def test_a_second_restart_begins_anew(ear: BootEar) -> None:
    ear.feed(UBOOT + XEN + b"(XEN) Panic on CPU 0:\r\n")
    assert ear.fatal is not None
    ear.feed(UBOOT)
    assert (ear.restarts, ear.system, ear.fatal) == (2, "", None)
    assert [alarm.text for alarm in ear.alarms] == ["(XEN) Panic on CPU 0:"], "it is still told"


async def test_a_panic_is_told_once_by_its_first_line(ear: BootEar) -> None:
    ear.feed(UBOOT + XEN)
    ear.feed(
        b"Kernel panic - not syncing: VFS\r\n---[ end Kernel panic - not syncing: VFS ]---\r\n"
    )
    assert [alarm.text for alarm in ear.alarms] == ["Kernel panic - not syncing: VFS"]
    assert ear.fatal is ear.alarms[0]
    assert ear.fatal_for(asyncio.get_running_loop().time() + 5) > 4


@pytest.mark.parametrize(
    ("end", "who"),
    [
        (b"=> ", Prompt.UBOOT),
        (b"bananapi login: ", Prompt.LOGIN),
        (b"root@bpi:~# ", Prompt.SHELL),
        (b"Loading: #", None),
    ],
)
async def test_who_waits(ear: BootEar, end: bytes, who: Prompt | None) -> None:
    ear.feed(b"\r\n" + end)
    assert ear.waits is who
    assert ear.at_uboot is (who is Prompt.UBOOT)


async def test_an_own_prompt_is_known() -> None:
    ear = BootEar(b"BPI# ")
    ear.feed(b"\r\nBPI# ")
    assert ear.at_uboot


async def test_forgetting_begins_anew_but_keeps_the_log(ear: BootEar) -> None:
    ear.feed(UBOOT + XEN + b"=> ")
    ear.forget()
    assert (ear.restarts, ear.uboot, ear.system, ear.at_uboot) == (0, False, "", False)
    assert any("Xen version" in line for line in ear.tail())


async def test_waiting_ends_with_the_news_or_the_time(ear: BootEar) -> None:
    waiting = asyncio.create_task(ear.until(lambda: ear.uboot, 5))
    await asyncio.sleep(0)
    ear.feed(UBOOT)
    assert await waiting
    assert not await ear.until(lambda: ear.system, 0.01)


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_anything_may_come(portions: list[bytes]) -> None:
    async def hear() -> None:
        ear = BootEar(b"=> ")
        for portion in portions:
            ear.feed(portion)
        assert all(line.isprintable() for line in ear.lines)
        assert len(ear.tail(5)) <= 5

    asyncio.run(hear())


@given(st.data())
def test_portions_change_nothing(data: st.DataObject) -> None:
    async def hear() -> None:
        whole, parts, text = BootEar(b"=> "), BootEar(b"=> "), UBOOT + XEN
        whole.feed(text)
        while text:
            size = data.draw(st.integers(1, len(text)))
            parts.feed(text[:size])
            text = text[size:]
        assert whole.lines == parts.lines
        assert (whole.restarts, whole.system) == (parts.restarts, parts.system)

    asyncio.run(hear())
