"""The programs that run on boards, as probes.toml describes them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from hvconsole.config.resources import resource_dir
from hvconsole.config.toml import convert, read_toml
from hvconsole.model.problem import BoardProblem, Problem

_SOURCES = {".c", ".h", ".S", ".s"}


class Program(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One program: what it is built from, and where it runs.

    Attributes:
        sources: Files to compile, relative to probes.toml; patterns such as ``sampler/*.c`` too.
        description: One line for a person.
        cflags: Options for the compiler, after those of all programs.
        ldflags: Options for the linker, likewise.
        machines: Machines (``uname -m``) that it runs on; empty for all.
        load: It is a load to run beside the sampler.
    """

    sources: tuple[str, ...]
    description: str = ""
    cflags: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    load: bool = False

    def runs_on(self, machine: str) -> bool:
        """Return whether it runs on a machine."""
        return not self.machines or kind_of(machine) in self.machines


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    program: dict[str, Program]
    cflags: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ()


class Probes:
    """All programs of a folder with a probes.toml.

    Args:
        folder: The folder; None takes the one that travels with hvconsole.

    Raises:
        Problem: The folder is missing or its probes.toml is not as it should be.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or resource_dir("probes")
        path = self.folder / "probes.toml"
        self._file = convert(read_toml(path), _File, source=path)
        self.programs = self._file.program
        self.version = self._file.version

    def program(self, name: str, machine: str) -> Program:
        """Return a program that runs on a machine.

        Raises:
            BoardProblem: There is none of that name, or it does not run there.
        """
        program = self.programs.get(name)
        if program is not None and program.runs_on(machine):
            return program
        loads = [
            name for name, each in self.programs.items() if each.load and each.runs_on(machine)
        ]
        raise BoardProblem(
            f"{name} does not run on {machine}" if program else f"no program is named '{name}'",
            detail=f"it runs on: {', '.join(program.machines)}" if program else "",
            hint=f"loads for this machine: {', '.join(loads)}",
        )

    def sources(self, program: Program) -> list[str]:
        """Return the files to compile, relative to the folder, in a fixed order.

        Raises:
            Problem: A pattern matches nothing; the installation is incomplete.
        """
        found: list[str] = []
        for pattern in program.sources:
            matches = sorted(str(p.relative_to(self.folder)) for p in self.folder.glob(pattern))
            if not matches:
                raise Problem(
                    f"{self.folder / pattern} is missing",
                    hint="install hvconsole again; its files are incomplete",
                )
            found += matches
        return list(dict.fromkeys(found))

    def files(self, program: Program) -> dict[str, bytes]:
        """Return what a compiler needs: the sources, and all headers of the folder."""
        headers = [str(path.relative_to(self.folder)) for path in self.folder.rglob("*.h")]
        names = sorted({*self.sources(program), *headers})
        return {name: (self.folder / name).read_bytes() for name in names}

    def options(self, program: Program) -> tuple[str, ...]:
        """Return the compiler's options, the version among them."""
        return (*self._file.cflags, f'-DHV_VERSION="{self.version}"', *program.cflags)

    def libraries(self, program: Program) -> tuple[str, ...]:
        """Return the linker's options, which follow the sources."""
        return (*self._file.ldflags, *program.ldflags)

    def digest(self, program: Program, more: Iterable[str]) -> str:
        """Return a hash of all that a build depends on.

        Args:
            program: What is built.
            more: What else it depends on: compiler, version, options.
        """
        digest = hashlib.sha256()
        parts = [*more, *self.options(program), *self.libraries(program)]
        for part in [*map(str.encode, parts), *_flat(self.files(program))]:
            digest.update(len(part).to_bytes(8, "little") + part)
        return digest.hexdigest()


def kind_of(machine: str) -> str:
    """Return the machine whose programs a machine runs: ``armv8l`` is 32-bit ARM as well."""
    return {"armv8l": "armv7l", "arm64": "aarch64", "amd64": "x86_64"}.get(machine, machine)


def _flat(files: dict[str, bytes]) -> Iterable[bytes]:
    for name, content in files.items():
        yield name.encode()
        yield content
