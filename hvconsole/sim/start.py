"""Starting the simulated board: all of it in a thread of its own.

The board's machine computes for some milliseconds at a time, and its SSH server encrypts what the
sampler says. In the console's own event loop that would be felt at each key; in a thread of its
own it only shares the interpreter, which changes hands every few milliseconds.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hvconsole.model.board import BoardProfile, SshAddress
from hvconsole.model.boot import BootMode, BootProof
from hvconsole.model.problem import UsageProblem
from hvconsole.sim.button import reset_command
from hvconsole.sim.options import Fault, SimOptions

NAME = "sim"
FOLDER_PREFIX = "hvconsole-sim-"
LABELS = ("simulated",)
MODES = ("native", "jailhouse", "xen-credit", "xen-credit2", "xen-rtds", "xen-null", "xvisor")
_ABOUT = {
    "native": "Linux alone",
    "jailhouse": "Linux with memory kept free for Jailhouse",
    "xen-credit": "Xen with the credit scheduler",
    "xen-credit2": "Xen with the credit2 scheduler",
    "xen-rtds": "Xen with the rtds scheduler",
    "xen-null": "Xen with the null scheduler",
    "xvisor": "Xvisor alone, on the serial line",
}
_BOOT_S = 60.0


@dataclass(frozen=True, slots=True)
class Controls:
    """What can be done to a board from outside. Each may be called from any thread.

    Attributes:
        reset: Press the reset button; also what switches it on again.
        fault: Let something go wrong now.
    """

    reset: Callable[[], None]
    fault: Callable[[Fault], None]


@dataclass(frozen=True, slots=True)
class Started:
    """What is known of a board that runs.

    Attributes:
        port: Of its SSH, on loopback.
        serial: The device of its serial line.
        folder: Holds its keys.
        controls: What a person's hand would do to it; None where it runs in another process.
        made: What makes it again: options of the command line and their values.
    """

    port: int
    serial: str
    folder: Path
    controls: Controls | None = None
    made: Mapping[str, str] = field(default_factory=dict)

    @property
    def profile(self) -> BoardProfile:
        """The board as every command takes it."""
        return BoardProfile(
            name=NAME,
            ssh=SshAddress(
                host="127.0.0.1",
                port=self.port,
                user="root",
                identity=str(self.folder / "id"),
                known_hosts=str(self.folder / "known_hosts"),
            ),
            serial=self.serial,
            profile="bananapi",
            labels=LABELS,
            modes=modes(),
            reset=reset_command(self.folder),
            made=self.made,
        )


def modes() -> dict[str, BootMode]:
    """Return the ways to boot the simulated board."""
    return {name: _mode(name) for name in MODES}


def _mode(name: str) -> BootMode:
    scheduler = name.partition("-")[2]
    itself = name if name in {"jailhouse", "xvisor"} else "none"
    proof = BootProof(
        hypervisor="xen" if scheduler else itself,
        scheduler=scheduler,
        no_cmdline=("mem=896M",) if name == "native" else (),
    )
    lines = (f"setenv bootmode {name}", "boot")
    return BootMode(about=_ABOUT[name], uboot=lines, proof=proof, timeout_s=_BOOT_S)


@contextlib.asynccontextmanager
async def simulated_board(options: SimOptions | None = None) -> AsyncIterator[BoardProfile]:
    """Have a simulated Banana Pi for as long as the context lasts.

    Raises:
        UsageProblem: There is no such boot mode.
    """
    async with started(options or SimOptions()) as board:
        yield board.profile


@contextlib.asynccontextmanager
async def started(options: SimOptions) -> AsyncIterator[Started]:
    """Start a board in a thread; end it, and remove its keys, when the context is left."""
    if options.mode not in MODES:
        raise UsageProblem(
            f"the simulated board has no boot mode '{options.mode}'",
            hint=f"choose from: {', '.join(MODES)}",
        )
    folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
    thread = _Thread(options, folder)
    thread.start()
    try:
        yield await asyncio.wrap_future(thread.ready)
    finally:
        thread.stop()
        try:
            await asyncio.to_thread(thread.join)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def soon(loop: asyncio.AbstractEventLoop, do: Callable[[], None]) -> None:
    """Have something done on a board's event loop; nothing happens once that has ended."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(do)


class _Thread(threading.Thread):
    """Runs a board's event loop."""

    def __init__(self, options: SimOptions, folder: Path) -> None:
        super().__init__(name="simulated board", daemon=True)
        self.ready: concurrent.futures.Future[Started] = concurrent.futures.Future()
        self._options, self._folder = options, folder
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()
        self._stopped = False

    def run(self) -> None:
        """Run until `stop`."""
        if not self.ready.set_running_or_notify_cancel():
            return
        try:
            asyncio.run(self._live())
        except BaseException as error:
            if self.ready.done():
                raise
            self.ready.set_exception(error)

    def stop(self) -> None:
        """End the board; `join` waits for that."""
        self._stopped = True
        if self._loop is not None:
            soon(self._loop, self._end.set)

    async def _live(self) -> None:
        from hvconsole.sim.whole import whole_board  # noqa: PLC0415  # asyncssh, when it is wanted

        self._loop = asyncio.get_running_loop()
        async with whole_board(self._options, self._folder) as board:
            self.ready.set_result(board)
            if not self._stopped:  # it may have been asked before there was a loop
                await self._end.wait()
