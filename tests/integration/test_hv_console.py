"""A domain's console on a person's terminal and in a pipe, on the simulated board under Xen."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hvconsole.cli import main
from hvconsole.config.resources import resource_dir
from hvconsole.sim import keep

SHELL = resource_dir("cells") / "xen" / "shell.cfg"
CONSOLE = [sys.executable, "-m", "hvconsole", "hv", "sim", "console"]
PATIENCE_S = 60.0


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("CONFIG", "STATE", "SESSIONS"):
        monkeypatch.setenv(f"HVCONSOLE_{name}_DIR", str(tmp_path / name.lower()))
    assert main(["sim", "start", "--mode", "xen-credit"]) == 0
    try:
        assert main(["hv", "sim", "create", str(SHELL)]) == 0
        yield
    finally:
        keep.stop()


class Terminal:
    """The command on a terminal of its own."""

    def __init__(self, guest: str) -> None:
        self._ours, theirs = pty.openpty()
        self.before = termios.tcgetattr(theirs)
        self._theirs = theirs
        self.process = subprocess.Popen(
            [*CONSOLE, guest], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        self.said = ""

    @property
    def settings(self) -> list[object]:
        return termios.tcgetattr(self._theirs)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def until(self, text: str) -> str:
        """Wait for a text; what was said up to it is forgotten, and returned."""
        ends = time.monotonic() + PATIENCE_S
        while text not in self.said:
            left = ends - time.monotonic()
            assert left > 0, f"{text!r} not in {self.said!r}"
            if select.select([self._ours], [], [], left)[0]:
                self.said += os.read(self._ours, 4096).decode(errors="replace")
        before, _, self.said = self.said.partition(text)
        return before

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for one in (self._ours, self._theirs):
            os.close(one)


@contextlib.contextmanager
def terminal(guest: str) -> Iterator[Terminal]:
    one = Terminal(guest)
    try:
        yield one
    finally:
        one.end()


def test_a_person_types_to_a_domain_and_leaves_it(shell: None) -> None:
    with terminal("shell") as person:
        person.until("the console of shell; Ctrl-] leaves it")
        person.until("# ")  # what it said before stands below that line
        person.type("echo sum-$((40+2))\r")
        person.until("sum-42")
        assert person.settings != person.before  # each key goes there as it is typed
        person.type("\x1d")
        assert person.process.wait(PATIENCE_S) == 0
        assert person.settings == person.before
    with terminal("shell") as person:  # it was let go of, so that it can be taken again
        person.until("leaves it")
        person.type("echo again-$((40+3))\r")
        person.until("again-43")
        assert main(["hv", "sim", "destroy", "shell", "--yes"]) == 0
        person.until("the console of shell has ended")
        assert person.process.wait(PATIENCE_S) == 1
        assert person.settings == person.before


def test_keys_that_are_typed_before_it_is_open_are_not_lost(shell: None) -> None:
    with terminal("shell") as person:
        person.type("echo ahead-$((40+4))\r")
        person.until("leaves it")
        person.until("ahead-44")
        person.type("echo then-$((40+5))\r")
        person.until("then-45")


def test_in_a_pipe(shell: None) -> None:
    def piped(text: str, guest: str = "shell") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*CONSOLE, guest],
            input=text,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    done = piped("uname -m; echo sum-$((40+2))\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "sum-42" in done.stdout.splitlines()
    assert "Ctrl-]" not in done.stdout

    done = piped("", "no\x1bbody")
    assert done.returncode != 0
    assert "there is no guest 'no" in done.stderr
    assert "fix: there are: shell" in done.stderr
    assert "\x1b" not in done.stderr

    done = piped("", "Domain-0")
    assert done.returncode != 0
    assert "dom0's console is the board's own" in done.stderr

    words = ["sh", "-c", 'exec "$@" <&-', "sh", *CONSOLE, "shell"]  # no input at all
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "sum-42" not in done.stdout, "it was read before"


def test_one_at_a_time_has_a_console_and_what_was_read_is_not_repeated(shell: None) -> None:
    with terminal("shell") as person:
        person.until("# ")
        person.type("echo once-$((40+2))\r")
        person.until("once-42")
        done = subprocess.run(
            [*CONSOLE, "shell"], input="", capture_output=True, text=True, timeout=PATIENCE_S,
            check=False,
        )  # fmt: skip
        assert done.returncode == 1
        assert "Could not lock /var/lock/xenconsole." in done.stderr
        person.type("\x1d")
        assert person.process.wait(PATIENCE_S) == 0
    with terminal("shell") as person:
        person.until("leaves it")
        person.type("echo again-$((40+3))\r")
        said = person.until("again-43")
        assert "once-42" not in said
