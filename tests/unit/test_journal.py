"""The undo journal: written first, undone in reverse, taken over only from the dead."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, strategies as st

from hvconsole.board.journal import Journal, pending, undo_pending
from hvconsole.board.journal_file import Change, Outcome, Owner, new_journal, parse_journal
from hvconsole.link.local import LocalLink
from hvconsole.model.problem import BoardProblem, UsageProblem


@pytest.fixture
async def link() -> AsyncIterator[LocalLink]:
    local = LocalLink()
    await local.open()
    yield local
    await local.close()


def note(path: Path, word: str) -> list[str]:
    """Return an undo that leaves a trace: it appends a word to a file."""
    return ["sh", "-c", 'echo "$1" >> "$2"', "sh", word, str(path)]


def dead_journal(folder: Path, board: str, *changes: Change) -> Path:
    """Write the journal of a console that is gone."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{board}.1.{len(list(folder.iterdir()))}.jsonl"
    records = [Owner(board, 1, 0, "another boot"), *changes]
    path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in records))
    return path


async def test_a_change_is_on_disk_before_it_is_made(tmp_path: Path) -> None:
    journal = Journal("bpi", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
    await journal.record(["rmmod", "hvcounter"], "unload the counter module")
    (path,) = tmp_path.iterdir()
    owner, (change,) = parse_journal(path.read_bytes())
    assert owner == Owner.of_this_process("bpi")
    assert change.undo == ("rmmod", "hvcounter")
    assert path.stat().st_mode & 0o777 == 0o600
    journal.close()


async def test_undoing_goes_backwards_and_leaves_nothing(link: LocalLink, tmp_path: Path) -> None:
    journal, trace = Journal("bpi", folder=tmp_path / "j"), tmp_path / "trace"
    for word in ("first", "second", "third"):
        await journal.record(note(trace, word), f"undo the {word}")
    assert await journal.undo_all(link) == []
    assert trace.read_text().split() == ["third", "second", "first"]
    assert journal.standing == ()
    assert await journal.undo_all(link) == []
    journal.close()
    assert list((tmp_path / "j").iterdir()) == []


async def test_what_is_settled_is_not_undone_again(link: LocalLink, tmp_path: Path) -> None:
    journal, trace = Journal("bpi", folder=tmp_path / "j"), tmp_path / "trace"
    first = await journal.record(note(trace, "first"), "undo the first")
    await journal.record(note(trace, "second"), "undo the second")
    await journal.settle(first)
    assert await journal.undo_all(link) == []
    assert trace.read_text().split() == ["second"]
    journal.close()


async def test_what_cannot_be_undone_stays_and_the_rest_goes_on(
    link: LocalLink, tmp_path: Path
) -> None:
    journal, trace = Journal("bpi", folder=tmp_path / "j"), tmp_path / "trace"
    await journal.record(note(trace, "first"), "undo the first")
    await journal.record(["sh", "-c", "echo busy >&2; exit 3"], "unload the module")
    await journal.record(["/no/such/program"], "call a program")
    await journal.record(note(trace, "last"), "undo the last")
    failed = await journal.undo_all(link)
    assert trace.read_text().split() == ["last", "first"]
    assert [each.change.text for each in failed] == ["unload the module", "call a program"]
    problem = failed[0].problem("bpi")
    assert problem.title == "could not unload the module on bpi"
    assert problem.detail == "busy"
    assert journal.standing == tuple(each.change for each in failed)
    journal.close()
    (path,) = (tmp_path / "j").iterdir()
    assert [each.text for each in parse_journal(path.read_bytes())[1]] == [
        "unload the module",
        "call a program",
    ]


async def test_a_lost_link_leaves_all_to_the_next_console(tmp_path: Path) -> None:
    gone = LocalLink()  # never opened: every command raises LinkProblem
    journal = Journal("bpi", folder=tmp_path)
    for number in range(3):
        await journal.record(["true"], f"undo {number}")
    failed = await journal.undo_all(gone)
    assert len(failed) == 3
    journal.close()
    assert len(list(tmp_path.iterdir())) == 1


async def test_a_living_console_is_left_alone(link: LocalLink, tmp_path: Path) -> None:
    folder, trace = tmp_path / "j", tmp_path / "trace"
    alive = Journal("bpi", folder=folder)
    await alive.record(note(trace, "alive"), "undo what is in use")
    assert pending("bpi", folder) == []
    assert await undo_pending(link, "bpi", folder=folder) == ([], [])
    assert not trace.exists()
    await alive.undo_all(link)
    alive.close()


async def test_the_lock_holds_even_if_the_owner_seems_gone(link: LocalLink, tmp_path: Path) -> None:
    """Process numbers mean nothing on another machine that shares this home."""
    folder = tmp_path / "j"
    file = new_journal(folder, "bpi")
    file.append(Owner("bpi", 1, 0, "another boot"))
    file.append(Change(1, "undo it", ("true",)))
    assert pending("bpi", folder) == []
    file.close()
    assert [each.text for each in pending("bpi", folder)] == ["undo it"]


async def test_a_killed_console_is_cleaned_up_after(link: LocalLink, tmp_path: Path) -> None:
    folder, trace = tmp_path / "j", tmp_path / "trace"
    script = """
import asyncio, sys
from pathlib import Path
from hvconsole.board.journal import Journal
async def main():
    journal = Journal("bpi", folder=Path(sys.argv[1]))
    for word in ("first", "second"):
        await journal.record(["sh", "-c", 'echo "$1" >> "$2"', "sh", word, sys.argv[2]], word)
    print("written", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    words = [sys.executable, "-c", script, str(folder), str(trace)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as console:
        assert console.stdout is not None
        assert await asyncio.to_thread(console.stdout.readline) == b"written\n"
        assert pending("bpi", folder) == []
        console.send_signal(signal.SIGKILL)
        console.wait(10)
    assert [each.text for each in pending("bpi", folder)] == ["first", "second"]
    assert pending("other", folder) == []
    undone, failed = await undo_pending(link, "bpi", folder=folder)
    assert ([each.text for each in undone], failed) == (["first", "second"], [])
    assert trace.read_text().split() == ["second", "first"]
    assert pending("bpi", folder) == []
    assert list(folder.iterdir()) == []


async def test_leftovers_that_fail_stay_for_the_next_time(link: LocalLink, tmp_path: Path) -> None:
    folder, trace = tmp_path / "j", tmp_path / "trace"
    dead_journal(
        folder,
        "bpi",
        Change(1, "one", tuple(note(trace, "one"))),
        Change(2, "two", ("false",)),
    )
    undone, failed = await undo_pending(link, "bpi", folder=folder)
    assert [each.text for each in undone] == ["one"]
    assert [each.change.text for each in failed] == ["two"]
    assert [each.text for each in pending("bpi", folder)] == ["two"]


async def test_a_reboot_has_undone_what_lasts_until_then(link: LocalLink, tmp_path: Path) -> None:
    folder, trace = tmp_path / "j", tmp_path / "trace"
    changes = [
        Change(1, "module", tuple(note(trace, "module")), "boot 1"),
        Change(2, "file", tuple(note(trace, "file"))),
    ]
    dead_journal(folder, "bpi", *changes)
    undone, failed = await undo_pending(link, "bpi", boot="boot 2", folder=folder)
    assert (len(undone), failed) == (2, [])
    assert trace.read_text().split() == ["file"]

    dead_journal(folder, "bpi", *changes)
    await undo_pending(link, "bpi", boot="boot 1", folder=folder)
    assert trace.read_text().split() == ["file", "file", "module"]


async def test_names_of_boards_do_not_get_mixed_up(tmp_path: Path) -> None:
    for board in ("bpi", "bpi.2", "b*", "../x", "bpi_"):
        dead_journal(tmp_path, "x")  # something of another board lies around
        journal = Journal(board, folder=tmp_path)
        await journal.record(["true"], board)
        journal.close()
    owners = {
        owner.board
        for path in tmp_path.iterdir()
        if (owner := parse_journal(path.read_bytes())[0]) is not None
    }
    assert owners == {"bpi", "bpi.2", "b*", "../x", "bpi_", "x"}


async def test_nothing_is_changed_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    journal = Journal("bpi", folder=tmp_path / "file")
    with pytest.raises(BoardProblem, match="nothing is changed"):
        await journal.record(["true"], "do nothing")
    assert journal.standing == ()
    with pytest.raises(UsageProblem):
        await Journal("bpi", folder=tmp_path).record(["rm", "a\nb"], "remove a file")


records = st.one_of(
    st.builds(
        Change, st.integers(1, 5), st.text(), st.lists(st.text(), min_size=1).map(tuple), st.text()
    ),
    st.builds(Outcome, st.integers(1, 5), st.booleans(), st.text()),
)


@given(st.lists(records), st.data())
def test_a_journal_cut_anywhere_is_read_up_to_there(
    written: list[Change | Outcome], data: st.DataObject
) -> None:
    lines = [b"\n" + msgspec.json.encode(each) + b"\n" for each in written]
    cut = data.draw(st.integers(0, len(b"".join(lines))))
    whole: dict[int, Change] = {}
    size = 0
    for record, line in zip(written, lines, strict=True):
        size += len(line)
        if size - 1 > cut:  # all but the newline is enough
            break
        if isinstance(record, Change):
            whole.pop(record.id, None)
            whole[record.id] = record
        elif record.gone:
            whole.pop(record.id, None)
    _, changes = parse_journal(b"".join(lines)[:cut])
    assert sorted(each.id for each in changes) == sorted(whole)
    assert {each.id: each for each in changes} == whole


@given(st.binary())
def test_rubbish_is_an_empty_journal(data: bytes) -> None:
    assert parse_journal(data) == (None, [])


def test_an_owner_is_one_process_only() -> None:
    ours = Owner.of_this_process("bpi")
    assert ours.pid == os.getpid()
    assert ours.lives
    assert not msgspec.structs.replace(ours, started=ours.started + 1).lives
    assert not msgspec.structs.replace(ours, boot="another").lives
