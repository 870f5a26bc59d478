"""The simulated U-Boot: words, quotes and variables as hush has them, typed key by key."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from hvconsole.board.uboot_text import command_line
from hvconsole.sim.uboot import PROMPT, UBoot

_PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80)


class Prompt:
    """A U-Boot at its prompt, and what it did."""

    def __init__(self) -> None:
        self.variables = {"soc": "sunxi", "twice": "echo a; echo b"}
        self.shown = ""
        self.wishes: list[str] = []
        self.saved = 0
        self.uboot = UBoot(self.variables, self._out, self.wishes.append, self._save)
        self.uboot.prompt()

    def type(self, line: str) -> str:
        """Type a line and Enter; return what is shown between the line and the next prompt."""
        self.shown = ""
        self.uboot.feed(f"{line}\r".encode())
        return self.shown.removeprefix(f"{line}\r\n").removesuffix(PROMPT)

    def _out(self, text: str) -> None:
        self.shown += text

    def _save(self) -> None:
        self.saved += 1


@given(_PRINTABLE.filter(lambda text: text != ""))
def test_any_value_that_the_house_quotes_arrives(value: str) -> None:
    prompt = Prompt()
    prompt.type(command_line(["setenv", "v", value]))
    assert prompt.variables["v"] == value
    assert prompt.type("printenv v") == f"v={value}\r\n"
    assert prompt.wishes == []


@given(st.text(max_size=80))
def test_whatever_is_typed_the_prompt_comes_back_or_it_is_left(text: str) -> None:
    prompt = Prompt()
    prompt.uboot.feed(text.encode("utf-8", "replace"))
    prompt.uboot.feed(b"\x03")
    assert prompt.shown.endswith(PROMPT) or prompt.wishes in (["boot"], ["reset"])
    prompt.uboot.feed(b"echo still\r")
    assert prompt.shown.endswith(f"still\r\n{PROMPT}") or prompt.wishes


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("echo $soc ${soc} '$soc' \"$soc\"", "sunxi sunxi $soc sunxi\r\n"),
        ("echo a;echo b ; echo $?", "a\r\nb\r\n0\r\n"),
        ("nonsense; echo $?", "Unknown command 'nonsense' - try 'help'\r\n1\r\n"),
        ("__init__", "Unknown command '__init__' - try 'help'\r\n"),
        ("run twice", "a\r\nb\r\n"),
        ("run nothing", '## Error: "nothing" not defined\r\n'),
        ("printenv nothing", '## Error: "nothing" not defined\r\n'),
        ("setenv soc; printenv soc", '## Error: "soc" not defined\r\n'),
        ("", ""),
    ],
)
def test_commands(line: str, shown: str) -> None:
    assert Prompt().type(line) == shown


def test_it_is_left_by_boot_and_reset_and_hears_nothing_then() -> None:
    for word in ("boot", "reset"):
        prompt = Prompt()
        prompt.type(f"{word}; setenv late yes")
        prompt.type("setenv later yes")
        assert prompt.wishes == [word]
        assert {"late", "later"}.isdisjoint(prompt.variables)


def test_a_line_is_edited_and_cut_at_the_buffers_end() -> None:
    prompt = Prompt()
    prompt.uboot.feed(b"ecko\x08\x08ho x\r")
    assert prompt.shown.endswith(f"x\r\n{PROMPT}")
    prompt.type("echo " + "x" * 1000)
    assert prompt.shown.count("x") == 2 * (511 - len("echo "))
    assert "\x07" in prompt.shown


def test_a_variable_that_runs_itself_ends() -> None:
    prompt = Prompt()
    prompt.type("setenv again 'run again; run again'")
    for _ in range(2):
        assert "too many nested commands" in prompt.type("run again")
        assert prompt.shown.endswith(PROMPT)
    assert prompt.type("run twice") == "a\r\nb\r\n"
