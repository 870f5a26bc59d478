"""What a board under Xvisor says of itself, on the hypervisor's own terminal."""

from __future__ import annotations

import re
from typing import Any, Final

from hvconsole.link.protocol import Link
from hvconsole.model.problem import BoardProblem

BOOT: Final = "xvisor"
"""Stands for the boot: Xvisor has no name for one. It differs from that of every boot of Linux."""

_ASK: Final = (
    *("version", ";", "host", "info", ";", "host", "cpu", "info", ";"),
    *("host", "ram", "info"),
)
_VERSION = re.compile(r"Xvisor v\S+(?: \([^)]*\))?")
_FIELD = re.compile(r"(?P<key>[A-Z][\w ]*?) *: (?P<value>.*)")
_MB = re.compile(r"(?P<mib>\d{1,9}) MB")
_COUNT = re.compile(r"\d{1,18}")
_LONGEST = 200
# What Xvisor calls its port, and how Linux calls such a machine.
_MACHINES = (("arm32", "armv7l"), ("arm64", "aarch64"), ("x86_64", "x86_64"), ("riscv", "riscv64"))


async def ask_xvisor(link: Link) -> dict[str, Any]:
    """Ask, with one line of commands; return what `BoardFacts` holds, by name.

    Raises:
        BoardProblem: What answers is no Xvisor.
        LinkProblem: The link was lost.
    """
    done = await link.run(_ASK, timeout=30.0)
    told = parse(done.text)
    if not told:
        raise BoardProblem(
            f"{link.name} does not say what it is",
            detail=done.text[:_LONGEST],
            hint="is Xvisor's terminal on that line?",
        )
    return told


def parse(answer: str) -> dict[str, Any]:
    """Read the answer; empty where it is not Xvisor's. Pure."""
    lines = [line.strip()[:_LONGEST] for line in answer.splitlines()]
    version = next((line for line in lines if _VERSION.fullmatch(line)), "")
    if not version:
        return {}
    fields: dict[str, str] = {}
    for match in filter(None, map(_FIELD.fullmatch, lines)):
        fields.setdefault(match["key"], match["value"].strip())
    cpus = _number(fields.get("Total Online CPUs", "")) or 0
    ram = _MB.fullmatch(fields.get("Total RAM", ""))
    frames = _number(fields.get("Total Free Frames", "").partition(" ")[0]) or 0
    size = _number(fields.get("Frame Size", "").partition(" ")[0]) or 0
    names = fields.get("Host Name", "")
    port = fields.get("CPU Type", "")
    return {
        "machine": next((name for word, name in _MACHINES if port.startswith(word)), port),
        "system": version,
        "model": names,
        "compatible": tuple(filter(None, [names])),
        "boot_id": BOOT,
        "cpus_online": tuple(range(min(cpus, 4096))),
        "hypervisor": "xvisor",
        "control_domain": True,
        "memory_kib": (int(ram["mib"]) * 1024 if ram else 0, frames * size // 1024),
        "thermal": None,
    }


def _number(text: str) -> int | None:
    return int(text) if _COUNT.fullmatch(text) else None
