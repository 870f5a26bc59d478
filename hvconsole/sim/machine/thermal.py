"""Heat: what a load does to a board without a heat sink, and what the kernel does about it.

One thermal mass with a time constant, looked at once a second as the kernel's passive cooling
does, which takes the frequency one operating point down while it is too hot and up again when it
has cooled. Operating points and trip points are the A20's; resistance and time constant are not
measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

from hvconsole.sim.machine.ticks import SECOND

# kHz and mV, fastest first.
OPERATING_POINTS: Final = (
    (960_000, 1_400),
    (912_000, 1_400),
    (864_000, 1_350),
    (720_000, 1_250),
    (528_000, 1_150),
    (312_000, 1_100),
    (144_000, 1_050),
)
PASSIVE_C: Final = 75.0
CRITICAL_C: Final = 100.0
_HYSTERESIS_C: Final = 3.0


class FrequencyStep(NamedTuple):
    """From `tick` on everything takes `slowdown` times as long as at the highest frequency."""

    tick: int
    slowdown: float


@dataclass(frozen=True, slots=True)
class ThermalProfile:
    """How a board heats.

    Attributes:
        ambient_c: Where it cools to with nothing to do.
        rise_c: By how much both CPUs at full burn and the highest frequency heat it in the end.
        time_constant_s: After this time 63 % of a change have happened.
    """

    ambient_c: float = 38.0
    rise_c: float = 52.0
    time_constant_s: float = 45.0


class Thermal:
    """The board's one temperature and its one frequency.

    Args:
        profile: How it heats.
        now: Tick at which this begins.
        temperature_c: What it begins with; None for ambient.
    """

    def __init__(
        self, profile: ThermalProfile, now: int, temperature_c: float | None = None
    ) -> None:
        self._profile = profile
        self._ambient_c = profile.ambient_c
        self._celsius = self._ambient_c if temperature_c is None else temperature_c
        self._at = now
        self._poll = now + SECOND
        self._burn = 0.0
        self._lowest, self._point, self._highest = len(OPERATING_POINTS) - 1, 0, 0

    @property
    def frequency_khz(self) -> int:
        """The present frequency."""
        return OPERATING_POINTS[self._point][0]

    @property
    def throttled(self) -> bool:
        """It runs slower than it may, because of the heat."""
        return self._point > self._highest

    @property
    def slowdown(self) -> float:
        """The highest frequency over the present one."""
        return OPERATING_POINTS[0][0] / self.frequency_khz

    def celsius(self, now: int) -> float:
        """Return the temperature at a tick, not before the last change."""
        share = 1 - math.exp(-(now - self._at) / SECOND / self._profile.time_constant_s)
        return self._celsius + (self._target() - self._celsius) * share

    def burn(self, now: int, load: float) -> None:
        """Set the load: 0 for idle, 1 for every CPU at full burn."""
        self._rest(now)
        self._burn = load

    def limit(self, now: int, slowest_khz: int, fastest_khz: int) -> None:
        """Allow frequencies between two operating points, and go to the nearest allowed one.

        Raises:
            ValueError: No operating point lies between.
        """
        allowed = [
            i for i, (khz, _) in enumerate(OPERATING_POINTS) if slowest_khz <= khz <= fastest_khz
        ]
        if not allowed:
            raise ValueError(f"no operating point between {slowest_khz} and {fastest_khz} kHz")
        self._rest(now)
        self._highest, self._lowest = allowed[0], allowed[-1]
        self._point = self._highest

    def heat_up(self, now: int, celsius: float) -> None:
        """Let what is around become hot; the board is at least as hot from now on."""
        self._rest(now)
        self._ambient_c = celsius
        self._celsius = max(self._celsius, celsius)

    def advance(self, until: int) -> list[FrequencyStep]:
        """Go on to a tick; return the changes of frequency before it, in order."""
        steps: list[FrequencyStep] = []
        while self._poll < until:
            now = self._poll
            self._poll += SECOND
            celsius = self.celsius(now)
            point = self._point
            if celsius > PASSIVE_C:
                point = min(point + 1, self._lowest)
            elif celsius < PASSIVE_C - _HYSTERESIS_C:
                point = max(point - 1, self._highest)
            if point != self._point:
                self._rest(now)
                self._point = point
                steps.append(FrequencyStep(now, self.slowdown))
        return steps

    def _rest(self, now: int) -> None:
        self._celsius, self._at = self.celsius(now), now

    def _target(self) -> float:
        khz, mv = OPERATING_POINTS[self._point]
        fastest, highest_mv = OPERATING_POINTS[0]
        # Dynamic power goes with f·V².
        power = self._burn * khz / fastest * (mv / highest_mv) ** 2
        return self._ambient_c + self._profile.rise_c * power
