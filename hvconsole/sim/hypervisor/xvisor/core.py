"""Xvisor's manager: guests, vCPUs, and what may be done to them in which state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hvconsole.sim.hypervisor.host import Host
from hvconsole.sim.hypervisor.xvisor.guest import Guest, GuestSystem, Nothing, SerialPort
from hvconsole.sim.hypervisor.xvisor.usage import Usage
from hvconsole.sim.hypervisor.xvisor.vcpu import GUEST_PRIORITY, State, Vcpu, threads
from hvconsole.sim.machine.changes import CreateGuest, DestroyGuest, MoveVcpu, RunVcpu

FAILED, NOT_AVAILABLE, INVALID = -1, -3, -5
NODES: Final = {"guest0": 2, "guest1": 2}
"""What there is under /guests in the device tree, with how many vCPUs."""
_PORTS: Final = ("uart0", "virtio-con0")

SystemOf = Callable[[Guest], GuestSystem]


class RefusedError(Exception):
    """A vCPU is in no state for what was asked.

    Attributes:
        vcpu: Which.
        wanted: The state that it was to have.
    """

    def __init__(self, vcpu: Vcpu, shown: State, wanted: State) -> None:
        super().__init__(vcpu.name)
        self.vcpu, self.shown, self.wanted = vcpu, shown, wanted


class Core:
    """All that Xvisor knows of its guests.

    Args:
        host: The board.
        system_of: Makes what runs in a guest whose image was loaded.

    Attributes:
        vcpus: All by id, Xvisor's own threads among them.
        guests: By id.
        nodes: What guests there could be, with how many vCPUs.
        usage: Which CPUs had guests to run.
        typed: How many characters came over the serial line.
    """

    def __init__(self, host: Host, system_of: SystemOf = lambda _guest: Nothing()) -> None:
        self.host = host
        self.nodes = dict(NODES)
        self.cpus = host.machine.setup.cpus
        self.vcpus: dict[int, Vcpu] = {}
        self.guests: dict[int, Guest] = {}
        self.usage = Usage(self.cpus, host.machine.now)
        self.typed = 0
        self._system_of = system_of
        self._every = frozenset(range(self.cpus))
        for name, cpu, priority in threads(self.cpus):
            thread = self._new_vcpu(name, cpu, priority)
            thread.state = State.PAUSED
            self.vcpus[thread.number] = thread

    @property
    def now(self) -> int:
        """The counter."""
        return self.host.machine.now

    @property
    def terminal_cpu(self) -> int:
        """Where the terminal's own thread runs, now that it answers."""
        return next(vcpu.cpu for vcpu in self.vcpus.values() if vcpu.name == "mterm")

    def find(self, name: str) -> Guest | None:
        """Return a guest by name."""
        return next((guest for guest in self.guests.values() if guest.name == name), None)

    def port(self, name: str) -> SerialPort | None:
        """Return a virtual serial port by name."""
        return next((port for port in self.ports() if port.name == name), None)

    def ports(self) -> list[SerialPort]:
        """Return the virtual serial ports in their order."""
        return [port for guest in self.guests.values() for port in guest.ports]

    def shown(self, vcpu: Vcpu) -> State:
        """Return a vCPU's state as lists show it, seen from the terminal's thread."""
        if vcpu.guest is None:
            return self._thread_state(vcpu)
        if not vcpu.is_active:
            return vcpu.state
        xvisor = self.host.machine.xvisor
        unit = xvisor.unit(vcpu.guest.number, vcpu.index) if xvisor is not None else None
        has_cpu = unit is not None and unit.cpu is not None and vcpu.cpu != self.terminal_cpu
        return State.RUNNING if has_cpu else State.READY

    def ran(self, vcpu: Vcpu) -> int:
        """Return the CPU time of a guest's vCPU so far, in ticks."""
        xvisor = self.host.machine.xvisor
        if vcpu.guest is None or xvisor is None:
            return 0
        return xvisor.cpu_ticks(vcpu.guest.number, vcpu.index)

    def create(self, name: str) -> Guest:
        """Create a guest from its node."""
        number = _lowest_free(self.guests)
        guest = Guest(number, name, ports=[SerialPort(f"{name}/{port}") for port in _PORTS])
        for index in range(self.nodes[name]):
            vcpu = self._new_vcpu(f"{name}/vcpu{index}", None, GUEST_PRIORITY)
            vcpu.guest, vcpu.index = guest, index
            self.vcpus[vcpu.number] = vcpu
            guest.vcpus.append(vcpu)
        self.vcpus = dict(sorted(self.vcpus.items()))
        self.host.apply(CreateGuest(number, tuple(vcpu.cpu for vcpu in guest.vcpus)))
        self.guests[number] = guest
        self.guests = dict(sorted(self.guests.items()))
        return guest

    def destroy(self, guest: Guest) -> None:
        """Let a guest go; its node stays, its image does not."""
        guest.system.stop()
        self.host.apply(DestroyGuest(guest.number))
        for vcpu in guest.vcpus:
            del self.vcpus[vcpu.number]
        del self.guests[guest.number]
        self._count()

    def load(self, guest: Guest, image: str) -> None:
        """Put an image into a guest's memory; it begins with the next kick from reset."""
        guest.image = image

    def reset(self, vcpu: Vcpu) -> None:
        """Stop a vCPU, and let it begin at its reset vector when it is kicked."""
        if vcpu.guest is None:
            return
        if vcpu.state is not State.RESET:
            self._become(vcpu, State.RESET)
            self._system(vcpu, stop=True)

    def kick(self, vcpu: Vcpu) -> None:
        """Let a vCPU run. Raises `RefusedError`."""
        before = vcpu.state
        if before is State.HALTED:
            raise RefusedError(vcpu, before, State.READY)
        if vcpu.guest is None or before is State.READY:
            return
        if vcpu.index and before is State.RESET:
            # Nobody has told the second vCPU where to begin: the guest lets it wait for an event.
            self._become(vcpu, State.READY)
            self._become(vcpu, State.PAUSED)
            return
        if vcpu.index:
            return
        self._become(vcpu, State.READY)
        if before is State.RESET:
            self._system_anew(vcpu.guest)
            vcpu.guest.system.start()
        else:
            vcpu.guest.system.hold(held=False)

    def _system_anew(self, guest: Guest) -> None:
        """Have what the guest's memory holds now be what runs in it."""
        if guest.runs != guest.image:
            guest.system.stop()
            guest.system, guest.runs = self._system_of(guest), guest.image

    def pause(self, vcpu: Vcpu) -> None:
        """Let a vCPU stand still. Raises `RefusedError`."""
        if vcpu.state is State.PAUSED:
            return
        self._need_active(vcpu, State.PAUSED)
        self._become(vcpu, State.PAUSED)
        if vcpu.guest is not None and not vcpu.index:
            vcpu.guest.system.hold(held=True)

    def halt(self, vcpu: Vcpu) -> None:
        """Stop a vCPU until it is reset. Raises `RefusedError`."""
        self._need_active(vcpu, State.HALTED)
        self._become(vcpu, State.HALTED)
        self._system(vcpu, stop=True)

    def move(self, vcpu: Vcpu, cpu: int) -> None:
        """Put a vCPU into another CPU's queue."""
        vcpu.cpu = cpu
        if vcpu.guest is not None:
            self.host.apply(MoveVcpu(vcpu.guest.number, vcpu.index, cpu))
        self._count()

    def _need_active(self, vcpu: Vcpu, wanted: State) -> None:
        if not vcpu.is_active:
            raise RefusedError(vcpu, self.shown(vcpu), wanted)

    def _become(self, vcpu: Vcpu, state: State) -> None:
        guest = vcpu.guest
        if guest is None:
            return
        self.host.apply(RunVcpu(guest.number, vcpu.index, state is State.READY))
        vcpu.become(state, self.now, self.ran(vcpu))
        self._count()

    def _system(self, vcpu: Vcpu, *, stop: bool) -> None:
        if stop and vcpu.guest is not None and not vcpu.index:
            vcpu.guest.system.stop()

    def _count(self) -> None:
        """Keep account of which CPU has guests to run."""
        active = [vcpu.cpu for vcpu in self.vcpus.values() if vcpu.guest and vcpu.is_active]
        self.usage.changed(self.now, frozenset(active))

    def _thread_state(self, vcpu: Vcpu) -> State:
        name, _, _ = vcpu.name.partition("/")
        if name == "mterm":
            return State.RUNNING
        if name != "idle":
            return State.PAUSED
        taken = vcpu.cpu == self.terminal_cpu or vcpu.cpu in self.usage.busy
        return State.READY if taken else State.RUNNING

    def _new_vcpu(self, name: str, cpu: int | None, priority: int) -> Vcpu:
        number = _lowest_free(self.vcpus)
        affinity = self._every if cpu is None else frozenset({cpu})
        where = self._quietest(priority) if cpu is None else cpu
        vcpu = Vcpu(number, name, where, priority, affinity)
        vcpu.since = vcpu.reset_at = self.now
        return vcpu

    def _quietest(self, priority: int) -> int:
        """Return the CPU with the fewest vCPUs of a priority, the first of those."""
        cpus = [vcpu.cpu for vcpu in self.vcpus.values() if vcpu.priority == priority]
        return min(range(self.cpus), key=lambda cpu: (cpus.count(cpu), cpu))


def _lowest_free(taken: dict[int, Vcpu] | dict[int, Guest]) -> int:
    return next(number for number in range(len(taken) + 1) if number not in taken)
