"""The watchdog that QEMU's Banana Pi lacks.

The board's Linux restarts by letting its watchdog bite. QEMU's model has none, so such a
restart would be its last word. This process reads the board's console beside QEMU, and gives it
the reset that the watchdog would have given. It ends with the board.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from hvconsole.lab import monitor
from hvconsole.lab.state import State, load
from hvconsole.model.problem import Problem

_BITES = (b"reboot: Restarting system", b"sysrq: Resetting", b"Reboot in five seconds")
_LOOK_S = 0.2
_BITE_S = 0.5  # the real one takes about that long


def keep_watch(folder: Path) -> None:
    """Start a watchdog of its own for the board in this folder; it outlives the caller."""
    subprocess.Popen(
        [sys.executable, "-m", "hvconsole.lab.watchdog", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def watch(folder: Path, state: State) -> None:
    """Reset the board each time its Linux or Xen asks for it, until it ends."""
    log = folder / "serial.log"
    at = 0
    rest = b""
    while state.is_running():
        time.sleep(_LOOK_S)
        fresh, at = _read(log, at)
        text = rest + fresh
        if any(words in text for words in _BITES):
            time.sleep(_BITE_S)
            try:
                monitor.command(folder / "monitor.sock", "system_reset")
            except Problem:
                return  # the board has gone meanwhile
            text = b""
        rest = text[-64:]


def _read(log: Path, at: int) -> tuple[bytes, int]:
    """Return what the log has beyond a place, and its new end."""
    try:
        with log.open("rb") as file:
            file.seek(at)
            fresh = file.read()
    except FileNotFoundError:
        return b"", at
    return fresh, at + len(fresh)


def main(words: list[str]) -> int:
    """Watch the board in the folder that is named."""
    folder = Path(words[0])
    state = load(folder)
    if state is not None:
        watch(folder, state)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
