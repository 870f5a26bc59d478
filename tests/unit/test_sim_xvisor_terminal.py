"""The simulated terminal of Xvisor against recorded sessions of the real one, byte for byte.

What is masked: times, counts, register values, and where Xvisor was built.
"""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given, strategies as st
from xvisor_sessions import DATA, PROMPT, Simulated, active, masked, recorded, simulated

from hvconsole.sim.hypervisor.xvisor.boot import boot_log
from hvconsole.sim.hypervisor.xvisor.lines import LONGEST, LineEditor
from hvconsole.sim.hypervisor.xvisor.place import BANANA_PI
from hvconsole.sim.hypervisor.xvisor.texts import BANNER
from hvconsole.sim.hypervisor.xvisor.trap import trap


async def same(board: Simulated, name: str, *commands: str, nth: int = 0) -> None:
    """Type commands; each answer has to be the recorded one."""
    answers = recorded(name).answers
    for command in commands:
        wanted = masked(answers[command][nth])
        assert active(masked(await board.answer(command))) == active(wanted), command


async def test_a_session_of_questions() -> None:
    """All that was asked of a board whose guests were not yet started."""
    answers = recorded("02-basic").answers
    assert len(answers) >= 15
    async with simulated() as board:
        await same(board, "02-basic", *answers)


async def test_what_is_wrong_is_refused_in_the_same_words() -> None:
    answers = recorded("04-errors").answers
    assert len(answers) >= 33
    async with simulated() as board:
        await board.answer("guest kick guest0")
        board.core.halt(board.core.vcpus[15])
        for command in answers:
            if command.startswith("help guest"):
                continue
            await same(board, "04-errors", command)


async def test_the_life_of_a_guest() -> None:
    answers = recorded("08-lifecycle").answers
    left_out = {
        "guest region guest0 0x40000000",
        "guest region guest0 0x0a000000",
        "wallclock get_time",
        "reset foo",
    }
    async with simulated() as board:
        await one_vcpu(board)
        asked: dict[str, int] = {}
        for command in recorded("08-lifecycle").commands:
            if command in left_out:
                continue
            nth = asked.get(command, 0)
            asked[command] = nth + 1
            board.host.pass_time(0.2)
            if command == "vserial dump guest0/uart0":
                await board.answer(command)
                await fill(board, 3)
            await same(board, "08-lifecycle", command, nth=nth)
        assert sum(asked.values()) > 40
        assert re.fullmatch(
            r"Mon Nov 23 7:1\d:\d+ UTC 2026\r\n", await board.answer("wallclock get_time")
        )
        assert (await board.type("reset foo\r")).endswith(
            "reset foo\r\nStopping Hypervisor Timer\r\nIssuing System Reset\r\n"
        )
        assert board.restarts == 1
    assert answers["reset foo"][0].startswith(
        "Stopping Hypervisor Timer\r\nIssuing System Reset\r\n"
    )


async def one_vcpu(board: Simulated) -> None:
    """Make guest0 anew with one vCPU, as it was when its life was recorded, and start it."""
    board.core.nodes["guest0"] = 1
    for command in ("guest destroy guest0", "vfs run /boot.xscript", "guest kick guest0"):
        await board.answer(command)


async def fill(board: Simulated, times: int) -> None:
    """Let guest0 begin several times, so that its output is kept as often."""
    for _ in range(times):
        await board.answer("guest reset guest0;guest kick guest0")


async def test_what_a_running_guest_says_is_kept_until_it_is_asked_for() -> None:
    async with simulated() as board:
        await one_vcpu(board)
        await board.answer("vserial dump guest0/uart0")
        await board.answer("guest reset guest0;guest kick guest0")
        await same(
            board,
            "06-guestok",
            "vcpu normal_list",
            "vserial dump guest0/uart0",
            "vserial dump guest0/uart0 40",
            "guest list",
            "host irq stats",
        )


async def test_a_guest_that_crashed_takes_nothing_but_a_reset() -> None:
    answers = recorded("03-lifecycle-crashed-guest").answers
    assert masked(answers["guest kick guest0"][0]) != masked(answers["guest kick guest0"][-1])
    async with simulated() as board:
        asked: dict[str, int] = {}
        for command in recorded("03-lifecycle-crashed-guest").commands:
            nth = asked.get(command, 0)
            asked[command] = nth + 1
            if command == "guest kick guest0" and nth == len(answers[command]) - 1:
                break
            await same(board, "03-lifecycle-crashed-guest", command, nth=nth)
            if command == "guest resume guest0" and not nth:  # it crashed as soon as it ran
                board.core.halt(board.core.vcpus[15])
        assert asked["guest reset guest0"] == 1


