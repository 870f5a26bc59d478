"""The decision about host keys, against known_hosts files of every form."""

import base64
import hashlib
import hmac
import stat
from pathlib import Path

import asyncssh
import pytest
from hypothesis import given, strategies as st

from hvconsole.link.hostkeys import Finding, KnownHosts, Target, Verdict, refusal, remember
from hvconsole.link.protocol import HostKeyProblem
from hvconsole.model.problem import LinkProblem


def public(kind: str = "ssh-ed25519") -> asyncssh.SSHKey:
    return asyncssh.generate_private_key(kind).convert_to_public()


MINE, OTHER, THIRD = public(), public(), public("ecdsa-sha2-nistp256")


def text_of(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


def hashed(name: str, salt: bytes = b"0123456789abcdefghij") -> str:
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


BOARD = Target("bpi", 22, "192.0.2.7")
MOVED = Target("bpi", 2222, "192.0.2.7")


def judged(tmp_path: Path, content: str, target: Target = BOARD) -> Finding:
    path = tmp_path / "known_hosts"
    path.write_text(content)
    return KnownHosts([path, tmp_path / "missing"]).judge(target, MINE)


@pytest.mark.parametrize(
    ("line", "target", "verdict"),
    [
        ("bpi MINE", BOARD, "known"),
        ("bpi MINE", Target("BPI"), "known"),
        ("BpI OTHER", BOARD, "changed"),
        ("@revoked BPI MINE", BOARD, "revoked"),
        ("192.0.2.7 MINE", BOARD, "known"),
        ("other,bpi MINE comment", BOARD, "known"),
        ("b?i MINE", BOARD, "known"),
        ("*,!bpi MINE", Target("bpi"), "unknown"),
        ("192.0.2.0/24 MINE", BOARD, "known"),
        ("HASHED MINE", BOARD, "known"),
        ("HASHED_PORT MINE", MOVED, "known"),
        ("HASHED_PORT OTHER", MOVED, "changed"),
        ("[bpi]:2222 MINE", MOVED, "known"),
        ("[192.0.2.7]:2222 MINE", MOVED, "known"),
        ("bpi MINE", MOVED, "known"),  # the plain name vouches for a port
        ("bpi OTHER", MOVED, "unknown"),  # but says nothing against one
        ("[bpi]:2222 MINE", BOARD, "unknown"),
        ("elsewhere MINE", BOARD, "unknown"),
        ("", BOARD, "unknown"),
        ("# bpi MINE", BOARD, "unknown"),
        ("bpi OTHER", BOARD, "changed"),
        ("bpi THIRD", BOARD, "changed"),
        ("192.0.2.7 OTHER", BOARD, "changed"),
        ("bpi OTHER\nbpi MINE", BOARD, "known"),
        ("192.0.2.7 OTHER\nbpi MINE", BOARD, "known"),
        ("192.0.2.7 MINE\nbpi OTHER", BOARD, "changed"),  # the name that was asked for decides
        ("@revoked bpi MINE", BOARD, "revoked"),
        ("@revoked * MINE", BOARD, "revoked"),
        ("bpi MINE\n@revoked bpi MINE", BOARD, "revoked"),
        ("@revoked [bpi]:2222 MINE", MOVED, "revoked"),
        ("@revoked [bpi]:2222 MINE\nbpi MINE", MOVED, "revoked"),
        ("@revoked bpi MINE\n[bpi]:2222 MINE", MOVED, "revoked"),
        ("@revoked bpi OTHER", BOARD, "unknown"),
        ("@cert-authority bpi MINE", BOARD, "unknown"),
        ("what is this\n@odd x y\n|1|bad ssh-ed25519 AAAA\nbpi MINE", BOARD, "known"),
    ],
)
def test_verdicts(tmp_path: Path, line: str, target: Target, verdict: str) -> None:
    content = (
        line.replace("MINE", text_of(MINE))
        .replace("OTHER", text_of(OTHER))
        .replace("THIRD", text_of(THIRD))
        .replace("HASHED_PORT", hashed("[bpi]:2222"))
        .replace("HASHED", hashed("bpi"))
    )
    assert judged(tmp_path, content, target).verdict is Verdict(verdict)


def test_bad_lines_are_counted_and_do_not_hide_others(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_bytes(b"rubbish\n\xff\xfe\n" + f"bpi {text_of(OTHER)}\n".encode())
    known = KnownHosts([path])
    assert known.judge(BOARD, MINE).verdict is Verdict.CHANGED
    assert known.skipped == [f"{path}:1", f"{path}:2"]


def test_a_file_that_cannot_be_read_is_no_empty_file(tmp_path: Path) -> None:
    (tmp_path / "known_hosts").mkdir()
    with pytest.raises(LinkProblem, match="cannot read the host keys"):
        KnownHosts([tmp_path / "known_hosts"])


def test_authorities_and_types_are_those_of_the_host(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(
        f"@cert-authority *.lab {text_of(OTHER)}\nbpi.lab {text_of(THIRD)}\nx {text_of(MINE)}\n"
    )
    known = KnownHosts([path])
    assert known.authorities(Target("bpi.lab", 2222)) == [OTHER]
    assert known.authorities(Target("bpi")) == []
    assert known.key_types(Target("bpi.lab")) == ["ecdsa-sha2-nistp256"]


def test_a_changed_key_is_told_with_both_fingerprints_and_the_fix(tmp_path: Path) -> None:
    finding = judged(tmp_path, f"\n{hashed('[bpi]:2222')} {text_of(OTHER)}\n", MOVED)
    problem = refusal(finding, tmp_path / "ours")
    assert isinstance(problem, HostKeyProblem)
    assert problem.title == "the host key of [bpi]:2222 has changed"
    assert MINE.get_fingerprint() in problem.detail
    assert OTHER.get_fingerprint() in problem.detail
    assert f"{tmp_path}/known_hosts:2" in problem.detail
    assert f"ssh-keygen -R '[bpi]:2222' -f '{tmp_path}/known_hosts'" in problem.hint


def test_the_fix_names_the_entry_that_is_in_the_file(tmp_path: Path) -> None:
    finding = judged(tmp_path, f"192.0.2.7 {text_of(OTHER)}\n")
    assert "ssh-keygen -R '192.0.2.7'" in refusal(finding, tmp_path).hint


def test_a_revoked_key_has_no_way_round(tmp_path: Path) -> None:
    finding = judged(tmp_path, f"@revoked bpi {text_of(MINE)}\n")
    problem = refusal(finding, tmp_path / "ours")
    assert "is revoked" in problem.title
    assert f"{tmp_path}/known_hosts:1" in problem.detail
    assert "accept" not in problem.hint


def test_an_accepted_key_is_known_from_then_on(tmp_path: Path) -> None:
    path = tmp_path / "state" / "known_hosts"
    remember(path, MOVED.name, MINE)
    remember(path, "bpi", OTHER)
    assert path.read_text() == f"[bpi]:2222 {text_of(MINE)}\nbpi {text_of(OTHER)}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KnownHosts([path]).judge(MOVED, MINE).verdict is Verdict.KNOWN


def test_a_line_left_open_is_not_written_into(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"old {text_of(OTHER)}")
    remember(path, "bpi", MINE)
    known = KnownHosts([path])
    assert known.judge(Target("bpi"), MINE).verdict is Verdict.KNOWN
    assert known.judge(Target("old"), OTHER).verdict is Verdict.KNOWN


def test_a_key_that_cannot_be_noted_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "known_hosts").mkdir()
    with pytest.raises(LinkProblem, match="cannot note the host key of bpi"):
        remember(tmp_path / "known_hosts", "bpi", MINE)


@given(st.text())
def test_no_content_makes_reading_fail_or_a_stranger_known(content: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "known_hosts"
        path.write_text(content, errors="replace", newline="")
        assert KnownHosts([path]).judge(BOARD, MINE).verdict is Verdict.UNKNOWN
