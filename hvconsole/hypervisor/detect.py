"""Which hypervisor a board has, and the driver for it."""

from __future__ import annotations

from hvconsole.board.facts import BoardFacts
from hvconsole.hypervisor.driver import Driver
from hvconsole.hypervisor.jailhouse.driver import JailhouseDriver
from hvconsole.hypervisor.kvm.driver import KvmDriver
from hvconsole.hypervisor.xen.driver import XenDriver
from hvconsole.hypervisor.xvisor.driver import XvisorDriver
from hvconsole.link.protocol import Link
from hvconsole.model.problem import BoardProblem

_ARM = ("armv7", "armv8", "aarch64")
# An emulated board is a virtual machine too, and where there is /dev/kvm its guests are real ones.
_KVM_RUNS_IN = ("", "virtual machine")


def driver_for(link: Link, facts: BoardFacts, *, sudo: bool = False) -> Driver:
    """Return the driver of what runs on the board.

    Args:
        link: The way to the board.
        facts: What the board said of itself.
        sudo: Whether root's commands go through ``sudo -n``.

    Raises:
        BoardProblem: Nothing runs there that can be managed; with how to get there.
    """
    if facts.hypervisor == "xvisor":
        return XvisorDriver(link)  # its terminal has no users: nothing goes through sudo
    if facts.hypervisor == "xen":
        if not facts.control_domain:
            raise BoardProblem(
                "we are in a Xen guest, not in its control domain",
                detail="only dom0 can manage Xen",
                hint="connect to the board's dom0",
            )
        return XenDriver(link, sudo=sudo)
    if facts.kvm and facts.hypervisor in _KVM_RUNS_IN and not facts.jailhouse_loaded:
        return KvmDriver(link, sudo=sudo)
    if facts.hypervisor == "jailhouse" or (not facts.hypervisor and facts.machine.startswith(_ARM)):
        return JailhouseDriver(link, sudo=sudo)  # it may be there, and off
    raise BoardProblem(
        "no hypervisor runs on the board",
        detail=f"Linux {facts.kernel} runs on the hardware itself"
        if not facts.hypervisor
        else f"it runs under: {facts.hypervisor}",
        hint="boot it into one: hvconsole boot BOARD lists the modes",
    )
