"""What things cost: figures of the lab, and those that are nobody's measurement.

Costs are instructions, since that is what the lab's virtual time counts: under instruction
counting every instruction takes the same time. `Costs.ns_per_instruction` turns them into time;
the lab ran at 2 ns (Xen against native) and at 8 ns (Jailhouse). Two nanoseconds are also what a
Cortex-A7 at 960 MHz does at one instruction in two cycles. docs/simulator.md says how each figure
follows from the tables.
"""

from __future__ import annotations

from dataclasses import dataclass

from hvconsole.sim.machine.ticks import HZ, MS, US


@dataclass(frozen=True, slots=True)
class Mix:
    """Lengths of one kind of event: a few typical ones, each with its share.

    Attributes:
        parts: (share, instructions), shares adding up to 1.
        spread: Each length varies uniformly by this share of itself, both ways.
    """

    parts: tuple[tuple[float, float], ...]
    spread: float = 0.02


@dataclass(frozen=True, slots=True)
class Device:
    """A device whose interrupts a guest kernel handles.

    Attributes:
        name: As /proc/interrupts would have it.
        cpu: The guest's CPU that takes them.
        rate_hz: Interrupts a second, on average; they come at random times.
        lengths: Handler and what hangs on it.
    """

    name: str
    cpu: int
    rate_hz: float
    lengths: Mix


@dataclass(frozen=True, slots=True)
class Guest:
    """A Linux as the sampler meets it.

    Attributes:
        name: Which kernel the figures are from.
        hz: CONFIG_HZ.
        tick: One tick's interrupt, timers and RCU included.
        housekeeping: Kernel work that rides on a tick once a second.
        devices: What else interrupts.
        rt_throttle: The kernel holds SCHED_FIFO tasks to 950 ms a second.
        turn_ticks: Timer ticks for which one of two equal tasks keeps the CPU.
    """

    name: str
    hz: int
    tick: Mix
    housekeeping: Mix
    devices: tuple[Device, ...] = ()
    rt_throttle: bool = True
    turn_ticks: int = 2

    @property
    def tick_period(self) -> int:
        """Counter ticks from one timer tick to the next."""
        return HZ // self.hz


@dataclass(frozen=True, slots=True)
class Activity:
    """A vCPU that sleeps and now and then works, as an idle guest's does.

    Attributes:
        period: Ticks from one waking to the next, on average.
        work: Ticks of CPU time it then needs.
    """

    period: int
    work: int


@dataclass(frozen=True, slots=True)
class Costs:
    """Instructions spent on behalf of hypervisor and kernel.

    Attributes:
        ns_per_instruction: At the highest frequency.
        jailhouse_interrupt: One exit to inject an interrupt [lab: 184].
        xen_interrupt: Xen's part in one interrupt of a guest [lab: null less native].
        credit_tick: Credit's timer each third of a slice.
        credit_account: Credit's accounting, once a slice on the pool's first CPU.
        credit_pass: Credit decides and the same vCPU goes on.
        credit2_pass: Credit2 decides and the same vCPU goes on.
        rtds_pass: RTDS decides and the same vCPU goes on.
        rtds_replenish: RTDS's replenishment timer.
        switch: From the end of another's turn to the first instruction of the sampler's guest.
        xvisor_interrupt: Xvisor's part in one interrupt of a guest [lab: nearly all of the longest
            gap of a guest alone].
        xvisor_pass: Xvisor's scheduler decides and the same vCPU goes on. Not measured apart.
        xvisor_switch: As `switch`, under Xvisor [lab: the rest of a contended gap].
        machine_stop: All CPUs stop for a hotplugged one. Not measured.
        takeover: Jailhouse takes a CPU over or gives it back. Not measured.
    """

    ns_per_instruction: float = 2.0
    jailhouse_interrupt: float = 184
    xen_interrupt: float = 1_540
    credit_tick: float = 6_500
    credit_account: float = 4_800
    credit_pass: float = 6_300
    credit2_pass: float = 7_375
    rtds_pass: float = 5_950
    rtds_replenish: float = 5_450
    switch: float = 16_000
    xvisor_interrupt: float = 2_640
    xvisor_pass: float = 1_900
    xvisor_switch: float = 3_700
    machine_stop: float = 120_000
    takeover: float = 700_000

    @property
    def ticks_per_instruction(self) -> float:
        """Counter ticks an instruction takes at the highest frequency."""
        return self.ns_per_instruction * HZ / 1e9


IDLE = Activity(period=100 * MS, work=80 * US)

# Debian's 6.1 armmp-lpae in the lab: 250 gaps a second, 235 of them below 8.2 µs, 2,065 to 2,078 µs
# lost, the longest 93 to 95 µs once a second.
DEBIAN = Guest(
    name="Debian 6.1 armmp-lpae, no network, no disk",
    hz=250,
    tick=Mix(((0.94, 3_725), (0.048, 6_500), (0.012, 12_500))),
    housekeeping=Mix(((1.0, 43_000),)),
)

# The kernel under which Jailhouse was measured: median 24.32 µs, 90 % 31.4 µs at 8 ns.
JAILHOUSE_ROOT = Guest(
    name="Linux 6.1 with Jailhouse's patches, 100 Hz",
    hz=100,
    tick=Mix(((0.84, 3_040), (0.09, 3_925), (0.06, 4_700), (0.01, 6_400))),
    housekeeping=Mix(((1.0, 2_000),)),
)

# Xvisor's own test guest, which answers on its serial port and has a timer of 100 Hz: the longest
# gap of it alone is 5.6 µs, Xvisor's part included.
FIRMWARE = Guest(
    name="Xvisor's basic firmware",
    hz=100,
    tick=Mix(((1.0, 150),), spread=0.0),
    housekeeping=Mix(((1.0, 0),)),
)

# A small Linux as a guest of Xvisor, on serial port and memory alone.
XVISOR_GUEST = Guest(
    name="Debian 6.1 armmp-lpae as a guest, no network, no disk",
    hz=250,
    tick=DEBIAN.tick,
    housekeeping=DEBIAN.housekeeping,
)

# The same Debian on a board that is used: network and card interrupt CPU 0. Rates not measured.
BANANA_PI = Guest(
    name="Debian 6.1 armmp-lpae on a Banana Pi",
    hz=250,
    tick=DEBIAN.tick,
    housekeeping=DEBIAN.housekeeping,
    devices=(
        Device("eth0", 0, 40.0, Mix(((0.8, 9_000), (0.2, 17_000)), spread=0.25)),
        Device("sunxi-mmc", 0, 3.0, Mix(((0.7, 7_000), (0.3, 30_000)), spread=0.25)),
    ),
)
