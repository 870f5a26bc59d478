"""What is checked before anything is sent: guests, names, CPUs and values."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hvconsole.hypervisor.kvm.command import LKVM
from hvconsole.hypervisor.kvm.schedulers import CGROUP, LEAST_QUOTA_US, THREAD
from hvconsole.hypervisor.kvm.text import NO_QUOTA
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.model.problem import BoardProblem, UsageProblem
from hvconsole.model.text import plain

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.+-]{0,62}", re.ASCII)
_LIKE_UUID = re.compile(r"[0-9a-fA-F-]{32,}", re.ASCII)


def guest(survey: Survey, name: str) -> Guest:
    """Return a guest by key or name; never the host itself.

    Raises:
        UsageProblem: There is none, or several have that name.
        BoardProblem: It is the host.
    """
    found = survey.guest(name)
    others = [one for one in survey.guests if one.role != "control"]
    if found is None:
        there = ", ".join(plain(one.name, 64) for one in others)
        hint = f"there are: {there}" if there else "none is defined; create one first"
        raise UsageProblem(f"there is no guest '{plain(name, 64)}'", hint=hint)
    if found.role == "control":
        raise BoardProblem(
            "that is the board's own Linux, not a guest",
            detail="it is what we are logged in to, and what KVM runs in",
            hint="choose a guest",
        )
    if found.key != name and sum(one.name == name for one in others) > 1:
        raise UsageProblem(
            f"several guests are named '{plain(name, 64)}'",
            hint="say its id instead: " + ", ".join(one.key for one in others if one.name == name),
        )
    return found


def domain(survey: Survey, name: str, what: str) -> Guest:
    """Return a guest that libvirt runs.

    Raises:
        UsageProblem, BoardProblem: As `guest`; or lkvm runs it, which cannot do that.
    """
    found = guest(survey, name)
    if is_lkvm(found):
        raise BoardProblem(
            f"{what}: lkvm cannot do that",
            detail=f"'{plain(found.name, 64)}' was started with lkvm run, not by libvirt",
            hint="with lkvm a guest can be paused, resumed and stopped",
        )
    return found


def is_lkvm(found: Guest) -> bool:
    """Whether lkvm runs the guest, not libvirt."""
    return found.key.startswith(LKVM)


def new_name(name: str, survey: Survey) -> str:
    """Return a name for a new domain.

    Raises:
        UsageProblem: It is taken (to define a domain again would change it without a word), or
            virsh could take it for an option, a number or a UUID.
    """
    if not _NAME.fullmatch(name) or _LIKE_UUID.fullmatch(name):
        raise UsageProblem(
            f"'{plain(name, 64)}' cannot name a domain",
            hint="use letters, digits and _ . + -, beginning with a letter",
        )
    if any(one.name == name for one in survey.guests):
        raise UsageProblem(
            f"a guest is named '{name}' already",
            detail="to define it again would change it without asking",
            hint="choose another name (--name), or destroy that one until it is gone",
        )
    return name


def values(given: Mapping[str, int], found: Guest) -> dict[str, int]:
    """Return values that Linux takes.

    Raises:
        UsageProblem: A name that it does not have, or a value out of range; with the range.
    """
    known = {one.name: one for one in (*(() if is_lkvm(found) else CGROUP), *THREAD)}
    if not given:
        raise UsageProblem("nothing is to be set", hint=f"to be set are: {', '.join(known)}")
    for name, value in given.items():
        one = known.get(name)
        if one is None:
            raise UsageProblem(
                f"'{plain(name, 64)}' cannot be set here", hint=f"to be set are: {', '.join(known)}"
            )
        if not one.low <= value <= one.high:
            raise UsageProblem(f"{name} cannot be {value}", hint=f"it is {one.range}")
    quota = given.get("vcpu_quota", NO_QUOTA)
    if quota != NO_QUOTA and quota < LEAST_QUOTA_US:
        raise UsageProblem(
            f"vcpu_quota cannot be {quota} µs",
            hint=f"from {LEAST_QUOTA_US} µs on, or {NO_QUOTA} for no limit",
        )
    return dict(given)
