"""The simulated board's files, all in memory; some are made when they are read.

Paths are absolute POSIX paths; bytes of a name that are not UTF-8 are kept as Python's surrogate
escapes. Errors are `OSError` with the number a Linux kernel gives, so that shell and SFTP server
both say what a real board says.
"""

from __future__ import annotations

import errno
import os
import posixpath
from collections.abc import Iterator
from typing import Final

from hvconsole.sim.board.handle import DeviceHandle, FileHandle, Handle, LiveHandle
from hvconsole.sim.board.nodes import (
    Device,
    Executable,
    File,
    Folder,
    Live,
    Node,
    Stat,
    Symlink,
    stat_of,
)

_MOST_LINKS: Final = 16
_LONGEST_PATH, _LONGEST_NAME = 4095, 255
_KIB: Final = 1024
_READ_AT_ONCE: Final = 64 << 20


def failed(number: int, path: str = "") -> OSError:
    """Return the error of that number, about a path."""
    return OSError(number, os.strerror(number), path)


class Tree:
    """All files of the board.

    Args:
        room: Bytes that plain files may take together; can be changed (a full disk).
    """

    def __init__(self, room: int = 256 << 20) -> None:
        self.root = Folder()
        self.room = room

    @property
    def used(self) -> int:
        """Bytes that plain files take."""
        return sum(len(node.data) for node in self._all() if isinstance(node, File))

    @property
    def free_kib(self) -> int:
        """Room that is left, in KiB."""
        return max(self.room - self.used, 0) // _KIB

    def find(self, path: str, *, follow: bool = True) -> Node:
        """Return what lies at a path.

        Args:
            path: Absolute.
            follow: Go on where a symbolic link leads, if the path ends at one.

        Raises:
            OSError: Nothing lies there, or a part of the path is no folder.
        """
        return self._find(path, follow=follow, links=0)[1]

    def real(self, path: str) -> str:
        """Return a path with all links resolved."""
        return self._find(path, follow=True, links=0)[0]

    def exists(self, path: str) -> bool:
        """Return whether something lies there."""
        try:
            self.find(path)
        except OSError:
            return False
        return True

    def is_folder(self, path: str) -> bool:
        """Return whether a folder lies there."""
        try:
            return isinstance(self.find(path), Folder)
        except OSError:
            return False

    def names(self, path: str) -> list[str]:
        """Return the names in a folder, sorted."""
        return sorted(self._folder(path).entries)

    def stat(self, path: str, *, follow: bool = True) -> Stat:
        """Return what is known of a file."""
        return stat_of(self.find(path, follow=follow))

    def open(
        self,
        path: str,
        *,
        write: bool = False,
        create: bool = False,
        exclusive: bool = False,
        truncate: bool = False,
        mode: int = 0o644,
    ) -> Handle:
        """Open a file, for reading and, if asked for, writing.

        Raises:
            OSError: It cannot be.
        """
        try:
            node = self.find(path, follow=not exclusive)
        except FileNotFoundError:
            if not create:
                raise
            node = File(mode=mode & 0o7777)
            self._claim(0, path)
            self.place(path, node)
        else:
            if exclusive:
                raise failed(errno.EEXIST, path)
        if truncate and isinstance(node, File):
            node.data = bytearray()
        return self._handle(path, node, write=write)

    def read(self, path: str) -> bytes:
        """Return a file's content."""
        return self.open(path).read(0, _READ_AT_ONCE)

    def write(self, path: str, data: bytes, *, append: bool = False, mode: int = 0o644) -> None:
        """Write a whole file, or at its end; make it where there is none."""
        handle = self.open(path, write=True, create=True, truncate=not append, mode=mode)
        handle.write(handle.size if append else 0, data)

    def place(self, path: str, node: Node, *, parents: bool = False) -> None:
        """Put a node at a path, in place of what lies there."""
        folder, name = posixpath.split(_clean(path))
        if parents:
            self.make_folders(folder)
        if not name:
            raise failed(errno.EISDIR, path)
        self._folder(folder).entries[name] = node

    def make_folder(self, path: str, mode: int = 0o755) -> None:
        """Make a folder where there is nothing yet."""
        try:
            self.find(path, follow=False)
        except FileNotFoundError:
            self.place(path, Folder(mode=mode))
        else:
            raise failed(errno.EEXIST, path)

    def make_folders(self, path: str) -> None:
        """Make a folder and those above it, as far as they are missing."""
        missing: list[str] = []
        path = _clean(path)
        while not self.is_folder(path):
            missing.append(path)
            path = posixpath.dirname(path)
        for each in reversed(missing):
            self.make_folder(each)

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link where there is nothing yet."""
        try:
            self.find(path, follow=False)
        except FileNotFoundError:
            self.place(path, Symlink(target))
        else:
            raise failed(errno.EEXIST, path)

    def set_mode(self, path: str, mode: int) -> None:
        """Change permissions."""
        node = self.find(path)
        if isinstance(node, Symlink):
            raise failed(errno.ELOOP, path)
        node.mode = mode & 0o7777

    def remove_file(self, path: str) -> None:
        """Remove a file, a link or a device, but no folder."""
        if isinstance(self.find(path, follow=False), Folder):
            raise failed(errno.EISDIR, path)
        self._take(path)

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder."""
        node = self.find(path, follow=False)
        if not isinstance(node, Folder):
            raise failed(errno.ENOTDIR, path)
        if node.entries:
            raise failed(errno.ENOTEMPTY, path)
        self._take(path)

    def remove_all(self, path: str) -> None:
        """Remove whatever lies there, and all below it."""
        self.find(path, follow=False)
        self._take(path)

    def rename(self, old: str, new: str) -> None:
        """Move what lies at a path, in place of a file or an empty folder at the new one."""
        old, new = _clean(old), _clean(new)
        node = self.find(old, follow=False)
        if old == new:
            return
        if isinstance(node, Folder) and new.startswith(f"{old}/"):
            raise failed(errno.EINVAL, new)
        try:
            there = self.find(new, follow=False)
        except FileNotFoundError:
            there = None
        if isinstance(there, Folder):
            if not isinstance(node, Folder):
                raise failed(errno.EISDIR, new)
            if there.entries:
                raise failed(errno.ENOTEMPTY, new)
        elif there is not None and isinstance(node, Folder):
            raise failed(errno.ENOTDIR, new)
        self._folder(posixpath.dirname(new))
        self._take(old)
        self.place(new, node)

    def _find(self, path: str, *, follow: bool, links: int) -> tuple[str, Node]:
        if links > _MOST_LINKS:
            raise failed(errno.ELOOP, path)
        at: str = "/"
        node: Node = self.root
        parts = [part for part in _clean(path).split("/") if part]
        for index, part in enumerate(parts):
            if not isinstance(node, Folder):
                raise failed(errno.ENOTDIR, path)
            if part not in node.entries:
                number = errno.ENAMETOOLONG if len(part) > _LONGEST_NAME else errno.ENOENT
                raise failed(number, path)
            inner = node.entries[part]
            if isinstance(inner, Symlink) and (follow or index + 1 < len(parts)):
                target = posixpath.join(at, inner.target)
                at, node = self._find(target, follow=True, links=links + 1)
            else:
                at, node = posixpath.join(at, part), inner
        if path.endswith("/") and not isinstance(node, Folder):
            raise failed(errno.ENOTDIR, path)
        return at, node

    def _handle(self, path: str, node: Node, *, write: bool) -> Handle:
        match node:
            case File():
                return FileHandle(node, lambda more: self._claim(more, path))
            case Live(mode=mode, write=writer):
                if write and writer is None:
                    raise failed(errno.EACCES, path)
                if not write and not mode & 0o444:
                    raise failed(errno.EACCES, path)
                return LiveHandle(node)
            case Device():
                return DeviceHandle(node)
            case Executable():
                if write:
                    raise failed(errno.ETXTBSY, path)
                return FileHandle(File(bytearray(b"\x7fSIM")), lambda _more: None)
            case Folder():
                raise failed(errno.EISDIR, path)
            case Symlink():
                raise failed(errno.ELOOP, path)

    def _folder(self, path: str) -> Folder:
        node = self.find(path)
        if not isinstance(node, Folder):
            raise failed(errno.ENOTDIR, path)
        return node

    def _take(self, path: str) -> Node:
        folder, name = posixpath.split(_clean(path))
        if not name:
            raise failed(errno.EBUSY, path)
        return self._folder(folder).entries.pop(name)

    def _claim(self, more: int, path: str) -> None:
        if self.room <= 0 or (more > 0 and self.used + more > self.room):
            raise failed(errno.ENOSPC, path)

    def _all(self) -> Iterator[Node]:
        waiting: list[Node] = [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            if isinstance(node, Folder):
                waiting += node.entries.values()


def _clean(path: str) -> str:
    """Return a path without ``.``, ``..`` and double slashes."""
    if not path.startswith("/") or "\0" in path:
        raise failed(errno.ENOENT, path)
    if len(path) > _LONGEST_PATH:
        raise failed(errno.ENAMETOOLONG, path)
    return "/" + posixpath.normpath(path).lstrip("/")
