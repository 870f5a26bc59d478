"""What lies in the simulated board's tree of files."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hvconsole.sim.board.shell.call import CommandFunction


_PROGRAM_SIZE: Final = 65_536
_SYSFS_SIZE: Final = 4096


@dataclass(slots=True)
class File:
    """A plain file."""

    data: bytearray = field(default_factory=bytearray)
    mode: int = 0o644
    mtime: float = field(default_factory=time.time)


@dataclass(slots=True)
class Live:
    """A file of proc or sysfs: read by calling, written by calling (None: it cannot be)."""

    read: Callable[[], bytes]
    write: Callable[[bytes], None] | None = None
    mode: int = 0o444


@dataclass(slots=True)
class Folder:
    """A folder: its entries by name."""

    entries: dict[str, Node] = field(default_factory=dict)
    mode: int = 0o755
    mtime: float = field(default_factory=time.time)


@dataclass(slots=True)
class Symlink:
    """A symbolic link."""

    target: str


def _nothing(_most: int) -> bytes:
    return b""


def _forget(_data: bytes) -> None:
    pass


@dataclass(slots=True)
class Device:
    """A character device: what it gives (bytes at most), and what it does with what it gets."""

    numbers: tuple[int, int]
    read: Callable[[int], bytes] = _nothing
    write: Callable[[bytes], None] = _forget
    mode: int = 0o666


@dataclass(slots=True)
class Executable:
    """A program that came with the board's system."""

    run: CommandFunction
    mode: int = 0o755


Node = File | Live | Folder | Symlink | Device | Executable


@dataclass(frozen=True, slots=True)
class Stat:
    """What is known of a file: its kind and permissions as `st_mode`, bytes, when changed."""

    mode: int
    size: int
    mtime: float
    links: int = 1


def stat_of(node: Node) -> Stat:
    """Return what is known of a node."""
    match node:
        case Folder(entries=entries, mode=mode, mtime=mtime):
            links = 2 + sum(isinstance(inner, Folder) for inner in entries.values())
            return Stat(stat.S_IFDIR | mode, 0, mtime, links)
        case File(data=data, mode=mode, mtime=mtime):
            return Stat(stat.S_IFREG | mode, len(data), mtime)
        case Live(mode=mode):
            return Stat(stat.S_IFREG | mode, _SYSFS_SIZE, 0)
        case Executable(mode=mode):
            return Stat(stat.S_IFREG | mode, _PROGRAM_SIZE, 0)
        case Device(mode=mode):
            return Stat(stat.S_IFCHR | mode, 0, 0)
        case Symlink(target=target):
            return Stat(stat.S_IFLNK | 0o777, len(target), 0)
