"""Xen's schedulers: what each takes, in which range, and which of them a build has.

Ranges are those that the hypervisor accepts (xen/include/public/{domctl,sysctl}.h and
xen/common/sched/{credit,credit2,rt}.c); libxl checks less, and answers with less.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from hvconsole.model.hypervisor import Parameter, Scheduler

_WEIGHT: Final = Parameter(
    name="weight", low=1, high=65_535, default=256, about="its share of CPU time beside others"
)
_CAP: Final = Parameter(
    name="cap", unit="%", low=0, high=100 * 128, default=0, about="most CPU time it gets; 0: no cap"
)
_RATELIMIT: Final = Parameter(
    name="ratelimit",
    unit="µs",
    low=0,
    high=500_000,
    default=1000,
    about="shortest time before another vCPU may take over; 0 or from 100 on",
)
SHORTEST_RATELIMIT: Final = 100
RTDS_SLOW_BOARD_US: Final = 2_000

SCHEDULERS: Final = (
    Scheduler(
        name="credit",
        guest=(_WEIGHT, _CAP),
        pool=(
            Parameter(
                name="tslice", unit="ms", low=1, high=1000, default=30, about="a turn's length"
            ),
            _RATELIMIT,
        ),
    ),
    Scheduler(name="credit2", guest=(_WEIGHT, _CAP), pool=(_RATELIMIT,)),
    Scheduler(
        name="rtds",
        vcpu=(
            Parameter(
                name="period",
                unit="µs",
                low=10,
                high=10_000_000,
                default=10_000,
                about="how often the budget is filled up",
            ),
            Parameter(
                name="budget",
                unit="µs",
                low=10,
                high=10_000_000,
                default=4_000,
                about="CPU time in each period; not more than the period",
            ),
            Parameter(
                name="extratime",
                low=0,
                high=1,
                default=1,
                about="1: it may also use time that nobody else wants",
            ),
        ),
    ),
    Scheduler(name="null"),
    Scheduler(name="arinc653"),
)
_EXPERIMENTAL: Final = ("rtds", "null", "arinc653")
_NOT_FOUND = re.compile(r"Could not find scheduler: (\S+)")
_CONFIG = re.compile(r"CONFIG_SCHED_(CREDIT2?|RTDS|NULL|ARINC653)=y")


def available(pools: set[str], log: str, build: str) -> tuple[Scheduler, ...]:
    """Return all schedulers, the ones that cannot be had with the reason.

    Args:
        pools: Schedulers that are in use: these are there, whatever else says.
        log: The hypervisor's boot messages, as far as they are still there.
        build: Its build configuration (``xenhypfs cat /buildinfo/config``), or empty.
    """
    refused = set(_NOT_FOUND.findall(log))
    built = {name.lower() for name in _CONFIG.findall(build)}
    debian = "pkg-xen-devel" in log
    return tuple(
        one
        if one.name in pools
        else replace(one, missing=_missing(one.name, refused, built, debian=debian))
        for one in SCHEDULERS
    )


def _missing(name: str, refused: set[str], built: set[str], *, debian: bool) -> str:
    if built:
        return "" if name in built else f"this Xen was built without {name}"
    if name in refused:
        return f"this Xen did not find {name} when it booted: it was built without"
    if debian and name in _EXPERIMENTAL:
        return (
            f"Debian builds Xen without {name}: it is not in release builds since 4.16; "
            "rebuild the package with CONFIG_UNSUPPORTED and the scheduler on"
        )
    return ""
