"""A first file system in memory, as Linux unpacks it: the "newc" form of cpio, gzipped.

The same files give the same bytes, whoever packs them and when: measurements in virtual time
depend on every byte. The format: Documentation/driver-api/early-userspace/buffer-format.rst.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import PurePosixPath

_DIRECTORY, _FILE, _LINK = 0o040755, 0o100755, 0o120777
_EMPTY_FOLDERS = ("dev", "mnt", "proc", "run", "sys", "tmp")


def initramfs(files: Mapping[str, bytes], links: Mapping[str, str]) -> bytes:
    """Pack files and symbolic links by path; the folders come by themselves.

    Args:
        files: Contents by path without a leading slash; all of them executable.
        links: Targets by path.

    Returns:
        The archive, compressed.
    """
    entries = dict.fromkeys(_EMPTY_FOLDERS, (_DIRECTORY, b""))
    for path in sorted([*files, *links]):
        for parent in reversed(PurePosixPath(path).parents[:-1]):
            entries[str(parent)] = (_DIRECTORY, b"")
    entries |= {path: (_FILE, files[path]) for path in sorted(files)}
    entries |= {path: (_LINK, links[path].encode()) for path in sorted(links)}
    archive = b"".join(
        _entry(number, path, mode, data)
        for number, (path, (mode, data)) in enumerate(entries.items(), 1)
    )
    return gzip.compress(archive + _entry(0, "TRAILER!!!", 0, b""), 6, mtime=0)


def _entry(number: int, path: str, mode: int, data: bytes) -> bytes:
    name = path.encode() + b"\0"
    links = 2 if mode == _DIRECTORY else 1
    fields = (number, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(name), 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
    return _padded(head) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
