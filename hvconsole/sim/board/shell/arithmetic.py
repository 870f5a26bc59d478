"""``$((…))``: whole numbers of 64 bits, C's operators, variables."""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from typing import Final

from hvconsole.sim.board.shell.call import ShellError

_TOKEN: Final = re.compile(
    r"\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_]\w*"
    r"|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%<>=!~&|^()?:])"
)
_BINARY: Final = (
    ("||",),
    ("&&",),
    ("|",),
    ("^",),
    ("&",),
    ("==", "!="),
    ("<", "<=", ">", ">="),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
)
_ASSIGNS: Final = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="})
_DEEPEST: Final = 50
_BITS: Final = 64


def compute(text: str, variables: MutableMapping[str, str]) -> int:
    """Compute an expression; assignments change the variables.

    Raises:
        ShellError: It is none, or divides by zero.
    """
    tokens: list[str] = []
    at, text = 0, text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ShellError(f'arithmetic expression: expecting primary: "{text}"')
        tokens.append(match[1])
        at = match.end()
    if not tokens:
        return 0
    reader = _Expression(tokens, variables, text)
    value = reader.assignment()
    if reader.at < len(tokens):
        raise reader.wrong()
    return value


class _Expression:
    def __init__(self, tokens: list[str], variables: MutableMapping[str, str], text: str) -> None:
        self.tokens = tokens
        self.at = 0
        self._variables = variables
        self._text = text
        self._depth = 0

    def wrong(self) -> ShellError:
        what = "EOF" if self.at < len(self.tokens) else "primary"
        return ShellError(f'arithmetic expression: expecting {what}: "{self._text}"')

    def assignment(self) -> int:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ShellError("arithmetic expression: nested too deeply")
        name, sign = self._peek(), self._peek(1)
        if sign in _ASSIGNS and name[:1].isidentifier():
            self.at += 2
            value = self.assignment()
            if sign != "=":
                value = _applied(sign[:-1], self._value(name), value)
            self._variables[name] = str(value)
        else:
            value = self._choice()
        self._depth -= 1
        return value

    def _choice(self) -> int:
        condition = self._binary(0)
        if self._peek() != "?":
            return condition
        self.at += 1
        first = self.assignment()
        self._expect(":")
        second = self.assignment()
        return first if condition else second

    def _binary(self, level: int) -> int:
        if level == len(_BINARY):
            return self._unary()
        value = self._binary(level + 1)
        while (sign := self._peek()) in _BINARY[level]:
            self.at += 1
            value = _applied(sign, value, self._binary(level + 1))
        return value

    def _unary(self) -> int:
        sign = self._peek()
        self.at += 1
        if sign in ("-", "+", "~", "!"):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise ShellError("arithmetic expression: nested too deeply")
            value = self._unary()
            self._depth -= 1
            return {"-": -value, "+": value, "~": ~value, "!": int(not value)}[sign]
        if sign == "(":
            value = self.assignment()
            self._expect(")")
            return value
        if sign[:1].isdigit():
            return _number(sign)
        if sign[:1].isidentifier():
            return self._value(sign)
        self.at -= 1
        raise self.wrong()

    def _value(self, name: str) -> int:
        text = self._variables.get(name, "").strip() or "0"
        sign = -1 if text.startswith("-") else 1
        digits = text.lstrip("+-")
        if not re.fullmatch(r"0[xX][0-9a-fA-F]+|\d+", digits, re.ASCII):
            raise ShellError(f"Illegal number: {text}")
        return sign * _number(digits)

    def _peek(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else ""

    def _expect(self, sign: str) -> None:
        if self._peek() != sign:
            raise self.wrong()
        self.at += 1


def _number(text: str) -> int:
    if len(text) > _BITS:
        raise ShellError(f"Illegal number: {text[:20]}…")
    if text[:2].lower() == "0x":
        return _wrapped(int(text, 16))
    if text.startswith("0") and len(text) > 1:
        if not re.fullmatch("[0-7]+", text):
            raise ShellError(f"Illegal number: {text}")
        return _wrapped(int(text, 8))
    return _wrapped(int(text))


def _applied(sign: str, left: int, right: int) -> int:
    if sign in ("/", "%"):
        if not right:
            raise ShellError("arithmetic expression: division by zero")
        whole = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return _wrapped(whole if sign == "/" else left - right * whole)
    shift = right % _BITS
    plain: dict[str, Callable[[], int]] = {
        "||": lambda: int(bool(left or right)),
        "&&": lambda: int(bool(left and right)),
        "|": lambda: left | right,
        "^": lambda: left ^ right,
        "&": lambda: left & right,
        "==": lambda: int(left == right),
        "!=": lambda: int(left != right),
        "<": lambda: int(left < right),
        "<=": lambda: int(left <= right),
        ">": lambda: int(left > right),
        ">=": lambda: int(left >= right),
        "<<": lambda: left << shift,
        ">>": lambda: left >> shift,
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
    }
    return _wrapped(plain[sign]())


def _wrapped(value: int) -> int:
    """Return a number as 64 bits with a sign hold it."""
    half = 1 << (_BITS - 1)
    return (value + half) % (2 * half) - half
