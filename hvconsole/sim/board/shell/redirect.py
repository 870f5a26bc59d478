"""Redirections: files of the board, and other descriptors, in place of a command's own."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from hvconsole.sim.board.shell.call import ShellError, to_bytes
from hvconsole.sim.board.shell.expand import Expander
from hvconsole.sim.board.shell.streams import CLOSED, Bytes, FileStream, Reading, Streams, Writing
from hvconsole.sim.board.shell.syntax import Here, Redirection

if TYPE_CHECKING:
    from hvconsole.sim.board.shell.shell import Shell


class CannotRedirectError(Exception):
    """A file cannot be opened: what the shell says then."""


async def redirected(shell: Shell, redirections: tuple[Redirection, ...]) -> Streams:
    """Return the shell's streams with these redirections.

    Raises:
        CannotRedirectError: A file cannot be opened, or a descriptor is not open.
        ShellError: A word cannot be expanded.
    """
    streams = shell.streams
    expander = Expander(shell)
    for each in redirections:
        if isinstance(each.target, Here):
            body = await expander.text(each.target.body)
            stream: Reading | Writing = Bytes(to_bytes(body))
        else:
            target = await expander.text(each.target)
            if each.operator in (">&", "<&"):
                stream = _copied(streams, target)
            else:
                stream = _opened(shell, each.operator, target)
        streams = streams.with_(each.descriptor, stream)
    return streams


def _copied(streams: Streams, target: str) -> Reading | Writing:
    if target == "-":
        return CLOSED
    if not target.isdecimal() or not target.isascii() or len(target) > 1:
        raise ShellError("Bad fd number")
    try:
        return streams.get(int(target))
    except OSError as error:
        raise CannotRedirectError(f"{target}: {error.strerror}") from error


def _opened(shell: Shell, operator: str, target: str) -> FileStream:
    path = posixpath.join(shell.cwd, target) if target else ""
    tree = shell.system.tree
    try:
        if operator == "<":
            return FileStream(tree.open(path))
        handle = tree.open(
            path, write=True, create=True, truncate=operator == ">", mode=0o666 & ~shell.umask
        )
    except OSError as error:
        verb = "open" if operator == "<" else "create"
        reason = error.strerror
        if isinstance(error, FileNotFoundError):
            reason = "No such file" if operator == "<" else "Directory nonexistent"
        raise CannotRedirectError(f"cannot {verb} {target}: {reason}") from error
    return FileStream(handle, append=operator == ">>")
