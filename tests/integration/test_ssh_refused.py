"""Boards that cannot be reached, are not the ones they should be, or let nobody in."""

import asyncio
import os
import shlex
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import asyncssh
import msgspec
import pytest
from servers import Sshd, eventually, free_port, make_key

from hvconsole.link.hostkeys import HostKeyQuestion
from hvconsole.link.ssh import SshLink
from hvconsole.link.ssh_connect import SshFiles
from hvconsole.model.board import SshAddress
from hvconsole.model.problem import LinkProblem, UsageProblem

pytestmark = [pytest.mark.sshd, pytest.mark.usefixtures("no_stray_errors")]


def fingerprint(public: str) -> str:
    return asyncssh.import_public_key(public).get_fingerprint()


def never(_question: HostKeyQuestion) -> bool:
    pytest.fail("nobody may be asked about this key")


async def refused(address: SshAddress, files: SshFiles, **more: object) -> LinkProblem:
    with pytest.raises(LinkProblem) as told:
        await SshLink(address, files=files, **more).open()
    assert told.value.hint
    return told.value


async def works(address: SshAddress, files: SshFiles) -> None:
    link = SshLink(address, files=files)
    await link.open()
    assert (await link.run(["echo", "in"])).stdout == b"in\n"
    await link.close()


async def test_an_unknown_key_is_refused(sshd: Sshd) -> None:
    files = sshd.files("")
    problem = await refused(sshd.address, files)
    assert problem.title == f"the host key of {sshd.name} is not known"
    assert fingerprint(sshd.host_key) in problem.detail
    assert "--accept-new-host-key" in problem.hint
    assert not files.accepted.exists()


async def test_an_unknown_key_that_is_declined_is_not_written(sshd: Sshd) -> None:
    files = sshd.files("")
    problem = await refused(sshd.address, files, decide=lambda _: False)
    assert "is not known" in problem.title
    assert not files.accepted.exists()


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_an_accepted_key_is_written_and_known_then(sshd: Sshd, asynchronous: bool) -> None:
    files = sshd.files("")
    asked: list[HostKeyQuestion] = []

    def accept(question: HostKeyQuestion) -> bool:
        asked.append(question)
        return True

    async def accept_later(question: HostKeyQuestion) -> bool:
        await asyncio.sleep(0.01)
        return accept(question)

    link = SshLink(sshd.address, files=files, decide=accept_later if asynchronous else accept)
    await link.open()
    await link.close()
    expected = HostKeyQuestion(sshd.name, "127.0.0.1", "ssh-ed25519", fingerprint(sshd.host_key))
    assert asked == [expected]
    assert files.accepted.read_text() == f"{sshd.name} {sshd.host_key}\n"
    assert stat.S_IMODE(files.accepted.stat().st_mode) == 0o600
    await works(sshd.address, files)


@pytest.mark.parametrize("form", ["hashed", "plain", "other file", "its own file"])
async def test_known_keys_are_found_in_every_form(sshd: Sshd, form: str) -> None:
    line = f"{sshd.name} {sshd.host_key}\n"
    address = sshd.address
    files = sshd.files("")
    if form == "hashed":
        files.known_hosts[0].write_text(line)
        subprocess.run(["ssh-keygen", "-q", "-H", "-f", files.known_hosts[0]], check=True)
        assert "127.0.0.1" not in files.known_hosts[0].read_text()
    elif form == "plain":
        files.known_hosts[0].write_text(f"bad line\n127.0.0.1 {sshd.host_key}\n")
    elif form == "other file":
        other = sshd.folder / "by_config"
        other.write_text(line)
        files = sshd.files("", config=f"UserKnownHostsFile {other}\n")
    else:
        own = sshd.folder / "of_the_board"
        own.write_text(line)
        address = msgspec.structs.replace(address, known_hosts=str(own))
    await works(address, files)


