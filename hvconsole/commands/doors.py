"""Opens boards and recordings for the console's screens (the `Doors` of `hvconsole.ui.doors`)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hvconsole.commands.deferred import DeferredConsole
from hvconsole.commands.targets import SIM, SIMULATED, labels_of, reach
from hvconsole.config.boards import BUILT_IN, BoardEntry, load_boards, profile_of
from hvconsole.model.board import BoardProfile
from hvconsole.model.problem import BoardProblem, Problem
from hvconsole.model.run import RunSettings
from hvconsole.model.status import Status
from hvconsole.ui.doors import BoardCard, Trial

if TYPE_CHECKING:
    from hvconsole.link.hostkeys import HostKeyQuestion
    from hvconsole.link.protocol import Link
    from hvconsole.ui.source import Console

_TRY_S = 8.0


class CommandDoors:
    """Opens what the command line can open, with the same settings.

    Args:
        settings: The run that begins on each board.
        new_path: Gives where a board's recording goes; None records nothing.
        read_only: Change nothing on any board.
        accept_new_host_key: Trust host keys that are not known yet.
        start: Begin to measure once a board is connected.
    """

    def __init__(
        self,
        settings: RunSettings | None = None,
        *,
        new_path: Callable[[str], Path] | None = None,
        read_only: bool = False,
        accept_new_host_key: bool = False,
        start: bool = True,
    ) -> None:
        self._settings = settings or RunSettings()
        self._new_path = new_path
        self._read_only = read_only
        self._accept = accept_new_host_key
        self._start = start

    def boards(self) -> tuple[list[BoardCard], Problem | None]:
        """Return all boards: those that always exist, the lab's, and the user's own."""
        problem: Problem | None = None
        known = dict(BUILT_IN)
        try:
            known = load_boards()
        except Problem as found:
            problem = found
        cards = [
            BoardCard(SIM, "simulated here", "the simulated Banana Pi", ready="ready",
                      labels=SIMULATED),
            BoardCard("local", "this machine", "this machine, no hypervisor needed", ready="ready"),
            *_lab_cards(),
        ]  # fmt: skip
        cards += [_card(board) for name, board in known.items() if name not in BUILT_IN]
        return cards, problem

    def board(self, name: str) -> Console:
        """Return a console on a board, not yet open.

        Raises:
            Problem: There is none of that name, or it has to be started first.
        """
        first = Status(board=name, labels=labels_of(name), read_only=self._read_only)
        return self.console(first, lambda: reach(name))

    def console(
        self, first: Status, way: Callable[[], AbstractAsyncContextManager[BoardProfile]]
    ) -> DeferredConsole:
        """Return a console on a board that is reached by a way of its own."""

        @contextlib.asynccontextmanager
        async def make() -> AsyncIterator[Console]:
            from hvconsole.commands.sessions import live_session, network_maker
            from hvconsole.session.board_desk import BoardDesk

            async with way() as profile:
                record_to = self._new_path(profile.name) if self._new_path is not None else None
                session = live_session(
                    profile,
                    self._settings,
                    record_to=record_to,
                    accept_new_host_key=self._accept,
                    read_only=self._read_only,
                    start=self._start,
                )

                def beside() -> Link:
                    """Make another link beside the session's, which has the only line."""
                    if session.status.terminal:
                        raise BoardProblem(
                            f"no Linux answers on {profile.name}: "
                            f"it is {session.status.link_detail} that does",
                            hint="its guests are on the Hypervisor screen (F3); what a doctor "
                            f"says: leave the console, then hvconsole doctor {profile.name}",
                        )
                    return network_maker(profile)()

                desk = BoardDesk(
                    profile,
                    beside if profile.kind != "serial" else None,
                    read_only=self._read_only,
                    note=session.note_action,
                )
                console.board_side = desk
                try:
                    yield session
                finally:
                    await desk.close()

        console = DeferredConsole(first, make, needs=("hvconsole.commands.sessions",))
        return console

    def session(self, path: Path) -> Console:
        """Return a console on a recording, not yet open.

        Raises:
            Problem: It cannot be played.
        """
        from hvconsole.session.replay import ReplaySession

        return ReplaySession(path)

    async def try_out(self, entry: BoardEntry, *, trust: str = "") -> Trial:
        """Reach for a board that is not in any file yet.

        Args:
            entry: How.
            trust: Fingerprint of a new host key that the person agreed to; it is kept then.
        """
        seen: list[Trial] = []
        try:
            profile = profile_of("new", entry)
            if profile.ssh is not None:
                seen.append(await _try_ssh(profile, trust))
            if entry.serial:
                seen.append(await _try_serial(entry.serial))
        except Problem as problem:
            text = f"{problem.title}\n{problem.detail}".strip()
            return Trial("refused", text, hint=problem.hint)
        return _together(seen)


