"""Which systems can be asked for what, beyond the state that all have; and who asks them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from hvconsole.model.problem import UsageProblem

if TYPE_CHECKING:
    from hvconsole.hypervisor.driver import Driver
    from hvconsole.link.protocol import Link
    from hvconsole.model.hypervisor import Survey

LOOKS: Final[Mapping[str, tuple[str, ...]]] = {
    "preflight": ("jailhouse",),
    "stats": ("jailhouse", "kvm", "xvisor"),
    "console": ("jailhouse", "xvisor"),
    "top": ("xen",),
    "info": ("xen",),
    "dmesg": ("xen",),
    "debug-keys": ("xen",),
}


async def look(
    link: Link, driver: Driver, survey: Survey, arguments: argparse.Namespace, *, sudo: bool
) -> int:
    """Do one of the `LOOKS`; nothing is changed.

    Raises:
        UsageProblem: Another system runs there, or a number makes no sense.
        BoardProblem: The system does not answer.
    """
    from hvconsole.commands import hv_jailhouse, hv_kvm, hv_xen, hv_xvisor

    if arguments.action == "console" and arguments.guest and not _dumped(survey, arguments):
        from hvconsole.commands.hv_console import talk

        return await talk(driver, survey, arguments.guest)
    if survey.system not in LOOKS[arguments.action]:
        whose = " and ".join(LOOKS[arguments.action])
        raise UsageProblem(
            f"'{arguments.action}' is for {whose}",
            hint=f"{survey.system} runs there"
            + ("; a guest's console: console GUEST" if arguments.action == "console" else ""),
        )
    match survey.system:
        case "kvm":
            return await hv_kvm.look(link, driver, survey, arguments, sudo=sudo)
        case "xvisor":
            return await hv_xvisor.look(link, survey, arguments)
        case "xen":
            return await hv_xen.look(link, arguments, sudo=sudo)
        case _:
            return await hv_jailhouse.look(link, survey, arguments, sudo=sudo)


def _dumped(survey: Survey, arguments: argparse.Namespace) -> bool:
    """Whether what a guest wrote is shown without its console being taken, as Xvisor can."""
    person = sys.stdin is not None and sys.stdin.isatty()
    asked = arguments.json or arguments.follow or not person
    return survey.system == "xvisor" and bool(asked)
