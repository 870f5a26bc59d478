"""The simulated board's files, as shell and SFTP server use them."""

from __future__ import annotations

import errno
import io
import stat
import tarfile

import pytest
from hypothesis import given, settings, strategies as st
from simulated_board import run, running

from hvconsole.sim.board.nodes import File, Folder, Live
from hvconsole.sim.board.shell.glob import matching
from hvconsole.sim.board.tree import Tree


def _tree(room: int = 1 << 20) -> Tree:
    tree = Tree(room)
    for path in ("/a/b", "/tmp"):
        tree.make_folders(path)
    return tree


def _number(call, *arguments, **named) -> int | None:
    with pytest.raises(OSError) as raised:
        call(*arguments, **named)
    return raised.value.errno


def test_a_file_is_written_beside_its_place_and_renamed():
    tree = _tree()
    handle = tree.open("/tmp/.x", write=True, create=True, exclusive=True, mode=0o600)
    handle.write(0, b"abc")
    handle.write(3, b"def")
    tree.set_mode("/tmp/.x", 0o755)
    tree.write("/tmp/x", b"old")
    tree.rename("/tmp/.x", "/tmp/x")
    assert tree.names("/tmp") == ["x"]
    assert tree.read("/tmp/x") == b"abcdef"
    known = tree.stat("/tmp/x")
    assert (stat.S_ISREG(known.mode), known.mode & 0o7777, known.size) == (True, 0o755, 6)
    handle.write(1, b"BC")  # it is still that file
    assert tree.read("/tmp/x") == b"aBCdef"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.binary(max_size=20)) | st.integers(0, 60), max_size=12
    )
)
def test_reads_and_writes_at_offsets_are_those_of_a_real_file(steps):
    tree, model = _tree(), bytearray()
    handle = tree.open("/tmp/f", write=True, create=True)
    for step in steps:
        if isinstance(step, int):
            assert handle.read(step, 16) == bytes(model[step : step + 16])
            continue
        offset, data = step
        if data:
            model.extend(bytes(max(offset - len(model), 0)))
            model[offset : offset + len(data)] = data
            handle.write(offset, data)
    assert tree.read("/tmp/f").rstrip(b"\0") == bytes(model).rstrip(b"\0")


def test_errors_are_the_kernels():
    tree = _tree()
    tree.write("/tmp/f", b"1")
    tree.place("/tmp/sensor", Live(lambda: b"42\n"))
    tree.link("/tmp/loop", "loop")
    tree.link("/tmp/dangling", "/nowhere/x")
    assert _number(tree.read, "/tmp/none") == errno.ENOENT
    assert _number(tree.read, "/tmp/f/x") == errno.ENOTDIR
    assert _number(tree.read, "/tmp/f/") == errno.ENOTDIR
    assert _number(tree.read, "/tmp") == errno.EISDIR
    assert _number(tree.read, "/tmp/loop") == errno.ELOOP
    assert _number(tree.read, "relative") == errno.ENOENT
    assert _number(tree.read, "/tmp/nul\0byte") == errno.ENOENT
    assert _number(tree.read, "/" + "x" * 300) == errno.ENAMETOOLONG
    assert _number(tree.write, "/" + "y/" * 3000, b"") == errno.ENAMETOOLONG
    assert _number(tree.write, "/tmp/sensor", b"1") == errno.EACCES
    assert _number(tree.write, "/nowhere/x", b"1") == errno.ENOENT
    assert _number(tree.open, "/tmp/f", create=True, exclusive=True) == errno.EEXIST
    assert _number(tree.open, "/tmp/dangling", create=True, exclusive=True) == errno.EEXIST
    assert _number(tree.make_folder, "/tmp") == errno.EEXIST
    assert _number(tree.remove_file, "/tmp") == errno.EISDIR
    assert _number(tree.remove_folder, "/tmp/f") == errno.ENOTDIR
    assert _number(tree.remove_folder, "/a") == errno.ENOTEMPTY
    assert _number(tree.remove_all, "/") == errno.EBUSY
    assert _number(tree.rename, "/a", "/a/b/c") == errno.EINVAL
    assert _number(tree.rename, "/tmp/f", "/a") == errno.EISDIR
    assert _number(tree.rename, "/a", "/tmp/f") == errno.ENOTDIR
    assert tree.read("/tmp/f") == b"1"


