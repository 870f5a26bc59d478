"""Booting a board into a mode, and proving that it is in it.

The steps are those of `hvconsole.board.boot_steps`; what goes wrong in them is told by one of the
problems of `hvconsole.board.boot_problem`.
"""

from __future__ import annotations

from hvconsole.board.boot_answer import Connect
from hvconsole.board.boot_ear import Console
from hvconsole.board.boot_report import check_mode
from hvconsole.board.boot_steps import Boot
from hvconsole.board.boot_terms import Booted, BootPatience, Tell, Ways
from hvconsole.link.protocol import Link
from hvconsole.model.board import BoardProfile

__all__ = ["BootPatience", "Booted", "boot_into", "check_mode"]


async def boot_into(
    profile: BoardProfile,
    mode: str,
    *,
    link: Link | None,
    connect: Connect,
    console: Console | None,
    tell: Tell,
    verify: bool = True,
    timeout_s: float | None = None,
    patience: BootPatience | None = None,
) -> Booted:
    """Boot a board into a mode and prove that it is in it.

    Args:
        profile: The board, with its modes.
        mode: One of them.
        link: The open link to its Linux; None where it does not answer. It is closed.
        connect: Makes and opens a fresh link; raises `LinkProblem` as long as none can be had.
        console: Its serial console; None without one.
        tell: Told of every step.
        verify: Read the proof back.
        timeout_s: Longest time from the restart to the proof; None takes the mode's own.
        patience: How long effects are waited for.

    Raises:
        UsageProblem: The board has no such mode, or the mode needs the serial console.
        BootProblem: It is not in the mode; which kind tells how far it came.
        HostKeyProblem: What answers is not the board that we know.
    """
    check_mode(profile, mode, has_console=console is not None and console.is_open)
    ways = Ways(link, connect, console if console is not None and console.is_open else None)
    boot = Boot(profile, mode, ways, tell, patience or BootPatience())
    boot.verify = verify
    boot.timeout_s = timeout_s or profile.modes[mode].timeout_s
    return await boot.run()
