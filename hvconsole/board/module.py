"""The counter module on a board: build it, load it, prove it on each CPU, take it away again.

Building is the same work wherever it is done, so it takes a link: `LocalLink` cross-builds here
against a kernel tree of the board's, the board's own link builds there when it has headers.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from hvconsole.board.module_text import (
    FALLBACK,
    MODULE,
    CpuState,
    ProbeReply,
    explain_insmod,
    new_lines,
    parse_probe,
    parse_state,
    state_files,
)
from hvconsole.config.resources import resource_dir
from hvconsole.link.protocol import Completed, Link
from hvconsole.model.problem import BoardProblem
from hvconsole.wire.console import shown

_BUILD_S = 300.0
_NOT_FOUND = 127  # a shell's status for a program that is not there
_BUILD_OUTPUT = 25  # lines of a failed build that are shown
_SOURCES = ("*.c", "*.h", "Kbuild", "Makefile", "dkms.conf", "LICENSE")


class Journal(Protocol):
    """Where undoing is written down before doing, so that it outlives this process."""

    def record(self, undo: Sequence[str], text: str) -> Awaitable[object]:
        """Note the command that undoes what comes next, and what a person calls it."""


@dataclass(frozen=True, slots=True)
class Cross:
    """A cross compiler: the kernel's name of the architecture, and the tools' prefix."""

    arch: str
    prefix: str


# By what `uname -m` says on the board.
CROSS = {
    "armv7l": Cross("arm", "arm-linux-gnueabihf-"),
    "aarch64": Cross("arm64", "aarch64-linux-gnu-"),
}


def sources() -> dict[str, bytes]:
    """Return the module's source files by name."""
    folder = resource_dir("kmod")
    return {path.name: path.read_bytes() for sign in _SOURCES for path in folder.glob(sign)}


async def headers_on(link: Link) -> str | None:
    """Return the board's headers of its running kernel, or None if it has none."""
    release = (await link.run(["uname", "-r"])).text.strip()
    tree = f"/lib/modules/{release}/build"
    there = await link.run(["test", "-e", f"{tree}/Makefile"])
    return tree if there.status == 0 else None


async def build(link: Link, *, folder: str, tree: str, cross: Cross | None = None) -> str:
    """Build the module.

    Args:
        link: Where to build.
        folder: An existing folder there, whole path; sources and result go into it.
        tree: The kernel's headers there, prepared for modules.
        cross: The compiler, if it is not for the machine itself.

    Returns:
        The path of hvcounter.ko there.

    Raises:
        BoardProblem: It does not build; with the end of what make said.
    """
    for name, data in sources().items():
        await link.put(data, f"{folder}/{name}")
    argv = ["make", "-C", folder, f"KDIR={tree}", "modules"]
    if cross is not None:
        argv += [f"ARCH={cross.arch}", f"CROSS_COMPILE={cross.prefix}"]
    built = await link.run(argv, timeout=_BUILD_S)
    if built.status != 0:
        raise _explain_build(built, tree, cross)
    return f"{folder}/{MODULE}.ko"


def _explain_build(built: Completed, tree: str, cross: Cross | None) -> BoardProblem:
    said = f"{built.text}\n{built.error_text}"
    lines = [shown(line.encode()) for line in said.splitlines() if line.strip()]
    compiler = f"{cross.prefix}gcc" if cross else "gcc"
    hint = f"see the compiler's messages above;\n{FALLBACK}"
    if built.status == _NOT_FOUND:
        hint = "install make"
    elif re.search(rf"{re.escape(compiler)}: (?:command )?(?:not found|No such file)", said):
        package = f"gcc-{cross.prefix.rstrip('-')}" if cross else "gcc"
        hint = f"install the compiler: apt install {package}"
    elif f"{tree}: No such file" in said or "No rule to make target 'modules'" in said:
        hint = f"{tree} holds no kernel headers; on Debian: apt install linux-headers-$(uname -r)"
    return BoardProblem(
        "the counter module does not build", detail="\n".join(lines[-_BUILD_OUTPUT:]), hint=hint
    )