async def test_a_changed_key_is_refused_with_both_fingerprints(sshd: Sshd, tmp_path: Path) -> None:
    old = make_key(tmp_path / "old")
    files = sshd.files(f"# comment\n{sshd.name} {old}\n")
    problem = await refused(sshd.address, files, decide=never)
    assert problem.title == f"the host key of {sshd.name} has changed"
    assert fingerprint(old) in problem.detail
    assert fingerprint(sshd.host_key) in problem.detail
    assert f"{files.known_hosts[0]}:2" in problem.detail
    fix = problem.hint.splitlines()[-1]
    assert fix == f"ssh-keygen -R '{sshd.name}' -f '{files.known_hosts[0]}'"
    subprocess.run(shlex.split(fix), check=True, capture_output=True)
    assert "is not known" in (await refused(sshd.address, files)).title


async def test_a_key_of_another_type_counts_as_changed(sshd: Sshd, tmp_path: Path) -> None:
    old = make_key(tmp_path / "old", "ecdsa")
    files = sshd.files(f"{sshd.name} {old}\n")
    problem = await refused(sshd.address, files, decide=never)
    assert "has changed" in problem.title
    assert fingerprint(old) in problem.detail


async def test_the_known_one_of_several_keys_is_asked_for(
    make_sshd: Callable, tmp_path: Path
) -> None:
    rsa = make_key(tmp_path / "rsa", "rsa")
    server = make_sshd(f"HostKey {tmp_path}/rsa\n")
    await works(server.address, server.files(f"{server.name} {rsa}\n"))


@pytest.mark.parametrize("also_known", [False, True])
async def test_a_revoked_key_is_refused(sshd: Sshd, also_known: bool) -> None:
    known = f"{sshd.name} {sshd.host_key}\n" if also_known else ""
    files = sshd.files(f"{known}@revoked {sshd.name} {sshd.host_key}\n")
    problem = await refused(sshd.address, files, decide=never)
    assert problem.title == f"the host key of {sshd.name} is revoked"
    assert f"{files.known_hosts[0]}:{2 if also_known else 1}" in problem.detail


async def test_no_known_hosts_file_by_config_is_no_reason_to_trust(sshd: Sshd) -> None:
    files = sshd.files("", config="UserKnownHostsFile none\nStrictHostKeyChecking no\n")
    assert "is not known" in (await refused(sshd.address, files)).title


async def test_an_alias_names_the_key_whatever_host_and_port(sshd: Sshd, tmp_path: Path) -> None:
    alias = "HostKeyAlias the-board\n"
    await works(sshd.address, sshd.files(f"the-board {sshd.host_key}\n", config=alias))
    files = sshd.files(f"the-board {make_key(tmp_path / 'old')}\n", config=alias)
    problem = await refused(sshd.address, files, decide=never)
    assert problem.title == "the host key of the-board has changed"


async def test_host_certificates_are_honoured(make_sshd: Callable, tmp_path: Path) -> None:
    authority = make_key(tmp_path / "ca")
    make_key(tmp_path / "host")
    sign = ["ssh-keygen", "-q", "-s", str(tmp_path / "ca"), "-I", "board", "-h"]
    subprocess.run([*sign, "-n", "127.0.0.1", str(tmp_path / "host.pub")], check=True)
    server = make_sshd(f"HostKey {tmp_path}/host\nHostCertificate {tmp_path}/host-cert.pub\n")
    await works(server.address, server.files(f"@cert-authority * {authority}\n"))
    revoked = f"@cert-authority * {authority}\n@revoked * {authority}\n"
    problem = await refused(server.address, server.files(revoked), decide=never)
    assert "certificate" in problem.title
    assert "revoked" in problem.detail


async def test_a_wrong_key_is_told_with_the_user(sshd: Sshd, tmp_path: Path) -> None:
    other = make_key(tmp_path / "other")
    address = msgspec.structs.replace(sshd.address, identity=str(tmp_path / "other"))
    problem = await refused(address, sshd.files())
    assert problem.title == f"127.0.0.1 does not let '{sshd.user}' in"
    assert fingerprint(other) in problem.detail
    assert "it asked for: publickey" in problem.detail


async def test_a_wrong_user_is_told(sshd: Sshd) -> None:
    address = msgspec.structs.replace(sshd.address, user="nobody-of-that-name")
    problem = await refused(address, sshd.files())
    assert problem.title == "127.0.0.1 does not let 'nobody-of-that-name' in"


