"""A guest's console as a program's input and output, and a link over the shell behind it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hvconsole.link.local import LocalLink
from hvconsole.link.process_line import ProcessLine
from hvconsole.link.serial_shell import SerialShellLink
from hvconsole.model.problem import LinkProblem

# What xenconsole does: bytes through, until its input ends or the lone key comes.
CONSOLE = """
import os, pty, select
pid, fd = pty.fork()
if not pid:
    os.environ |= {"PS1": "/ # ", "TERM": "dumb"}
    os.execvp("sh", ["sh", "-i"])
while True:
    for ready in select.select([0, fd], [], [])[0]:
        data = os.read(ready, 60)
        if not data or data == b"\\x1d":
            raise SystemExit(0)
        os.write(fd if ready == 0 else 1, data)
"""


@pytest.fixture
async def host() -> AsyncIterator[LocalLink]:
    link = LocalLink()
    await link.open()
    yield link
    await link.close()


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "console.py"
    path.write_text(CONSOLE)
    return path


def console_of(host: LocalLink, program: Path, leave: bytes = b"") -> ProcessLine:
    words = [sys.executable, str(program)]
    return ProcessLine(host, words, name="the console of it", leave=leave)


async def test_a_shell_behind_a_console_is_a_link(host: LocalLink, program: Path) -> None:
    line = console_of(host, program)
    guest = SerialShellLink(line)
    await guest.open()
    assert guest.name == "a shell on the console of it"
    done = await guest.run(["sh", "-c", "cat; echo err >&2; exit 3"], stdin=bytes(range(256)))
    assert (done.status, done.stdout, done.stderr) == (3, bytes(range(256)), b"err\n")
    # The way to the board is free for others meanwhile: a console takes one place on it.
    assert (await host.run(["echo", "beside"])).stdout == b"beside\n"
    await guest.close()
    assert not line.is_open
    assert line.state == "closed"


async def test_what_is_said_goes_to_all_who_listen_and_is_kept(
    host: LocalLink, program: Path
) -> None:
    line = console_of(host, program, leave=b"\x1d")
    heard: list[bytes] = []
    stop = line.subscribe(heard.append)
    await line.open()
    line.write(b"echo o''ne\n")
    while b"one" not in line.scrollback:
        await asyncio.sleep(0.01)
    assert b"one" in b"".join(heard)
    stop()
    before = len(heard)
    line.write(b"echo t''wo\n")
    while b"two" not in line.scrollback:
        await asyncio.sleep(0.01)
    assert len(heard) == before
    await line.close()
    await line.close()
    with pytest.raises(LinkProblem, match="not open"):
        line.write(b"x")


async def test_a_console_that_is_refused_says_why(host: LocalLink, program: Path) -> None:
    program.write_text("import sys; sys.exit('Unable to attach console')")
    line = console_of(host, program)
    with pytest.raises(LinkProblem, match="the console of it cannot be reached") as caught:
        await SerialShellLink(line).open()
    assert "Unable to attach console" in caught.value.detail
    assert not line.is_open


async def test_a_guest_that_goes_takes_its_link_with_it(host: LocalLink, program: Path) -> None:
    line = console_of(host, program)
    guest = SerialShellLink(line)
    await guest.open()
    line.write(b"\x1d")  # the program ends, as xenconsole does when a domain is destroyed
    reason = await asyncio.wait_for(guest.closed(), 10)
    assert isinstance(reason, LinkProblem)
    assert "the console of it" in reason.title
    await guest.close()
