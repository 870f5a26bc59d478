"""Tracing over a link: what is run on the board, with a shell that is real."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hvconsole.board.journal import Journal
from hvconsole.hypervisor.xen.trace.capture import Trace, why_not
from hvconsole.hypervisor.xen.trace.command import capture, switch_off
from hvconsole.link.local import LocalLink
from hvconsole.link.protocol import Completed
from hvconsole.model.problem import BoardProblem, RecordProblem
from hvconsole.record.xentrace import XENTRACE, TraceFile, has_trace, read_trace
from hvconsole.wire.xentrace import Losses, concatenated, decode

DATA = Path(__file__).parent / "data" / "xentrace" / "credit-one-cpu.bin"

# Writes to the file it is given, as xentrace does, until SIGTERM; then what is left.
_TOOL = """#!/bin/sh
for out in "$@"; do :; done
exec >"$out"
trap 'echo end; exit 0' TERM
echo "$*" | sed 's|/proc.*||'
while :; do sleep 0.05; done
"""


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "bin" / "xentrace"
    program.parent.mkdir()
    program.write_text(_TOOL)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return program


async def test_the_end_of_input_ends_the_trace_and_what_is_left_arrives(tool: Path) -> None:
    link, got, first = LocalLink(), bytearray(), asyncio.Event()

    def take(data: bytes) -> None:
        got.extend(data)
        first.set()

    await link.open()
    process = await link.stream(capture(7), take)
    async with asyncio.timeout(20):
        await first.wait()
        process.close_stdin()
        assert await process.wait() == 0
    assert got.decode().splitlines() == ["-D -e 0x2f000 -s 200 -S 32 -T 7 ", "end"]
    await link.close()


async def test_the_status_of_a_trace_that_fails_arrives_at_once(tool: Path) -> None:
    tool.write_text("#!/bin/sh\necho no handle >&2\nexit 3\n")
    link = LocalLink()
    await link.open()
    process = await link.stream(capture(7), bytearray().extend)
    async with asyncio.timeout(20):
        assert await process.wait() == 3
    assert process.stderr == b"no handle\n"
    await link.close()


async def test_switching_off_is_harmless_where_there_is_no_xentrace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    link = LocalLink()
    await link.open()
    assert (await link.run(switch_off())).status == 0
    await link.close()


async def test_a_board_that_cannot_be_traced_says_why_and_nothing_is_noted(tmp_path: Path) -> None:
    link, journal = LocalLink(), Journal("here", folder=tmp_path)
    await link.open()
    reason = await why_not(link)
    assert "xentrace" in reason
    with pytest.raises(BoardProblem) as caught:
        await Trace(link, journal, bytearray().extend).start(1)
    assert caught.value.detail == reason
    assert journal.standing == ()
    assert list(tmp_path.iterdir()) == []
    await link.close()


class _Xen(LocalLink):
    """This machine as if it were dom0: xentrace's device is there."""

    async def run(self, argv: Sequence[str], **options: Any) -> Completed:
        if tuple(argv) == ("test", "-e", "/dev/xen/privcmd"):
            return Completed(tuple(argv), 0, b"", b"")
        return await super().run(argv, **options)


async def test_a_trace_that_is_ended_before_it_began_is_no_failure(
    tool: Path, tmp_path: Path
) -> None:
    tool.write_text("#!/bin/sh\nexec sleep 60\n")  # dies of SIGTERM
    link, journal = _Xen(), Journal("here", folder=tmp_path / "journal")
    await link.open()
    trace = Trace(link, journal, bytearray().extend)
    await trace.start(1)
    end = await trace.stop()
    assert (end.size, end.problem) == (0, None)
    await link.close()


def test_a_trace_is_kept_in_its_session_and_read_back_whole(tmp_path: Path) -> None:
    assert not has_trace(tmp_path)
    assert list(read_trace(tmp_path)) == []
    data = DATA.read_bytes()
    kept = TraceFile.create(tmp_path)
    kept.write(data[:1001])
    kept.write(data[1001:-3])
    kept.close()
    losses = Losses()
    records = concatenated(read_trace(tmp_path, losses))
    assert has_trace(tmp_path)
    assert records.size == decode(data[:-3])[0].size
    assert losses.skipped_bytes > 0


def test_a_second_trace_does_not_overwrite_the_first(tmp_path: Path) -> None:
    TraceFile.create(tmp_path).close()
    with pytest.raises(RecordProblem, match=XENTRACE):
        TraceFile.create(tmp_path)