async def test_lines_typed_without_waiting() -> None:
    """Echo, line ends, editing, history, the longest line: all that a line editor does."""
    session = recorded("09-pace")
    async with simulated() as board:
        said = "".join([await board.type(part) for part in session.typed])
    wanted = session.said.decode("latin-1")
    for speeds in ("1679.136", " 571.828"):
        assert speeds in wanted
    wanted = wanted.replace("1679.136", "1194.764").replace(" 571.828", "1770.888")
    assert masked(said) == masked(wanted)


async def test_ids_and_columns_depend_on_the_number_of_cpus() -> None:
    async with simulated(cpus=1) as board:
        await board.answer("guest kick guest0")
        board.core.halt(board.core.vcpus[10])
        await same(board, "13-icount-sleepoff-64MBguest", "vcpu list", "host irq stats")


async def test_with_several_vcpus_a_guest_is_paused_and_the_answer_says_failed() -> None:
    async with simulated() as board:
        for command in recorded("10-cntpct").commands[:4]:
            await same(board, "10-cntpct", command)
        answers = recorded("10-cntpct").answers
        after_pause, after_resume = answers["vcpu normal_list"][1:3]
        await same(board, "10-cntpct", "guest pause guest0")
        assert await board.answer("guest pause guest1") != "guest1: Paused\r\n"
        await board.answer("guest resume guest1")
        board.core.reset(board.core.vcpus[18])
        listed = await board.answer("vcpu normal_list")
        assert active(listed) == active(after_pause)
        await same(board, "10-cntpct", "guest resume guest0")
        assert active(await board.answer("vcpu normal_list")) == active(after_resume)


async def test_a_guests_console_is_bound_and_left() -> None:
    session = recorded("21-typing-during-trap").said.decode("latin-1")
    before = session[: session.rindex("guest destroy guest0")]
    bound = before[before.rindex("vserial bind guest0/uart0") :].partition(PROMPT)[0]
    async with simulated() as board:
        await board.answer("guest kick guest0")
        said = await board.type("vserial bind guest0/uart0\r")
        for keys in ("\x1b[A", "\x1bz", "\x1b\x1bxq", "\r", "\x1bxq"):
            said += await board.type(keys)
        assert said.endswith(PROMPT)
        # Recorded keys came back in the middle of what was printed; here they come in order.
        tidy = said.removesuffix(PROMPT)
        assert tidy.count("[guest0/uart0] ") == bound.count("[guest0/uart0] ")
        assert tidy.endswith(
            "\r[guest0/uart0] \r\n[guest0/uart0] Unknown command\r[guest0/uart0] "
            "\r\n[guest0/uart0] basic# \r\n"
        )
        assert await board.answer("echo done") == "done \r\n"


async def test_the_newest_1024_bytes_of_a_guest_are_kept() -> None:
    async with simulated() as board:
        port = board.core.ports()[0]
        port.receive(b"".join(b"%04d " % number for number in range(1000)))
        said = await board.answer("vserial dump guest0/uart0")
        kept = said.removeprefix("[guest0/uart0] ").removesuffix("\r\n")
        assert len(kept) == 1024
        assert kept.endswith("0998 0999 ")
        assert await board.answer("vserial dump guest0/uart0") == "[guest0/uart0] \r\n"
        port.receive(b"abcdef")
        assert await board.answer("vserial dump guest0/uart0 3") == "[guest0/uart0] abc\r\n"
        assert await board.answer("vserial dump guest0/uart0") == "[guest0/uart0] \r\n"


async def test_a_trap_is_printed_as_it_was_recorded() -> None:
    session = recorded("15-async-trap-64MBguest").said.decode("latin-1")
    wanted = session[session.index("\r\ndo_hyp_trap") :].partition("vcpu normal_list")[0]
    async with simulated() as board:
        await board.answer("guest kick guest0")
        said = trap(board.core, board.core.guests[0]).replace("\n", "\r\n")
        assert masked(said) == masked(wanted)
        assert "Halted     guest0/vcpu0" in await board.answer("vcpu list")


async def test_the_monitor_repeats_itself_until_q() -> None:
    session = recorded("12-monitor").said.decode("latin-1")
    wanted = session.partition("echo done")[0]
    percent = re.compile(r"\d+\.\d%")
    async with simulated() as board:
        await board.answer("guest kick guest0;guest kick guest1")
        await board.answer("vcpu kick 16")
        board.terminal.feed(b"vcpu monitor\r")
        while board.said.count("\x1b[H") < 3:
            await asyncio.sleep(0)
        said = board.said[board.said.rindex("vcpu monitor") :]
        said += await board.type("q")
        # The fourth picture of both: what comes before is the same over and over.
        ours, theirs = (active(percent.sub("x%", text)) for text in (said, wanted))
        assert set(ours.split("\x1b[H\x1b[J")[1:-1]) == set(theirs.split("\x1b[H\x1b[J")[1:-1])
        assert ours.endswith(PROMPT)


