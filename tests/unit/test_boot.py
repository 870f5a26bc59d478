"""Booting into a mode: the state machine against a board that plays by a script."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from scripted_board import MODES, PROFILE, FakeLink, Faults, ScriptedBoard

from hvconsole.board import boot_prompt, uboot
from hvconsole.board.boot import Booted, BootPatience, boot_into
from hvconsole.board.boot_problem import BoardGone, BootStopped, BootTimeout, WrongMode
from hvconsole.board.boot_restart import Patience
from hvconsole.link.protocol import HostKeyProblem
from hvconsole.model.boot import BootEvent, BootMode, BootStep
from hvconsole.model.problem import LinkProblem, UsageProblem

QUICK = BootPatience(
    restart=Patience(shutdown=0.5, short=0.3, answer=0.1),
    person=5.0,
    silence=1.0,
    panic=0.5,
    settle=1.0,
    again=0.05,
)
Make = Callable[..., ScriptedBoard]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    boards: list[ScriptedBoard] = []

    def one(faults: Faults | None = None, **options) -> ScriptedBoard:
        boards.append(ScriptedBoard(faults, **options))
        return boards[-1]

    yield one
    for board in boards:
        await board.close()


async def boot(
    board: ScriptedBoard,
    mode: str,
    *,
    profile=PROFILE,
    with_link: bool = True,
    with_console: bool = True,
    timeout_s: float = 20.0,
    verify: bool = True,
    events: list[BootEvent] | None = None,
) -> Booted:
    link = await board.connect() if with_link and board.state == "linux" else None
    return await boot_into(
        profile,
        mode,
        link=link,
        connect=board.connect,
        console=board if with_console else None,
        tell=(events if events is not None else []).append,
        verify=verify,
        timeout_s=timeout_s,
        patience=QUICK,
    )


def steps(events: list[BootEvent], mark: str = "begun") -> list[str]:
    return [str(event.step) for event in events if event.mark == mark]


async def test_over_ssh_and_serial_step_by_step(make: Make) -> None:
    board, events = make(), []
    booted = await boot(board, "xen-rtds", events=events)
    assert steps(events) == ["restart", "u-boot", "prompt", "type", "start", "answer", "prove"]
    assert steps(events) == steps(events, "done"), "every step that was begun is done"
    assert [event.at_s for event in events] == sorted(event.at_s for event in events)
    assert board.typed == ["setenv mode xen-rtds", "run bootcmd"]
    assert booted.proven
    assert booted.evidence.scheduler == "rtds"
    assert booted.link is board.links[-1]
    assert booted.link.closings == 0, "the link is the caller's"
    assert all(link.closings for link in board.links[:-1])
    assert "autoboot is stopped" in {event.text for event in events}


async def test_there_and_back_again(make: Make) -> None:
    board = make()
    for mode in ("xen-credit", "xen-rtds", "native"):
        booted = await boot(board, mode)
        assert board.mode == mode
        assert booted.evidence.hypervisor == ("none" if mode == "native" else "xen")


async def test_a_one_shot_variable_needs_no_serial_line(make: Make) -> None:
    board, events = make(), []
    booted = await boot(board, "once", with_console=False, events=events)
    assert steps(events) == ["prepare", "restart", "answer", "prove"]
    assert board.said[:2] == ["next-mode xen-rtds", "systemctl reboot"]
    assert board.typed == []
    assert booted.proven


async def test_the_same_with_a_serial_line_to_watch(make: Make) -> None:
    board, events = make(), []
    await boot(board, "once", events=events)
    assert board.typed == [], "U-Boot is left alone"
    assert "Xen starts" in {event.text for event in events}


async def test_a_link_over_the_console_types_nothing_at_uboot(make: Make) -> None:
    board = make()

    class ShellOnTheLine(FakeLink):
        name = "a shell on scripted"

        def lose(self) -> None:
            """Nobody tells a shell on a line that its board restarts."""

        async def close(self) -> None:
            await super().close()
            await board.send(b"exit\r")

    link = ShellOnTheLine(board)
    board.links.append(link)
    booted = await boot_into(
        PROFILE,
        "once",
        link=link,
        connect=board.connect,
        console=board,
        tell=lambda _: None,
        patience=QUICK,
    )
    assert booted.proven
    assert link.closings == 1


async def test_root_is_asked_for_where_it_is_needed(make: Make) -> None:
    board = make()
    await boot(board, "once", profile=msgspec.structs.replace(PROFILE, sudo=True))
    assert board.said[:2] == ["sudo -n next-mode xen-rtds", "sudo -n systemctl reboot"]


async def test_a_board_without_systemd(make: Make) -> None:
    board = make(Faults(refuses={"systemctl reboot"}))
    await boot(board, "xen-rtds")
    assert board.said == ["systemctl reboot", "reboot"]


async def test_a_restart_without_a_shutdown_is_the_last_and_is_told(make: Make) -> None:
    board, events = make(Faults(refuses={"systemctl reboot"}, no_effect={"reboot"})), []
    await boot(board, "xen-rtds", events=events)
    assert board.said == ["systemctl reboot", "reboot", "sync", "reboot -f"]
    assert [event.text for event in events if event.mark == "note"] == [
        "'reboot' has no effect: the board is restarted without a shutdown"
    ]


async def test_what_linux_refuses_restarts_nothing(make: Make) -> None:
    board = make(Faults(refuses={"next-mode xen-rtds"}))
    with pytest.raises(BootStopped, match="'next-mode xen-rtds' failed on bpi") as caught:
        await boot(board, "once")
    assert caught.value.step is BootStep.PREPARE
    assert "not found" in caught.value.detail
    assert board.boots == 1
    assert all(link.closings for link in board.links)


async def test_a_command_that_restarts_the_board_by_itself(make: Make) -> None:
    mode = BootMode(linux=(("my-reboot",),), proof=MODES["native"].proof)
    profile = msgspec.structs.replace(PROFILE, modes={"own": mode})
    board, events = make(), []
    await boot(board, "own", profile=profile, events=events)
    assert board.boots == 2
    assert any("it restarts the board itself" in event.text for event in events)


async def test_the_board_stands_at_its_prompt_already(make: Make) -> None:
    board, events = make(state="prompt"), []
    await boot(board, "xen-rtds", events=events)
    assert steps(events) == ["restart", "type", "start", "answer", "prove"]
    assert board.typed == ["", "setenv mode xen-rtds", "run bootcmd"]


async def test_from_the_prompt_into_what_it_boots_by_itself(make: Make) -> None:
    profile = msgspec.structs.replace(PROFILE, modes={"own": BootMode(proof=MODES["native"].proof)})
    board = make(state="prompt")
    await boot(board, "own", profile=profile)
    assert board.typed == ["", "reset"]


async def test_over_serial_alone_by_the_shell_on_it(make: Make) -> None:
    board, events = make(), []
    await boot(board, "xen-rtds", with_link=False, events=events)
    assert board.said[0] == "systemctl reboot"
    assert any("a shell waits on the console" in event.text for event in events)


async def test_a_shell_that_knows_no_reboot(make: Make) -> None:
    board = make(Faults(refuses={"systemctl reboot", "reboot"}))
    await boot(board, "xen-rtds", with_link=False)
    assert board.said == ["systemctl reboot", "reboot", "sync", "reboot -f"]


async def test_over_serial_alone_by_sysrq_where_nobody_can_log_in(make: Make) -> None:
    board, events = make(state="login", breaks=True), []
    await boot(board, "xen-rtds", events=events)
    assert board.said == ["sysrq s", "sysrq u", "sysrq b"]


async def test_a_person_presses_reset_where_nothing_else_helps(make: Make) -> None:
    board = make(state="mute")
    asked = asyncio.Event()

    class Events(list[BootEvent]):
        def append(self, event: BootEvent) -> None:
            super().append(event)
            if event.mark == "ask":
                asked.set()

    events = Events()
    booting = asyncio.create_task(boot(board, "xen-rtds", events=events))
    await asyncio.wait_for(asked.wait(), 10)
    assert events[-1].text == "press reset on bpi now"
    board.press_reset()
    assert (await booting).proven


async def test_a_board_that_was_just_coming_up_is_asked_itself(make: Make) -> None:
    board = make(state="mute")

    class Events(list[BootEvent]):
        def append(self, event: BootEvent) -> None:
            super().append(event)
            if event.mark == "ask":
                board.state = "linux"
                board.say(b"\r\nlab: ready\r\n# ")

    events = Events()
    await boot(board, "xen-rtds", events=events)
    assert [event.mark for event in events].count("ask") == 1
    assert board.said[-1] == "systemctl reboot"


async def test_nobody_presses_it(make: Make) -> None:
    board = make(state="mute")
    profile = PROFILE
    with pytest.raises(BootTimeout, match="nobody pressed reset on bpi") as caught:
        await boot_into(
            profile,
            "xen-rtds",
            link=None,
            connect=board.connect,
            console=board,
            tell=lambda _: None,
            patience=replace(QUICK, person=0.3),
        )
    assert caught.value.step is BootStep.RESTART
    assert "the console is mute" in caught.value.detail


async def test_a_command_that_stands_for_the_button(make: Make, tmp_path: Path) -> None:
    board, events = make(state="mute"), []
    pressed = tmp_path / "pressed"

    async def relay() -> None:
        while not pressed.exists():
            await asyncio.sleep(0.01)
        board.press_reset()

    wired = asyncio.create_task(relay())
    profile = msgspec.structs.replace(PROFILE, reset=("touch", str(pressed)))
    booted = await boot(board, "xen-rtds", profile=profile, with_link=False, events=events)
    await wired
    assert booted.proven
    assert any(event.text == f"resetting it: touch {pressed}" for event in events)
    assert not any("press reset" in event.text for event in events)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("/no/such/relay",), "/no/such/relay: No such file or directory"),
        (("sh", "-c", "echo relay 3 is stuck >&2; exit 4"), "relay 3 is stuck"),
        (("true",), "true ended well, and the console shows no restart"),
    ],
)
async def test_a_button_that_does_not_work(make: Make, words: tuple[str, ...], said: str) -> None:
    board = make(state="mute")
    with pytest.raises(BootTimeout, match="nobody pressed reset on bpi") as caught:
        await boot_into(
            msgspec.structs.replace(PROFILE, reset=words),
            "xen-rtds",
            link=None,
            connect=board.connect,
            console=board,
            tell=lambda _: None,
            patience=replace(QUICK, person=0.3),
        )
    assert said in caught.value.detail


async def test_without_serial_and_without_linux_nothing_can_be_done(make: Make) -> None:
    profile = msgspec.structs.replace(PROFILE, modes={"own": BootMode()}, serial=None)
    with pytest.raises(BootStopped, match="could not be restarted"):
        await boot(make(state="mute"), "own", profile=profile, with_console=False)
    with pytest.raises(BootStopped, match="set from Linux, and Linux does not answer"):
        await boot(make(state="mute"), "once", with_console=False)


async def test_autoboot_missed_once_is_tried_again_and_told(make: Make) -> None:
    board, events = make(Faults(keys_ignored=1)), []
    await boot(board, "xen-rtds", events=events)
    assert steps(events).count("restart") == 2
    assert any("autoboot was missed" in event.text for event in events)
    assert board.boots == 3


async def test_autoboot_missed_twice(make: Make) -> None:
    with pytest.raises(BootStopped, match="did not stop, twice") as caught:
        await boot(make(Faults(keys_ignored=2)), "xen-rtds")
    assert caught.value.step is BootStep.PROMPT
    assert "uboot_stop" in caught.value.hint


async def test_autoboot_missed_over_serial_alone(make: Make) -> None:
    board = make(Faults(keys_ignored=1))
    await boot(board, "xen-rtds", with_link=False)
    assert board.boots == 3


async def test_a_line_that_uboot_refuses(make: Make) -> None:
    mode = BootMode(uboot=("frobnicate x", "run bootcmd"))
    profile = msgspec.structs.replace(PROFILE, modes={"own": mode})
    board = make()
    with pytest.raises(BootStopped, match="'frobnicate x' failed") as caught:
        await boot(board, "own", profile=profile)
    assert caught.value.step is BootStep.TYPE
    assert "Unknown command" in caught.value.detail
    assert board.typed[-1] == "frobnicate x", "what comes after is not typed"


async def test_what_is_typed_must_come_back(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uboot, "_ECHO_S", 0.3)
    with pytest.raises(BootStopped, match="does not repeat what is typed") as caught:
        await boot(make(Faults(drops=3)), "xen-rtds")
    assert caught.value.step is BootStep.TYPE


async def test_uboot_finds_nothing_to_boot(make: Make) -> None:
    with pytest.raises(BootStopped, match="is back at its prompt") as caught:
        await boot(make(Faults(unbootable={"xen-rtds"})), "xen-rtds")
    assert caught.value.step is BootStep.START
    assert "File not found /boot/xen" in caught.value.detail


async def test_a_time_out_names_its_step(make: Make) -> None:
    board = make(Faults(ssh=True), state="mute", breaks=True)
    board._power_on = lambda: asyncio.sleep(0)  # it restarts, and no U-Boot comes up
    with pytest.raises(BootTimeout) as caught:
        await boot_into(
            PROFILE,
            "xen-rtds",
            link=None,
            connect=board.connect,
            console=board,
            tell=lambda _: None,
            timeout_s=0.3,
            patience=replace(QUICK, person=0.5),
        )
    assert caught.value.step is BootStep.RESTART
    assert caught.value.as_dict()["step"] == "restart"


async def test_the_wrong_mode_says_what_was_wanted_and_what_came(make: Make) -> None:
    board, events = make(Faults(becomes={"xen-rtds": "xen-credit"})), []
    with pytest.raises(WrongMode, match="up, but not in mode 'xen-rtds'") as caught:
        await boot(board, "xen-rtds", events=events)
    assert "wanted Xen's scheduler rtds, seen: credit" in caught.value.detail
    assert "wanted 'mode=xen-rtds' on Linux's command line" in caught.value.detail
    assert "fits mode xen-credit" in caught.value.detail
    assert events[-1].mark == "failed"
    assert all(link.closings for link in board.links)


async def test_a_panic_and_a_restart_end_in_the_wrong_mode_with_the_panic_told(make: Make) -> None:
    dies = {"xen-rtds": b"(XEN) Panic on CPU 0:\r\n(XEN) no memory for dom0\r\n"}
    with pytest.raises(WrongMode) as caught:
        await boot(make(Faults(dies=dies, reborn=True)), "xen-rtds")
    assert "fits mode native" in caught.value.detail
    assert "Panic on CPU 0" in caught.value.detail


async def test_a_panic_is_not_waited_out(make: Make) -> None:
    dies = {"xen-rtds": b"Kernel panic - not syncing: no init\r\n"}
    with pytest.raises(BoardGone, match="bpi stopped as it booted") as caught:
        await boot(make(Faults(dies=dies)), "xen-rtds", timeout_s=600)
    assert "no init" in caught.value.title
    assert "Linux version 6.1" in caught.value.detail


async def test_a_board_that_never_comes_back(make: Make) -> None:
    board = make(Faults(dies={"xen-rtds": b"last words\r\n"}))
    with pytest.raises(BoardGone, match=r"did not come back within 1\.5 s") as caught:
        await boot(board, "xen-rtds", timeout_s=1.5)
    assert caught.value.step is BootStep.ANSWER
    assert "last words" in caught.value.detail
    assert "last try to connect: root@192.0.2.7 does not answer" in caught.value.detail


async def test_linux_without_ssh_is_told_apart(make: Make) -> None:
    with pytest.raises(BoardGone) as caught:
        await boot(make(Faults(ssh=False)), "xen-rtds", with_link=False, timeout_s=1.5)
    assert "its console waits at a shell prompt" in caught.value.detail


async def test_one_that_never_comes_back_unseen(make: Make) -> None:
    board = make(Faults(dies={"xen-rtds": b""}))
    with pytest.raises(BoardGone) as caught:
        await boot(board, "once", with_console=False, timeout_s=1.0)
    assert "no serial console to see more" in caught.value.detail


async def test_the_boot_before_is_no_answer(make: Make) -> None:
    board = make(Faults(no_effect={"systemctl reboot", "reboot", "reboot -f", "busybox reboot -f"}))
    with pytest.raises(BootStopped, match="could not be restarted") as caught:
        await boot(board, "once", with_console=False)
    assert "'reboot -f' has no effect" in caught.value.detail


async def test_a_link_that_ends_is_no_restart(make: Make) -> None:
    board = make(Faults(no_effect={"systemctl reboot"}))
    link = await board.connect()

    def lose(event: BootEvent) -> None:
        if event.step is BootStep.RESTART:
            link.lose()

    with pytest.raises(BootTimeout, match="answers, but it did not restart"):
        await boot_into(
            PROFILE,
            "once",
            link=link,
            connect=board.connect,
            console=None,
            tell=lose,
            timeout_s=0.5,
            patience=QUICK,
        )
    assert all(link.closings for link in board.links)


async def test_an_adapter_that_goes_with_the_board_comes_back_with_it(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, refused = make(), 3
    send = board.send

    async def flaky(data: bytes, **options) -> None:
        nonlocal refused
        if board.state in {"spl", "countdown"} and refused:
            refused -= 1
            raise LinkProblem("/dev/ttyUSB0 is not open")
        await send(data, **options)

    monkeypatch.setattr(board, "send", flaky)
    monkeypatch.setattr(boot_prompt, "_ADAPTER_S", 0.01)
    assert (await boot(board, "xen-rtds")).proven
    assert refused == 0


async def test_a_proof_that_comes_up_late(make: Make) -> None:
    board = make(Faults(xl_fails=2))
    assert (await boot(board, "xen-rtds")).proven


async def test_a_proof_that_never_comes_up(make: Make) -> None:
    with pytest.raises(WrongMode) as caught:
        await boot(make(Faults(xl_fails=1000)), "xen-rtds")
    assert "cannot open xenstore" in caught.value.detail


async def test_unproven_where_nobody_wants_the_proof(make: Make) -> None:
    board = make(Faults(becomes={"xen-rtds": "xen-credit"}))
    booted = await boot(board, "xen-rtds", verify=False)
    assert not booted.proven
    assert booted.evidence is None


async def test_a_mode_without_a_proof_proves_nothing(make: Make) -> None:
    profile = msgspec.structs.replace(PROFILE, modes={"own": BootMode()})
    board, events = make(), []
    booted = await boot(board, "own", profile=profile, events=events)
    assert not booted.proven
    assert "only a new boot is sure" in events[-1].text


async def test_another_host_key_is_never_waited_out(make: Make) -> None:
    board = make()
    link = await board.connect()

    async def refuse() -> None:
        raise HostKeyProblem("the host key of bpi has changed")

    with pytest.raises(HostKeyProblem):
        await boot_into(
            PROFILE,
            "xen-rtds",
            link=link,
            connect=refuse,
            console=board,
            tell=lambda _: None,
            patience=QUICK,
        )


@pytest.mark.parametrize("seed", range(3))
async def test_garbage_on_the_console_stops_nothing(make: Make, seed: int) -> None:
    chance = random.Random(seed)
    board = make()
    noise = asyncio.create_task(_babble(board, chance))
    try:
        assert (await boot(board, "xen-rtds")).proven
    finally:
        noise.cancel()


async def _babble(board: ScriptedBoard, chance: random.Random) -> None:
    """Say anything whenever Linux runs; at U-Boot's prompt nobody else does."""
    while True:
        await asyncio.sleep(0.005)
        if board.state in {"linux", "off", "spl"}:
            board.say(chance.randbytes(chance.randrange(1, 60)) + b"\r\n")


