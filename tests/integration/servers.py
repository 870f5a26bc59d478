"""Servers that the tests start for themselves: OpenSSH's sshd, and a TCP proxy that can freeze."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from hvconsole.link.ssh_connect import SshFiles
from hvconsole.model.board import SshAddress


@dataclass
class Sshd:
    """One server on 127.0.0.1, with files of its own.

    Attributes:
        folder: Everything of it lies here.
        port: Where it listens.
        user: Who may log in: the one who runs the tests.
        identity: A private key that is let in.
        host_key: The public host key, as in a .pub file, without comment.
    """

    folder: Path
    port: int
    user: str
    identity: Path
    host_key: str
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The name of the server in known_hosts."""
        return f"[127.0.0.1]:{self.port}"

    @property
    def address(self) -> SshAddress:
        return SshAddress(
            host="127.0.0.1", port=self.port, user=self.user, identity=str(self.identity)
        )

    def files(self, known: str | None = None, *, config: str = "") -> SshFiles:
        """Return files of the test's own only.

        Args:
            known: Content of known_hosts; None knows the server.
            config: Content of ssh_config.
        """
        if known is None:
            known = f"{self.name} {self.host_key}\n"
        (self.folder / "known_hosts").write_text(known)
        (self.folder / "ssh_config").write_text(config)
        return SshFiles(
            config=(self.folder / "ssh_config",),
            known_hosts=(self.folder / "known_hosts",),
            accepted=self.folder / "state" / "known_hosts",
            agent="",
        )

    def start(self, program: str, extra: str) -> None:
        """Start the server and wait until it listens."""
        config = self.folder / "sshd_config"
        config.write_text(
            f"ListenAddress 127.0.0.1\nPort {self.port}\nHostKey {self.folder}/host_key\n"
            f"AuthorizedKeysFile {self.folder}/authorized_keys\nPidFile none\nUsePAM no\n"
            "StrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            f"PermitRootLogin yes\nMaxStartups 100\n{extra}"
        )
        with (self.folder / "sshd.log").open("ab") as log:
            words = [program, "-D", "-e", "-f", str(config)]
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=log)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.02)
        pytest.fail(f"sshd does not start: {self.log}")

    @property
    def log(self) -> str:
        return (self.folder / "sshd.log").read_text()

    def stop(self) -> None:
        """End the server; connections that were made live on."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)


class Proxy:
    """A TCP proxy that can freeze: it keeps its connections and passes nothing on any more."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._tasks: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def freeze(self) -> None:
        """Pass nothing on from now on, as a cable that was pulled."""
        self._flowing.clear()

    def cut(self) -> None:
        """Reset all connections."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, near_r: asyncio.StreamReader, near_w: asyncio.StreamWriter) -> None:
        far_r, far_w = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers += [near_w, far_w]
        self._tasks.append(asyncio.create_task(self._pump(near_r, far_w)))
        self._tasks.append(asyncio.create_task(self._pump(far_r, near_w)))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody uses right now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "") -> str:
    """Make a key pair; return the public half without its comment."""
    program = shutil.which("ssh-keygen")
    assert program is not None
    words = [program, "-q", "-t", kind, "-N", passphrase, "-C", "of the tests", "-f", str(path)]
    subprocess.run(words, check=True)
    return " ".join(Path(f"{path}.pub").read_text().split()[:2])


async def eventually(condition: Callable[[], bool], what: str, timeout_s: float = 20.0) -> None:
    """Wait until something is so; fail after a generous while."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {timeout_s:g} s: {what}")
        await asyncio.sleep(0.05)
