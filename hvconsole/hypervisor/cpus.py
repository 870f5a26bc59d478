"""CPUs of a board and vCPUs of a guest, checked the same way for every system that pins them."""

from __future__ import annotations

from hvconsole.model.hypervisor import Guest, Survey, Vcpu
from hvconsole.model.problem import UsageProblem
from hvconsole.model.text import plain


def cpus_there(wanted: frozenset[int], survey: Survey) -> frozenset[int]:
    """Return CPUs that the board has.

    Raises:
        UsageProblem: None is named, or one is not there.
    """
    there = ",".join(map(str, sorted(survey.cpus)))
    if not wanted:
        raise UsageProblem("no CPU is named", hint=f"there are: {there}")
    if odd := sorted(wanted - survey.cpus):
        listed = ",".join(map(str, odd))
        raise UsageProblem(f"the board has no CPU {listed}", hint=f"there are: {there}")
    return wanted


def vcpus_of(found: Guest, index: int | None, *, numbered: bool = False) -> tuple[Vcpu, ...]:
    """Return one vCPU of a guest, or all.

    Args:
        found: The guest.
        index: Which, counted in the guest; None for all.
        numbered: Only those whose number in the whole system is known.

    Raises:
        UsageProblem: It has none of that number.
    """
    own = tuple(
        one
        for one in found.vcpus
        if index in {None, one.index} and not (numbered and one.number is None)
    )
    if not own:
        there = ", ".join(str(one.index) for one in found.vcpus) or "none known"
        raise UsageProblem(
            f"'{plain(found.name, 64)}' has no vCPU {'' if index is None else index}".rstrip(),
            hint=f"its vCPUs: {there}",
        )
    return own
