"""Words of the shell's language: quotes, ``$`` and what may follow it, here-documents."""

from __future__ import annotations

import re
from typing import Final

from hvconsole.sim.board.shell.syntax import (
    Here,
    IncompleteError,
    Output,
    Part,
    Program,
    ShellSyntaxError,
    Sum,
    Text,
    Variable,
    Word,
)

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ENDS_WORD: Final = " \t\n;|&()<>"
_SPECIAL: Final = "@*#?$!-0123456789"
_OPERATORS: Final = ("%%", "##", "%", "#", ":-", "-", ":+", "+", ":=", "=", ":?", "?")
_BLANKS: Final = re.compile(r"(?:[ \t]|\\\n|#[^\n]*)*")
_PLAIN: Final = re.compile(r"[^ \t\n;|&()<>'\"\\$`]+")
_PLAIN_IN_QUOTES: Final = re.compile(r"[^\"\\$`]+")
_ESCAPED_IN_BACKQUOTES: Final = re.compile(r"\\([\\`$])")
_DEEPEST: Final = 60


class WordReader:
    """A place in a text, and what reads words from there on."""

    def __init__(self, text: str, depth: int = 0) -> None:
        self.text = text
        self.at = 0
        self.depth = depth
        self.final = True  # nothing follows the text
        self.due: list[Here] = []  # here-documents whose bodies follow the line

    def program(self) -> Program:
        """Parse commands up to what cannot belong to them; the parser knows how."""
        raise NotImplementedError

    def inside(self, text: str) -> WordReader:
        """Return a reader of a text that is written within this one."""
        return type(self)(text, self.depth + 1)

    def wrong(self) -> ShellSyntaxError:
        """Return the error of what stands here."""
        if self.at >= len(self.text):
            return IncompleteError("Syntax error: end of file unexpected")
        found = self.text[self.at : self.at + 20].split("\n")[0] or "newline"
        return ShellSyntaxError(f'Syntax error: "{found}" unexpected')

    def deeper(self) -> None:
        """Count a level of nesting."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ShellSyntaxError("Syntax error: nested too deeply")

    def peek(self) -> str:
        """Return the next character; nothing at the end."""
        return self.text[self.at : self.at + 1]

    def sees(self, text: str) -> bool:
        """Return whether this text comes next."""
        return self.text.startswith(text, self.at)

    def skip_blanks(self) -> None:
        """Go over blanks, comments and lines that are continued."""
        if match := _BLANKS.match(self.text, self.at):
            self.at = match.end()

    def skip_lines(self) -> None:
        """Go over blanks and line ends."""
        self.skip_blanks()
        while self.peek() == "\n":
            self.end_line()
            self.skip_blanks()

    def end_line(self) -> None:
        """Go over a line's end, and over the here-documents that follow it."""
        self.at += 1
        due, self.due = self.due, []
        for here in due:
            here.body = self._here_body(here)

    def expect(self, char: str) -> None:
        """Go over a character that has to come."""
        self.skip_lines()
        if self.peek() != char:
            raise self.wrong()
        self.at += 1

    def word(self) -> Word:
        """Read one word."""
        start = self.at
        parts = self.parts(ENDS_WORD)
        if self.at == start:
            raise self.wrong()
        return parts

    def parts(self, ends: str) -> Word:
        """Read parts of a word up to one of these characters, or the end of the text."""
        parts: list[Part] = []
        while (char := self.peek()) and char not in ends:
            parts += self._part(char, ends)
        return tuple(parts)

    def _part(self, char: str, ends: str) -> list[Part]:
        match char:
            case "'":
                return [self._single_quoted()]
            case '"':
                self.at += 1
                parts = [Text("", quoted=True), *self.double_quoted('"')]
                self.at += 1
                return parts
            case "\\":
                following = self.text[self.at + 1 : self.at + 2]
                self.at += 2
                return [] if following == "\n" else [Text(following or "\\", quoted=True)]
            case "$" | "`":
                return [self._dollar(quoted=False)]
        plain = _PLAIN.match(self.text, self.at) if ends == ENDS_WORD else None
        text = plain[0] if plain else char
        self.at += len(text)
        return [Text(text)]

    def _single_quoted(self) -> Text:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            raise IncompleteError("Syntax error: Unterminated quoted string")
        text, self.at = self.text[self.at + 1 : end], end + 1
        return Text(text, quoted=True)

    def double_quoted(self, end: str) -> list[Part]:
        """Read up to the end sign (the whole rest where it is empty), which is left."""
        parts: list[Part] = []
        while (char := self.peek()) != end:
            if not char:
                raise IncompleteError("Syntax error: Unterminated quoted string")
            if char in "$`":
                parts.append(self._dollar(quoted=True))
                continue
            if char == '"' and end == "}":
                self.at += 1  # quotes within quotes
                continue
            following = self.text[self.at + 1 : self.at + 2]
            if char == "\\" and following and following in f"$`\\\n{end}":
                parts += [Text(following, quoted=True)] if following != "\n" else []
                self.at += 2
                continue
            plain = _PLAIN_IN_QUOTES.match(self.text, self.at) if end == '"' else None
            text = plain[0] if plain else char
            parts.append(Text(text, quoted=True))
            self.at += len(text)
        return parts

    def _dollar(self, *, quoted: bool) -> Part:
        if self.peek() == "`":
            return self._backquoted(quoted=quoted)
        self.at += 1
        if self.sees("((") and (end := self._end_of_sum()) >= 0:
            inner = self.inside(self.text[self.at + 2 : end])
            inner.deeper()
            self.at = end + 2
            return Sum(tuple(inner.double_quoted("")), quoted)
        if self.peek() == "(":
            self.at += 1
            self.deeper()
            program = self.program()
            self.depth -= 1
            self.expect(")")
            return Output(program, quoted)
        if self.peek() == "{":
            self.at += 1
            return self._braced(quoted=quoted)
        name = self._name()
        return Variable(name, quoted) if name else Text("$", quoted=quoted)

    def _backquoted(self, *, quoted: bool) -> Output:
        end = self.at + 1
        while (char := self.text[end : end + 1]) != "`":
            if not char:
                raise IncompleteError("Syntax error: EOF in backquote substitution")
            end += 2 if char == "\\" else 1
        inner = self.text[self.at + 1 : end]
        self.at = end + 1
        if quoted:
            inner = inner.replace('\\"', '"')
        reader = self.inside(_ESCAPED_IN_BACKQUOTES.sub(r"\1", inner))
        reader.deeper()
        program = reader.program()
        if reader.at < len(reader.text):
            raise ShellSyntaxError("Syntax error: in a backquote substitution")
        return Output(program, quoted)

    def _end_of_sum(self) -> int:
        """Return where the ``))`` of a sum stands; -1 if it is none, such as ``$((a) | b)``."""
        depth = 0
        for at in range(self.at, len(self.text)):
            depth += {"(": 1, ")": -1}.get(self.text[at], 0)
            if depth == 1 and self.text[at] == ")":
                return at if self.text.startswith("))", at) else -1
        raise IncompleteError("Syntax error: missing '))'")

    def _name(self) -> str:
        match = NAME.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
            return match[0]
        char = self.peek()
        if char and char in _SPECIAL:
            self.at += 1
            return char
        return ""

    def _braced(self, *, quoted: bool) -> Variable:
        length = self.peek() == "#" and self.text[self.at + 1 : self.at + 2] not in ("}", "")
        if length:
            self.at += 1
        digits = re.compile(r"\d+").match(self.text, self.at)
        name = digits[0] if digits else self._name()
        if digits:
            self.at = digits.end()
        if not name:
            raise ShellSyntaxError("Bad substitution")
        if self.peek() == "}":
            self.at += 1
            return Variable(name, quoted, "length" if length else "")
        operator = next((each for each in _OPERATORS if self.sees(each)), "")
        if not operator or length:
            raise (
                IncompleteError("Missing '}'")
                if not self.peek()
                else (ShellSyntaxError("Bad substitution"))
            )
        self.at += len(operator)
        # Within quotes an operand is quoted as well, unless it is a pattern.
        plain = quoted and operator[0] not in "%#"
        operand = tuple(self.double_quoted("}")) if plain else self.parts("}")
        if self.peek() != "}":
            raise IncompleteError("Syntax error: Missing '}'")
        self.at += 1
        return Variable(name, quoted, operator, operand)

    def _here_body(self, here: Here) -> Word:
        lines: list[str] = []
        while True:
            if self.at >= len(self.text):
                if self.final:
                    break
                raise IncompleteError("Syntax error: end of file in a here-document")
            end = self.text.find("\n", self.at)
            line = self.text[self.at : end if end >= 0 else len(self.text)]
            self.at = end + 1 if end >= 0 else len(self.text)
            if here.stripped:
                line = line.lstrip("\t")
            if line == here.end:
                break
            lines.append(f"{line}\n")
        text = "".join(lines)
        if here.plain:
            return (Text(text, quoted=True),)
        return tuple(self.inside(text).double_quoted(""))
