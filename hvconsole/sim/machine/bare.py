"""Linux on the bare machine, and Jailhouse, which it can hand the machine to and take it back."""

from __future__ import annotations

from dataclasses import dataclass

from hvconsole.model.problem import BoardProblem
from hvconsole.sim.machine import changes as ch


@dataclass(slots=True)
class Cell:
    """A cell beside the root cell: its CPUs, and whether its inmate runs and burns them."""

    cpus: tuple[int, ...]
    running: bool = False
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change did to Linux's CPUs.

    Attributes:
        gone: CPUs Linux does not have any more.
        back: CPUs it has again.
        parked: CPUs that stopped where they were, without Linux being told.
        stopped: Instructions for which every CPU stood still.
    """

    gone: tuple[int, ...] = ()
    back: tuple[int, ...] = ()
    parked: tuple[int, ...] = ()
    stopped: float = 0.0


class Bare:
    """Which CPUs Linux has, and the cells that have the others.

    Args:
        cpus: How many the board has.
        machine_stop: Instructions for which a hotplugged CPU stops the others.
        takeover: Instructions for which Jailhouse's coming or going stops all.
    """

    def __init__(self, cpus: int, machine_stop: float, takeover: float) -> None:
        self.online = set(range(cpus))
        self.jailhouse = False
        self.cells: dict[str, Cell] = {}
        self._parked: set[int] = set()
        self._machine_stop, self._takeover = machine_stop, takeover

    def apply(self, change: ch.Bare) -> Effect:  # noqa: PLR0911  # one arm a change
        """Change something.

        Raises:
            BoardProblem: It cannot be done, and nothing was changed.
        """
        match change:
            case ch.SetOnline(cpu, online):
                return self._set_online(cpu, online=online)
            case ch.EnableJailhouse():
                if self.jailhouse:
                    raise BoardProblem("Jailhouse is enabled already")
                self.jailhouse = True
                return Effect(stopped=self._takeover)
            case ch.DisableJailhouse():
                return self._disable()
            case ch.CreateCell(name, cpus):
                return self._create(name, cpus)
            case ch.RunCell(name, running, busy):
                cell = self._cell(name)
                cell.running, cell.busy = running, running and busy
                return Effect()
            case ch.DestroyCell(name):
                back = self._cell(name).cpus
                del self.cells[name]
                return self._give_back(back)
            case ch.ParkCpu(cpu):
                if not self.jailhouse or cpu not in self.online:
                    raise BoardProblem(f"Jailhouse has no root CPU {cpu} to park")
                self.online.discard(cpu)
                self._parked.add(cpu)
                return Effect(parked=(cpu,))

    def _set_online(self, cpu: int, *, online: bool) -> Effect:
        if not online:
            self._need(cpu)
            self.online.discard(cpu)
            return Effect(gone=(cpu,), stopped=self._machine_stop)
        taken = any(cpu in cell.cpus for cell in self.cells.values())
        if cpu in self.online or taken or cpu in self._parked:
            raise BoardProblem(f"CPU {cpu} cannot be brought online")
        return self._give_back((cpu,))

    def _disable(self) -> Effect:
        if not self.jailhouse:
            raise BoardProblem("Jailhouse is not enabled")
        back = tuple(cpu for cell in self.cells.values() for cpu in cell.cpus)
        self.cells.clear()
        self.jailhouse = False
        self.online.update(back)
        return Effect(back=back, stopped=self._takeover)

    def _create(self, name: str, cpus: tuple[int, ...]) -> Effect:
        if not self.jailhouse:
            raise BoardProblem("Jailhouse is not enabled")
        if name in self.cells:
            raise BoardProblem(f"cell {name} exists")
        if not cpus or not set(cpus) < self.online:
            raise BoardProblem(f"the root cell cannot give up CPUs {cpus}")
        self.cells[name] = Cell(cpus)
        self.online.difference_update(cpus)
        return Effect(gone=cpus, stopped=self._machine_stop)

    def _give_back(self, cpus: tuple[int, ...]) -> Effect:
        self.online.update(cpus)
        return Effect(back=cpus, stopped=self._machine_stop)

    def _cell(self, name: str) -> Cell:
        try:
            return self.cells[name]
        except KeyError:
            raise BoardProblem(f"there is no cell {name}") from None

    def _need(self, cpu: int) -> None:
        if cpu not in self.online or len(self.online) == 1:
            raise BoardProblem(f"Linux cannot do without CPU {cpu}")
