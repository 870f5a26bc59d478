"""Things that go wrong on the simulated board, at their time."""

from __future__ import annotations

import asyncio
import contextlib

from hvconsole.model.problem import Problem
from hvconsole.sim.board.board import Board
from hvconsole.sim.machine.changes import LimitFrequency
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
_LOOK_S = 0.2
_SENSOR = (0x1C25014, 4)
_SLOWEST_KHZ = 144_000


class Faults:
    """Lets faults happen, each at its time.

    Args:
        faults: Which, and when.
        board: The board.
        power: Its life.
        network: Its network.
        corruption: Of the sampler's bytes.
    """

    def __init__(
        self,
        faults: tuple[Fault, ...],
        board: Board,
        power: Power,
        network: Network,
        corruption: Corruption,
    ) -> None:
        self._faults = faults
        self._board, self._power, self._network = board, power, network
        self._corruption = corruption
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Let the time of each fault begin to pass."""
        self._tasks = [asyncio.create_task(self._later(one)) for one in self._faults]

    async def stop(self) -> None:
        """Let no more happen."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _later(self, fault: Fault) -> None:
        await asyncio.sleep(fault.at_s)
        await self._happen(fault)

    async def _happen(self, fault: Fault) -> None:  # noqa: C901  # a table of cases
        board = self._board
        match fault.name:
            case "link-drop":
                self._network.drop()
            case "link-dead":
                self._network.dead = True
            case "slow-link":
                self._network.rate = fault.value
            case "corrupt":
                self._corruption.share = fault.value
            case "sampler-kill":
                await self._kill_sampler()
            case "reboot":
                board.reboot()
            case "panic":
                for line in _PANIC:
                    board.say(line)
                board.crash(reboot_after_s=_REBOOT_S)
            case "park":
                board.touch(*_SENSOR)
            case "heat":
                # Slow is what a person sees of heat; the guard that causes it is the machine's.
                with contextlib.suppress(Problem):
                    board.apply(LimitFrequency(_SLOWEST_KHZ, _SLOWEST_KHZ))
                board.say("thermal thermal_zone0: critical temperature reached (simulated fault)")
            case "disk-full":
                board.tree.room = 0
            case "module-refused":
                board.refuse_modules = True

    async def _kill_sampler(self) -> None:
        """Kill it as soon as there is one."""
        while not (found := self._board.processes.named("hvsampler")):  # noqa: ASYNC110  # none tells
            await asyncio.sleep(_LOOK_S)
        for process in found:
            process.kill(9)
