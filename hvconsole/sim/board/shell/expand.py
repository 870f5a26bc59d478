"""Words of the shell's language to text: variables, outputs, splitting, patterns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hvconsole.sim.board.patterns import SIGNS, literally, matches
from hvconsole.sim.board.shell.arithmetic import compute
from hvconsole.sim.board.shell.call import ShellError
from hvconsole.sim.board.shell.glob import matching
from hvconsole.sim.board.shell.syntax import Output, Part, Sum, Text, Variable, Word

if TYPE_CHECKING:
    from hvconsole.sim.board.shell.shell import Shell

_WHITE: Final = " \t\n"
_LONGEST: Final = 4 << 20


@dataclass(slots=True)
class _Field:
    """A word in the making: its text, and the same as a pattern in which quoted signs are plain."""

    text: str = ""
    pattern: str = ""

    def add(self, text: str, *, quoted: bool) -> None:
        self.text += text
        self.pattern += literally(text) if quoted else text


class _Fields:
    """Words in the making: what one written word becomes."""

    def __init__(self) -> None:
        self.done: list[_Field] = []
        self._open = False

    def add(self, text: str, *, quoted: bool) -> None:
        """Append to the word at hand."""
        if not self._open:
            self.done.append(_Field())
            self._open = True
        self.done[-1].add(text, quoted=quoted)

    def cut(self) -> None:
        """End the word at hand."""
        self._open = False

    def split(self, text: str, separators: str) -> None:
        """Append a text that was not quoted, cut at the separators (IFS)."""
        white = re.escape("".join(char for char in separators if char in _WHITE))
        other = re.escape("".join(char for char in separators if char not in _WHITE))
        if not separators or not text:
            if text:
                self.add(text, quoted=False)
            return
        blanks = f"[{white}]*" if white else ""
        ways = [f"{blanks}[{other}]{blanks}"] if other else []
        ways += [f"[{white}]+"] if white else []
        if white and (lead := re.match(f"[{white}]+", text)):
            self.cut()
            text = text[lead.end() :]
        pieces = re.split("|".join(ways), text)
        for index, piece in enumerate(pieces):
            if index:
                self.cut()
            if piece or index + 1 < len(pieces):
                self.add(piece, quoted=False)


class Expander:
    """Expands words for one command."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def words(self, words: tuple[Word, ...]) -> list[str]:
        """Expand a command's words, split and matched against files."""
        found: list[str] = []
        for word in words:
            for field in await self._fields(word):
                found += self._matches(field)
        return found

    async def text(self, word: Word) -> str:
        """Expand a word to one text, as in an assignment."""
        home, word = self._home(word)
        text = home + "".join([await self._value(part) for part in word])
        if len(text) > _LONGEST:
            raise ShellError("Out of space")
        return text

    async def pattern(self, word: Word) -> str:
        """Expand a word to a pattern, in which quoted signs stand for themselves."""
        parts = []
        for part in word:
            value = await self._value(part)
            parts.append(literally(value) if part.quoted else value)
        return "".join(parts)

    async def _fields(self, word: Word) -> list[_Field]:
        fields = _Fields()
        await self._add(word, fields)
        return fields.done

    async def _add(self, word: Word, fields: _Fields) -> None:
        """Add a word's parts to the words in the making."""
        home, word = self._home(word)
        if home:
            fields.add(home, quoted=True)
        for part in word:
            if isinstance(part, Variable) and part.name in "@*" and not part.operator:
                self._arguments(part, fields)
                continue
            if (operand := self._in_place(part)) is not None:
                await self._add(operand, fields)
                continue
            value = await self._value(part)
            if isinstance(part, Text) or part.quoted:
                if value or not _only_arguments(word):
                    fields.add(value, quoted=part.quoted)
            else:
                fields.split(value, self._separators)

    def _in_place(self, part: Part) -> Word | None:
        """Return the operand that takes a variable's place and keeps its own quotes."""
        if not isinstance(part, Variable) or part.quoted or part.operator[-1:] not in ("-", "+"):
            return None
        value = self._named(part.name)
        missing = not value if part.operator.startswith(":") else value is None
        return part.operand if missing == part.operator.endswith("-") else None

    def _arguments(self, part: Variable, fields: _Fields) -> None:
        """Add ``$@`` or ``$*``: one word for each argument; ``"$*"`` is one in all."""
        values = self._shell.arguments[1:]
        if part.quoted and part.name == "*":
            fields.add(self._separators[:1].join(values), quoted=True)
            return
        for index, value in enumerate(values):
            if index:
                fields.cut()
            if part.quoted:
                fields.add(value, quoted=True)
            else:
                fields.split(value, self._separators)

    @property
    def _separators(self) -> str:
        return self._shell.variables.get("IFS", _WHITE)

    def _home(self, word: Word) -> tuple[str, Word]:
        """Take ``~`` off a word's beginning; return what it stands for and the rest."""
        first = word[0] if word else None
        home = self._shell.variables.get("HOME")
        if home is None or not isinstance(first, Text) or first.quoted:
            return "", word
        if not first.text.startswith("~/") and not (first.text == "~" and len(word) == 1):
            return "", word
        return home, (Text(first.text[1:]), *word[1:])

    def _matches(self, field: _Field) -> list[str]:
        signs = any(sign in field.text for sign in SIGNS)
        if not signs or field.pattern == literally(field.text):
            return [field.text]
        shell = self._shell
        return matching(shell.system.tree, shell.cwd, field.pattern) or [field.text]

    async def _value(self, part: Part) -> str:
        match part:
            case Text(text=text):
                return text
            case Output(program=program):
                return await self._shell.output_of(program)
            case Sum(expression=expression):
                return str(compute(await self.text(expression), self._shell.variables))
            case Variable():
                return await self._variable(part)

    async def _variable(self, part: Variable) -> str:
        value = self._named(part.name)
        operator = part.operator
        match operator:
            case "":
                if value is None and "u" in self._shell.options:
                    raise ShellError(f"{part.name}: parameter not set")
                return value or ""
            case "length":
                return str(len(value or ""))
            case "%" | "%%" | "#" | "##":
                return _stripped(value or "", await self.pattern(part.operand), operator)
        missing = not value if operator.startswith(":") else value is None
        if operator.endswith("+"):
            return "" if missing else await self.text(part.operand)
        if not missing:
            return value or ""
        text = await self.text(part.operand)
        if operator.endswith("="):
            self._shell.variables[part.name] = text
        if operator.endswith("?"):
            raise ShellError(f"{part.name}: {text or 'parameter not set'}")
        return text

    def _named(self, name: str) -> str | None:
        shell = self._shell
        if name in "@*":
            return " ".join(shell.arguments[1:])
        if name in "#?$!-":
            return {
                "#": str(len(shell.arguments) - 1),
                "?": str(shell.status),
                "$": str(shell.pid),
                "!": str(shell.last_background or ""),
                "-": "".join(sorted(shell.options)),
            }[name]
        if name.isdecimal():
            index = int(name) if len(name) < len(str(_LONGEST)) else _LONGEST
            return shell.arguments[index] if index < len(shell.arguments) else None
        return shell.variables.get(name)


def _only_arguments(word: Word) -> bool:
    """Whether a word is nothing but ``"$@"``, which vanishes where there are no arguments."""
    return any(isinstance(part, Variable) and part.name == "@" for part in word) and all(
        (isinstance(part, Text) and not part.text)
        or (isinstance(part, Variable) and part.name == "@")
        for part in word
    )


def _stripped(value: str, pattern: str, operator: str) -> str:
    """Cut the shortest or longest match of a pattern from an end."""
    lengths = range(len(value) + 1)
    for length in lengths if len(operator) == 1 else reversed(lengths):
        if operator[0] == "#" and matches(value[:length], pattern):
            return value[length:]
        if operator[0] == "%" and matches(value[len(value) - length :], pattern):
            return value[: len(value) - length]
    return value
