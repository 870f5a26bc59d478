"""Commands, streams and files over a real OpenSSH server, and the loss of the way to it."""

import asyncio
import os
import stat
from collections.abc import Callable
from pathlib import Path

import asyncssh
import msgspec
import pytest
from servers import Proxy, Sshd, eventually

from hvconsole.link.hostkeys import HostKeyQuestion
from hvconsole.link.protocol import Capability, Link
from hvconsole.link.ssh import MAX_CHANNELS, SshLink
from hvconsole.model.problem import BoardProblem, LinkProblem, UsageProblem

pytestmark = [pytest.mark.sshd, pytest.mark.usefixtures("no_stray_errors")]

HOSTILE = [
    "$(touch pwned)",
    "a b",
    "'; id; '",
    '"',
    "`id`",
    "*",
    "~",
    "-rf",
    "\\",
    "&& id",
    "ü€",
    "",
]
EVERY_BYTE = bytes(range(256))
MAKES_10_MB = "import os,sys; [sys.stdout.buffer.write(bytes(range(256))*4096) for _ in range(10)]"


def discard(_data: bytes) -> None:
    pass


async def test_a_command_gets_its_words_as_they_are(link: SshLink) -> None:
    done = await link.run(["printf", "%s\\n", *HOSTILE])
    assert done.stdout.decode().split("\n")[:-1] == HOSTILE
    assert (done.status, done.stderr) == (0, b"")


async def test_status_and_errors_are_told_apart(link: SshLink) -> None:
    done = await link.run(["sh", "-c", "echo out; echo err >&2; exit 7"])
    assert (done.stdout, done.error_text, done.status) == (b"out\n", "err", 7)
    assert (await link.run(["sh", "-c", "kill -TERM $$"])).status in {-15, 128 + 15}
    assert (await link.run(["/no/such/program"])).status == 127


async def test_bytes_pass_unchanged(link: SshLink) -> None:
    done = await link.run(["cat"], stdin=EVERY_BYTE * 1000)
    assert done.stdout == EVERY_BYTE * 1000


async def test_invalid_utf8_does_not_end_the_connection(link: SshLink) -> None:
    done = await link.run(["printf", "\\377\\376ok"])
    assert done.stdout == b"\xff\xfeok"
    assert done.text == "\\xff\\xfeok"
    assert (await link.run(["echo", "still here"])).text == "still here\n"


@pytest.mark.parametrize("word", ["two\nlines", "nul\0", "esc\x1b[2J", "del\x7f", "\udcff"])
async def test_words_that_cannot_pass_are_refused(link: SshLink, word: str) -> None:
    with pytest.raises(UsageProblem):
        await link.run(["echo", word])
    with pytest.raises(UsageProblem):
        await link.put(b"", f"/tmp/{word}")


async def test_a_stream_arrives_in_pieces_and_whole(link: SshLink, require: Callable) -> None:
    pieces: list[bytes] = []
    process = await link.stream([require("python3"), "-c", MAKES_10_MB], pieces.append)
    assert await process.wait() == 0
    assert b"".join(pieces) == EVERY_BYTE * 40960
    assert len(pieces) > 10


async def test_a_stream_is_written_to_and_ends_with_its_input(link: SshLink) -> None:
    heard: list[bytes] = []
    process = await link.stream(["cat"], heard.append)
    process.write(b"h")
    await eventually(lambda: heard == [b"h"], "the echo")
    process.close_stdin()
    process.close_stdin()
    assert await process.wait() == 0
    process.write(b"nobody hears this")


async def test_only_the_end_of_standard_error_is_kept(link: SshLink) -> None:
    script = "import sys; sys.stderr.write('x' * 300_000 + 'end')"
    process = await link.stream(["python3", "-c", script], discard)
    await process.wait()
    assert len(process.stderr) == 65536
    assert process.stderr.endswith(b"xend")


async def test_a_failing_sink_ends_its_own_stream_only(link: SshLink) -> None:
    def fail(_data: bytes) -> None:
        raise RuntimeError("the sink is broken")

    process = await link.stream(["cat"], fail)
    process.write(b"h")
    with pytest.raises(RuntimeError, match="the sink is broken"):
        await process.wait()
    assert (await link.run(["echo", "on"])).stdout == b"on\n"


async def test_a_command_that_does_not_end_is_given_up(link: SshLink) -> None:
    with pytest.raises(BoardProblem, match=r"'sleep' did not end within 0\.3 s"):
        await link.run(["sleep", "3"], timeout=0.3)
    assert (await link.run(["echo", "on"])).status == 0


