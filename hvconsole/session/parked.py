"""What a CPU did that Jailhouse parked it for: which address, what lies there, what to add.

Jailhouse says the address and the cell's name on the serial console and nothing more; then the CPU
stands still, and if it was the root cell's, so does SSH.
"""

from __future__ import annotations

import re

from hvconsole.cell.boards import BOARDS, Board, Device
from hvconsole.model.problem import BoardProblem
from hvconsole.model.text import plain
from hvconsole.wire.console import Alarm, AlarmKind

_ACCESS = re.compile(
    r"(?:Unhandled (?:data |port |MMIO )?(?P<what>read|write)|FATAL: instruction abort) at "
    r"(?P<address>0x[0-9a-fA-F]{1,16})(?:\((?P<size>\d+)\))?"
)
_DID = {"read": "read", "write": "wrote to", None: "fetched an instruction from"}
_PAGE = 0x1000
_SUBPAGE = 0x400


class ParkedCpu(BoardProblem):
    """A CPU that Jailhouse has taken away from its cell."""


def explain(alarm: Alarm, profile: str) -> BoardProblem | None:
    """Say what an alarm of Jailhouse means; None where it names no address.

    Args:
        alarm: A parked CPU, or an access that nobody handles.
        profile: Kind of hardware, for what lies at an address.
    """
    if alarm.kind not in {AlarmKind.CPU_PARKED, AlarmKind.UNHANDLED_ACCESS}:
        return None
    match = _ACCESS.search(alarm.details.get("cause", "")) or _ACCESS.search(alarm.text)
    if match is None:
        return None
    address = int(match["address"], 16)
    there, region = _there(address, BOARDS.get(profile))
    lines = [alarm.details["cause"]] if "cause" in alarm.details else []
    detail = "\n".join([*lines, alarm.text, f"{address:#010x} is {there}"])
    if alarm.kind is AlarmKind.UNHANDLED_ACCESS:
        did = "read" if match["what"] == "read" else "written to"
        title = f"{address:#010x} was {did}, and the cell does not have it"
        return BoardProblem(title, detail=detail, hint=region)
    cell = plain(alarm.details.get("cell", ""), 40)
    whose = f" of cell '{cell}'" if cell else ""
    did = _DID[match["what"]]
    return ParkedCpu(
        f"Jailhouse parked CPU {alarm.details['cpu']}{whose}: it {did} {address:#010x}",
        detail=detail,
        hint=f"{region}; if it was the root cell, the board has to be reset",
    )


def _there(address: int, board: Board | None) -> tuple[str, str]:
    """Return what lies at an address, and the region that a configuration would need."""
    device = _device(address, board)
    if device is not None:
        name, where = device
        start, size = where.start, "1KiB" if where.size <= _SUBPAGE else "4KiB"
        flags = ["read", "write", "io", *(["io-32"] if size == "1KiB" else [])]
        risk = f": {where.risk}" if where.risk else ""
        return f"{name} ({start:#010x}){risk}", _region(name, start, size, flags)
    start = address & ~(_PAGE - 1)
    if board is not None and board.ram[0] <= address < sum(board.ram):
        kind = "memory that belongs to another cell, to the hypervisor, or to nobody"
        return kind, _region("ram", start, "4KiB", ["read", "write"])
    kind = "no device that is known of this board" if board is not None else "not known here"
    return kind, _region("region", start, "4KiB", ["read", "write", "io"])


def _device(address: int, board: Board | None) -> tuple[str, Device] | None:
    """Return the smallest known device that has an address."""
    if board is None:
        return None
    found = [
        (name, one)
        for name, one in board.devices.items()
        if one.start <= address < one.start + max(one.size, 1)
    ]
    return min(found, key=lambda pair: pair[1].size, default=None)


def _region(name: str, start: int, size: str, flags: list[str]) -> str:
    words = ", ".join(f'"{flag}"' for flag in flags)
    return (
        f'add to its configuration\'s memory: {{ name = "{name}", phys = {start:#010x}, '
        f'size = "{size}", flags = [{words}] }}'
    )
