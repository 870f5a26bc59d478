"""Text to `syntax`: a recursive descent, one method a rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hvconsole.sim.board.shell.syntax import (
    AndOr,
    Block,
    Case,
    Command,
    For,
    Function,
    Here,
    If,
    Pipeline,
    Program,
    Redirection,
    ShellSyntaxError,
    Simple,
    Text,
    While,
    Word,
)
from hvconsole.sim.board.shell.words import ENDS_WORD, NAME, WordReader

_FUNCTION: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)[ \t]*\([ \t]*\)")
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_REDIRECTION: Final = re.compile(r"(\d?)(>>|>&|<&|>\||<<-|<<|<>|<|>)")
_ENDS: Final = frozenset({"then", "else", "elif", "fi", "do", "done", "esac", "}"})


def parse(text: str, *, final: bool = True) -> Iterator[Program]:
    """Parse a script line by line: what stands before an error can be run.

    Args:
        text: The script.
        final: Nothing follows, so that the end of the text ends a here-document as well.

    Raises:
        IncompleteError: More has to follow.
        ShellSyntaxError: It is none.
    """
    parser = _Parser(text)
    parser.final = final
    while True:
        try:
            program = parser.line()
        except RecursionError:
            raise ShellSyntaxError("Syntax error: nested too deeply") from None
        if not program.lines:
            return
        yield program


class _Parser(WordReader):
    def line(self) -> Program:
        """Parse up to the end of a line that ends a command; nothing at the end of the text."""
        lines: list[AndOr] = []
        self.skip_lines()
        while self.at < len(self.text):
            lines.append(self._and_or())
            self.skip_blanks()
            sign = self.peek()
            if sign == "\n":
                self.end_line()
                break
            if sign not in (";", "&", "") or self.sees(";;"):
                raise self.wrong()
            self.at += 1
            if sign == "&":
                lines[-1] = AndOr(lines[-1].parts, background=True)
            self.skip_blanks()
            if self.peek() == "\n":
                self.end_line()
                break
        if self.due:
            self.end_line()
        return Program(tuple(lines))

    def program(self) -> Program:
        lines: list[AndOr] = []
        self.skip_lines()
        while self.at < len(self.text) and not self._at_an_end():
            lines.append(self._and_or())
            self.skip_blanks()
            sign = self.peek()
            if sign not in ("\n", ";", "&") or self.sees(";;"):
                break
            if sign == "\n":
                self.end_line()
            else:
                self.at += 1
            if sign == "&":
                lines[-1] = AndOr(lines[-1].parts, background=True)
            self.skip_lines()
        return Program(tuple(lines))

    def _at_an_end(self) -> bool:
        return self.peek() == ")" or self.sees(";;") or self._ahead() in _ENDS

    def _and_or(self) -> AndOr:
        parts = [("", self._pipeline())]
        while True:
            self.skip_blanks()
            operator = self.text[self.at : self.at + 2]
            if operator not in ("&&", "||"):
                return AndOr(tuple(parts))
            self.at += 2
            self.skip_lines()
            parts.append((operator, self._pipeline()))

    def _pipeline(self) -> Pipeline:
        self.skip_blanks()
        negated = self._ahead() == "!"
        if negated:
            self.at += 1
        commands = [self._command()]
        while True:
            self.skip_blanks()
            if self.peek() != "|" or self.sees("||"):
                return Pipeline(tuple(commands), negated)
            self.at += 1
            self.skip_lines()
            commands.append(self._command())

    def _command(self) -> Command:
        self.skip_blanks()
        self.deeper()
        try:
            return self._compound() or self._simple()
        finally:
            self.depth -= 1

    def _compound(self) -> Command | None:  # noqa: PLR0911  # one arm a word
        if self.peek() == "(":
            self.at += 1
            body = self._body()
            self.expect(")")
            return Block(body, own=True, redirections=self._redirections())
        match self._ahead():
            case "{":
                self.at += 1
                body = self._body()
                self._expect_word("}")
                return Block(body, own=False, redirections=self._redirections())
            case "for":
                return self._for()
            case "case":
                return self._case()
            case "while" | "until" as word:
                self.at += len(word)
                condition = self._body()
                return While(condition, self._do(), word == "until", self._redirections())
            case "if":
                return self._if()
        if function := _FUNCTION.match(self.text, self.at):
            self.at = function.end()
            self.skip_lines()
            return Function(function[1], self._command())
        return None

    def _body(self) -> Program:
        """Parse commands where there has to be at least one."""
        body = self.program()
        if not body.lines:
            raise self.wrong()
        return body

    def _for(self) -> For:
        self._expect_word("for")
        self.skip_blanks()
        name = NAME.match(self.text, self.at)
        if name is None:
            raise self.wrong()
        self.at = name.end()
        self.skip_lines()
        words: list[Word] | None = None
        if self._ahead() == "in":
            self.at += 2
            words = []
            self.skip_blanks()
            while self.peek() not in ("", "\n", ";"):
                words.append(self.word())
                self.skip_blanks()
        if self.peek() == ";":
            self.at += 1
        body = self._do()
        return For(name[0], None if words is None else tuple(words), body, self._redirections())

    def _do(self) -> Program:
        self._expect_word("do")
        body = self._body()
        self._expect_word("done")
        return body

    def _case(self) -> Case:
        self._expect_word("case")
        self.skip_blanks()
        word = self.word()
        self._expect_word("in")
        arms: list[tuple[tuple[Word, ...], Program]] = []
        self.skip_lines()
        while self._ahead() != "esac":
            if self.peek() == "(":
                self.at += 1
            patterns = [self._pattern()]
            while self.peek() == "|":
                self.at += 1
                patterns.append(self._pattern())
            self.expect(")")
            arms.append((tuple(patterns), self.program()))
            if self.sees(";;"):
                self.at += 2
            self.skip_lines()
            if self.at >= len(self.text):
                raise self.wrong()
        self._expect_word("esac")
        return Case(word, tuple(arms), self._redirections())

    def _pattern(self) -> Word:
        self.skip_blanks()
        pattern = self.word()
        self.skip_blanks()
        return pattern

    def _if(self) -> If:
        branches: list[tuple[Program, Program]] = []
        otherwise: Program | None = None
        self._expect_word("if")
        while True:
            condition = self._body()
            self._expect_word("then")
            branches.append((condition, self._body()))
            self.skip_lines()
            word = self._ahead()
            self._expect_word(word if word in ("elif", "else") else "fi")
            if word == "else":
                otherwise = self._body()
                self._expect_word("fi")
            if word != "elif":
                return If(tuple(branches), otherwise, self._redirections())

    def _simple(self) -> Simple:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        while True:
            self.skip_blanks()
            if (redirection := self._redirection()) is not None:
                redirections.append(redirection)
            elif self.peek() == "" or self.peek() in ENDS_WORD:
                break
            elif not words and (assigned := _ASSIGNMENT.match(self.text, self.at)):
                self.at = assigned.end()
                assignments.append((assigned[1], self.parts(ENDS_WORD)))
            else:
                words.append(self.word())
        if not (assignments or words or redirections):
            raise self.wrong()
        return Simple(tuple(assignments), tuple(words), tuple(redirections))

    def _redirections(self) -> tuple[Redirection, ...]:
        found: list[Redirection] = []
        while True:
            self.skip_blanks()
            redirection = self._redirection()
            if redirection is None:
                return tuple(found)
            found.append(redirection)

    def _redirection(self) -> Redirection | None:
        match = _REDIRECTION.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        self.skip_blanks()
        operator = match[2].replace(">|", ">")
        number = int(match[1] or ("0" if operator.startswith("<") else "1"))
        target = self.word()
        if not operator.startswith("<<"):
            return Redirection(number, operator, target)
        plain = any(isinstance(part, Text) and part.quoted for part in target)
        end = "".join(part.text for part in target if isinstance(part, Text))
        here = Here(end, operator.endswith("-"), plain)
        self.due.append(here)
        return Redirection(number, "<<", here)

    def _ahead(self) -> str:
        """Return the word that comes next as it is written; quotes make it no reserved one."""
        end = self.at
        while end < len(self.text) and self.text[end] not in ENDS_WORD:
            end += 1
        return self.text[self.at : end]

    def _expect_word(self, word: str) -> None:
        self.skip_lines()
        if self._ahead() != word:
            raise self.wrong()
        self.at += len(word)