def test_a_full_disk_takes_no_more_and_loses_nothing():
    tree = _tree(room=100)
    tree.write("/tmp/f", b"x" * 90)
    assert _number(tree.write, "/tmp/f", b"y" * 20, append=True) == errno.ENOSPC
    assert tree.read("/tmp/f") == b"x" * 90
    tree.room = 0
    assert _number(tree.write, "/tmp/g", b"") == errno.ENOSPC
    tree.remove_file("/tmp/f")
    tree.room = 100
    tree.write("/tmp/g", b"z" * 100)
    assert tree.free_kib == 0


def test_very_deep_folders_are_no_trouble():
    tree = Tree()
    inner = Folder({"f": File(bytearray(b"x"))})
    for _ in range(1500):
        inner = Folder({"d": inner})
    tree.place("/d", inner)
    assert tree.used == 1
    assert tree.read("/d" * 1501 + "/f") == b"x"
    tree.remove_all("/d")
    assert tree.used == 0


_NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12
).filter(lambda name: name not in (".", ".."))


@settings(max_examples=60, deadline=None)
@given(
    name=_NAMES
    | st.binary(min_size=1, max_size=8)
    .map(
        lambda data: (
            data.replace(b"/", b"_").replace(b"\0", b"_").decode("utf-8", "surrogateescape")
        )
    )
    .filter(lambda name: name not in (".", ".."))
)
def test_hostile_names_are_only_names(name: str):
    tree = _tree()
    tree.write(f"/tmp/{name}", b"content")
    assert tree.names("/tmp") == [name]
    assert matching(tree, "/", "tmp/*") == ([] if name.startswith(".") else [f"tmp/{name}"])
    tree.make_folders("/moved")
    tree.rename(f"/tmp/{name}", f"/moved/{name}")
    assert tree.read(f"/moved/{name}") == b"content"


@pytest.mark.parametrize(
    "name",
    ["-rf", "a b", "$(touch hit)", "`x`", "*", "a\nb", "\x1b[2J", "'", '"', "\udcff", "ü"],
)
async def test_hostile_names_pass_through_the_shell(name: str):
    async with running() as board:
        board.tree.place(f"/root/{name}", File(bytearray(b"inside")))
        listed = await run(board, 'for f in ./*; do cat -- "$f"; printf \'%s\\n\' "$f"; done')
        assert listed.stdout == b"inside./" + name.encode("utf-8", "surrogateescape") + b"\n"
        done = await run(board, 'mv -- "$1" "$2" && sha256sum -- "$2"', b"", name, f"{name}x")
        assert done.status == 0
        assert board.tree.names("/root") == [f"{name}x"]
        assert board.tree.names("/tmp") == []
        await run(board, 'rm -r -- "$1"', b"", f"{name}x")
        assert board.tree.names("/root") == []


async def test_tar_writes_into_its_folder_only():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("in/side", "../out", "/etc/hostname"):
            entry = tarfile.TarInfo(name)
            entry.size = 3
            archive.addfile(entry, io.BytesIO(b"abc"))
    async with running() as board:
        done = await run(board, "mkdir -p /tmp/x; tar -x -f - -C /tmp/x", buffer.getvalue())
        assert done.status == 0
        assert board.tree.read("/tmp/x/in/side") == b"abc"
        assert board.tree.names("/tmp") == ["x"]
        assert board.tree.read("/etc/hostname") == b"bananapi\n"
        assert (await run(board, "tar -x -f - -C /tmp/x", b"no archive")).status == 2
