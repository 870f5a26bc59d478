"""Commands that tell about files: names, sizes, hashes, room."""

from __future__ import annotations

import hashlib
import io
import posixpath
import stat
import tarfile
import time
from typing import Final

from hvconsole.sim.board.commands.getopt import taken
from hvconsole.sim.board.nodes import Device, Folder, Node, Symlink, stat_of
from hvconsole.sim.board.shell.call import FAILED, USAGE, CommandFunction, Invocation
from hvconsole.sim.board.shell.streams import read_all

_KIB: Final = 1024


async def _sha256sum(call: Invocation) -> int:
    names = taken(call, "b").operands
    if not names:
        digest = hashlib.sha256(await read_all(call.streams.stdin)).hexdigest()
        call.out(f"{digest}  -\n")
        return 0
    status = 0
    for name in names:
        try:
            digest = hashlib.sha256(call.tree.read(call.path(name))).hexdigest()
        except OSError as error:
            status = call.fail(f"{name}: {error.strerror}")
        else:
            escaped = name.replace("\\", "\\\\").replace("\n", "\\n")
            call.out(f"{'' if escaped == name else chr(92)}{digest}  {escaped}\n")
    return status


async def _tar(call: Invocation) -> int:
    """Unpack from standard input: all that the console asks of it."""
    options = taken(call, "xv", "fC")
    if "x" not in options.letters or options.last("f") != "-":
        return call.fail("only -x -f - -C FOLDER is simulated", USAGE)
    folder = posixpath.normpath(call.path(options.last("C", ".")))
    try:
        with tarfile.open(fileobj=io.BytesIO(await read_all(call.streams.stdin))) as archive:
            for entry in archive.getmembers():
                _unpack(call, archive, entry, folder)
    except (tarfile.TarError, EOFError, ValueError):
        return call.fail("This does not look like a tar archive", USAGE)
    except OSError as error:
        return call.fail(f"{error.filename}: Cannot open: {error.strerror}", USAGE)
    return 0


def _unpack(
    call: Invocation, archive: tarfile.TarFile, entry: tarfile.TarInfo, folder: str
) -> None:
    source = archive.extractfile(entry) if entry.isreg() else None
    path = posixpath.normpath(posixpath.join(folder, entry.name))
    if source is None or not path.startswith(f"{folder.rstrip('/')}/"):
        return
    call.tree.make_folders(posixpath.dirname(path))
    call.tree.write(path, source.read(), mode=entry.mode & 0o777)


def _df(call: Invocation) -> int:
    used, free = call.tree.used // _KIB, call.tree.free_kib
    share = -(-100 * used // max(used + free, 1))
    call.out("Filesystem     1024-blocks      Used Available Capacity Mounted on\n")
    call.out(f"/dev/mmcblk0p1 {used + free:>11} {used:>9} {free:>9} {share:>7}% /\n")
    return 0


def _ls(call: Invocation) -> int:
    options = taken(call, "lad1AFhtr")
    status = 0
    names = options.operands or ["."]
    for index, name in enumerate(names):
        try:
            node = call.tree.find(call.path(name), follow="l" not in options.letters)
        except OSError as error:
            status = call.fail(f"cannot access '{name}': {error.strerror}", USAGE)
            continue
        if not isinstance(node, Folder) or "d" in options.letters:
            call.out(_listed(node, name, options.letters))
            continue
        if len(names) > 1:
            call.out(("\n" if index else "") + f"{name}:\n")
        _list_folder(call, node, options.letters)
    return status


def _list_folder(call: Invocation, folder: Folder, letters: set[str]) -> None:
    if "l" in letters:
        call.out("total 0\n")
    entries = sorted(folder.entries.items())
    if "a" in letters:
        entries = [(".", folder), ("..", folder), *entries]
    for name, node in entries:
        if not name.startswith(".") or letters & set("aA"):
            call.out(_listed(node, name, letters))


def _listed(node: Node, name: str, letters: set[str]) -> str:
    if "l" not in letters:
        return f"{name}\n"
    known = stat_of(node)
    when = time.strftime("%b %e %H:%M", time.gmtime(known.mtime))
    size = str(known.size)
    if isinstance(node, Device):
        size = "{}, {}".format(*node.numbers)
    if isinstance(node, Symlink):
        name = f"{name} -> {node.target}"
    kind = stat.filemode(known.mode)
    return f"{kind} {known.links} root root {size:>4} {when} {name}\n"


def _readlink(call: Invocation) -> int:
    options = taken(call, "fen")
    status = 0
    for name in options.operands:
        try:
            node = call.tree.find(call.path(name), follow=False)
            if options.letters & set("fe"):
                call.out(call.tree.real(call.path(name)) + "\n")
            elif isinstance(node, Symlink):
                call.out(f"{node.target}\n")
            else:
                status = FAILED
        except OSError:
            status = FAILED
    return status


def _stat(call: Invocation) -> int:
    options = taken(call, "L", "c")
    status = 0
    for name in options.operands:
        try:
            known = call.tree.stat(call.path(name), follow="L" in options.letters)
        except OSError as error:
            status = call.fail(f"cannot statx '{name}': {error.strerror}")
            continue
        form = options.last("c", "%n %s %a")
        signs = {"%n": name, "%s": str(known.size), "%a": f"{known.mode & 0o7777:o}"}
        signs |= {"%Y": str(int(known.mtime)), "%U": "root", "%A": stat.filemode(known.mode)}
        for sign, value in signs.items():
            form = form.replace(sign, value)
        call.out(f"{form}\n")
    return status


def _basename(call: Invocation) -> int:
    if not call.words[1:]:
        return call.fail("missing operand")
    name = posixpath.basename(call.words[1].rstrip("/")) or "/"
    suffix = call.words[2] if call.words[2:] else ""
    call.out((name.removesuffix(suffix) or name) + "\n")
    return 0


def _dirname(call: Invocation) -> int:
    if not call.words[1:]:
        return call.fail("missing operand")
    call.out((posixpath.dirname(call.words[1].rstrip("/")) or ".") + "\n")
    return 0


def _which(call: Invocation) -> int:
    status = 0
    for name in taken(call, "as").operands:
        where = call.shell.find(name)
        if where:
            call.out(f"{where}\n")
        else:
            status = FAILED
    return status


LISTING: Final[dict[str, CommandFunction]] = {
    "basename": _basename,
    "df": _df,
    "dirname": _dirname,
    "ls": _ls,
    "readlink": _readlink,
    "sha256sum": _sha256sum,
    "stat": _stat,
    "tar": _tar,
    "which": _which,
}
