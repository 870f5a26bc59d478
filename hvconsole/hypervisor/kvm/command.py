"""virsh's and lkvm's command lines, each limited in time.

virsh waits for ever for a libvirtd that hangs, and lkvm for a guest that does not answer. So every
command goes through ``timeout``, which ends it on the board too. Words are English (``LC_ALL=C``):
what they say is read.
"""

from __future__ import annotations

from typing import Final

Argv = tuple[str, ...]

URI: Final = "qemu:///system"
VIRSH_S: Final = 30
LKVM_S: Final = 10
LKVM: Final = "lkvm:"
"""Begins the key of a guest that lkvm runs; no domain's key holds a colon."""

_KILL_S = 5
_ASK = (
    f'said=$(env LC_ALL=C timeout {VIRSH_S} virsh -c {URI} domstate "$1" 2>&1) || '
    'case $said in *"failed to get domain"*) exit 0;; esac; '
)
_UNLESS = _ASK + '[ "$said" != "$2" ] || exit 0; shift 2; exec "$@"'
_IF = _ASK + '[ "$said" = "$2" ] || exit 0; shift 2; exec "$@"'
# A thread's number may be another's by the time that it is acted on: its name must be the same.
_SAME_THREAD = (
    'name=$(cat "/proc/$1/comm" 2>/dev/null); case $name in "$2"|"$2/KVM"|"$2/TCG") ;; '
    '*) echo "thread $1 is gone" >&2; exit "$3";; esac; shift 3; exec "$@"'
)


def limited(seconds: int, *words: str) -> Argv:
    """Return a command that ends after so many seconds, by force if need be (status 124, 137)."""
    return ("env", "LC_ALL=C", "timeout", "-k", str(_KILL_S), str(seconds), *words)


def virsh(*words: str, seconds: int = VIRSH_S) -> Argv:
    """Return a virsh command. Always of the system's libvirtd: a user's own is empty."""
    return limited(seconds, "virsh", "-c", URI, *words)


def lkvm(what: str, name: str) -> Argv:
    """Return an lkvm command for one guest."""
    return limited(LKVM_S, "lkvm", what, "-n", name)


def unless_off(key: str, argv: Argv) -> Argv:
    """Return a command that succeeds where the domain is shut off or gone: nothing to undo then."""
    return ("sh", "-c", _UNLESS, "undo", key, "shut off", *argv)


def unless_gone(key: str, argv: Argv) -> Argv:
    """Return a command that succeeds where the domain is gone."""
    return ("sh", "-c", _UNLESS, "undo", key, "", *argv)


def if_paused(key: str, argv: Argv) -> Argv:
    """Return a command that is run only where the domain is paused still."""
    return ("sh", "-c", _IF, "undo", key, "paused", *argv)


def if_running(key: str, argv: Argv) -> Argv:
    """Return a command that is run only where the domain runs still."""
    return ("sh", "-c", _IF, "undo", key, "running", *argv)


def on_thread(tid: int, comm: str, argv: Argv, *, gone: int = 1) -> Argv:
    """Return a command that is run only while a thread has that name.

    Args:
        tid: The thread.
        comm: Its name, without QEMU's word for how it runs the guest.
        argv: The command.
        gone: What status it ends with otherwise: 0 for taking something back.
    """
    return ("sh", "-c", _SAME_THREAD, "thread", str(tid), comm, str(gone), *argv)
