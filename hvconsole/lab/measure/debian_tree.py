"""Single programs out of a Debian root file system, with the libraries that they need."""

from __future__ import annotations

import posixpath
import re
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from hvconsole.lab import cpio
from hvconsole.lab.tools import run
from hvconsole.model.problem import Problem

_NEEDED = re.compile(r"\(NEEDED\).*\[(.+)\]")
_MOST_LINKS = 40


class DebianTree:
    """The files of a root file system in a tar file.

    Args:
        archive: The tar file; its names begin with ``./``.
        readelf: The program that lists what an ELF file needs.
    """

    def __init__(self, archive: Path, readelf: str) -> None:
        self._readelf = readelf
        self._archive = archive
        with tarfile.open(archive) as tar:
            self._members = {_clean(member.name): member for member in tar.getmembers()}

    def matching(self, pattern: str) -> str:
        """Return the one path that a pattern of the shell's kind finds.

        Raises:
            Problem: There is none.
        """
        for path in sorted(self._members):
            if PurePosixPath(path).match(pattern):
                return path
        raise Problem(f"the boards' Debian has no {pattern}", hint="hvconsole lab build")

    def programs(self, paths: Iterable[str]) -> list[cpio.Entry]:
        """Return programs and all the libraries that they need, under their own paths."""
        done: dict[str, cpio.Entry] = {}
        waiting = list(paths)
        with tarfile.open(self._archive) as tar, tempfile.TemporaryDirectory() as scratch:
            while waiting:
                path = waiting.pop()
                if path in done:
                    continue
                data = self._read(tar, path)
                done[path] = cpio.file(path, data)
                copy = Path(scratch) / "program"
                copy.write_bytes(data)
                waiting += [self._library(name) for name in self._needed(copy)]
        return list(done.values())

    def file(self, path: str) -> bytes:
        """Return a file's content; symbolic links are followed."""
        with tarfile.open(self._archive) as tar:
            return self._read(tar, path)

    def _read(self, tar: tarfile.TarFile, path: str) -> bytes:
        content = tar.extractfile(self._members[self._resolved(path)])
        if content is None:
            raise Problem(f"{path} of the boards' Debian is no file")
        return content.read()

    def _needed(self, program: Path) -> list[str]:
        shown = run([self._readelf, "-d", str(program)], what="listing a program's libraries")
        return _NEEDED.findall(shown)

    def _library(self, name: str) -> str:
        return self.matching(f"usr/lib/*/{name}")

    def _resolved(self, path: str) -> str:
        """Follow symbolic links, of files and of folders."""
        for _ in range(_MOST_LINKS):
            step = self._link_in(path)
            if step is None:
                break
            path = _followed(step, path, self._members[step])
        else:
            raise Problem(f"{path} of the boards' Debian is a link to itself")
        if path not in self._members:
            raise Problem(f"the boards' Debian has no {path}", hint="hvconsole lab build")
        return path

    def _link_in(self, path: str) -> str | None:
        """Return the first part of a path that is a link."""
        for part in [*reversed(PurePosixPath(path).parents[:-1]), PurePosixPath(path)]:
            member = self._members.get(str(part))
            if member is not None and (member.issym() or member.islnk()):
                return str(part)
        return None


def _followed(part: str, path: str, member: tarfile.TarInfo) -> str:
    """Return a path with the link at its part replaced by what it points to."""
    base = "" if member.islnk() or member.linkname.startswith("/") else posixpath.dirname(part)
    return _clean(posixpath.join(base, member.linkname.lstrip("/")) + path[len(part) :])


def _clean(path: str) -> str:
    return posixpath.normpath(path.lstrip("/"))
