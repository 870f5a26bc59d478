"""What Xen can be asked without changing anything: facts, its log, and its debug keys.

A debug key is a letter that Xen answers in its log (``xl debug-keys``, then ``xl dmesg``). Most of
them only report; some stop the machine. Those that report and are of use here are allowed, by name;
no other is ever sent. (xen/common/keyhandler.c and its callers, Xen 4.11 to 4.20.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hvconsole.hypervisor.xen.command import Argv, xl
from hvconsole.model.problem import UsageProblem
from hvconsole.model.text import plain

DEBUG_KEYS: Final[Mapping[str, str]] = {
    "a": "timers, by CPU",
    "h": "the keys that this Xen knows",
    "q": "domains, their memory and their vCPUs",
    "r": "run queues: who waits for which CPU",
    "t": "how far the CPUs' clocks lie apart",
}
_WHY_NOT: Final[Mapping[str, str]] = {
    "R": "it restarts the board at once",
    "C": "it crashes Xen, for a dump",
    "%": "it stops Xen in a debugger",
    "d": "it stops every CPU to print its registers, and a measurement with them",
    "w": "it prints the whole log again",
}
_NOT_ALLOWED: Final = "it is not known to be harmless"


def info() -> Argv:
    """Ask what this Xen is."""
    return xl("info")


def log() -> Argv:
    """Ask for Xen's log."""
    return xl("dmesg")


def debug_keys(keys: str) -> Argv:
    """Send debug keys; the answers are at the end of the log.

    Raises:
        UsageProblem: No key, or one that is not allowed; with the reason.
    """
    for key in keys:
        if key not in DEBUG_KEYS:
            allowed = ", ".join(f"{one} ({about})" for one, about in DEBUG_KEYS.items())
            raise UsageProblem(
                f"debug key '{plain(key, 1)}' is not sent: {_WHY_NOT.get(key, _NOT_ALLOWED)}",
                hint=f"allowed are {allowed}",
            )
    if not keys:
        raise UsageProblem("no debug key was named", hint=f"one or more of {''.join(DEBUG_KEYS)}")
    return xl("debug-keys", keys)


def new_lines(before: str, after: str) -> list[str]:
    """Return the lines that a log has got since.

    The log is a ring: what stood at its beginning may be gone. So the end of the old one is looked
    for in the new one; where it is not found, all is new.
    """
    old, new = before.splitlines(), after.splitlines()
    tail = old[-_TAIL:]
    if not tail:
        return new
    for at in range(len(new) - len(tail), -1, -1):
        if new[at : at + len(tail)] == tail:
            return new[at + len(tail) :]
    return new


_TAIL: Final = 20
