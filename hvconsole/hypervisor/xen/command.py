"""xl's command lines. Domains are named by number: a name may be anything, a number is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hvconsole.hypervisor.masks import write_mask
from hvconsole.model.hypervisor import Vcpu

Argv = tuple[str, ...]

_CREDIT = {"weight": "-w", "cap": "-c"}
_CREDIT_POOL = {"tslice": "-t", "ratelimit": "-r"}
_RTDS = {"period": "-p", "budget": "-b", "extratime": "-e"}


def xl(*words: str) -> Argv:
    """Return an xl command."""
    return ("xl", *words)


def unless_gone(domain: str, argv: Argv) -> Argv:
    """Return a command that succeeds where the domain is gone: then there is nothing to undo."""
    script = 'xl list "$1" >/dev/null 2>&1 || exit 0; shift; exec "$@"'
    return ("sh", "-c", script, "undo", domain, *argv)


def unless_no_pool(pool: str, argv: Argv) -> Argv:
    """Return a command that succeeds where the pool is gone."""
    script = 'xl cpupool-list "$1" >/dev/null 2>&1 || exit 0; shift; exec "$@"'
    return ("sh", "-c", script, "undo", pool, *argv)


def set_domain(scheduler: str, key: str, values: Mapping[str, int]) -> Argv:
    """Set weight and cap. For credit and credit2 ``-c`` is the cap; for rtds it is the pool."""
    return xl(f"sched-{scheduler}", "-d", key, *_options(_CREDIT, values))


def set_rtds(key: str, vcpus: Sequence[tuple[str, Mapping[str, int]]]) -> Argv:
    """Set reservations of vCPUs (``all`` or a number); xl wants all three values of each."""
    words: list[str] = []
    for vcpu, values in vcpus:
        words += ["-v", vcpu, *_options(_RTDS, values)]
    return xl("sched-rtds", "-d", key, *words)


def set_pool(scheduler: str, pool: str, values: Mapping[str, int]) -> Argv:
    """Set a pool's own values; ``-p`` is the pool here, the period for rtds."""
    return xl(f"sched-{scheduler}", "-s", "-p", pool, *_options(_CREDIT_POOL, values))


def make_pool(name: str, scheduler: str, cpus: frozenset[int]) -> Argv:
    """Make a pool. The words are lines of xl's configuration language: strings need quotes."""
    listed = ", ".join(f'"{cpu}"' for cpu in sorted(cpus))
    return xl("cpupool-create", f'name="{name}"', f'sched="{scheduler}"', f"cpus=[{listed}]")


def pin(
    key: str, vcpu: int | None, hard: frozenset[int] | None, soft: frozenset[int] | None
) -> Argv:
    """Set masks; None leaves one as it is."""
    which = "all" if vcpu is None else str(vcpu)
    words = ["-" if mask is None else write_mask(mask) for mask in (hard, soft)]
    return xl("vcpu-pin", key, which, *words)


def pin_back(key: str, vcpu: int | None, vcpus: Sequence[Vcpu]) -> Argv:
    """Return what restores the masks as they are now; nothing where one command cannot."""
    held = [one for one in vcpus if vcpu in {None, one.index}]
    if not held or any((one.hard, one.soft) != (held[0].hard, held[0].soft) for one in held):
        return ()
    words = ["all" if mask is None else write_mask(mask) for mask in (held[0].hard, held[0].soft)]
    return xl("vcpu-pin", key, "all" if vcpu is None else str(vcpu), *words)


def _options(flags: Mapping[str, str], values: Mapping[str, int]) -> list[str]:
    return [
        word for name, flag in flags.items() if name in values for word in (flag, str(values[name]))
    ]
