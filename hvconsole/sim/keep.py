"""A simulated board that outlives the command that started it.

Commands that come one after another shall find the same board. So one can be kept in a process of
its own, which ends itself when it is told to, or after hours. What is known of it lies in a private
file; a file whose process is gone counts for nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from hvconsole.config.paths import state_dir
from hvconsole.model.board import BoardProfile
from hvconsole.model.problem import Problem
from hvconsole.sim.options import SimOptions
from hvconsole.sim.start import Started

_FILE = "sim.json"
_START_S = 30.0
_LOOK_S = 0.1
MOST_HOURS = 24.0


class Kept(msgspec.Struct, frozen=True):
    """What is known of a kept board.

    Attributes:
        pid: Its process.
        begun: When that process began, in clock ticks since this machine's boot.
        port, serial, folder: See `Started`.
        mode: The mode it was started in.
    """

    pid: int
    begun: int
    port: int
    serial: str
    folder: str
    mode: str


def kept() -> Kept | None:
    """Return what is known of the kept board; None where none runs."""
    try:
        known = msgspec.json.decode(_file().read_bytes(), type=Kept)
    except (OSError, msgspec.MsgspecError):
        return None
    return known if _begun(known.pid) == known.begun else None


def kept_board() -> BoardProfile | None:
    """Return the kept board as every command takes it; None where none runs."""
    known = kept()
    if known is None:
        return None
    return Started(known.port, known.serial, Path(known.folder)).profile


def keep(options: SimOptions, hours: float) -> Kept:
    """Start a board in a process of its own; return once it answers.

    Raises:
        Problem: One is kept already, or it does not start.
    """
    if kept() is not None:
        raise Problem("a simulated board is kept already", hint="hvconsole sim stop ends it")
    words = [sys.executable, "-m", "hvconsole.sim.keep"]
    process = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    told = {"options": msgspec.to_builtins(options), "hours": hours}
    if process.stdin is not None:
        process.stdin.write(json.dumps(told).encode())
        process.stdin.close()
    end = time.monotonic() + _START_S
    while (known := kept()) is None or known.pid != process.pid:
        if process.poll() is not None or time.monotonic() > end:
            said = process.stderr.read().decode(errors="replace") if process.stderr else ""
            raise Problem("the simulated board did not start", detail=said[-2000:])
        time.sleep(_LOOK_S)
    return known


def stop() -> bool:
    """End the kept board; return whether one ran."""
    known = kept()
    if known is None:
        return False
    os.kill(known.pid, signal.SIGTERM)
    end = time.monotonic() + _START_S
    while _begun(known.pid) == known.begun and time.monotonic() < end:
        time.sleep(_LOOK_S)
    return True


def _file() -> Path:
    return state_dir() / _FILE


def _begun(pid: int) -> int | None:
    """Return when a process began; None where there is none, or it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


async def _serve(options: SimOptions, hours: float) -> None:
    from hvconsole.sim.start import started  # noqa: PLC0415  # with its thread, when it is wanted

    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with started(options) as board:
        known = Kept(
            os.getpid(),
            _begun(os.getpid()) or 0,
            board.port,
            board.serial,
            str(board.folder),
            options.mode,
        )
        path = _file()
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{_FILE}.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_bytes(msgspec.json.encode(known))
        fresh.replace(path)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(hours * 3600):
                    await ended.wait()
        finally:
            path.unlink(missing_ok=True)


def main() -> int:
    """Run a board as standard input says, until told to end."""
    told = json.loads(sys.stdin.buffer.read())
    options = msgspec.convert(told["options"], SimOptions)
    asyncio.run(_serve(options, float(told["hours"])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
