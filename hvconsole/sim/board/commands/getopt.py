"""Short options of the board's commands."""

from __future__ import annotations

from dataclasses import dataclass, field

from hvconsole.sim.board.shell.call import Invocation


class WrongOptionError(Exception):
    """An option that the command does not know, or that lacks its value."""


@dataclass(slots=True)
class Options:
    """What a command was given.

    Attributes:
        letters: Options without a value.
        values: Values of options that have one, each as often as it was given.
        operands: What else there is.
    """

    letters: set[str] = field(default_factory=set)
    values: dict[str, list[str]] = field(default_factory=dict)
    operands: list[str] = field(default_factory=list)

    def last(self, letter: str, default: str = "") -> str:
        """Return an option's last value."""
        return self.values.get(letter, [default])[-1]


def taken(call: Invocation, flags: str, valued: str = "", *, ordered: bool = False) -> Options:
    """Take a command's words apart, as getopt does.

    Args:
        call: The command.
        flags: Letters of options without a value.
        valued: Letters of options with one.
        ordered: Options end at the first word that is none.

    Raises:
        WrongOptionError: One is not known; `str()` says which.
    """
    found = Options()
    words = call.words[1:]
    while words:
        word = words.pop(0)
        if word == "--":
            found.operands += words
            break
        if len(word) < 2 or not word.startswith("-"):  # noqa: PLR2004  # "-" is standard input
            found.operands.append(word)
            if ordered:
                found.operands += words
                break
            continue
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in valued:
                if not letters and not words:
                    raise WrongOptionError(f"option requires an argument -- '{letter}'")
                found.values.setdefault(letter, []).append(letters or words.pop(0))
                break
            if letter not in flags:
                raise WrongOptionError(f"invalid option -- '{letter}'")
            found.letters.add(letter)
    return found