async def test_twelve_commands_at_once_keep_within_max_sessions(make_sshd: Callable) -> None:
    server = make_sshd(f"MaxSessions {MAX_CHANNELS}\n")
    link = SshLink(server.address, files=server.files())
    await link.open()
    done = await asyncio.gather(
        *(link.run(["sh", "-c", f"sleep 0.2; echo {n}"]) for n in range(12))
    )
    assert [each.text for each in done] == [f"{n}\n" for n in range(12)]
    await link.close()


async def test_a_server_with_fewer_sessions_is_told(make_sshd: Callable) -> None:
    server = make_sshd("MaxSessions 1\n")
    link = SshLink(server.address, files=server.files())
    await link.open()
    first = await link.stream(["cat"], discard)
    with pytest.raises(LinkProblem, match="does not begin another session") as told:
        await link.run(["true"])
    assert "MaxSessions" in told.value.hint
    first.close_stdin()
    assert await first.wait() == 0
    for _ in range(2 * MAX_CHANNELS):  # a refusal gives its place back
        assert (await link.run(["true"])).status == 0
    await link.close()


@pytest.mark.parametrize("sftp", ["there", "none", "broken"])
async def test_files_are_put_whole(make_sshd: Callable, tmp_path: Path, sftp: str) -> None:
    broken = "Subsystem sftp /no/such/sftp-server\n" if sftp == "broken" else ""
    server = make_sshd(broken, sftp=sftp == "there")
    link = SshLink(server.address, files=server.files())
    await link.open()
    for name in ["plain", "two words", "$(id)", "it's", "-rf"]:
        path = tmp_path / name
        path.write_bytes(b"before")
        await link.put(EVERY_BYTE * 4096, str(path), mode=0o750)
        assert path.read_bytes() == EVERY_BYTE * 4096
        assert stat.S_IMODE(path.stat().st_mode) == 0o750
    names = {path.name for path in tmp_path.iterdir() if path.is_file()}
    assert names == {"plain", "two words", "$(id)", "it's", "-rf"}
    await link.close()


@pytest.mark.parametrize("sftp", [True, False])
async def test_a_file_that_cannot_be_put_is_told(
    make_sshd: Callable, tmp_path: Path, sftp: bool
) -> None:
    server = make_sshd(sftp=sftp)
    link = SshLink(server.address, files=server.files())
    await link.open()
    with pytest.raises(BoardProblem, match="cannot write") as told:
        await link.put(b"data", str(tmp_path / "missing" / "file"))
    assert "No such file" in told.value.detail or "nonexistent" in told.value.detail
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    with pytest.raises(BoardProblem, match="cannot write"):
        await link.put(b"data", str(tmp_path / "folder"))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    with pytest.raises(UsageProblem):
        await link.put(b"data", "relative")
    await link.close()


async def test_a_dead_link_is_noticed(sshd: Sshd, proxy: Proxy) -> None:
    known = f"[127.0.0.1]:{proxy.port} {sshd.host_key}\n"
    address = msgspec.structs.replace(sshd.address, port=proxy.port, keepalive_s=0.3)
    link = SshLink(address, files=sshd.files(known))
    await link.open()
    process = await link.stream(["cat"], discard)
    proxy.freeze()
    async with asyncio.timeout(20):
        reason = await link.closed()
    assert isinstance(reason, LinkProblem)
    assert "is dead" in reason.title
    assert "3 keepalives" in reason.detail
    with pytest.raises(LinkProblem, match="is dead"):
        await process.wait()
    with pytest.raises(LinkProblem, match="is dead"):
        await link.run(["true"])
    with pytest.raises(LinkProblem, match="is dead"):
        await link.put(b"data", "/tmp/never-written")
    await link.close()


async def test_a_link_that_dies_while_a_file_is_put(
    sshd: Sshd, proxy: Proxy, tmp_path: Path
) -> None:
    known = f"[127.0.0.1]:{proxy.port} {sshd.host_key}\n"
    address = msgspec.structs.replace(sshd.address, port=proxy.port, keepalive_s=0.2)
    link = SshLink(address, files=sshd.files(known))
    await link.open()
    (tmp_path / "file").write_bytes(b"before")
    putting = asyncio.create_task(link.put(EVERY_BYTE * 100_000, str(tmp_path / "file")))
    await eventually(lambda: len(list(tmp_path.glob(".file.*"))) == 1, "it has begun")
    proxy.freeze()
    with pytest.raises(LinkProblem, match="is dead"):
        await putting
    assert (tmp_path / "file").read_bytes() == b"before"
    await link.close()


