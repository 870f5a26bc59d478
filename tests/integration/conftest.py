"""Fixtures of the integration tests: a real sshd, and links to it."""

import asyncio
import gc
import getpass
import os
import pty
import tty
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from probe_runs import programs, start  # noqa: F401  # fixtures of the tests of probes/
from servers import Proxy, Sshd, free_port, make_key

from hvconsole.board.journal import Journal
from hvconsole.link.local import LocalLink
from hvconsole.link.ssh import SshLink

MakeSshd = Callable[..., Sshd]

_SFTP = "Subsystem sftp internal-sftp\n"


@pytest.fixture
async def no_stray_errors() -> AsyncIterator[None]:
    """Fail if an error was left to the event loop, which would write it across the screen."""
    stray: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: stray.append(context))
    yield
    await asyncio.sleep(0)
    gc.collect()
    assert stray == []


@pytest.fixture
def make_sshd(tmp_path: Path, require: Callable[[str], str]) -> Iterator[MakeSshd]:
    """Start servers as needed: ``make_sshd()``, ``make_sshd("MaxSessions 1\\n", sftp=False)``."""
    program = require("sshd")
    require("ssh-keygen")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd refuses to start without
    servers: list[Sshd] = []

    def make(extra: str = "", *, sftp: bool = True) -> Sshd:
        folder = tmp_path / f"sshd{len(servers)}"
        folder.mkdir()
        host_key = make_key(folder / "host_key")
        identity = folder / "identity"
        (folder / "authorized_keys").write_text(make_key(identity) + "\n")
        server = Sshd(folder, free_port(), getpass.getuser(), identity, host_key)
        servers.append(server)
        server.start(program, (_SFTP if sftp else "") + extra)
        return server

    yield make
    for server in servers:
        server.stop()


@pytest.fixture
def sshd(make_sshd: MakeSshd) -> Sshd:
    """One server with the usual settings."""
    return make_sshd()


@pytest.fixture
async def link(sshd: Sshd) -> AsyncIterator[SshLink]:
    """An open link to it."""
    ssh = SshLink(sshd.address, files=sshd.files())
    await ssh.open()
    yield ssh
    await ssh.close()


@pytest.fixture
async def proxy(sshd: Sshd) -> AsyncIterator[Proxy]:
    """A proxy in front of the server."""
    async with Proxy(sshd.port) as running:
        yield running


@pytest.fixture
def line() -> Iterator[tuple[int, str]]:
    """A pty: our end, and the path of the one that a console opens."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    yield ours, os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


@pytest.fixture
async def local() -> AsyncIterator[LocalLink]:
    """This machine."""
    link = LocalLink()
    await link.open()
    yield link
    await link.close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal of its own."""
    journal = Journal("here", folder=tmp_path / "journal")
    yield journal
    journal.close()
