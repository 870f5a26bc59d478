"""A first file system in memory, as the kernel unpacks it: the "newc" form of cpio, gzipped."""

import gzip
from collections.abc import Mapping
from pathlib import PurePosixPath

DIRECTORY, FILE, LINK = 0o040755, 0o100755, 0o120777


def initramfs(files: Mapping[str, bytes], links: Mapping[str, str]) -> bytes:
    """Pack files (all executable) and symbolic links by path; the folders come by themselves."""
    entries = dict.fromkeys(("dev", "proc", "sys"), (DIRECTORY, b""))
    for path in [*files, *links]:
        for parent in reversed(PurePosixPath(path).parents[:-1]):
            entries[str(parent)] = (DIRECTORY, b"")
    entries |= {path: (FILE, data) for path, data in files.items()}
    entries |= {path: (LINK, target.encode()) for path, target in links.items()}
    archive = b"".join(
        entry(number, path, mode, data)
        for number, (path, (mode, data)) in enumerate(entries.items(), 1)
    )
    return gzip.compress(archive + entry(0, "TRAILER!!!", 0, b""), 1, mtime=0)


def entry(number: int, path: str, mode: int, data: bytes) -> bytes:
    name = path.encode() + b"\0"
    links = 2 if mode == DIRECTORY else 1
    fields = (number, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(name), 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
    return padded(head) + padded(data)


def padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
