"""What a command of Xvisor's terminal is given."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hvconsole.sim.hypervisor.xvisor.core import FAILED, Core, RefusedError
from hvconsole.sim.hypervisor.xvisor.place import Place
from hvconsole.sim.hypervisor.xvisor.texts import usage
from hvconsole.sim.hypervisor.xvisor.trace import refusal

if TYPE_CHECKING:
    from hvconsole.sim.hypervisor.xvisor.card import Card

_NUMBER: Final = re.compile(r"\s*[+-]?\d+", re.ASCII)
_MOST_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a command.

    Attributes:
        words: Its name and arguments.
        core: Xvisor's manager.
        place: The board as Xvisor knows it.
        card: The files that it has.
        out: Prints; each line's end becomes CR LF.
        key: Waits for the next character that is typed.
        pressed: Takes a character that was typed meanwhile, "" for none.
        sleep: Lets simulated seconds pass.
        execute: Runs another line of commands.
        restart: Restarts the board.
        power_off: Switches it off.
    """

    words: list[str]
    core: Core
    place: Place
    card: Card
    out: Callable[[str], None]
    key: Callable[[], Awaitable[str]]
    pressed: Callable[[], str]
    sleep: Callable[[float], Awaitable[None]]
    execute: Callable[[str], Awaitable[bool]]
    restart: Callable[[], None]
    power_off: Callable[[], None]

    @property
    def arguments(self) -> list[str]:
        """The words behind the name."""
        return self.words[1:]

    def usage(self, code: int = FAILED) -> int:
        """Print how the command is used; return a code."""
        self.out(usage(self.words[0]))
        return code

    def refuse(self, refused: RefusedError) -> None:
        """Print what a change of state that was refused leaves on the terminal."""
        command, verb = self.words[0], self.words[1]
        for line in refusal(refused, command, verb):
            self.out(f"{line}\n")


Command = Callable[[Call], Awaitable[int]]


def atoi(text: str) -> int:
    """Read a number as C does: what does not begin with digits is 0."""
    match = _NUMBER.match(text[: _MOST_DIGITS + 2])
    return int(match[0]) if match else 0
