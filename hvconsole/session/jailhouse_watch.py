"""What Jailhouse's actions take from a measurement, given back: access to CNTPCT on every CPU.

Creating and destroying a cell takes CPUs offline and online again, and enabling and disabling
Jailhouse moves all of them. A CPU that comes back has its counter closed. The counter module opens
it again by itself; whether it did is proven here after each action, on the CPUs that there are
then, and where it did not, the module is loaded anew.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence

from hvconsole.board.facts import parse_cpus
from hvconsole.board.module import CounterModule
from hvconsole.hypervisor.driver import Driver
from hvconsole.hypervisor.jailhouse.driver import JailhouseDriver
from hvconsole.link.protocol import Link

_ONLINE = "/sys/devices/system/cpu/online"

After = Callable[[Collection[int]], Awaitable[str]]
"""Done after an action, told which CPUs are being sampled; says in words what was found."""


def look_from_elsewhere(driver: Driver, sampled: Collection[int]) -> None:
    """Have a driver look at the board from a CPU that is not sampled, if it can choose."""
    if isinstance(driver, JailhouseDriver):
        driver.sampled = frozenset(sampled)


def moves_cpus(driver: Driver) -> bool:
    """Whether this system's actions take CPUs offline and online."""
    return isinstance(driver, JailhouseDriver)


async def online_cpus(link: Link, otherwise: Sequence[int]) -> list[int]:
    """Return the CPUs that Linux has now.

    Args:
        link: The way to the board.
        otherwise: What is returned where the board does not tell.
    """
    done = await link.run(["cat", _ONLINE])
    return list(parse_cpus(done.text.strip())) or list(otherwise)


async def opened_again(
    module: CounterModule,
    cpus: Sequence[int],
    sampler: str,
    reload: Callable[[], Awaitable[None]] | None,
) -> str:
    """Prove that CNTPCT can be read on each CPU; open it again where it cannot.

    Args:
        module: The counter module.
        cpus: CPUs to prove it on. Those that are being sampled prove it by themselves: a sampler
            that may no longer read ends at once.
        sampler: Path of hvsampler on the board.
        reload: Takes the module out and loads it again; None where it is not ours to do so.

    Returns:
        What was found, in words.

    Raises:
        BoardProblem: It stays closed; with the CPUs' numbers.
    """
    where = f"CPU {', '.join(map(str, cpus))}"
    closed = [reply.cpu for reply in await module.verify(cpus, sampler) if not reply.cntpct]
    if not closed:
        return f"CNTPCT is open on {where}"
    if reload is not None:
        await reload()
    await module.require(cpus, sampler)
    return f"CNTPCT was closed on CPU {', '.join(map(str, closed))}, and is open again on {where}"
