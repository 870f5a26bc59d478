"""The real U-Boot of Debian's u-boot-qemu at the other end of a serial line."""

import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from qemu_board import running

from hvconsole.board.uboot import UBoot
from hvconsole.link.serial import SerialLink
from hvconsole.model.problem import BoardProblem
from hvconsole.wire.console import AlarmFinder, AlarmKind, LineSplitter

pytestmark = pytest.mark.lab

IMAGE = Path("/usr/lib/u-boot/qemu_arm/u-boot.bin")
PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
HOSTILE = [
    PRINTABLE,
    PRINTABLE[::-1],
    "console=ttyS0,115200 root=/dev/mmcblk0p2 rw",
    "a; reset",
    "$(reset) ${sched} $x $? $$",
    "'; reset; '",
    '"; reset; "',
    "\\",
    "\\\\'\\",
    "''''",
    "  two  spaces  ",
    "# no comment",
    "a && b || c & d | e",
    "if then else fi for while do done",
    "-f",
    "x=y=z",
    "\\c",
    "x" * 200,
]


@pytest.fixture
async def uboot(
    tmp_path: Path, missing: Callable[[str], None], require: Callable[[str], str]
) -> AsyncIterator[UBoot]:
    if not IMAGE.exists():
        missing(f"{IMAGE} is not there: apt install u-boot-qemu")
    board = ("-cpu", "cortex-a15", "-m", "128", "-bios", str(IMAGE))
    async with running(*board, qemu=require("qemu-system-arm"), folder=tmp_path) as serial:
        finder, splitter, alarms = AlarmFinder(), LineSplitter(), []

        def sink(data: bytes) -> None:
            uboot.feed(data)
            for line in splitter.feed(data):
                alarms.extend(finder.feed(line))

        port = SerialLink(f"unix:{serial}", sink, reconnect=False)
        uboot = UBoot(port)
        await port.open()
        await uboot.interrupt(20.0)
        assert [alarm.kind for alarm in alarms] == [AlarmKind.REBOOT]
        yield uboot
        await port.close()


async def test_hostile_words_go_round(uboot: UBoot) -> None:
    chance = random.Random(2217)
    words = HOSTILE + ["".join(chance.choices(PRINTABLE, k=30)) for _ in range(20)]
    for word in words:
        await uboot.setenv("hv_test", word)
        reply = await uboot.run(["echo", "a", word, "b"])
        # echo itself takes \c as "no newline"; everything else it repeats.
        if "\\c" not in word:
            assert reply.output == f"a {word} b\n"
        assert reply.status == 0
    await uboot.setenv("hv_test", None)
    assert await uboot.getenv("hv_test") is None


async def test_statuses_and_unknown_commands(uboot: UBoot) -> None:
    assert (await uboot.run(["true"])).status == 0
    assert (await uboot.run(["false"])).status == 1
    unknown = await uboot.run(["no_such_command"])
    assert unknown.status != 0
    assert "Unknown command" in unknown.output


async def test_a_variable_that_uboot_keeps_for_itself_is_told(uboot: UBoot) -> None:
    await uboot.setenv("serial#", "first")  # may be written once
    with pytest.raises(BoardProblem, match="did not take variable"):
        await uboot.setenv("serial#", "second")
    assert await uboot.getenv("bootdelay") == "2"


async def test_a_command_that_does_not_end_is_stopped(uboot: UBoot) -> None:
    with pytest.raises(BoardProblem, match="did not end"):
        await uboot.run(["sleep", "30"], timeout=0.5)
    assert (await uboot.run(["true"])).status == 0
