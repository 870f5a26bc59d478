"""The simulated machine: one boot of a two-CPU A20 board, advanced in ticks of its counter.

    machine = Machine(Setup(hypervisor="xen", scheduler="rtds"), seed=7)
    machine.apply(StartSampling(cpu=0))
    chunks = machine.advance(machine.now + SECOND)     # {0: SwitchChunk(...)}
    machine.apply(CreateDomain(1, busy=True))          # at once, at machine.now

The same seed and the same changes at the same ticks give the same switches, bit for bit, in
whatever portions the machine is advanced.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import Final, Literal

from hvconsole.model.problem import BoardProblem
from hvconsole.sim.machine import changes as ch
from hvconsole.sim.machine.bare import Bare
from hvconsole.sim.machine.chunk import SwitchChunk
from hvconsole.sim.machine.linux import tick_phase
from hvconsole.sim.machine.load import GUEST_HEAT, IDLE_HEAT, Loads
from hvconsole.sim.machine.profile import BANANA_PI, DEBIAN, Costs, Guest
from hvconsole.sim.machine.sampler import Sampler
from hvconsole.sim.machine.thermal import FrequencyStep, Thermal, ThermalProfile
from hvconsole.sim.machine.ticks import HZ, SECOND
from hvconsole.sim.machine.unit import Unit
from hvconsole.sim.machine.xen import Xen
from hvconsole.sim.machine.xvisor import Xvisor

# Arrays of about this many events stay in the cache.
_EVENTS_A_BLOCK: Final = 50_000
_IDLE_TICK_HZ: Final = 10


@dataclass(frozen=True, slots=True)
class Setup:
    """What is booted.

    Attributes:
        hypervisor: Nothing below Linux (Jailhouse can be enabled later), Xen, or Xvisor.
        scheduler: Of Xen's Pool-0.
        cpus: How many the board has.
        dom0_vcpus: How many of them dom0 sees; None for all.
        guest: The Linux we log in to.
        costs: What things cost.
        thermal: How the board heats.
    """

    hypervisor: Literal["none", "xen", "xvisor"] = "none"
    scheduler: ch.SchedulerName = "credit"
    cpus: int = 2
    dom0_vcpus: int | None = None
    guest: Guest = BANANA_PI
    costs: Costs = field(default_factory=Costs)
    thermal: ThermalProfile = field(default_factory=ThermalProfile)


class Machine:
    """One boot of the board.

    Args:
        setup: What is booted.
        seed: Of everything random.
        start_tick: The counter when this begins.
        temperature_c: What it begins with; None for ambient.
    """

    def __init__(
        self,
        setup: Setup,
        *,
        seed: int = 0,
        start_tick: int = 0,
        temperature_c: float | None = None,
    ) -> None:
        self.setup = setup
        self.now = start_tick
        self.xen: Xen | None = None
        self.xvisor: Xvisor | None = None
        self.bare: Bare | None = None
        costs = setup.costs
        if setup.hypervisor == "xen":
            vcpus = setup.cpus if setup.dom0_vcpus is None else setup.dom0_vcpus
            self.xen = Xen(
                setup.scheduler,
                cpus=setup.cpus,
                dom0_vcpus=vcpus,
                costs=costs,
                seed=seed,
                now=start_tick,
            )
        elif setup.hypervisor == "xvisor":
            self.xvisor = Xvisor(cpus=setup.cpus, costs=costs, seed=seed, now=start_tick)
        else:
            self.bare = Bare(setup.cpus, costs.machine_stop, costs.takeover)
        self._seed = seed
        self._thermal = Thermal(setup.thermal, start_tick, temperature_c)
        self._samplers: dict[int, Sampler] = {}
        self._ended: dict[int, Sampler] = {}
        self._loads = Loads()
        self._agenda: list[tuple[int, int, ch.Change]] = []
        self._asked = 0
        self._exits: dict[int, int] = {}
        self._exits_since = start_tick
        self._retune()

    @property
    def below(self) -> Xen | Xvisor | None:
        """The hypervisor that schedules guests, where one runs from the start."""
        return self.xen or self.xvisor

    @property
    def celsius(self) -> float:
        """The board's temperature."""
        return self._thermal.celsius(self.now)

    @property
    def frequency_khz(self) -> int:
        """The CPUs' common frequency."""
        return self._thermal.frequency_khz

    @property
    def throttled(self) -> bool:
        """The frequency is lower than allowed, because of the heat."""
        return self._thermal.throttled

    @property
    def sampled(self) -> tuple[int, ...]:
        """Lanes that are sampled at present: dom0's CPUs, and others by `lane_of`."""
        return tuple(sorted(self._samplers))

    def exits(self, cpu: int) -> int:
        """Return how often Jailhouse was entered for an interrupt on one of Linux's CPUs."""
        return self._exits.get(cpu, 0) + self._exits_of(cpu)

    def apply(self, change: ch.Change, at: int | None = None) -> None:
        """Change something now, or at a later tick (before anything else that is due then).

        Raises:
            BoardProblem: It cannot be done, and nothing was changed. A later change raises when
                its time comes, from `advance`.
            ValueError: `at` is over.
        """
        if at is None or at == self.now:
            self._apply(change)
            return
        if at < self.now:
            raise ValueError(f"tick {at} is over, it is {self.now}")
        heapq.heappush(self._agenda, (at, self._asked, change))
        self._asked += 1

    def advance(self, until: int) -> dict[int, SwitchChunk]:
        """Let time pass.

        Args:
            until: Tick at which to stop, not before `now`.

        Returns:
            The switches of each lane that was sampled, by its number, that became certain.
        """
        if until < self.now:
            raise ValueError(f"tick {until} is over, it is {self.now}")
        while self._agenda and self._agenda[0][0] <= until:
            at, _, change = heapq.heappop(self._agenda)
            self._pass(at)
            self._apply(change)
        self._pass(until)
        chunks = {cpu: sampler.lane.take(self.now) for cpu, sampler in self._ended.items()}
        self._ended = {}
        for cpu, sampler in self._samplers.items():
            chunks[cpu] = sampler.lane.take(self.now)
        return chunks

    def _pass(self, until: int) -> None:
        rate = max((sampler.rate_hz for sampler in self._samplers.values()), default=1.0)
        block = max(int(_EVENTS_A_BLOCK / rate * HZ), SECOND // 10)
        while self.now < until:
            self._block(min(self.now + block, until))

    def _block(self, end: int) -> None:
        speed = [FrequencyStep(self.now, self._thermal.slowdown), *self._thermal.advance(end)]
        if self.below is not None:
            self.below.run(end)
        for sampler in self._samplers.values():
            sampler.feed(self.now, end, self.setup.costs.ticks_per_instruction, speed)
        self.now = end

    def _apply(self, change: ch.Change) -> None:
        for cpu in range(self.setup.cpus):
            self._exits[cpu] = self.exits(cpu)
        self._exits_since = self.now
        match change:
            case ch.StartSampling():
                self._start_sampling(change)
            case ch.StopSampling():
                self._stop_sampling(change.lane)
            case ch.StartLoad(name, cpu, rate_hz):
                self._start_load(name, cpu, rate_hz)
            case ch.StopLoad(name, cpu):
                self._loads.stop(name, cpu)
            case ch.LimitFrequency(slowest, fastest):
                self._limit_frequency(slowest, fastest)
            case ch.HeatUp(celsius):
                self._thermal.heat_up(self.now, celsius)
            case _:
                self._apply_below(change)
        self._retune()

    def _apply_below(self, change: ch.Bare | ch.OfXen | ch.OfXvisor) -> None:
        if isinstance(change, ch.OfXen):
            self._apply_to_xen(change)
            return
        if isinstance(change, ch.OfXvisor):
            self._apply_to_xvisor(change)
            return
        if self.bare is None:
            raise BoardProblem("Linux does not own this machine: a hypervisor does")
        effect = self.bare.apply(change)
        for cpu, sampler in self._samplers.items():
            if cpu in effect.parked:
                sampler.lane.freeze(self.now)
            elif cpu in effect.gone:
                sampler.lane.blind_from(self.now)
            elif cpu in effect.back:
                sampler.lane.seen_from(self.now)
            sampler.stop_for(self.now, effect.stopped, self.setup.costs.ticks_per_instruction)

    def _apply_to_xen(self, change: ch.OfXen) -> None:
        if self.xen is None:
            raise BoardProblem("Xen does not run here")
        self.xen.apply(change, self.now)
        if isinstance(change, ch.DestroyDomain):
            self._end_samplers_of(change.domain)
        elif isinstance(change, ch.SetVcpus):
            for sampler in self._samplers.values():
                sampler.follow_vcpu(self.now)

    def _apply_to_xvisor(self, change: ch.OfXvisor) -> None:
        if self.xvisor is None:
            raise BoardProblem("Xvisor does not run here")
        if isinstance(change, ch.DestroyGuest):
            self._end_samplers_of(change.guest)
        self.xvisor.apply(change, self.now)

    def _start_sampling(self, change: ch.StartSampling) -> None:
        if change.lane in self._samplers:
            raise BoardProblem(f"CPU {change.cpu} is sampled already")
        unit = None
        if self.below is not None:
            unit = self.below.unit(change.domain, change.cpu)
            if self.xvisor is not None:
                self.xvisor.begin_turn(unit, self.now)
        elif self.bare is not None and change.cpu not in self.bare.online:
            raise BoardProblem(f"CPU {change.cpu} is not online")
        # A domU has a kernel of its own: other phases, and no devices.
        guest = DEBIAN if change.domain else self.setup.guest
        self._samplers[change.lane] = Sampler(
            change.cpu, self.now, guest, self._seed + change.domain, fifo=change.fifo, unit=unit
        )

    def _stop_sampling(self, cpu: int) -> None:
        sampler = self._samplers.pop(cpu, None)
        if sampler is None:
            raise BoardProblem(f"CPU {ch.vcpu_of(cpu)[1]} is not sampled")
        if sampler.unit is not None:
            sampler.unit.tape = None
        sampler.lane.end(self.now)
        self._ended[cpu] = sampler

    def _end_samplers_of(self, domain: int) -> None:
        for cpu, sampler in list(self._samplers.items()):
            if sampler.unit is not None and sampler.unit.domain == domain:
                self._stop_sampling(cpu)

    def _start_load(self, name: str, cpu: int, rate_hz: float) -> None:
        if self.below is not None:
            self.below.unit(0, cpu)
        elif self.bare is not None and cpu not in self.bare.online:
            raise BoardProblem(f"CPU {cpu} is not online")
        self._loads.start(name, cpu, rate_hz)

    def _limit_frequency(self, slowest_khz: int, fastest_khz: int) -> None:
        try:
            self._thermal.limit(self.now, slowest_khz, fastest_khz)
        except ValueError as error:
            raise BoardProblem(str(error)) from error

    def _retune(self) -> None:
        """Let everything follow from what runs where now."""
        if self.xen is not None:
            self._occupy(self.xen)
        costs = self.setup.costs
        extra = costs.xen_interrupt if self.xen is not None else 0.0
        if self.xvisor is not None:
            extra = costs.xvisor_interrupt
        if self.bare is not None and self.bare.jailhouse:
            extra = costs.jailhouse_interrupt
        for cpu, sampler in self._samplers.items():
            ours = sampler.unit is None or sampler.unit.domain == 0
            sampler.retune(
                self.now,
                extra=extra,
                storm_hz=self._loads.storm_hz(cpu) if ours else 0.0,
                others=self._loads.burners(cpu) if ours else 0,
            )
        self._thermal.burn(self.now, self._heat() / self.setup.cpus)

    def _occupy(self, xen: Xen) -> None:
        """Make those vCPUs busy on which somebody works, and no others."""
        sampled = [sampler.unit for sampler in self._samplers.values()]
        changed = [
            unit
            for units in xen.domains.values()
            for unit in units
            if unit.busy != self._works(unit, sampled=unit in sampled)
        ]
        if changed:
            xen.disturb(self.now)
            for unit in changed:
                xen.make_busy(unit, self.now, busy=not unit.busy)
            xen.settle(self.now)

    def _works(self, unit: Unit, *, sampled: bool) -> bool:
        loaded = unit.domain == 0 and self._loads.burners(unit.index) > 0
        return sampled or loaded or unit.burning

    def _work_heat(self, cpu: int) -> float:
        return self._loads.heat(cpu, sampled=cpu in self._samplers)

    def _heat(self) -> float:
        """Sum over all CPUs."""
        if self.bare is not None:
            cells = sum(
                len(cell.cpus) * (GUEST_HEAT if cell.busy else IDLE_HEAT)
                for cell in self.bare.cells.values()
            )
            return cells + sum(self._work_heat(cpu) for cpu in self.bare.online)
        total = 0.0
        for pool in self.below.pools.values() if self.below is not None else ():
            busy = [
                self._work_heat(unit.index) if unit.domain == 0 else GUEST_HEAT
                for unit in pool.units
                if unit.busy and not unit.held
            ]
            working = min(len(busy), len(pool.cpus))
            total += working * sum(busy) / max(len(busy), 1)
            total += (len(pool.cpus) - working) * IDLE_HEAT
        return total

    def _exits_of(self, cpu: int) -> int:
        if self.bare is None or not self.bare.jailhouse or cpu not in self.bare.online:
            return 0
        guest = self.setup.guest
        working = cpu in self._samplers or self._loads.burners(cpu)
        period = guest.tick_period if working else HZ // _IDLE_TICK_HZ
        phase = tick_phase(self._seed, cpu, guest)
        return (self.now - phase - 1) // period - (self._exits_since - phase - 1) // period
