"""The link over Xvisor's terminal: one command at a time, whatever breaks in."""

from __future__ import annotations

import asyncio

import pytest
from xvisor_board import BOOT, FAULT, XvisorLine

from hvconsole.link.protocol import Capability, HostKeyProblem
from hvconsole.link.serial_board import EitherLink, SerialBoardLink, answers_as_xvisor, tells_xvisor
from hvconsole.link.xvisor import XvisorLink
from hvconsole.model.problem import BoardProblem, LinkProblem, UsageProblem


async def opened(line: XvisorLine) -> XvisorLink:
    link = XvisorLink(line)
    await link.open()
    return link


async def test_a_command_and_its_answer() -> None:
    line = XvisorLine()
    link = await opened(line)
    done = await link.run(("guest", "list"))
    assert (done.status, done.stderr) == (0, b"")
    assert done.text.splitlines()[3].startswith(" 0      guest0")
    assert (await link.run(("guest", "kick", "nosuch"))).status == 3
    assert (await link.run(("foo",))).status == 127
    assert link.capabilities == Capability.RUN | Capability.TERMINAL
    assert link.name == "Xvisor on /dev/ttyUSB7"
    await link.close()


async def test_what_is_no_command_of_the_terminal_is_refused_before_it_is_typed() -> None:
    line = XvisorLine()
    link = await opened(line)
    before = line.typed
    with pytest.raises(UsageProblem, match="too long"):
        await link.run(("echo", "x" * 300))
    with pytest.raises(UsageProblem, match="typed alone"):
        await link.run(("reset", "guest0"))
    with pytest.raises(BoardProblem, match="no input"):
        await link.run(("sh", "-s"), stdin=b"true")
    with pytest.raises(BoardProblem, match="cannot be written"):
        await link.put(b"", "/tmp/x")
    with pytest.raises(BoardProblem, match="cannot run"):
        await link.stream(("hvsampler",), lambda _: None)
    assert line.typed == before
    await link.close()


@pytest.mark.parametrize("after", [*range(0, 60, 3), *range(60, 420, 37)])
async def test_a_fault_in_the_middle_of_a_command_is_survived(after: int) -> None:
    line = XvisorLine()
    link = await opened(line)
    whole = (await link.run(("guest", "list"))).stdout
    line.terminal.fault_after = after
    done = await link.run(("guest", "list"))
    told = done.stderr
    again = await link.run(("guest", "list"))
    assert done.stdout == again.stdout == whole
    assert line.terminal.fault_after == -1
    assert (told + again.stderr).count(b"do_hyp_trap") <= 1
    assert line.terminal.lines[-1] == "guest list"
    await link.close()


async def test_a_line_that_lost_characters_is_not_carried_out() -> None:
    line = XvisorLine()
    link = XvisorLink(line)
    await link.open()
    asked = asyncio.create_task(link.run(("guest", "kick", "guest0")))
    line.terminal.keys_lost = 1
    assert (await asked).status == 0
    assert line.terminal.lines == ["guest kick guest0"]
    await link.close()


async def test_what_somebody_left_half_typed_is_erased_first() -> None:
    line = XvisorLine()
    link = await opened(line)
    line.write(b"guest destroy gue")
    assert (await link.run(("version",))).text.startswith("Xvisor v0.3.2")
    assert line.terminal.lines == ["version"]
    await link.close()


async def test_a_command_that_does_not_end_leaves_the_next_one_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = XvisorLine()
    link = await opened(line)
    line.terminal.prompt = b""
    with pytest.raises(BoardProblem, match="did not end within"):
        await link.run(("guest", "list"), timeout=0.2)
    line.terminal.prompt = b"XVisor# "
    assert (await link.run(("version",))).status == 0
    monkeypatch.setattr("hvconsole.link.xvisor_typist._PROMPT_S", 0.1)
    line.terminal.keys_lost = 10_000
    line.terminal.fault_after = 0
    line.terminal.say(b" ")
    with pytest.raises(LinkProblem, match=r"does not answer|does not come back"):
        await link.run(("version",))
    await link.close()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"\r\nU-Boot SPL 2023.01\r\n", "restarted"),
        (BOOT, "restarted"),
        (b"\r\n[ 0.0] Booting Linux on physical CPU 0x0\r\n", "restarted"),
        (b"\r\nbananapi login: ", "Linux asks for a login"),
        (b"\r\n=> ", "U-Boot waits"),
    ],
)
async def test_another_system_on_the_line_ends_the_link(said: bytes, why: str) -> None:
    line = XvisorLine()
    link = await opened(line)
    line.terminal.say(said)
    reason = await link.closed()
    assert isinstance(reason, LinkProblem)
    assert why in reason.title
    typed = line.typed
    with pytest.raises(LinkProblem, match=why):
        await link.run(("version",))
    await link.close()
    assert line.typed == typed  # what answers now may be a boot loader


async def test_reset_restarts_the_board_and_ends_the_link() -> None:
    line = XvisorLine()
    link = await opened(line)
    with pytest.raises(LinkProblem, match="restarted"):
        await link.run(("reset",))
    assert line.terminal.lines[-1] == "reset"
    await link.close()


