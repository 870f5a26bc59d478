"""Boot modes: the ways in which a board can be booted, and what proves that it was."""

from __future__ import annotations

import msgspec


class BootProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must be seen on the running board for it to be in a mode.

    Attributes:
        hypervisor: What Linux runs on: ``none``, ``xen`` or ``jailhouse`` (reserved memory only:
            Jailhouse itself is enabled later); empty: not looked at.
        scheduler: What ``xl info xen_scheduler`` must say; empty: not looked at.
        cmdline: Words that /proc/cmdline must hold.
        no_cmdline: Words that it must not hold.
    """

    hypervisor: str = ""
    scheduler: str = ""
    cmdline: tuple[str, ...] = ()
    no_cmdline: tuple[str, ...] = ()


class BootMode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to boot a board.

    Attributes:
        about: One line for a person.
        uboot: Lines typed at U-Boot's prompt after its autoboot was stopped, in this order; the
            last one boots. Empty: U-Boot is left alone.
        linux: Commands run on the running Linux before it is restarted, argument list by argument
            list (a one-shot variable, say). The restart itself is not among them.
        proof: What proves the mode once the board is up.
        timeout_s: Longest time from the restart to a board that answers, in seconds.
    """

    about: str = ""
    uboot: tuple[str, ...] = ()
    linux: tuple[tuple[str, ...], ...] = ()
    proof: BootProof = BootProof()
    timeout_s: float = 240.0
