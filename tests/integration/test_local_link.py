"""This machine as a board: real child processes."""

import asyncio
import os
import signal
import stat
import sys
from pathlib import Path

import pytest
from servers import eventually

from hvconsole.link.local import LocalLink
from hvconsole.link.protocol import Capability, Link
from hvconsole.model.problem import BoardProblem, LinkProblem, UsageProblem

pytestmark = pytest.mark.usefixtures("no_stray_errors")

EVERY_BYTE = bytes(range(256))


def discard(_data: bytes) -> None:
    pass


def runs(pid: int) -> bool:
    """Return whether a process is there and not just waiting to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def link(local: LocalLink) -> LocalLink:
    return local


async def test_a_command_gets_its_words_as_they_are(link: Link) -> None:
    words = ["$(touch pwned)", "a b", "'\"", "*", "", "ü"]
    done = await link.run(["printf", "%s\\n", *words])
    assert done.stdout.decode().split("\n")[:-1] == words
    assert done.argv == ("printf", "%s\\n", *words)


async def test_status_output_and_errors(link: Link) -> None:
    done = await link.run(["sh", "-c", "echo out; echo err >&2; exit 7"])
    assert (done.stdout, done.error_text, done.status) == (b"out\n", "err", 7)
    assert (await link.run(["sh", "-c", "kill -TERM $$"])).status == -signal.SIGTERM
    assert (await link.run(["cat"], stdin=EVERY_BYTE * 9999)).stdout == EVERY_BYTE * 9999


async def test_what_cannot_be_started_is_told_as_a_shell_tells_it(
    link: Link, tmp_path: Path
) -> None:
    missing = await link.run(["/no/such/program"])
    assert (missing.status, missing.error_text) == (
        127,
        "/no/such/program: No such file or directory",
    )
    (tmp_path / "text").write_text("no program")
    assert (await link.run([str(tmp_path / "text")])).status == 126
    process = await link.stream(["/no/such/program"], discard)
    process.write(b"h")
    process.close_stdin()
    assert await process.wait() == 127


@pytest.mark.parametrize("word", ["two\nlines", "nul\0", "\udcff"])
async def test_words_that_cannot_pass_are_refused(link: Link, word: str) -> None:
    with pytest.raises(UsageProblem):
        await link.run(["echo", word])


async def test_a_stream_is_whole(link: Link) -> None:
    script = "import sys; [sys.stdout.buffer.write(bytes(range(256))*4096) for _ in range(10)]"
    pieces: list[bytes] = []
    process = await link.stream([sys.executable, "-c", script], pieces.append)
    assert await process.wait() == 0
    assert b"".join(pieces) == EVERY_BYTE * 40960


async def test_a_stream_ends_with_its_input(link: Link) -> None:
    heard: list[bytes] = []
    process = await link.stream(["cat"], heard.append)
    process.write(b"h")
    await eventually(lambda: heard == [b"h"], "the echo")
    process.close_stdin()
    process.close_stdin()
    assert await process.wait() == 0
    process.write(b"nobody hears this")


async def test_a_failing_sink_ends_its_own_stream_only(link: Link) -> None:
    def fail(_data: bytes) -> None:
        raise RuntimeError("the sink is broken")

    process = await link.stream(["yes"], fail)
    with pytest.raises(RuntimeError, match="the sink is broken"):
        await process.wait()
    assert (await link.run(["echo", "on"])).stdout == b"on\n"


async def test_a_command_that_does_not_end_is_ended_with_its_children(link: Link) -> None:
    pids: list[bytes] = []
    process = await link.stream(["sh", "-c", "sleep 61 & echo $!; echo $$; wait"], pids.append)
    await eventually(lambda: b"".join(pids).count(b"\n") == 2, "two process numbers")
    with pytest.raises(BoardProblem, match=r"'sleep' did not end within 0\.2 s"):
        await link.run(["sleep", "60"], timeout=0.2)
    assert all(runs(int(pid)) for pid in b"".join(pids).split())
    await link.close()
    await eventually(lambda: not any(runs(int(p)) for p in b"".join(pids).split()), "both ended")
    assert await process.wait() == -signal.SIGTERM


async def test_a_cancelled_command_is_ended(link: Link, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    script = f"echo $$ > '{mark}.new'; mv '{mark}.new' '{mark}'; exec sleep 60"
    task = asyncio.create_task(link.run(["sh", "-c", script]))
    await eventually(mark.exists, "the command runs")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: not runs(int(mark.read_text())), "it ended")


async def test_closing_asks_before_it_kills(link: Link, tmp_path: Path) -> None:
    mark = tmp_path / "ended"
    polite = await link.stream(["sh", "-c", f"cat >/dev/null; echo gone > '{mark}'"], discard)
    deaf = await link.stream(["sh", "-c", "trap '' TERM; while :; do sleep 1; done"], discard)
    await asyncio.sleep(0.2)
    await link.close()
    assert mark.exists()
    assert await polite.wait() == 0
    assert await deaf.wait() == -signal.SIGKILL
    assert await link.closed() is None
    await link.close()
    with pytest.raises(LinkProblem):
        await link.run(["true"])


async def test_a_child_cannot_reach_our_process_group(link: Link) -> None:
    done = await link.run(["sh", "-c", "ps -o pgid= -p $$ || cut -d' ' -f5 /proc/$$/stat"])
    assert int(done.text) != os.getpgid(0)


async def test_files_are_put_whole(link: Link, tmp_path: Path) -> None:
    for name in ("plain", "two words", "-rf", "n" * 255):
        path = tmp_path / name
        path.write_bytes(b"before")
        await link.put(EVERY_BYTE, str(path), mode=0o4750)
        assert path.read_bytes() == EVERY_BYTE
        assert stat.S_IMODE(path.stat().st_mode) == 0o4750
    assert len(list(tmp_path.iterdir())) == 4
    with pytest.raises(BoardProblem, match="cannot write"):
        await link.put(b"", str(tmp_path / "missing" / "file"))
    (tmp_path / "folder").mkdir()
    with pytest.raises(BoardProblem, match="cannot write"):
        await link.put(b"", str(tmp_path / "folder"))
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


async def test_a_link_of_the_name_is_replaced_and_not_followed(link: Link, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "link").symlink_to("precious")
    await link.put(b"new", str(tmp_path / "link"))
    assert (tmp_path / "precious").read_text() == "precious"
    assert (tmp_path / "link").read_bytes() == b"new"


async def test_what_it_is(link: Link) -> None:
    assert link.name == "this machine"
    assert Capability.SAME_MACHINE in link.capabilities
    unopened = LocalLink()
    assert await unopened.closed() is None
    with pytest.raises(LinkProblem):
        await unopened.run(["true"])
