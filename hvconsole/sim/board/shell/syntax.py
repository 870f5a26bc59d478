"""The shell's language as values.

The subset is that of POSIX sh without aliases, job control and traps.
"""

from __future__ import annotations

from dataclasses import dataclass, field


class ShellSyntaxError(Exception):
    """The text is no program."""


class IncompleteError(ShellSyntaxError):
    """The text could become a program if more of it came."""


@dataclass(frozen=True, slots=True)
class Text:
    """Characters as they stand; quoted ones are neither split nor patterns."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """``$name``, ``${name%pattern}`` and the like; `operator` is empty for the plain one."""

    name: str
    quoted: bool = False
    operator: str = ""
    operand: Word = ()


@dataclass(frozen=True, slots=True)
class Output:
    """``$(…)``: what a program writes."""

    program: Program
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Sum:
    """``$((…))``: a computed number."""

    expression: Word
    quoted: bool = False


Part = Text | Variable | Output | Sum
Word = tuple[Part, ...]


@dataclass(slots=True)
class Here:
    """The body of a here-document; it stands further down and is filled in when it is reached."""

    end: str
    stripped: bool
    plain: bool
    body: Word = ()


@dataclass(frozen=True, slots=True)
class Redirection:
    """One of ``<``, ``>``, ``>>``, ``<>``, ``>&``, ``<&``, ``<<`` for a descriptor."""

    descriptor: int
    operator: str
    target: Word | Here


@dataclass(frozen=True, slots=True)
class Simple:
    """Assignments, a command and its redirections."""

    assignments: tuple[tuple[str, Word], ...] = ()
    words: tuple[Word, ...] = ()
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """``{ …; }`` or, as a shell of its own, ``( … )``."""

    body: Program
    own: bool
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class For:
    """``for name in words; do …; done``; None stands for ``"$@"``."""

    name: str
    words: tuple[Word, ...] | None
    body: Program
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class While:
    """``while …; do …; done``, or ``until``."""

    condition: Program
    body: Program
    until: bool
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class If:
    """``if``: conditions with their bodies, and what else."""

    branches: tuple[tuple[Program, Program], ...]
    otherwise: Program | None = None
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """``case word in pattern) …;; esac``: the arms with their patterns."""

    word: Word
    arms: tuple[tuple[tuple[Word, ...], Program], ...]
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """``name() …``."""

    name: str
    body: Command


Command = Simple | Block | For | While | If | Case | Function


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands joined by ``|``."""

    commands: tuple[Command, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class AndOr:
    """Pipelines joined by ``&&`` and ``||``; the first one's operator is empty."""

    parts: tuple[tuple[str, Pipeline], ...]
    background: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """What runs one after the other."""

    lines: tuple[AndOr, ...] = field(default=())
