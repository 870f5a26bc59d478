"""What is known of a board that was started: a file beside its sockets."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import msgspec

from hvconsole.lab.process import is_running
from hvconsole.model.learned import learned

_FILE = "state.json"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class State:
    """A started board.

    Attributes:
        pid: QEMU's process.
        started: When that process started, in clock ticks since this machine's boot.
        boot_id: This machine's boot, of which `pid` and `started` hold.
        ssh_port: On loopback.
        mode: The mode it was started in.
        qemu: Which QEMU.
        image: The product that its disk comes from.
        uboot: Whether it began with U-Boot.
        snapshot: Whether it came out of a snapshot, or went into one.
        cpus: How many.
        memory_mb: In MiB.
        hours: It ends by itself after that many.
    """

    pid: int
    started: int
    boot_id: str
    ssh_port: int
    mode: str
    qemu: str
    image: str
    uboot: bool
    snapshot: bool
    cpus: int
    memory_mb: int
    hours: float

    def is_running(self) -> bool:
        """Return whether that very process still runs."""
        return self.boot_id == boot_id() and is_running(self.pid, self.started)


def boot_id() -> str:
    """Return which boot of this machine this is."""
    return _BOOT_ID.read_text().strip()


def save(folder: Path, state: State) -> None:
    """Write a board's state, as a whole or not at all."""
    fresh = folder / f".{_FILE}.new"
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(asdict(state)), indent=1))
    os.replace(fresh, folder / _FILE)  # noqa: PTH105  # the same, and known to be atomic


def load(folder: Path) -> State | None:
    """Return a board's state; None if it was never started, or the file is not readable as one."""
    try:
        known: dict[str, Any] = msgspec.json.decode((folder / _FILE).read_bytes(), type=dict)
        state = msgspec.convert(known, learned(State))
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError, msgspec.ValidationError):
        return None
    return state if len(known) == len(fields(State)) else None
