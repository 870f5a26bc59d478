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
from typing import Final

from hvconsole.model.problem import BoardProblem
from hvconsole.sim.machine import changes as ch
from hvconsole.sim.machine.bare import Bare
from hvconsole.sim.machine.chunk import SwitchChunk
from hvconsole.sim.machine.exits import Exits
from hvconsole.sim.machine.heat import heat_of_bare, heat_of_pools
from hvconsole.sim.machine.load import Loads
from hvconsole.sim.machine.profile import DEBIAN
from hvconsole.sim.machine.sampler import Sampler
from hvconsole.sim.machine.samplers import Samplers
from hvconsole.sim.machine.setup import Setup
from hvconsole.sim.machine.thermal import FrequencyStep, Thermal
from hvconsole.sim.machine.ticks import HZ, SECOND
from hvconsole.sim.machine.unit import Unit
from hvconsole.sim.machine.xen import Xen
from hvconsole.sim.machine.xvisor import Xvisor

# Arrays of about this many events stay in the cache.
_EVENTS_A_BLOCK: Final = 50_000
_IDLE_TICK_HZ: Final = 10


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
        self._samplers = Samplers()
        self._loads = Loads()
        self._agenda: list[tuple[int, int, ch.Change]] = []
        self._asked = 0
        self._exits = Exits(setup.guest, seed, start_tick)
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
        return tuple(sorted(self._samplers.running))

    def exits(self, cpu: int) -> int:
        """Return how often Jailhouse was entered for an interrupt on one of Linux's CPUs."""
        return self._exits.of(cpu, self.now, self._tick_period(cpu))

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
        return self._samplers.take(self.now)

    def _pass(self, until: int) -> None:
        block = max(int(_EVENTS_A_BLOCK / self._samplers.rate_hz * HZ), SECOND // 10)
        while self.now < until:
            self._block(min(self.now + block, until))

    def _block(self, end: int) -> None:
        speed = [FrequencyStep(self.now, self._thermal.slowdown), *self._thermal.advance(end)]
        if self.below is not None:
            self.below.run(end)
        for sampler in self._samplers.running.values():
            sampler.feed(self.now, end, self.setup.costs.ticks_per_instruction, speed)
        self.now = end

    def _apply(self, change: ch.Change) -> None:
        periods = {cpu: self._tick_period(cpu) for cpu in range(self.setup.cpus)}
        self._exits.note(self.now, periods)
        match change:
            case ch.StartSampling():
                self._start_sampling(change)
            case ch.StopSampling():
                self._samplers.stop(change.lane, self.now)
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
        for cpu, sampler in self._samplers.running.items():
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
            self._samplers.stop_those_of(change.domain, self.now)
        elif isinstance(change, ch.SetVcpus):
            for sampler in self._samplers.running.values():
                sampler.follow_vcpu(self.now)

    def _apply_to_xvisor(self, change: ch.OfXvisor) -> None:
        if self.xvisor is None:
            raise BoardProblem("Xvisor does not run here")
        if isinstance(change, ch.DestroyGuest):
            self._samplers.stop_those_of(change.guest, self.now)
        self.xvisor.apply(change, self.now)

    def _start_sampling(self, change: ch.StartSampling) -> None:
        if change.lane in self._samplers.running:
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
        self._samplers.running[change.lane] = Sampler(
            change.cpu, self.now, guest, self._seed + change.domain, fifo=change.fifo, unit=unit
        )

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
        for cpu, sampler in self._samplers.running.items():
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
        sampled = [sampler.unit for sampler in self._samplers.running.values()]
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

    def _heat(self) -> float:
        """Sum over all CPUs."""

        def work(cpu: int) -> float:
            return self._loads.heat(cpu, sampled=cpu in self._samplers.running)

        if self.bare is not None:
            return heat_of_bare(self.bare, work)
        return heat_of_pools(self.below, work) if self.below is not None else 0.0

    def _tick_period(self, cpu: int) -> int | None:
        """Return how often a CPU's timer enters Jailhouse at present; None if it does not."""
        if self.bare is None or not self.bare.jailhouse or cpu not in self.bare.online:
            return None
        working = cpu in self._samplers.running or self._loads.burners(cpu)
        return self.setup.guest.tick_period if working else HZ // _IDLE_TICK_HZ
