"""Our programs onto a board: built, put into a private folder, and read back by their hash."""

from __future__ import annotations

import asyncio
import hashlib
import io
import posixpath
import re
import secrets
import tarfile
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import msgspec

from hvconsole.board.compiler import (
    CompileProblem,
    Compiler,
    all_failed,
    board_compilers,
    build_here,
    compile_with,
    host_compilers,
    no_compiler,
)
from hvconsole.board.facts import BoardFacts
from hvconsole.board.journal import Journal
from hvconsole.board.places import NEEDED_KIB, usable_place
from hvconsole.board.probes import Probes
from hvconsole.link.protocol import Capability, Link
from hvconsole.model.problem import BoardProblem

_NOT_FOUND = 127
_INSTALLED = ("/bin", "/usr/bin", "/usr/local/bin")
_SHA256 = re.compile(r"\\?([0-9a-f]{64}) [ *](/.*)")

Built = TypeVar("Built")


class DeployedProbe(msgspec.Struct, frozen=True):
    """A program that is ready to run on the board.

    Attributes:
        name: ``hvsampler``, or a load's name.
        path: Where it lies, on the board.
        sha256: Of the bytes there, in hexadecimal.
        built_by: The compiler, and where it ran.
    """

    name: str
    path: str
    sha256: str
    built_by: str


