"""``insmod``, ``modprobe``, ``rmmod`` and ``lsmod``, with kmod's messages."""

from __future__ import annotations

import errno
import os
import posixpath
from typing import TYPE_CHECKING, Final

from hvconsole.sim.board.commands.getopt import taken
from hvconsole.sim.board.linux.modules import EKEYREJECTED, RefusedError, load, unload
from hvconsole.sim.board.modes import KERNEL
from hvconsole.sim.board.nodes import Folder
from hvconsole.sim.board.shell.call import BoardCommand, Invocation

if TYPE_CHECKING:
    from hvconsole.sim.board.board import Board

# kmod has words of its own for the first; other systems than Linux lack the second.
_REASONS: Final = {
    errno.ENOEXEC: "Invalid module format",
    EKEYREJECTED: "Key was rejected by service",
}
_LIBRARY: Final = f"/lib/modules/{KERNEL}"


def _insmod(board: Board, call: Invocation) -> int:
    words = taken(call, "fsv").operands
    if not words:
        return call.fail("ERROR: missing filename.")
    try:
        data = call.tree.read(call.path(words[0]))
    except OSError as error:
        return call.fail(f"ERROR: could not load module {words[0]}: {error.strerror}")
    return _load(board, call, words[0], data, words[1:])


def _load(board: Board, call: Invocation, name: str, data: bytes, options: list[str]) -> int:
    try:
        load(board, data, options)
    except RefusedError as refused:
        reason = _REASONS.get(refused.number) or os.strerror(refused.number)
        return call.fail(f"ERROR: could not insert module {name}: {reason}")
    return 0


def _modprobe(board: Board, call: Invocation) -> int:
    options = taken(call, "rqv")
    if not options.operands:
        return call.fail("ERROR: missing parameters. See -h.")
    name = options.operands[0].replace("-", "_")
    if "r" in options.letters:
        return _remove(board, call, name) if name in board.modules else 0
    if name in board.modules:
        return 0
    path = _installed(board, name)
    if not path:
        return call.fail(f"FATAL: Module {options.operands[0]} not found in directory {_LIBRARY}")
    return _load(board, call, f"'{name}'", board.tree.read(path), options.operands[1:])


def _installed(board: Board, name: str) -> str:
    """Return where below /lib/modules a module lies."""
    waiting = [_LIBRARY]
    while waiting:
        folder = waiting.pop()
        for each in board.tree.names(folder):
            path = posixpath.join(folder, each)
            if isinstance(board.tree.find(path, follow=False), Folder):
                waiting.append(path)
            elif each.replace("-", "_") == f"{name}.ko":
                return path
    return ""


def _rmmod(board: Board, call: Invocation) -> int:
    status = 0
    for name in taken(call, "fsvw").operands:
        status = _remove(board, call, name.removesuffix(".ko").replace("-", "_")) or status
    return status


def _remove(board: Board, call: Invocation, name: str) -> int:
    if name not in board.modules:
        return call.fail(f"ERROR: Module {name} is not currently loaded")
    try:
        unload(board, name)
    except OSError as error:
        reason = error.strerror
        if error.errno == errno.EBUSY:
            return call.fail(f"ERROR: Module {name} is in use")
        return call.fail(f"ERROR: could not remove module {name}: {reason}")
    return 0


def _lsmod(board: Board, call: Invocation) -> int:
    call.out("Module                  Size  Used by\n")
    for name, size in reversed(board.modules.items()):
        call.out(f"{name:<19} {size:>8}  0\n")
    return 0


MODULES: Final[dict[str, BoardCommand]] = {
    "insmod": _insmod,
    "lsmod": _lsmod,
    "modprobe": _modprobe,
    "rmmod": _rmmod,
}
