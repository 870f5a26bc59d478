"""A file system as Linux unpacks it at boot: the "newc" form of cpio.

The same entries give the same bytes, whoever packs them and when: measurements in virtual time
depend on every byte. The format: Documentation/driver-api/early-userspace/buffer-format.rst.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hvconsole.model.problem import UsageProblem

_MAGIC = b"070701"
_END = "TRAILER!!!"
_MAX_SIZE = (1 << 32) - 1  # the size is eight hexadecimal digits
_NAME_SIZE = 4096  # Linux leaves out entries with longer names, without a word


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, folder or symbolic link; owned by root, its times are zero.

    Attributes:
        path: Without a leading slash.
        mode: Kind and permissions, as in ``st_mode``.
        data: A file's content, a link's target.
    """

    path: str
    mode: int
    data: bytes = b""


def folder(path: str, mode: int = 0o755) -> Entry:
    """Return a folder."""
    return Entry(path, stat.S_IFDIR | mode)


def file(path: str, data: bytes, mode: int = 0o755) -> Entry:
    """Return a file."""
    return Entry(path, stat.S_IFREG | mode, data)


def link(path: str, target: str) -> Entry:
    """Return a symbolic link."""
    return Entry(path, stat.S_IFLNK | 0o777, target.encode())


def tree(source: Path, under: str) -> list[Entry]:
    """Return a folder of the host's as entries below a path; links stay links.

    Raises:
        UsageProblem: It holds something else than files, folders and links.
    """
    entries = [folder(under)]
    for path in sorted(source.rglob("*")):
        name = f"{under}/{path.relative_to(source).as_posix()}"
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            entries.append(link(name, str(path.readlink())))
        elif stat.S_ISDIR(mode):
            entries.append(folder(name, stat.S_IMODE(mode)))
        elif stat.S_ISREG(mode):
            entries.append(file(name, path.read_bytes(), stat.S_IMODE(mode)))
        else:
            raise UsageProblem(
                f"{path} cannot be put on a board",
                detail="it is neither a file, nor a folder, nor a symbolic link",
                hint="leave it out of the folder",
            )
    return entries


def archive(entries: Iterable[Entry]) -> bytes:
    """Pack entries in the order of their paths; folders that are missing come by themselves.

    Raises:
        UsageProblem: A path cannot be in an archive, or a file is too large.
    """
    every: dict[str, Entry] = {}
    for entry in entries:
        _check(entry)
        for parent in PurePosixPath(entry.path).parents[:-1]:
            every.setdefault(str(parent), folder(str(parent)))
        every[entry.path] = entry
    # A folder sorts before what is in it when paths are compared part by part.
    ordered = sorted(every.values(), key=lambda entry: PurePosixPath(entry.path).parts)
    packed = [_packed(number, entry) for number, entry in enumerate(ordered, 1)]
    return b"".join([*packed, _packed(0, Entry(_END, 0))])


def simple(files: Mapping[str, bytes], links: Mapping[str, str]) -> list[Entry]:
    """Return programs, links, and the empty folders that a first process mounts upon."""
    return [
        *(folder(name) for name in ("dev", "mnt", "proc", "run", "sys", "tmp")),
        *(file(path, data) for path, data in files.items()),
        *(link(path, target) for path, target in links.items()),
    ]


def _check(entry: Entry) -> None:
    path = PurePosixPath(entry.path)
    clean = str(path) == entry.path and not path.is_absolute() and ".." not in path.parts
    if not clean or entry.path in {".", _END} or "\0" in entry.path:
        raise UsageProblem(f"{entry.path!r} is no path in an initramfs")
    if len(entry.path.encode(errors="surrogateescape")) >= _NAME_SIZE:
        raise UsageProblem(f"a path of {len(entry.path)} letters is too long for an initramfs")
    if len(entry.data) > _MAX_SIZE:
        raise UsageProblem(f"{entry.path} is too large for an initramfs")


def _packed(number: int, entry: Entry) -> bytes:
    name = entry.path.encode(errors="surrogateescape") + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    size = len(entry.data)
    fields = (number, entry.mode, 0, 0, links, 0, size, 0, 0, 0, 0, len(name), 0)
    head = _MAGIC + b"".join(b"%08x" % field for field in fields) + name
    return _padded(head) + _padded(entry.data)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
