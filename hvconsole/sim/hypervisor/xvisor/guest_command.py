"""Xvisor's command ``guest``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hvconsole.sim.hypervisor.xvisor.call import Call
from hvconsole.sim.hypervisor.xvisor.core import (
    FAILED,
    INVALID,
    NOT_AVAILABLE,
    Core,
    RefusedError,
)
from hvconsole.sim.hypervisor.xvisor.guest import Guest
from hvconsole.sim.hypervisor.xvisor.memory import dump_memory, region
from hvconsole.sim.hypervisor.xvisor.texts import listed
from hvconsole.sim.hypervisor.xvisor.vcpu import Vcpu

_TWO_WORDS: Final = 2


def _kick(core: Core, vcpu: Vcpu) -> None:
    if not vcpu.index:  # the others are off until the guest itself starts them
        core.kick(vcpu)


_DONE: Final = {
    "reset": "Reset",
    "kick": "Kicked",
    "pause": "Paused",
    "resume": "Resumed",
    "halt": "Halted",
}
_DO: Final[dict[str, Callable[[Core, Vcpu], None]]] = {
    "reset": Core.reset,
    "kick": _kick,
    "pause": Core.pause,
    "resume": Core.kick,
    "halt": Core.halt,
}


async def guest(call: Call) -> int:  # noqa: PLR0911  # an arm a verb
    """List and create guests, and let them live and die."""
    verb, *rest = call.arguments or [""]
    if verb == "help" and not rest:
        return call.usage(0)
    if verb == "list" and not rest:
        _list(call)
        return 0
    if not rest or verb not in {*_DO, "create", "destroy", "dumpmem", "region_list", "region"}:
        return call.usage()
    if verb == "create":
        return _create(call, rest[0])
    found = call.core.find(rest[0])
    if found is None:
        call.out("Failed to find guest\n")
        return NOT_AVAILABLE
    if verb == "destroy":
        call.core.destroy(found)
        call.out(f"{found.name}: Destroyed\n")
        return 0
    if verb in _DO:
        return _change(call, found, verb)
    return _look(call, found, verb, rest[1:])


def _list(call: Call) -> None:
    rows = [
        f" {guest.number:<6} {guest.name:<17} {'little':<13} {f'/guests/{guest.name}':<39}"
        for guest in call.core.guests.values()
    ]
    head = f" {'ID':<6} {'Name':<17} {'Endianness':<13} {'Device Path':<39}"
    call.out(listed(head, rows))


def _create(call: Call, name: str) -> int:
    if name not in call.core.nodes:
        call.out(f"Error: failed to find {name} node under /guests\n")
        return FAILED
    if call.core.find(name) is not None:
        call.out(f"vmm_manager_guest_create: Duplicate Guest {name} detected\n")
        call.out(f"{name}: Failed to create\n")
        return FAILED
    call.core.create(name)
    call.out(f"{name}: Created\n")
    return 0


def _change(call: Call, found: Guest, verb: str) -> int:
    """Do the same to each vCPU, until one is in no state for it."""
    try:
        for vcpu in found.vcpus:
            _DO[verb](call.core, vcpu)
    except RefusedError as refused:
        call.refuse(refused)
        call.out(f"{found.name}: Failed to {verb}\n")
        return INVALID
    call.out(f"{found.name}: {_DONE[verb]}\n")
    return 0


def _look(call: Call, found: Guest, verb: str, rest: list[str]) -> int:
    if verb == "region_list" or not rest:
        return call.usage()
    if verb == "region":
        return region(call, found, rest[0])
    return dump_memory(call, found, rest[0], rest[1] if len(rest) > 1 else "64")