class Deployment:
    """The programs on one board, for as long as one link lasts.

    Args:
        link: The way to the board.
        facts: What the board is.
        journal: Where the private folder's removal is written down before it is made.
        probes: The programs there are; None takes those that travel with hvconsole.
        cache: Folder of builds on this machine; None takes the user's.
        needed_kib: Room that a folder must have to be used.
    """

    def __init__(
        self,
        link: Link,
        facts: BoardFacts,
        journal: Journal,
        *,
        probes: Probes | None = None,
        cache: Path | None = None,
        needed_kib: int = NEEDED_KIB,
    ) -> None:
        self._needed_kib = needed_kib
        self._link = link
        self._facts = facts
        self._journal = journal
        self._probes = probes or Probes()
        self._cache = cache
        self._here = Capability.SAME_MACHINE in link.capabilities
        self._folder = ""
        self._deployed: dict[str, DeployedProbe] = {}
        self._compilers: list[Compiler] | None = None

    async def programs(self, names: Iterable[str]) -> Mapping[str, DeployedProbe]:
        """Return the programs, ready to run; builds and delivers what is missing.

        What was delivered before is checked again: a board's /tmp may be swept while it runs.

        Raises:
            BoardProblem: There is no compiler, no place, or a program does not compile.
            LinkProblem: The link was lost.
        """
        wanted = list(dict.fromkeys(names))
        await self._forget_the_damaged(wanted)
        for name in wanted:
            if name not in self._deployed:
                self._deployed[name] = await self._deploy(name)
        return {name: self._deployed[name] for name in wanted}

    async def static(self, name: str) -> tuple[bytes, str]:
        """Build a program that brings its libraries along, for a guest of this board.

        Returns:
            The program, and the compiler that made it.

        Raises:
            BoardProblem: There is no compiler, or it does not compile.
            LinkProblem: The link was lost.
        """

        async def build(compiler: Compiler) -> tuple[bytes, str]:
            compiler = replace(compiler, static=True)
            if compiler.where == "board":
                return await self._static_there(name, compiler), str(compiler)
            machine = self._facts.machine
            built = await build_here(compiler, self._probes, name, machine, self._cache)
            return await asyncio.to_thread(built.read_bytes), str(compiler)

        return await self._by_first(name, build)

    async def deliver(self, name: str, data: bytes, built_by: str) -> DeployedProbe:
        """Put a program onto the board, and make sure that it arrived whole.

        Raises:
            BoardProblem: There is no place for it, or it did not arrive.
            LinkProblem: The link was lost.
        """
        digest = hashlib.sha256(data).hexdigest()
        path = posixpath.join(await self._private_folder(), name)
        await self._link.put(data, path, mode=0o700)
        read_back = (await self._hashes([path])).get(path)
        if read_back != digest:
            raise BoardProblem(
                f"{name} did not arrive whole on {self._link.name}",
                detail=f"sent       {digest}\nread back  {read_back or 'nothing'}",
                hint="is the board's disk full, or its memory or storage faulty?",
            )
        return DeployedProbe(name, path, digest, built_by)

    async def found(self, name: str, data: bytes, built_by: str) -> DeployedProbe | None:
        """Return a program where it is on the board already, byte for byte; None where it is not.

        Raises:
            LinkProblem: The link was lost.
        """
        digest = hashlib.sha256(data).hexdigest()
        hashes = await self._hashes([posixpath.join(folder, name) for folder in _INSTALLED])
        path = next((path for path, each in hashes.items() if each == digest), None)
        return DeployedProbe(name, path, digest, built_by) if path is not None else None

    async def _static_there(self, name: str, compiler: Compiler) -> bytes:
        """Build on the board, and fetch what was built."""
        program = self._probes.program(name, self._facts.machine)
        folder = await self._private_folder()
        sources = posixpath.join(folder, "src")
        path = posixpath.join(folder, "guest", name)
        await self._must(["mkdir", "-p", "--", posixpath.dirname(path)], "a folder for guests")
        await self._send_sources(sources, self._probes.files(program))
        await compile_with(self._link, compiler, self._probes, program, folder=sources, output=path)
        return (await self._link.run(["cat", "--", path], timeout=120.0)).stdout

    async def _deploy(self, name: str) -> DeployedProbe:
        async def build(compiler: Compiler) -> DeployedProbe:
            if compiler.where == "board":
                return await self._build_there(name, compiler)
            return await self._build_here(name, compiler)

        return await self._by_first(name, build)

    async def _by_first(self, name: str, build: Callable[[Compiler], Awaitable[Built]]) -> Built:
        """Build by the first compiler that can."""
        self._probes.program(name, self._facts.machine)  # a name that cannot be is told first
        if self._compilers is None:
            self._compilers = await self._find_compilers()
        if not self._compilers:
            raise no_compiler(self._facts.machine)
        failures: list[CompileProblem] = []
        for compiler in self._compilers:
            try:
                return await build(compiler)
            except CompileProblem as failure:
                failures.append(failure)
        raise all_failed(name, failures) from failures[0]

    async def _find_compilers(self) -> list[Compiler]:
        """Return the compilers to try: the board's own first, unless it is this machine."""
        here = await host_compilers(self._facts.machine, same_machine=self._here)
        return here if self._here else [*board_compilers(self._facts), *here]

    async def _build_here(self, name: str, compiler: Compiler) -> DeployedProbe:
        machine = self._facts.machine
        built = await build_here(compiler, self._probes, name, machine, self._cache)
        data = await asyncio.to_thread(built.read_bytes)
        digest = hashlib.sha256(data).hexdigest()
        if self._here:
            return DeployedProbe(name, str(built), digest, str(compiler))
        return await self.deliver(name, data, str(compiler))

    async def _build_there(self, name: str, compiler: Compiler) -> DeployedProbe:
        program = self._probes.program(name, self._facts.machine)
        folder = await self._private_folder()
        sources, path = posixpath.join(folder, "src"), posixpath.join(folder, name)
        await self._send_sources(sources, self._probes.files(program))
        await compile_with(self._link, compiler, self._probes, program, folder=sources, output=path)
        digest = (await self._hashes([path])).get(path)
        if digest is None:
            raise BoardProblem(
                f"{name} was compiled on {self._link.name}, and is not there",
                detail=path,
                hint="does something clean that folder? hvconsole doctor names the places",
            )
        return DeployedProbe(name, path, digest, str(compiler))

    async def _send_sources(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Send files in one piece, by tar; one by one where there is no tar."""
        folders = sorted({posixpath.dirname(posixpath.join(folder, name)) for name in files})
        await self._must(["mkdir", "-p", "--", *folders], "a folder for the sources")
        unpacked = await self._link.run(
            ["tar", "-x", "-f", "-", "-C", folder], stdin=_archive(files), timeout=120.0
        )
        if unpacked.status != 0:
            for name, data in files.items():
                await self._link.put(data, posixpath.join(folder, name))

    async def _private_folder(self) -> str:
        """Return our folder on the board; make it at first, once its removal is written down."""
        if self._folder:
            return self._folder
        place = usable_place(self._facts.places, self._link.name, self._needed_kib)
        folder = posixpath.join(place.path, f"hvconsole.{secrets.token_hex(6)}")
        await self._journal.record(["rm", "-rf", "--", folder], f"remove the folder {folder}")
        # Without -p: a folder that somebody else made there must not be used.
        await self._must(["mkdir", "-m", "700", "--", folder], "a folder of our own")
        self._folder = folder
        return folder

    async def _forget_the_damaged(self, names: Iterable[str]) -> None:
        """Forget programs that are not there any more as they were delivered."""
        probes = [self._deployed[name] for name in names if name in self._deployed]
        if not probes:
            return
        hashes = await self._hashes([probe.path for probe in probes])
        if any(hashes.get(probe.path) != probe.sha256 for probe in probes):
            self._deployed.clear()
            self._folder = ""  # whatever stands there now is not ours to trust

    async def _hashes(self, paths: list[str]) -> dict[str, str]:
        """Return the hashes of files on the board by path; missing ones are left out."""
        done = await self._link.run(["sha256sum", "--", *paths], timeout=120.0)
        if done.status != _NOT_FOUND:
            return parse_hashes(done.text)
        contents = {path: await self._link.run(["cat", "--", path]) for path in paths}
        return {
            path: hashlib.sha256(each.stdout).hexdigest()
            for path, each in contents.items()
            if each.status == 0
        }

    async def _must(self, words: list[str], what: str) -> None:
        done = await self._link.run(words)
        if done.status != 0:
            raise BoardProblem(
                f"cannot make {what} on {self._link.name}",
                detail=done.error_text or f"{words[0]} ended with status {done.status}",
                hint="hvconsole doctor names the folders that could be used, and what is wrong",
            )


def parse_hashes(text: str) -> dict[str, str]:
    """Parse what sha256sum writes: hashes by path."""
    matches = (_SHA256.fullmatch(line) for line in text.splitlines())
    return {match[2]: match[1] for match in matches if match is not None}


def _archive(files: Mapping[str, bytes]) -> bytes:
    """Return a tar archive with nothing of this machine in it: no owner, no time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()
