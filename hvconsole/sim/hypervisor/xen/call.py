"""What every command of xl shares: options, finding domains, ways to fail."""

from __future__ import annotations

import getopt
import posixpath
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from hvconsole.sim.hypervisor.host import ToolCall
from hvconsole.sim.hypervisor.words import identifier
from hvconsole.sim.hypervisor.xen.log import XenLog
from hvconsole.sim.hypervisor.xen.state import Domain, State


@dataclass
class RefusedError(Exception):
    """A command ends here.

    Attributes:
        said: Lines for standard error, in full.
        status: How it exits.
    """

    said: str
    status: int = 1


@dataclass(slots=True)
class Call:
    """One call of one xl command.

    Attributes:
        state: Pools and domains.
        log: Xen's own console.
        tool: The call.
        name: The command's name.
        words: What follows the name.
    """

    state: State
    log: XenLog
    tool: ToolCall
    name: str
    words: list[str]

    def line(self, text: str) -> None:
        """Write a line to standard output."""
        self.tool.out(f"{text}\n")

    def complain(self, text: str) -> None:
        """Write a line to standard error."""
        self.tool.err(f"{text}\n")

    def options(self, short: str, long: Sequence[str] = ()) -> dict[str, str]:
        """Take the options out of `words`; the last of several counts.

        Raises:
            RefusedError: getopt does not know one.
        """
        return dict(self.pairs(short, long))

    def pairs(self, short: str, long: Sequence[str] = ()) -> list[tuple[str, str]]:
        """Take the options out of `words`, in their order."""
        try:
            pairs, self.words = getopt.gnu_getopt(self.words, short, list(long))
        except getopt.GetoptError as error:
            raise RefusedError(f"xl: {_getopt_words(error)}\n", 2) from error
        return pairs

    def need(self, count: int) -> None:
        """Make sure that enough words are left."""
        if len(self.words) < count:
            raise RefusedError(f"'xl {self.name}' requires at least {count} argument"
                               f"{'s' if count > 1 else ''}.\n\n", 2)  # fmt: skip

    def domain(self, word: str) -> Domain:
        """Find a domain by its name or its number, as most commands do."""
        found = self.find(word)
        if found is None:
            raise RefusedError(f"{word} is an invalid domain identifier (rc=-6)\n")
        return found

    def find(self, word: str) -> Domain | None:
        """Return the domain of that number or name, if there is one."""
        number_ = identifier(word)
        return self.state.named(word) if number_ is None else self.state.domains.get(number_)

    def read(self, path: str) -> str:
        """Return a file's text. Raises `OSError`."""
        whole = posixpath.normpath(posixpath.join(self.tool.cwd, path))
        return self.state.host.read(whole).decode("utf-8", "replace")


Command = Callable[[Call], int | Awaitable[int | None] | None]


def number(word: str, what: str = "number") -> int:
    """Return a number as strtol takes it.

    Raises:
        RefusedError: It is none.
    """
    try:
        return int(word, 0)
    except ValueError:
        raise RefusedError(f"Error: Invalid {what}: {word}\n") from None


def _getopt_words(error: getopt.GetoptError) -> str:
    option = error.opt or ""
    if "requires argument" in error.msg:
        return f"option requires an argument -- '{option}'"
    return (
        f"invalid option -- '{option}'" if len(option) == 1 else f"unrecognized option '--{option}'"
    )
