"""From which CPU the board is looked at: from none that is being measured, if it can be helped."""

from __future__ import annotations

from collections.abc import Collection


def quiet_cpu(online: Collection[int], sampled: Collection[int]) -> int | None:
    """Return a CPU that is online and not sampled; None where nothing is to be avoided, or can be.

    The highest one: on small boards interrupts go to CPU 0.
    """
    if not sampled:
        return None
    return max(set(online) - set(sampled), default=None)


def there(cpu: int | None) -> tuple[str, ...]:
    """Return the words that let a command run on one CPU only; none for None.

    Where ``taskset`` is missing the command runs anywhere: being looked at comes first.
    """
    if cpu is None:
        return ()
    script = 'c=$1; shift; command -v taskset >/dev/null && exec taskset -c "$c" "$@"; exec "$@"'
    return ("sh", "-c", script, "there", str(cpu))
