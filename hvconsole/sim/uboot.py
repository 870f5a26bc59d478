"""U-Boot at the simulated board's serial line: enough of it to choose what is booted.

Pure: keys in, text out, and what is to be done. Words, quotes and variables are those of hush.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal

BANNER: Final = "U-Boot 2023.01+dfsg-2 (Jan 01 2023 - 00:00:00 +0000) Allwinner Technology"
SPL: Final = (
    "",
    "U-Boot SPL 2023.01+dfsg-2 (Jan 01 2023 - 00:00:00 +0000)",
    "DRAM: 1024 MiB",
    "CPU: 912000000Hz, AXI/AHB/APB: 3/2/2",
    "Trying to boot from MMC1",
    "",
    "",
    BANNER,
    "",
    "CPU:   Allwinner A20 (SUN7I)",
    "Model: LeMaker Banana Pi",
    "I2C:   ready",
    "DRAM:  1 GiB",
    "MMC:   mmc@1c0f000: 0",
    "Loading Environment from FAT... OK",
    "In:    serial",
    "Out:   serial",
    "Err:   serial",
    "Net:   eth0: ethernet@1c50000",
)
PROMPT: Final = "=> "
_LONGEST: Final = 511
# A variable may run itself; on a board that ends when the stack does.
_MOST_RUNS: Final = 500
_DEEPEST: Final = 50
_BACKSPACE: Final = "\x08\x7f"
_WORD = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|\\(.)|([^\s;'\"\\]+)|(;)|(\s+)")
_VARIABLE = re.compile(r"\$\{([^}]*)\}|\$(\?|[A-Za-z_]\w*)")

Wish = Literal["boot", "reset"]


class UBoot:
    """One U-Boot, from its prompt to what leaves it.

    Args:
        variables: The environment; it is changed.
        out: Where the text goes.
        leave: Told what is to be done: boot, or reset.
        save: Called by ``saveenv``.
    """

    def __init__(
        self,
        variables: dict[str, str],
        out: Callable[[str], None],
        leave: Callable[[Wish], None],
        save: Callable[[], None] = lambda: None,
    ) -> None:
        self._variables, self._out, self._leave, self._save = variables, out, leave, save
        self._typed = ""
        self._status = 0
        self._gone = False
        self._runs = self._depth = 0

    def prompt(self) -> None:
        """Show that it waits."""
        self._out(PROMPT)

    def feed(self, data: bytes) -> None:
        """Take keys."""
        for key in data.decode("ascii", "ignore"):
            if self._gone:
                return
            self._key(key)

    def _key(self, key: str) -> None:
        if key == "\r":
            self._out("\r\n")
            line, self._typed = self._typed, ""
            self._runs = self._depth = 0
            self.run(line)
            if not self._gone:
                self.prompt()
        elif key == "\x03":
            self._typed = ""
            self._out("<INTERRUPT>\r\n")
            self.prompt()
        elif key in _BACKSPACE:
            if self._typed:
                self._typed = self._typed[:-1]
                self._out("\x08 \x08")
        elif len(self._typed) >= _LONGEST:
            self._out("\x07")
        elif key.isprintable():
            self._typed += key
            self._out(key)

    def run(self, line: str) -> None:
        """Run a line: commands between semicolons, one after another."""
        for words in self._commands(line):
            if words and not self._gone:
                expanded = [self._expand(word) if open_ else word for word, open_ in words]
                self._status = self._run(expanded)

    def _commands(self, line: str) -> list[list[tuple[str, bool]]]:
        """Take a line apart: commands of words, each with whether variables count in it."""
        commands: list[list[tuple[str, bool]]] = [[]]
        word: list[tuple[str, bool]] = []

        def ready() -> None:
            if word:
                commands[-1].append(("".join(text for text, _ in word), any(o for _, o in word)))
                word.clear()

        for match in _WORD.finditer(line):
            single, double, escaped, plain, semicolon, blank = match.groups()
            if semicolon or blank:
                ready()
                if semicolon:
                    commands.append([])
            elif single is not None:
                word.append((single, False))
            elif double is not None:
                word.append((double, True))
            else:
                word.append((escaped or plain, escaped is None))
        ready()
        return commands

    def _expand(self, word: str) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2] or ""
            return str(self._status) if name == "?" else self._variables.get(name, "")

        return _VARIABLE.sub(value, word)

    def _run(self, words: list[str]) -> int:
        name, *rest = words
        command = getattr(self, f"_do_{name}", None)
        if command is None or not name.isidentifier():
            self._out(f"Unknown command '{name}' - try 'help'\r\n")
            return 1
        status: int = command(rest)
        return status

    def _do_setenv(self, words: list[str]) -> int:
        if not words:
            self._out("setenv - set environment variables\r\n")
            return 1
        name, *value = words
        if value:
            self._variables[name] = " ".join(value)
        else:
            self._variables.pop(name, None)
        return 0

    def _do_printenv(self, words: list[str]) -> int:
        status = 0
        for name in words or sorted(self._variables):
            if name in self._variables:
                self._out(f"{name}={self._variables[name]}\r\n")
            else:
                self._out(f'## Error: "{name}" not defined\r\n')
                status = 1
        return status

    def _do_saveenv(self, _words: list[str]) -> int:
        self._save()
        self._out("Saving Environment to FAT... OK\r\n")
        return 0

    def _do_run(self, words: list[str]) -> int:
        for name in words:
            if name not in self._variables:
                self._out(f'## Error: "{name}" not defined\r\n')
                return 1
            self._runs += 1
            if self._runs > _MOST_RUNS or self._depth > _DEEPEST:
                self._out("## Error: too many nested commands\r\n")
                return 1
            self._depth += 1
            self.run(self._variables[name])
            self._depth -= 1
        return self._status

    def _do_echo(self, words: list[str]) -> int:
        self._out(" ".join(words) + "\r\n")
        return 0

    def _do_version(self, _words: list[str]) -> int:
        self._out(f"{BANNER}\r\n")
        return 0

    def _do_boot(self, _words: list[str]) -> int:
        self._gone = True
        self._leave("boot")
        return 0

    def _do_reset(self, _words: list[str]) -> int:
        self._out("resetting ...\r\n")
        self._gone = True
        self._leave("reset")
        return 0

    def _do_help(self, _words: list[str]) -> int:
        names = sorted(name.removeprefix("_do_") for name in dir(self) if name.startswith("_do_"))
        for name in names:
            self._out(f"{name}\r\n")
        return 0