async def test_an_undo_is_done_only_where_there_is_something_to_undo() -> None:
    line = XvisorLine()
    link = await opened(line)
    undo = ("when", "guest0", "Paused", "guest", "resume", "guest0")
    assert (await link.run(undo)).status == 0
    assert line.terminal.lines[-1] == "vcpu list"
    await link.run(("guest", "kick", "guest0"))
    await link.run(("guest", "pause", "guest0"))
    assert (await link.run(undo)).text == "guest0: Resumed\n"
    assert (await link.run(("when", "gone", "Reset", "guest", "destroy", "gone"))).status == 0
    await link.close()


async def test_a_guests_console_is_bound_and_left() -> None:
    line = XvisorLine()
    link = await opened(line)
    await link.run(("guest", "kick", "guest0"))
    with pytest.raises(BoardProblem, match="cannot be bound"):
        await link.bind("guest7/uart0")
    await link.bind("guest0/uart0")
    assert link.bound == "guest0/uart0"
    assert b"[guest0/uart0] basic# " in line.scrollback
    with pytest.raises(BoardProblem, match="given to the guest console guest0/uart0"):
        await link.run(("version",))
    line.write(b"help\r")
    assert line.terminal.lines[-1] == "vserial bind guest0/uart0"
    await link.leave()
    assert link.bound == ""
    assert (await link.run(("version",))).status == 0
    await link.bind("guest0/uart0")
    await link.close()
    assert line.terminal.bound is None


async def test_a_bound_console_that_somebody_left_by_hand_is_noticed() -> None:
    line = XvisorLine()
    link = await opened(line)
    await link.bind("guest0/uart0")
    line.write(b"\x1bxq")
    assert link.bound == ""
    assert (await link.run(("version",))).status == 0
    await link.close()


async def test_a_console_that_stayed_bound_is_left_on_opening() -> None:
    line = XvisorLine()
    line.write(b"vserial bind guest0/uart0\r")
    link = await opened(line)
    assert (await link.run(("version",))).status == 0
    await link.close()


async def test_a_serial_board_finds_out_that_xvisor_answers() -> None:
    line = XvisorLine()
    link = SerialBoardLink(line)
    assert link.capabilities == Capability.NONE
    await link.open()
    assert Capability.TERMINAL in link.capabilities
    assert (await link.run(("version",))).status == 0
    assert "reset" not in line.terminal.lines
    await link.close()


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (b"\r\nXVisor# ", True),
        (b"\r\nXVisor# " + FAULT, True),
        (b"\r\nXVisor# guest li", True),
        (b"\r\n[guest0/uart0] basic# ", True),
        (b"\r\nXVisor# reset\r\nU-Boot SPL 2023.01\r\n", False),
        (b"root@bpi:~# ", False),
        (b"", False),
    ],
)
def test_the_newest_text_tells_xvisor(text: bytes, is_one: bool) -> None:
    assert tells_xvisor(text) is is_one


class DeadNetwork:
    """A network that does not answer."""

    name = "root@192.0.2.7"
    capabilities = Capability.NONE

    def __init__(self, problem: LinkProblem | None = None) -> None:
        self.problem = problem or LinkProblem("root@192.0.2.7 does not answer", hint="is it on?")

    async def open(self) -> None:
        raise self.problem

    async def close(self) -> None:
        pass


async def test_a_board_whose_network_is_gone_is_reached_by_its_terminal() -> None:
    line = XvisorLine()
    line.write(b"\r")
    link = EitherLink(DeadNetwork(), lambda: line, owned=False)  # type: ignore[arg-type]  # a part of one
    await link.open()
    assert Capability.TERMINAL in link.capabilities
    assert link.name == "Xvisor on /dev/ttyUSB7"
    assert (await link.run(("version",))).status == 0
    await link.close()
    assert line.is_open


async def test_where_no_xvisor_answers_either_the_network_is_what_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hvconsole.link.serial_board._LISTEN_S", 0.05)
    monkeypatch.setattr("hvconsole.link.serial_board._ANSWER_S", 0.05)
    line = XvisorLine()
    line.terminal.keys_lost = 1 << 20
    link = EitherLink(DeadNetwork(), lambda: line, owned=False)  # type: ignore[arg-type]  # a part of one
    with pytest.raises(LinkProblem, match=r"root@192\.0\.2\.7 does not answer") as caught:
        await link.open()
    assert "no Xvisor answers either" in caught.value.detail
    changed = DeadNetwork(HostKeyProblem("the host key has changed"))
    with pytest.raises(HostKeyProblem):
        await EitherLink(changed, lambda: line, owned=False).open()  # type: ignore[arg-type]  # likewise


async def test_a_line_is_not_typed_on_where_no_mode_has_xvisor() -> None:
    line = XvisorLine()
    link = EitherLink(DeadNetwork(), lambda: line, owned=False, ask=False)  # type: ignore[arg-type]  # a part of one
    with pytest.raises(LinkProblem) as caught:
        await link.open()
    assert "Xvisor" not in caught.value.detail
    assert not line.scrollback  # it echoes what is typed
    line.write(b"\r")  # somebody else did: now its prompt stands there
    await link.open()
    assert Capability.TERMINAL in link.capabilities
    await link.close()


async def test_a_board_that_boots_is_not_disturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hvconsole.link.serial_board._LISTEN_S", 0.2)
    line = XvisorLine()
    typed = line.typed
    line.scrollback = b"U-Boot 2023.01\r\nHit any key to stop autoboot:  2 "
    assert not await answers_as_xvisor(line)
    line.scrollback = b""
    asyncio.get_running_loop().call_later(0.05, line.terminal.say, b"\b\b 1 ")
    assert not await answers_as_xvisor(line)
    assert line.typed == typed
