"""What hypervisors on the machine have in common: pools of CPUs that are changed between turns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from hvconsole.sim.machine.pool import Pool

Change = TypeVar("Change")


class Pooled(ABC, Generic[Change]):
    """A hypervisor whose CPUs are in pools.

    Attributes:
        pools: Its pools by name; one for each CPU where the hypervisor has no pools.
    """

    pools: dict[str, Pool]

    def run(self, until: int) -> None:
        """Let everything happen that is due before a tick."""
        for pool in self.pools.values():
            pool.run(until)

    def apply(self, change: Change, now: int) -> None:
        """Change something now.

        Raises:
            BoardProblem: It cannot be done, and nothing was changed.
        """
        self.disturb(now)
        try:
            self._apply(change, now)
        finally:
            self.settle(now)

    def disturb(self, now: int) -> None:
        """Prepare every pool for a change."""
        for pool in self.pools.values():
            pool.disturb(now)

    def settle(self, now: int) -> None:
        """Let a change take effect in every pool."""
        for pool in self.pools.values():
            pool.settle(now)

    @abstractmethod
    def _apply(self, change: Change, now: int) -> None:
        """Change something in pools that are disturbed."""