async def test_a_program_ends_when_the_connection_is_cut(
    sshd: Sshd, proxy: Proxy, tmp_path: Path
) -> None:
    known = f"[127.0.0.1]:{proxy.port} {sshd.host_key}\n"
    address = msgspec.structs.replace(sshd.address, port=proxy.port)
    link = SshLink(address, files=sshd.files(known))
    await link.open()
    mark = tmp_path / "ended"
    guarded = f"echo ready; cat >/dev/null; echo gone > '{mark}'"
    heard: list[bytes] = []
    process = await link.stream(["sh", "-c", guarded], heard.append)
    await eventually(lambda: heard == [b"ready\n"], "the program runs")
    proxy.cut()
    with pytest.raises(LinkProblem, match="was lost"):
        await process.wait()
    reason = await link.closed()
    assert isinstance(reason, LinkProblem)
    await eventually(mark.exists, "the program has noticed the end of its input")
    await link.close()


async def test_closing_ends_our_programs(sshd: Sshd, tmp_path: Path) -> None:
    link = SshLink(sshd.address, files=sshd.files())
    await link.open()
    mark = tmp_path / "ended"
    process = await link.stream(["sh", "-c", f"cat >/dev/null; echo gone > '{mark}'"], discard)
    await link.close()
    assert await process.wait() == 0
    assert mark.exists()
    assert await link.closed() is None
    await link.close()
    with pytest.raises(LinkProblem):
        await link.run(["true"])


async def test_a_jump_host_on_the_way(sshd: Sshd, make_sshd: Callable) -> None:
    board = make_sshd()
    config = (
        f"Host jump\n  Hostname 127.0.0.1\n  Port {sshd.port}\n  User {sshd.user}\n"
        f"  IdentityFile {sshd.identity}\n"
        f"Host board\n  Hostname 127.0.0.1\n  Port {board.port}\n  ProxyJump jump\n"
    )
    known = f"{sshd.name} {sshd.host_key}\n{board.name} {board.host_key}\n"
    files = sshd.files(known, config=config)
    by_config = msgspec.structs.replace(board.address, host="board", port=None)
    named = msgspec.structs.replace(board.address, proxy_jump="jump")
    for address in (by_config, named):
        link = SshLink(address, files=files)
        await link.open()
        done = await link.run(["sh", "-c", "echo $SSH_CONNECTION"])
        assert done.text.split()[3] == str(board.port)
        assert sshd.log.count("Accepted publickey") >= 1
        await link.close()


async def test_the_key_of_a_jump_host_is_checked_too(sshd: Sshd, make_sshd: Callable) -> None:
    board = make_sshd()
    config = (
        f"Host jump\n  Hostname 127.0.0.1\n  Port {sshd.port}\n  IdentityFile {sshd.identity}\n"
    )
    address = msgspec.structs.replace(board.address, proxy_jump="jump")
    only_board = f"{board.name} {board.host_key}\n"
    with pytest.raises(LinkProblem, match=f"host key of .127.0.0.1.:{sshd.port} is not known"):
        await SshLink(address, files=sshd.files(only_board, config=config)).open()

    asked: list[HostKeyQuestion] = []

    def accept(question: HostKeyQuestion) -> bool:
        asked.append(question)
        return True

    link = SshLink(address, files=sshd.files("", config=config), decide=accept)
    await link.open()
    assert [question.name for question in asked] == [sshd.name, board.name]
    assert (await link.run(["echo", "through"])).stdout == b"through\n"
    await link.close()


async def test_ciphers_can_be_chosen(sshd: Sshd) -> None:
    chosen = "chacha20-poly1305@openssh.com"
    address = msgspec.structs.replace(sshd.address, ciphers=(chosen,))
    link = SshLink(address, files=sshd.files())
    await link.open()
    connection = link._connections[-1]
    assert isinstance(connection, asyncssh.SSHClientConnection)
    assert connection.get_extra_info("send_cipher") == chosen
    await link.close()


async def test_a_link_is_a_link(link: SshLink, sshd: Sshd) -> None:
    seen: Link = link
    assert seen.name == f"{sshd.user}@127.0.0.1:{sshd.port}"
    assert Capability.PUT in seen.capabilities
    assert Capability.SAME_MACHINE not in seen.capabilities
    assert os.environ.get("SSH_CONNECTION") is None
