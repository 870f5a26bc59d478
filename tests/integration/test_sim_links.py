"""The simulated board over the house's own links: SSH with its host key, and the serial line."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import msgspec
import pytest
from sim_boards import address_of, serial_line, ssh_link

from hvconsole.link.protocol import HostKeyProblem
from hvconsole.link.ssh import MAX_CHANNELS, SshLink
from hvconsole.model.board import BoardProfile
from hvconsole.model.problem import BoardProblem, LinkProblem
from hvconsole.sim.options import SimOptions
from hvconsole.sim.start import simulated_board


@pytest.fixture
async def board(own_folders: Path) -> AsyncIterator[BoardProfile]:
    async with simulated_board(SimOptions(seed=3)) as profile:
        yield profile


@pytest.fixture
async def link(board: BoardProfile) -> AsyncIterator[SshLink]:
    async with ssh_link(board) as open_link:
        yield open_link


@pytest.fixture
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return tmp_path


async def test_a_command_has_its_status_its_output_and_its_errors(link: SshLink) -> None:
    done = await link.run(["sh", "-c", "id -un; echo lost >&2; exit 7"])
    assert (done.status, done.stdout, done.stderr) == (7, b"root\n", b"lost\n")


async def test_words_arrive_as_they_were_said(link: SshLink) -> None:
    words = ["a b", "it's", '"$HOME"', "*", "\\", "ä€", "-n", ";reboot"]
    done = await link.run(["printf", "%s|", *words])
    assert done.text == "".join(f"{word}|" for word in words)


async def test_input_arrives_whole_and_ends(link: SshLink) -> None:
    data = os.urandom(300_000)
    done = await link.run(["sha256sum"], stdin=data)
    assert done.text.split()[0] == hashlib.sha256(data).hexdigest()


async def test_a_file_is_put_there_whole(link: SshLink) -> None:
    data = os.urandom(200_000)
    await link.put(data, "/tmp/put here", mode=0o750)
    done = await link.run(["sh", "-c", 'cat "/tmp/put here"; stat -c %a "/tmp/put here" >&2'])
    assert done.stdout == data
    assert done.error_text == "750"


async def test_a_file_that_cannot_be_put_says_why(link: SshLink) -> None:
    with pytest.raises(BoardProblem) as raised:
        await link.put(b"x", "/nowhere/file")
    assert "/nowhere" in str(raised.value.detail)


async def test_commands_run_beside_each_other(link: SshLink) -> None:
    """One waits for its input until all others, more than a server allows at a time, are done."""
    out = bytearray()
    first = await link.stream(["cat"], out.extend)
    others = [link.run(["sh", "-c", f"sleep 0.1; echo {n}"]) for n in range(2 * MAX_CHANNELS)]
    done = await asyncio.gather(*others)
    assert [each.text for each in done] == [f"{n}\n" for n in range(2 * MAX_CHANNELS)]
    first.write(b"still here")
    first.close_stdin()
    assert await first.wait() == 0
    assert out == b"still here"


async def test_a_command_that_is_given_up_ends(link: SshLink) -> None:
    with pytest.raises(BoardProblem, match="sleep"):
        await link.run(["sleep", "1000"], timeout=0.5)  # its input has ended by then
    async with asyncio.timeout(20):
        while (await link.run(["pgrep", "-x", "sleep"])).status == 0:
            await asyncio.sleep(0.05)
    process = await link.stream(["sh", "-c", "sleep 1000; sleep 2000"], lambda _data: None)
    while (await link.run(["pgrep", "-x", "sh"])).status:
        await asyncio.sleep(0.01)
    process.abandon()
    async with asyncio.timeout(20):
        while (await link.run(["pgrep", "-x", "sh"])).status == 0:
            await asyncio.sleep(0.05)


async def test_nobody_else_gets_in(board: BoardProfile, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(stranger)
    stranger.chmod(0o600)
    address = msgspec.structs.replace(address_of(board), identity=str(stranger))
    with pytest.raises(LinkProblem, match="does not let 'root' in") as raised:
        await SshLink(address).open()
    assert not isinstance(raised.value, HostKeyProblem)


async def test_another_host_key_is_refused(board: BoardProfile, tmp_path: Path) -> None:
    address = address_of(board)
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{address.port} {other}")
    with pytest.raises(HostKeyProblem):
        await SshLink(msgspec.structs.replace(address, known_hosts=str(known))).open()


async def test_its_keys_are_private_and_gone_afterwards(own_folders: Path) -> None:
    async with simulated_board() as profile:
        identity = Path(address_of(profile).identity or "")
        assert identity.stat().st_mode & 0o77 == 0
        assert identity.parent.stat().st_mode & 0o77 == 0
    assert not identity.parent.exists()


async def test_a_login_on_the_serial_line(board: BoardProfile) -> None:
    async with serial_line(board) as line:
        line.type("\n")
        await line.until("bananapi login: ")
        line.type("root\n")
        assert line.data.count(b"root@") == 0
        await line.until("root@bananapi:~# ")
        line.type("uname -m; cd /tmp\n")
        assert await line.until("root@bananapi:/tmp# ") == "uname -m; cd /tmp\r\narmv7l\r\n"
        line.type("sleep 1000\n")
        await line.until("sleep 1000\r\n")
        line.type("\x03")
        await line.until("root@bananapi:/tmp# ")
        line.type("ecko\x08\x08ho $?\n")
        assert (await line.until("root@bananapi:/tmp# ")).endswith("\r\n130\r\n")
        line.type("exit\n")
        await line.until("login: ")


async def test_a_stranger_at_the_serial_line_is_asked_for_a_password(board: BoardProfile) -> None:
    async with serial_line(board) as line:
        line.type("\n")
        await line.until("login: ")
        line.type("guest\n")
        await line.until("Password: ")
        line.type("secret\n")
        assert "secret" not in await line.until("Login incorrect")
        await line.until("login: ")
