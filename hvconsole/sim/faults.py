"""Things that go wrong on the simulated board, at their time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hvconsole.sim.board.processes import SIGKILL
from hvconsole.sim.machine.changes import HeatUp
from hvconsole.sim.network import Network
from hvconsole.sim.options import Fault
from hvconsole.sim.power import Power
from hvconsole.sim.ssh import Corruption

_PANIC = (
    "Kernel panic - not syncing: Fatal exception in interrupt",
    "CPU: 0 PID: 0 Comm: swapper/0 Not tainted (simulated fault)",
    "---[ end Kernel panic - not syncing: Fatal exception in interrupt ]---",
)
_REBOOT_S = 5.0
_SAMPLER = "hvsampler"
_LOOK_S = 0.2
_SENSOR = (0x1C25014, 4)
# Above the passive trip point, below the critical one.
_HOT_C = 95.0


class Faults:
    """Lets faults happen, each at its time.

    Args:
        faults: Which, and when.
        power: The board.
        network: Its network.
        corruption: Of the sampler's bytes.
    """

    def __init__(
        self,
        faults: tuple[Fault, ...],
        power: Power,
        network: Network,
        corruption: Corruption,
    ) -> None:
        self._faults = faults
        self._power, self._network = power, network
        self._corruption = corruption
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Let the time of each fault begin to pass."""
        for one in self._faults:
            self.add(one)

    def add(self, fault: Fault) -> None:
        """Let a fault happen, its time counted from now."""
        task = asyncio.create_task(self._later(fault), name=f"board: fault {fault.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Let no more happen."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _later(self, fault: Fault) -> None:
        await asyncio.sleep(fault.at_s)
        await self._happen(fault)

    async def _happen(self, fault: Fault) -> None:  # noqa: C901, PLR0912  # a table of cases
        board = self._power.linux
        match fault.name:
            case "link-drop":
                await _until(lambda: self._network.in_use)
                self._network.drop()
            case "link-dead":
                await _until(lambda: self._network.in_use)
                self._network.die()
            case "slow-link":
                self._network.rate = fault.value
            case "corrupt":
                self._corruption.share = fault.value
            case "sampler-kill":
                await self._kill_sampler()
            case "reboot":
                self._power.reboot()
            case "panic":
                for line in _PANIC:
                    board.say(line)
                board.crash(reboot_after_s=_REBOOT_S)
            case "park":
                board.touch(*_SENSOR)
            case "heat":
                board.apply(HeatUp(_HOT_C))
                board.say(f"thermal thermal_zone0: {_HOT_C:.0f} C, too hot (simulated fault)")
            case "disk-full":
                board.tree.room = 0
            case "module-refused":
                board.refuse_modules = True
            case "guest-trap" | "guest-trap-inside":
                await self._trap(inside=fault.name == "guest-trap-inside")

    async def _trap(self, *, inside: bool) -> None:
        """Let a guest of Xvisor's trap, as soon as one runs."""
        power = self._power
        await _until(lambda: power.xvisor is not None and power.xvisor.runs() is not None)
        if power.xvisor is not None:
            power.xvisor.trap(inside=inside)

    async def _kill_sampler(self) -> None:
        power = self._power
        await _until(lambda: bool(power.linux.processes.named(_SAMPLER)))
        for process in power.linux.processes.named(_SAMPLER):
            process.kill(SIGKILL)


async def _until(there: Callable[[], bool]) -> None:
    """Wait for what is to go wrong: nothing tells that it is there."""
    while not there():  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_S)
