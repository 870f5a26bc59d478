"""Parts of the lab that need no board: archives as cpio reads them, and our own processes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hvconsole.lab import cpio, process

names = st.text("abcdefghijklmnop-._", min_size=1, max_size=20).filter(
    lambda n: n not in {".", ".."}
)


@given(st.dictionaries(names, st.binary(max_size=200), max_size=6))
def test_archives_do_not_depend_on_when_or_where_they_are_made(files: dict[str, bytes]) -> None:
    forwards = cpio.archive([cpio.file(name, data) for name, data in files.items()])
    assert forwards == cpio.archive([cpio.file(name, data) for name, data in files.items()])


def test_cpio_reads_what_we_write(tmp_path: Path, require) -> None:
    require("busybox")
    entries = [
        cpio.folder("etc"),
        cpio.file("etc/motd", b"hello\n", 0o640),
        cpio.link("sh", "etc/motd"),
    ]
    subprocess.run(
        ["busybox", "cpio", "-id"], input=cpio.archive(entries), cwd=tmp_path, check=True,
        capture_output=True,
    )  # fmt: skip
    assert (tmp_path / "etc/motd").read_bytes() == b"hello\n"
    assert (tmp_path / "etc/motd").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "sh").is_symlink()


def test_only_the_process_that_was_started_is_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    started = process.start_ticks(child.pid)
    assert started is not None
    process.end(child.pid, started + 1)  # another process that has this number by now
    time.sleep(0.1)
    assert child.poll() is None
    process.end(child.pid, started)
    assert child.wait(5) != 0
    assert process.start_ticks(child.pid) is None


@pytest.mark.parametrize("pid", [2**22 + 1])
def test_a_process_that_is_gone_has_no_start(pid: int) -> None:
    assert process.start_ticks(pid) is None
