"""The way to a guest's console: the pseudo-terminal that its QEMU keeps for it.

``virsh console`` wants a terminal of its own and listens for a key in what passes. So the
pseudo-terminal is opened itself: libvirt tells which it is, every byte goes through, and QEMU has
set it to pass bytes on as they are (qemu_openpty_raw in util/qemu-openpty.c).
"""

from __future__ import annotations

from typing import Final

from hvconsole.hypervisor.kvm.command import URI, VIRSH_S, Argv

# Ends when its input ends, or when the guest does. Two readers would get half of it each, so
# somebody else's console is left alone. No process wakes up while nothing is said.
_SCRIPT: Final = "; ".join(
    (
        f'tty=$(env LC_ALL=C timeout {VIRSH_S} virsh -q -c {URI} ttyconsole "$1") || exit',
        'no() { echo "$1" >&2; exit 1; }',
        '[ -c "$tty" ] || no "it has no console that is a pseudo-terminal"',
        'if ls -l /proc/[0-9]*/fd 2>/dev/null | grep -q " $tty\\$"',
        'then no "somebody has its console already"',
        "fi",
        'exec 3<>"$tty" 4<&0',
        "stop='kill $child 2>/dev/null; exit'",
        '(trap "$stop" TERM; cat <&4 >&3 & child=$!; wait $child; kill -USR1 $$) & typed=$!',
        '(trap "$stop" TERM; cat <&3 4<&- & child=$!; wait $child; kill -USR1 $$) & said=$!',
        "trap 'kill $typed $said 2>/dev/null; exit 0' USR1 TERM HUP",
        "exec 4<&- </dev/null",
        "wait",
    )
)


def console(key: str) -> Argv:
    """Return a command whose input and output are a domain's console."""
    return ("sh", "-c", _SCRIPT, "console", key)