async def test_a_key_with_a_passphrase_points_to_the_agent(sshd: Sshd, tmp_path: Path) -> None:
    make_key(tmp_path / "locked", "ed25519", "some words")
    address = msgspec.structs.replace(sshd.address, identity=str(tmp_path / "locked"))
    problem = await refused(address, sshd.files())
    assert problem.hint == f"unlock the key for the agent: ssh-add {tmp_path}/locked"
    assert "no key agent" in problem.detail
    dead = replace(sshd.files(), agent=f"{tmp_path}/none")
    assert "does not answer" in (await refused(address, dead)).detail


async def test_the_agent_is_used(sshd: Sshd, tmp_path: Path, require: Callable) -> None:
    locked = tmp_path / "locked"
    public = make_key(locked, "ed25519", "words")
    (sshd.folder / "authorized_keys").write_text(public + "\n")
    path = f"{tmp_path}/agent"
    with subprocess.Popen(
        [require("ssh-agent"), "-D", "-a", path], stdout=subprocess.DEVNULL
    ) as agent:
        try:
            await eventually(Path(path).exists, "the agent listens")
            unlocked = tmp_path / "unlocked"
            shutil.copy(locked, unlocked)
            rekey = ["ssh-keygen", "-q", "-p", "-P", "words", "-N", "", "-f", str(unlocked)]
            subprocess.run(rekey, check=True)
            environment = {**os.environ, "SSH_AUTH_SOCK": path}
            add = [require("ssh-add"), "-q", str(unlocked)]
            subprocess.run(add, check=True, env=environment, capture_output=True)
            files = replace(sshd.files(), agent=path)
            await works(msgspec.structs.replace(sshd.address, identity=str(locked)), files)
        finally:
            agent.terminate()


async def test_a_missing_key_file_is_told(sshd: Sshd, tmp_path: Path) -> None:
    address = msgspec.structs.replace(sshd.address, identity=str(tmp_path / "none"))
    problem = await refused(address, sshd.files())
    assert f"{tmp_path}/none: No such file" in problem.detail
    (tmp_path / "rubbish").write_text("no key")
    address = msgspec.structs.replace(sshd.address, identity=str(tmp_path / "rubbish"))
    assert "key" in (await refused(address, sshd.files())).title


async def test_a_broken_ssh_config_is_told(sshd: Sshd) -> None:
    problem = await refused(sshd.address, sshd.files(config="Port many\n"))
    assert "line 1" in problem.detail


async def test_a_refused_connection_is_told(sshd: Sshd) -> None:
    port = free_port()
    address = msgspec.structs.replace(sshd.address, port=port)
    problem = await refused(address, sshd.files())
    assert problem.title == f"{sshd.user}@127.0.0.1:{port} refuses the connection"
    both = msgspec.structs.replace(address, host="localhost")
    assert "refuses the connection" in (await refused(both, sshd.files())).title


async def test_a_board_that_its_jump_host_cannot_reach_is_told(sshd: Sshd) -> None:
    config = f"Host jump\n  Hostname 127.0.0.1\n  Port {sshd.port}\n"
    config += f"  IdentityFile {sshd.identity}\n"
    port = free_port()
    address = msgspec.structs.replace(sshd.address, port=port, proxy_jump="jump")
    problem = await refused(address, sshd.files(config=config))
    assert problem.title == f"the jump host cannot reach {sshd.user}@127.0.0.1:{port}"
    wrong = msgspec.structs.replace(address, proxy_jump="jump, a:b:c")
    with pytest.raises(UsageProblem, match="'a:b:c' is no jump host"):
        await SshLink(wrong, files=sshd.files()).open()


async def test_an_unknown_name_is_told(sshd: Sshd) -> None:
    address = msgspec.structs.replace(sshd.address, host="no-such-board.invalid")
    problem = await refused(address, sshd.files())
    assert problem.title == "no machine is named 'no-such-board.invalid'"


async def test_silence_is_told(sshd: Sshd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = msgspec.structs.replace(sshd.address, port=mute.getsockname()[1])
        problem = await refused(address, sshd.files(), timeout_s=0.5)
    assert "does not answer" in problem.title


async def test_what_is_no_ssh_server_is_told(sshd: Sshd) -> None:
    async def chatter(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(chatter, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        address = msgspec.structs.replace(sshd.address, port=port)
        problem = await refused(address, sshd.files())
    assert "broke the connection off" in problem.title
