"""From a board's profile to a session with everything behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hvconsole.link.duplex import Duplex
from hvconsole.link.local import LocalLink
from hvconsole.link.protocol import Link
from hvconsole.model.board import BoardProfile
from hvconsole.model.problem import UsageProblem
from hvconsole.model.run import RunSettings
from hvconsole.session.session import Session
from hvconsole.session.workbench import BoardBench


def live_session(
    profile: BoardProfile,
    settings: RunSettings,
    *,
    record_to: Path | None,
    accept_new_host_key: bool = False,
    read_only: bool = False,
    start: bool = False,
) -> Session:
    """Return a session on a board, not yet open; `start` begins a run once it is."""
    bench = BoardBench(profile, record_to, read_only=read_only)
    network = (
        network_maker(profile, accept_new_host_key=accept_new_host_key)
        if profile.kind != "serial"
        else None
    )

    def make() -> Link:
        console = session.serial_console  # listened to anyway: a line has one owner
        if network is None:
            if console is None:
                raise _no_way(profile)
            return _over(console)
        return network() if console is None else _either(network(), profile, console)

    session = Session(
        profile,
        make,
        bench,
        settings,
        read_only=read_only,
        start=start,
        trace_link=network,
    )
    return session


def link_maker(profile: BoardProfile, *, accept_new_host_key: bool = False) -> Callable[[], Link]:
    """Return what makes links to a board, its serial line included where it has one.

    Args:
        profile: The board.
        accept_new_host_key: Trust a key that is not known yet; a changed one never.

    Raises:
        UsageProblem: The profile has no way to the board.
    """
    if profile.kind == "serial":
        return lambda: _over(_line_of(profile))
    network = network_maker(profile, accept_new_host_key=accept_new_host_key)
    if profile.serial is None:
        return network
    return lambda: _either(network(), profile)


def network_maker(
    profile: BoardProfile, *, accept_new_host_key: bool = False
) -> Callable[[], Link]:
    """Return what makes links to a board that leave its serial line alone: somebody else has it.

    Raises:
        UsageProblem: The profile has no way to the board but its serial line.
    """
    if profile.kind == "local":
        return LocalLink
    address = profile.ssh
    if address is None:
        raise _no_way(profile)

    def make() -> Link:
        from hvconsole.link.ssh import SshLink  # asyncssh only where it is needed

        return SshLink(address, decide=(lambda _: True) if accept_new_host_key else None)

    return make


def _either(network: Link, profile: BoardProfile, line: Duplex | None = None) -> Link:
    """Return a link over the network, and to Xvisor on the serial line where that is silent.

    Only on a board that has a mode for Xvisor is Enter pressed to find out.
    """
    from hvconsole.link.serial_board import EitherLink

    ask = any(mode.proof.hypervisor == "xvisor" for mode in profile.modes.values())
    if line is not None:
        return EitherLink(network, lambda: line, owned=False, ask=ask)
    return EitherLink(network, lambda: _line_of(profile), owned=True, ask=ask)


def _over(line: Duplex) -> Link:
    from hvconsole.link.serial_board import SerialBoardLink

    return SerialBoardLink(line)


def _line_of(profile: BoardProfile) -> Duplex:
    from hvconsole.session.console_watch import ConsoleWatch

    if profile.serial is None:
        raise _no_way(profile)
    return ConsoleWatch(profile.serial, lambda _data: None, lambda _problem: None)


def _no_way(profile: BoardProfile) -> UsageProblem:
    return UsageProblem(
        f"board '{profile.name}' has no way to it",
        hint='add to its table: ssh = "root@ADDRESS", or serial = "/dev/ttyUSB0"',
    )
