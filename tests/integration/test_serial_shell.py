"""The link over a serial shell, on a real pty with a real shell or a login behind it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import random
import shutil
import signal
import sys
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hvconsole.link.serial_shell import SerialShellLink
from hvconsole.link.serial_shell_login import Login
from hvconsole.model.problem import BoardProblem, LinkProblem

GETTY = """
import getpass, os, sys
print("Debian GNU/Linux 12 board ttyS0\\n")
while True:
    user = input("board login: ")
    if not user:
        continue
    word = getpass.getpass("Password: ", sys.stdout) if {password!r} else ""
    if user == "root" and word == {password!r}:
        break
    print("\\nLogin incorrect")
pid = os.fork()
if not pid:
    os.execlp("sh", "sh", "-i")
os.waitpid(pid, 0)
print("GOODBYE", flush=True)
input()
"""
KERNEL = b"[   12.345678] usb 1-1: new high-speed USB device number 2\r\n"


class Wire:
    """A program on a pty; what passes can be slowed to a line's speed, and have noise in it."""

    name = "the test's line"

    def __init__(self, argv: list[str], *, noise_every: int = 0, bytes_per_s: int = 0) -> None:
        self.heard = bytearray()
        self.is_open = True
        self.state = "open"
        self._noise_every = noise_every
        self._rate = bytes_per_s
        self._since_noise = 0
        self._random = random.Random(1)
        self._sinks: list[Callable[[bytes], None]] = []
        self._pid, self.master = pty.fork()
        if self._pid == 0:
            os.environ |= {"PS1": "board# ", "TERM": "dumb"}
            os.execvp(argv[0], argv)  # noqa: S606  # the shell under test
        os.set_blocking(self.master, False)
        self._pump = asyncio.create_task(self._read())

    def subscribe(self, callback: Callable[[bytes], None]) -> Callable[[], None]:
        self._sinks.append(callback)
        return lambda: self._sinks.remove(callback) if callback in self._sinks else None

    def write(self, data: bytes) -> None:
        if not self.is_open:
            raise LinkProblem("the line is not open")
        os.write(self.master, data)

    @property
    def scrollback(self) -> bytes:
        return bytes(self.heard)

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    @property
    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    async def end(self) -> None:
        self._pump.cancel()
        await asyncio.gather(self._pump, return_exceptions=True)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        os.close(self.master)
        os.waitpid(self._pid, 0)

    async def _read(self) -> None:
        size = max(self._rate // 50, 1) if self._rate else 4096
        while True:
            await asyncio.sleep(0.02 if self._rate else 0.001)
            with contextlib.suppress(BlockingIOError, OSError):
                self._hand_on(os.read(self.master, size))

    def _hand_on(self, data: bytes) -> None:
        self._since_noise += len(data)
        if self._noise_every and self._since_noise > self._noise_every:
            self._since_noise = 0
            at = self._random.randrange(len(data) + 1)
            data = data[:at] + KERNEL + data[at:]
        self.heard += data
        for sink in tuple(self._sinks):
            sink(data)


@asynccontextmanager
async def wire(*argv: str, **options: int) -> AsyncIterator[Wire]:
    made = Wire(list(argv) or ["sh", "-i"], **options)
    try:
        yield made
    finally:
        await made.end()


@asynccontextmanager
async def opened(line: Wire, login: Login | None = None) -> AsyncIterator[SerialShellLink]:
    link = SerialShellLink(line, login)
    await link.open()
    try:
        yield link
    finally:
        await link.close()


def work_folders() -> set[Path]:
    return set(Path("/tmp").glob(".hvconsole.*"))  # where the loop works on a board


def getty(password: str = "") -> tuple[str, str, str]:
    return sys.executable, "-c", GETTY.format(password=password)


async def test_a_command_its_status_and_both_outputs() -> None:
    async with wire() as line, opened(line) as link:
        done = await link.run(["sh", "-c", "cat; echo wrong >&2; exit 7"], stdin=b"\0\xff\x03in\n")
        assert (done.status, done.stdout, done.stderr) == (7, b"\0\xff\x03in\n", b"wrong\n")
        words = ["printf", "%s|", "a'b", 'c"d $HOME `x`', "e\nf", "ü\x03", "\\n", ""]
        assert (await link.run(words)).stdout == "".join(f"{w}|" for w in words[2:]).encode()


async def test_a_board_without_cksum_counts_by_sha256sum(tmp_path: Path) -> None:
    """Debian's static BusyBox is such: its shell has no ``cksum``."""
    programs = "sh cat cut sed grep base64 gzip sha256sum stty mkdir mv chmod rm wc env dd"
    for name in programs.split():
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    async with wire("env", "-i", f"PATH={tmp_path}", "sh", "-i") as line, opened(line) as link:
        assert (await link.run(["cksum"])).status == 127
        done = await link.run(["cat"], stdin=bytes(range(256)) * 20)
        assert done.stdout == bytes(range(256)) * 20
        await link.put(b"content", str(tmp_path / "it"), mode=0o600)
        assert (tmp_path / "it").read_bytes() == b"content"


async def test_messages_of_the_kernel_in_between_change_nothing() -> None:
    data = bytes(range(256)) * 40
    async with wire(noise_every=700) as line, opened(line) as link:
        done = await link.run(["cat"], stdin=data)
        assert done.stdout == data
        assert line.heard.count(KERNEL) > 5


async def test_a_file_arrives_whole_or_not_at_all(tmp_path: Path) -> None:
    data = os.urandom(20_000)
    async with wire(noise_every=3000) as line, opened(line) as link:
        await link.put(data, str(tmp_path / "it"), mode=0o750)
        assert (tmp_path / "it").read_bytes() == data
        assert (tmp_path / "it").stat().st_mode & 0o777 == 0o750
        with pytest.raises(BoardProblem, match="cannot write"):
            await link.put(data, str(tmp_path / "missing" / "it"))
        assert [path.name for path in tmp_path.iterdir()] == ["it"]


async def test_a_process_streams_is_typed_to_and_ends() -> None:
    got = bytearray()
    async with wire() as line, opened(line) as link:
        words = ["sh", "-c", "echo begun; dd bs=1 count=2 2>/dev/null; echo over >&2; exit 5"]
        process = await link.stream(words, got.extend)
        with pytest.raises(BoardProblem, match="one program at a time"):
            await link.run(["true"])
        process.write(b"hq")
        assert await process.wait() == 5
        assert b"begun\n" in got
        assert b"hq" in got
        assert process.stderr == b"over\n"
        assert (await link.run(["echo", "on"])).stdout == b"on\n"


async def test_what_does_not_end_is_interrupted() -> None:
    async with wire() as line, opened(line) as link:
        process = await link.stream(["sleep", "60"], lambda _: None)
        process.close_stdin()
        assert await process.wait() == 130
        with pytest.raises(BoardProblem, match="did not end within"):
            await link.run(["sleep", "60"], timeout=0.5)
        assert (await link.run(["echo", "on"])).stdout == b"on\n"


async def test_the_line_is_left_as_found() -> None:
    before = work_folders()
    async with wire() as line:
        async with opened(line):
            assert not line.echoes
            assert work_folders() - before
        await asyncio.sleep(0.3)
        assert line.echoes
        assert not work_folders() - before
        assert line.heard.rstrip(b" ").endswith(b"board#")


async def test_an_echo_is_waited_for_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guest's console under emulation echoes some twenty characters a second."""
    monkeypatch.setattr("hvconsole.link.serial_shell_loop._START_S", 0.3)
    async with wire(bytes_per_s=100) as line, opened(line) as link:
        assert (await link.run(["echo", "it is there"])).text == "it is there\n"


async def test_what_a_console_that_died_left_on_the_line_is_ended() -> None:
    before = work_folders()
    async with wire() as line:
        dead = SerialShellLink(line)
        await dead.open()
        line._sinks.clear()  # it hears nothing more, and ends nothing
        async with opened(line) as link:
            assert (await link.run(["echo", "again"])).text == "again\n"
        assert line.echoes
        assert work_folders() == before
        await dead.close()


@pytest.mark.parametrize("password", ["", "secret"])
async def test_logs_in_and_out(password: str) -> None:
    async with wire(*getty(password)) as line:
        asked: list[str] = []

        def ask(user: str) -> str:
            asked.append(user)
            return password

        async with opened(line, Login("root", ask)) as link:
            assert (await link.run(["echo", "in"])).stdout == b"in\n"
        await asyncio.sleep(0.5)
        assert b"GOODBYE" in line.heard
        assert asked == (["root"] if password else [])


async def test_a_wrong_password_is_told() -> None:
    async with wire(*getty("secret")) as line:
        with pytest.raises(BoardProblem, match="does not let root in"):
            await SerialShellLink(line, Login("root", lambda _: "guess")).open()


async def test_a_boot_loader_is_told() -> None:
    program = "while True: input('=> ')"
    async with wire(sys.executable, "-c", program) as line:
        with pytest.raises(BoardProblem, match="boot loader"):
            await SerialShellLink(line).open()


async def test_a_lost_line_is_told() -> None:
    async with wire() as line:
        link = SerialShellLink(line)
        await link.open()
        line.is_open, line.state = False, "waiting for the adapter"
        reason = await link.closed()
        assert isinstance(reason, LinkProblem)
        assert "was lost" in reason.title
        line.is_open = True
        await link.close()