def _card(board: BoardProfile) -> BoardCard:
    way = str(board.ssh) if board.ssh is not None else "serial line alone"
    about = "" if board.profile == "generic" else board.profile
    return BoardCard(
        board.name, way, about, serial=board.serial or "", own=True, labels=board.labels
    )


def _lab_cards() -> list[BoardCard]:
    """Return the lab's boards that were built; cheap: files only."""
    from hvconsole.lab.inventory import board
    from hvconsole.lab.profiles import lab_names

    cards = []
    for name in lab_names():
        try:
            condition = board(name).condition
        except (Problem, OSError):
            continue
        if condition == "not built":
            continue
        running = condition == "running"
        cards.append(
            BoardCard(
                name,
                "SSH, here" if running else "in QEMU, here",
                "a board in QEMU",
                ready="ready" if running else "missing",
                hint=f"hvconsole lab start {name}",
            )
        )
    return cards


async def _try_ssh(profile: BoardProfile, trust: str) -> Trial:
    from hvconsole.link.ssh import SshLink

    asked: list[HostKeyQuestion] = []

    def decide(question: HostKeyQuestion) -> bool:
        asked.append(question)
        return bool(trust) and question.fingerprint == trust

    address = profile.ssh
    if address is None:
        raise RuntimeError("only boards with an address are tried over SSH")
    link = SshLink(address, decide=decide, timeout_s=_TRY_S)
    try:
        await link.open()
        done = await link.run(["uname", "-srm"], timeout=_TRY_S)
    except Problem as problem:
        if asked and asked[-1].fingerprint != trust:
            text = f"{asked[-1].name} ({asked[-1].address}), {asked[-1].algorithm}"
            return Trial("new key", text, fingerprint=asked[-1].fingerprint,
                         hint="Save shows it once more and asks")  # fmt: skip
        text = f"{problem.title}\n{problem.detail}".strip()
        return Trial("refused", text, hint=problem.hint)
    finally:
        await link.close()
    return Trial("answers", f"{link.name}: {done.text.strip()}")


async def _try_serial(text: str) -> Trial:
    """Look whether a serial line is there; nothing is typed, and a device is not even opened."""
    from hvconsole.link.serial_url import DeviceAddress, UnixAddress, parse_serial

    address = parse_serial(text)
    if isinstance(address, DeviceAddress):
        return _device(Path(address.path))
    if isinstance(address, UnixAddress):
        return _connected(await _opened(asyncio.open_unix_connection(address.path)), text)
    return _connected(await _opened(asyncio.open_connection(address.host, address.port)), text)


def _device(path: Path) -> Trial:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return Trial("refused", f"serial {path}: {error.strerror}", hint="is it plugged in?")
    if not stat.S_ISCHR(mode):
        return Trial("refused", f"serial {path} is no device")
    if not os.access(path, os.R_OK | os.W_OK):
        return Trial(
            "refused",
            f"serial {path}: you may not open it",
            hint="join the group that owns it: sudo adduser $USER dialout",
        )
    return Trial("answers", f"serial {path} is there")


async def _opened(opening: Coroutine[Any, Any, tuple[Any, asyncio.StreamWriter]]) -> str:
    """Open a connection and close it at once; return why that failed, else nothing."""
    try:
        async with asyncio.timeout(_TRY_S):
            _, writer = await opening
    except TimeoutError:
        return "nobody answers"
    except OSError as error:
        return error.strerror or str(error)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return ""


def _connected(why_not: str, text: str) -> Trial:
    if why_not:
        return Trial("refused", f"serial {text}: {why_not}")
    return Trial("answers", f"serial {text} can be connected to")


def _together(seen: list[Trial]) -> Trial:
    """Return one answer for all ways: the worst of them, with everything that was seen."""
    order = ("refused", "new key", "trying", "answers")
    worst = min(seen, key=lambda trial: order.index(trial.answer))
    text = "\n".join(trial.text for trial in seen)
    return Trial(worst.answer, text, worst.fingerprint, worst.hint)
