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
    if profile.kind != "serial":
        make_link = link_maker(profile, accept_new_host_key=accept_new_host_key)
        return Session(profile, make_link, bench, settings, read_only=read_only, start=start)

    def make() -> Link:
        console = session.serial_console
        if console is None:
            raise _no_way(profile)
        return _over(console)  # the session listens to the line anyway: a line has one owner

    session = Session(profile, make, bench, settings, read_only=read_only, start=start)
    return session


def link_maker(profile: BoardProfile, *, accept_new_host_key: bool = False) -> Callable[[], Link]:
    """Return what makes links to a board.

    Args:
        profile: The board.
        accept_new_host_key: Trust a key that is not known yet; a changed one never.

    Raises:
        UsageProblem: The profile has no way to the board.
    """
    if profile.kind == "local":
        return LocalLink
    if profile.kind == "serial":
        return lambda: _over(_line_of(profile))
    address = profile.ssh
    if address is None:
        raise _no_way(profile)

    def make() -> Link:
        from hvconsole.link.ssh import SshLink  # asyncssh only where it is needed

        return SshLink(address, decide=(lambda _: True) if accept_new_host_key else None)

    return make


def _over(line: Duplex) -> Link:
    from hvconsole.link.serial_shell import SerialShellLink

    return SerialShellLink(line)


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