class CounterModule:
    """The module on one board.

    Args:
        link: The way to the board.
        journal: Where its unloading is written down before it is loaded.
        sudo: Whether root's commands go through ``sudo -n``.
    """

    def __init__(self, link: Link, journal: Journal, *, sudo: bool = False) -> None:
        self._link = link
        self._journal = journal
        self._root = ("sudo", "-n") if sudo else ()

    async def loaded(self) -> bool:
        """Whether the module is loaded, by whomever."""
        return (await self._link.run(["test", "-d", f"/sys/module/{MODULE}"])).status == 0

    async def load(self, path: str, *, pmccntr: bool = False) -> None:
        """Load the module from a file on the board.

        Raises:
            BoardProblem: The kernel refused it; with the reason and the fix.
        """
        await self._insert(["insmod", path, *_parameters(pmccntr=pmccntr)])

    async def load_installed(self, *, pmccntr: bool = False) -> None:
        """Load the module that DKMS (or somebody) installed for the running kernel.

        Raises:
            BoardProblem: There is none, or the kernel refused it.
        """
        await self._insert(["modprobe", MODULE, *_parameters(pmccntr=pmccntr)])

    async def unload(self) -> None:
        """Unload the module; the kernel puts back what it found. No error if it is not loaded.

        Raises:
            BoardProblem: It cannot be unloaded.
        """
        if not await self.loaded():
            return
        done = await self._link.run([*self._root, "rmmod", MODULE])
        if done.status != 0:
            raise BoardProblem(
                "the counter module cannot be unloaded",
                detail=shown(done.error_text.encode()),
                hint=f"by hand, as root on the board: rmmod {MODULE}",
            )

    async def verify(self, cpus: Sequence[int], sampler: str) -> list[ProbeReply]:
        """Prove, on each CPU, whether user space reads the counters there.

        Args:
            cpus: CPUs to try.
            sampler: Path of hvsampler on the board; it binds itself to the CPU.

        Raises:
            BoardProblem: The sampler did not run there.
        """
        return [await self._probe(cpu, sampler) for cpu in cpus]

    async def require(self, cpus: Sequence[int], sampler: str) -> None:
        """Return if CNTPCT can be read on each of the CPUs.

        Raises:
            BoardProblem: It cannot on some; with their numbers.
        """
        closed = [reply.cpu for reply in await self.verify(cpus, sampler) if not reply.cntpct]
        if closed:
            raise BoardProblem(
                f"CNTPCT is closed to user space on CPU {', '.join(map(str, closed))}",
                detail="the module is loaded" if await self.loaded() else "no module is loaded",
                hint=f"see the kernel log for {MODULE}'s lines;\n{FALLBACK}",
            )

    async def state(self, cpus: Sequence[int]) -> dict[int, CpuState]:
        """Return what the module did on each CPU, without interrupting any; empty if not loaded."""
        done = await self._link.run(["grep", "-H", "", *state_files(cpus)])
        return parse_state(done.text)

    async def _insert(self, argv: Sequence[str]) -> None:
        before = await self._kernel_log()
        undo = [*self._root, "rmmod", MODULE]
        await self._journal.record(undo, "unload the counter module")
        done = await self._link.run([*self._root, *argv])
        if done.status != 0:
            log = new_lines(before, await self._kernel_log())
            raise explain_insmod(done.status, done.error_text, log)

    async def _kernel_log(self) -> str:
        done = await self._link.run([*self._root, "dmesg"])
        return done.text if done.status == 0 else ""

    async def _probe(self, cpu: int, sampler: str) -> ProbeReply:
        done = await self._link.run([sampler, "--probe", "--cpu", str(cpu)])
        if done.status != 0:
            raise BoardProblem(
                f"the sampler does not run on CPU {cpu}",
                detail=shown(done.error_text.encode()),
                hint="is that CPU online, and the sampler built for this machine?",
            )
        reply = parse_probe(done.stdout)
        if reply.cpu != cpu:
            raise BoardProblem(
                f"the sampler did not bind itself to CPU {cpu}",
                detail=f"it answered from CPU {reply.cpu}",
                hint="deliver the sampler again: it is of another version",
            )
        return reply


async def install_dkms(
    link: Link, journal: Journal, *, version: str, folder: str, sudo: bool = False
) -> None:
    """Have the board's DKMS build and install the module, now and for each later kernel.

    Args:
        link: The way to the board.
        journal: Where the removal is written down first.
        version: The module's version, as in dkms.conf.
        folder: An existing folder on the board that we may write to.
        sudo: Whether root's commands go through ``sudo -n``.

    Raises:
        BoardProblem: DKMS is not there or failed; with the end of what it said.
    """
    root = ("sudo", "-n") if sudo else ()
    for name, data in sources().items():
        await link.put(data, str(PurePosixPath(folder) / name))
    undo = [*root, "dkms", "remove", f"{MODULE}/{version}", "--all"]
    await journal.record(undo, "remove the counter module from DKMS")
    for words in (["add", folder], ["install", f"{MODULE}/{version}"]):
        done = await link.run([*root, "dkms", *words], timeout=_BUILD_S)
        if done.status != 0:
            said = f"{done.text}\n{done.error_text}".splitlines()
            raise BoardProblem(
                f"DKMS failed: dkms {' '.join(words)}",
                detail="\n".join(shown(line.encode()) for line in said[-_BUILD_OUTPUT:]),
                hint="on Debian: apt install dkms linux-headers-$(uname -r)",
            )


def _parameters(*, pmccntr: bool) -> list[str]:
    return ["pmccntr=1"] if pmccntr else []
