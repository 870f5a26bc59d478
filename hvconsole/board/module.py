"""The counter module on a board: load it, prove it on each CPU, take it away again."""

from __future__ import annotations

from collections.abc import Sequence

from hvconsole.board.journal import Journal
from hvconsole.board.journal_file import Change
from hvconsole.board.module_build import sources, version
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
from hvconsole.link.protocol import Link
from hvconsole.model.problem import BoardProblem
from hvconsole.wire.console import shown

_DKMS_S = 300.0
_DKMS_OUTPUT = 25  # lines of a failure that are shown
# Harmless where it is not loaded, as an undo must be. The blank is filled with our own words only.
_UNLOAD = f"[ ! -d /sys/module/{MODULE} ] || exec {{}}"


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
        self._change: Change | None = None

    async def loaded(self) -> bool:
        """Whether the module is loaded, by whomever."""
        return (await self._link.run(["test", "-d", f"/sys/module/{MODULE}"])).status == 0

    async def load(self, path: str, *, pmccntr: bool = False) -> bool:
        """Load the module from a file on the board.

        Returns:
            False if it was loaded already; it is not ours then, and `unload` leaves it.

        Raises:
            BoardProblem: The kernel refused it; with the reason and the fix.
        """
        return await self._insert(["insmod", path, *_parameters(pmccntr=pmccntr)])

    async def load_installed(self, *, pmccntr: bool = False) -> bool:
        """Load the module that DKMS (or somebody) installed for the running kernel; as `load`."""
        return await self._insert(["modprobe", MODULE, *_parameters(pmccntr=pmccntr)])

    async def unload(self) -> None:
        """Unload the module if we loaded it; the kernel puts back what it found.

        Raises:
            BoardProblem: It cannot be unloaded; the journal keeps it for the next console.
        """
        change, self._change = self._change, None
        if change is None:
            return
        done = await self._link.run(change.undo)
        if done.status != 0:
            raise BoardProblem(
                "the counter module cannot be unloaded",
                detail=shown(done.error_text.encode()),
                hint=f"by hand, as root on the board: rmmod {MODULE}",
            )
        await self._journal.settle(change)

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

    async def _insert(self, argv: Sequence[str]) -> bool:
        if await self.loaded():
            return False
        before = await self._kernel_log()
        undo = ["sh", "-c", _UNLOAD.format(" ".join([*self._root, "rmmod", MODULE]))]
        change = await self._journal.record(undo, "unload the counter module", until_reboot=True)
        done = await self._link.run([*self._root, *argv])
        if done.status != 0:
            await self._journal.settle(change)
            log = new_lines(before, await self._kernel_log())
            raise explain_insmod(done.status, done.error_text, log)
        self._change = change
        return True

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


async def install_dkms(link: Link, *, folder: str, sudo: bool = False) -> None:
    """Have the board's DKMS build and install the module, now and for each later kernel.

    This is meant to last, so it is in no journal; `remove_dkms` takes it back.

    Args:
        link: The way to the board.
        folder: An existing folder on the board that we may write to; not needed afterwards.
        sudo: Whether root's commands go through ``sudo -n``.

    Raises:
        BoardProblem: DKMS is not there or failed; with the end of what it said.
    """
    for name, data in sources().items():
        await link.put(data, f"{folder}/{name}")
    await _dkms(link, ["add", folder], sudo=sudo)
    await _dkms(link, ["install", f"{MODULE}/{version()}"], sudo=sudo)


async def remove_dkms(link: Link, *, sudo: bool = False) -> None:
    """Take the module out of the board's DKMS again; its sources stay in /usr/src.

    Raises:
        BoardProblem: DKMS failed; with the end of what it said.
    """
    await _dkms(link, ["remove", f"{MODULE}/{version()}", "--all"], sudo=sudo)


async def _dkms(link: Link, words: Sequence[str], *, sudo: bool) -> None:
    root = ("sudo", "-n") if sudo else ()
    done = await link.run([*root, "dkms", *words], timeout=_DKMS_S)
    if done.status != 0:
        said = f"{done.text}\n{done.error_text}".splitlines()
        raise BoardProblem(
            f"DKMS failed: dkms {' '.join(words)}",
            detail="\n".join(shown(line.encode()) for line in said[-_DKMS_OUTPUT:]),
            hint="on Debian: apt install dkms linux-headers-$(uname -r)",
        )


def _parameters(*, pmccntr: bool) -> list[str]:
    return ["pmccntr=1"] if pmccntr else []