async def test_a_boot_that_is_given_up_lets_go(make: Make) -> None:
    board = make(Faults(dies={"xen-rtds": b""}))
    link = await board.connect()
    booting = asyncio.create_task(
        boot_into(
            PROFILE,
            "xen-rtds",
            link=link,
            connect=board.connect,
            console=board,
            tell=lambda _: None,
            patience=QUICK,
        )
    )
    await asyncio.sleep(0.1)
    booting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await booting
    assert not board._listeners
    assert all(link.closings for link in board.links)


@pytest.mark.parametrize(
    ("mode", "has_console", "says"),
    [
        ("xen-rtdz", True, "did you mean 'xen-rtds'"),
        ("xen-rtds", False, "needs the serial console"),
    ],
)
async def test_wrong_words_are_told_before_anything_is_done(
    make: Make, mode: str, has_console: bool, says: str
) -> None:
    board = make()
    with pytest.raises(UsageProblem) as caught:
        await boot(board, mode, with_console=has_console)
    assert says in "\n".join(caught.value.lines())
    assert board.said == []


async def test_lines_that_do_not_fit_are_told_before(make: Make) -> None:
    mode = BootMode(uboot=("setenv x " + "y" * 600, "boot"))
    board = make()
    with pytest.raises(UsageProblem, match="too long"):
        await boot(board, "own", profile=msgspec.structs.replace(PROFILE, modes={"own": mode}))
    assert board.said == []


async def test_a_board_without_modes(make: Make) -> None:
    with pytest.raises(UsageProblem, match="no boot modes are known"):
        await boot(make(), "native", profile=msgspec.structs.replace(PROFILE, modes={}))


async def test_this_machine_is_never_restarted(make: Make) -> None:
    board = make()
    with pytest.raises(UsageProblem, match="the console runs on it"):
        await boot(board, "once", profile=msgspec.structs.replace(PROFILE, kind="local"))
    assert board.said == []
