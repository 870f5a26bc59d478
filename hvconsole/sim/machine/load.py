"""Loads a person starts beside the sampler, and how warm work makes a CPU."""

from __future__ import annotations

from typing import Final

from hvconsole.model.problem import BoardProblem

IDLE_HEAT: Final = 0.06
GUEST_HEAT: Final = 0.6
_SAMPLING_HEAT: Final = 0.5
# Against the hottest: the burn loop written for this core.
_HEAT: Final = {"cpuburn-a7": 1.0, "cpuburn-a8": 0.85, "spin": 0.5}
_STORM: Final = "storm"
_FASTEST_STORM_HZ: Final = 100_000


class Loads:
    """The loads that run on CPUs of the Linux we log in to."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, int], float] = {}

    def start(self, name: str, cpu: int, rate_hz: float) -> None:
        """Start one.

        Raises:
            BoardProblem: No such load, or it runs there already.
        """
        if name not in _HEAT and name != _STORM:
            names = ", ".join([*_HEAT, _STORM])
            raise BoardProblem(f"there is no load {name}", hint=f"one of {names}")
        if name == _STORM and not 0 < rate_hz <= _FASTEST_STORM_HZ:
            raise BoardProblem(f"a storm of {rate_hz} interrupts a second")
        if (name, cpu) in self._running:
            raise BoardProblem(f"{name} runs on CPU {cpu} already")
        self._running[name, cpu] = rate_hz

    def stop(self, name: str, cpu: int) -> None:
        """End one.

        Raises:
            BoardProblem: It does not run there.
        """
        if self._running.pop((name, cpu), None) is None:
            raise BoardProblem(f"no {name} runs on CPU {cpu}")

    def storm_hz(self, cpu: int) -> float:
        """Return how many interrupts a second flood a CPU."""
        return self._running.get((_STORM, cpu), 0.0)

    def burners(self, cpu: int) -> int:
        """Return how many busy tasks run on a CPU beside a sampler."""
        return len(self._burning(cpu))

    def heat(self, cpu: int, *, sampled: bool) -> float:
        """Return how warm its work makes a CPU, 0 to 1."""
        heat = max((_HEAT[name] for name in self._burning(cpu)), default=IDLE_HEAT)
        return max(heat, _SAMPLING_HEAT) if sampled else heat

    def _burning(self, cpu: int) -> list[str]:
        return [name for name, at in self._running if at == cpu and name in _HEAT]
