"""What a domU is, as far as its configuration tells: busy or idle, obedient or deaf, chatty."""

from __future__ import annotations

import re
from typing import Final

from hvconsole.sim.hypervisor.xen.config import Config, text_of

# The lab's small guest burns a CPU where its command line says busy=N; `busy.cfg` loops in sh.
_BUSY: Final = re.compile(r"\bbusy=(?!0\b)|while :; *do :|cpuburn|\bburn\b")
_LOOPS: Final = re.compile(r"while :; *do :")
_PROMPT: Final = "/ # "
_SPECTRE: Final = "firmware did not set auxiliary control register IBE bit, system vulnerable"


def command_line(config: Config) -> str:
    """Return the guest kernel's command line."""
    return " ".join(filter(None, (text_of(config, "cmdline"), text_of(config, "extra"))))


def is_busy(config: Config) -> bool:
    """Say whether the guest burns CPU time."""
    return bool(_BUSY.search(command_line(config)))


def has_shell(config: Config) -> bool:
    """Say whether a shell waits on its console: a first process that only loops has none."""
    return not _LOOPS.search(command_line(config))


def obeys(config: Config) -> bool:
    """Say whether the guest shuts down when asked: one that is all initramfs has nothing to."""
    return "root=" in command_line(config) or "disk" in config


def boot_text(config: Config) -> list[str]:
    """Return what the guest writes onto its console until its prompt."""
    lines = [
        f"[    0.114851] CPU0: Spectre v2: {_SPECTRE}",
        "[    0.432816] /cpus/cpu@0 missing clock-frequency property",
        "domu: up 3.56",
    ]
    if is_busy(config):
        lines.append("domu: busy")
    if not has_shell(config):
        return [*lines, ""]
    return [*lines, "", "", "BusyBox v1.35.0 (Debian 1:1.35.0-4+deb12u1+b1) built-in shell (ash)",
            "Enter 'help' for a list of built-in commands.", "", _PROMPT]  # fmt: skip


def answer(line: str) -> str:
    """Return what the guest's shell says to a line, up to its next prompt."""
    words = line.split()
    known = {"hostname": "(none)", "pwd": "/", "whoami": "root", "uname": "Linux", "": ""}
    name = words[0] if words else ""
    if name == "echo":
        said = " ".join(words[1:])
    elif name in known:
        said = known[name]
    else:
        said = f"sh: {name}: not found"
    return f"{line}\r\n" + (f"{said}\r\n" if said else "") + _PROMPT