def test_the_boot_says_what_a_board_said() -> None:
    """Addresses and devices are the board's own; what is set up, and in which order, Xvisor's."""
    path = DATA / "01-boot-virt-2cpu.txt"
    wanted = path.read_bytes().decode().split("\n")
    ours = "".join(boot_log(BANANA_PI, 2)).split("\n")

    def shape(line: str) -> str:
        line = re.sub(r"0x[0-9A-Fa-f]+|PSCI v\d\.\d|size=\d+", "…", line)
        return re.sub(r"(device to|using) \S+", r"\1 …", line)

    assert [shape(line) for line in ours[:-1]] == [shape(line) for line in wanted[: len(ours) - 1]]
    assert [line.rstrip("\r") for line in wanted[-11:-1]] == list(BANNER)


async def test_a_guest_without_an_image_traps_when_it_is_kicked() -> None:
    async with simulated() as board:
        assert await board.answer("guest destroy guest0") == "guest0: Destroyed\r\n"
        assert "guest0" not in await board.answer("guest list")
        assert "guest0" not in await board.answer("vserial list")
        assert await board.answer("guest create guest0") == "guest0: Created\r\n"
        assert board.core.find("guest0").image == ""  # type: ignore[union-attr]
        listed = await board.answer("vcpu normal_list")
        assert " 15     1      3       Reset      guest0/vcpu0      {0,1}\r\n" in listed
        said = await board.answer("vfs guest_load_list guest0 /images/arm32/virt-v7/linux.list")
        assert said.startswith("guest0: Parsing /images/arm32/virt-v7/linux.list\r\n")
        assert "guest0: Loaded 0x0000000000000000 with 110336 bytes\r\n" in said


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("vcpu set_affinity 15 0", "guest0/vcpu0: Set affinity done\r\n"),
        ("vcpu set_affinity 15 1 0", "guest0/vcpu0: Set affinity done\r\n"),
        ("vcpu set_hcpu 15 0", "guest0/vcpu0: Host CPU0 set\r\n"),
    ],
)
async def test_a_vcpu_is_moved(command: str, said: str) -> None:
    async with simulated() as board:
        assert await board.answer(command) == said
        cpu = board.core.vcpus[15].cpu
        xvisor = board.host.machine.xvisor
        assert xvisor is not None
        assert xvisor.unit(0, 0) in xvisor.pools[f"CPU{cpu}"].units


async def test_a_mask_must_overlap_the_one_before() -> None:
    async with simulated() as board:
        await board.answer("vcpu set_affinity 15 0")
        said = await board.answer("vcpu set_affinity 15 1")
        assert said.endswith("Error: command vcpu failed (code -5)\r\n")
        assert board.core.vcpus[15].affinity == {0}
        await board.answer("vcpu set_affinity 15 0 1")
        await board.answer("vcpu set_affinity 15 1")
        assert board.core.vcpus[15].cpu == 1


async def test_who_stops_the_terminals_own_thread_hears_nothing_any_more() -> None:
    async with simulated() as board:
        await board.type("vcpu pause 6\r")
        assert await board.type("echo there\r") == ""


async def test_shutdown_switches_off() -> None:
    async with simulated() as board:
        await board.type("shutdown\r")
        assert board.offs == 1
        assert await board.type("echo there\r") == ""


@given(st.text(st.characters(max_codepoint=255), max_size=600))
def test_the_line_editor_takes_whatever_is_typed(keys: str) -> None:
    out: list[str] = []
    editor = LineEditor(out.append)
    lines = [line for key in keys if (line := editor.feed(key)) is not None]
    assert all(len(line) <= LONGEST for line in lines)
    assert all(" " <= char <= "~" or char == "\t" for line in lines for char in line)


@given(st.lists(st.sampled_from(["a", "b", "\x7f", "\x1b[D", "\x1b[C", "\x1bOH"]), max_size=40))
def test_what_is_edited_is_what_the_screen_shows(keys: list[str]) -> None:
    """Echo applied by a terminal of one line shows exactly what Enter will hand on."""
    out: list[str] = []
    editor = LineEditor(out.append)
    for key in "".join(keys):
        editor.feed(key)
    shown: list[str] = []
    column = 0
    for piece in re.findall(r"\x1b\[\d*[CD]|.", "".join(out)):
        if piece[0] == "\x1b":
            count = int(piece[2:-1] or 1)
            column += count if piece[-1] == "C" else -count
            continue
        shown[column : column + 1] = [piece]
        column += 1
    assert "".join(shown).rstrip() == editor.feed("\r")
