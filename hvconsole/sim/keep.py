"""A simulated board that outlives the command that started it.

Commands that come one after another shall find the same board. So one can be kept in a process of
its own, which ends itself when it is told to, or after hours. What is known of it lies in a private
file; a file whose process is gone counts for nothing. A lock beside it, which the process holds for
as long as it lives, keeps two from being started at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from hvconsole.config.paths import state_dir
from hvconsole.model.board import BoardProfile
from hvconsole.model.learned import learned
from hvconsole.model.problem import Problem
from hvconsole.sim.options import SimOptions
from hvconsole.sim.start import FOLDER_PREFIX, Started, started

_FILE = "sim.json"
_LOCK = "sim.lock"
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
        made: See `Started`.
    """

    pid: int
    begun: int
    port: int
    serial: str
    folder: str
    mode: str
    made: dict[str, str] = {}


def kept() -> Kept | None:
    """Return what is known of the kept board; None where none runs."""
    known = _read()
    return known if known is not None and _runs(known) else None


def kept_board() -> BoardProfile | None:
    """Return the kept board as every command takes it; None where none runs."""
    known = kept()
    if known is None:
        return None
    return Started(known.port, known.serial, Path(known.folder), made=known.made).profile


def keep(options: SimOptions, hours: float) -> Kept:
    """Start a board in a process of its own; return once it answers.

    Raises:
        Problem: One is kept already, or it does not start.
    """
    if kept() is not None:
        raise _kept_already()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "hvconsole.sim.keep"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        told = {"options": msgspec.to_builtins(options), "hours": hours}
        if process.stdin is not None:
            # A pipe is broken where the process ended already; it has said why.
            with contextlib.suppress(BrokenPipeError), process.stdin as words:
                words.write(json.dumps(told).encode())
        return _begun_to_answer(process, errors)


def stop() -> bool:
    """End the kept board; return whether one ran.

    Raises:
        Problem: It does not end.
    """
    known = kept()
    if known is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(known.pid, signal.SIGTERM)
    end = time.monotonic() + _START_S
    while _runs(known):
        if time.monotonic() > end:
            raise Problem(
                "the kept simulated board does not end",
                detail=f"process {known.pid} was asked to, {_START_S:g} s ago",
                hint=f"kill -9 {known.pid}",
            )
        time.sleep(_LOOK_S)
    return True


def _begun_to_answer(process: subprocess.Popen[bytes], errors: IO[bytes]) -> Kept:
    end = time.monotonic() + _START_S
    while (known := kept()) is None or known.pid != process.pid:
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            process.wait()
            errors.seek(0)
            said = errors.read().decode(errors="replace")
            raise Problem(
                "the simulated board did not start",
                detail=said[-2000:].strip() or f"nothing came of it within {_START_S:g} s",
                hint=f"can {state_dir()} be written?",
            )
        time.sleep(_LOOK_S)
    return known


def _kept_already() -> Problem:
    return Problem("a simulated board is kept already", hint="hvconsole sim stop ends it")


def _file() -> Path:
    return state_dir() / _FILE


def _read() -> Kept | None:
    """Return what the file says, whether or not it is true any more."""
    try:
        return msgspec.json.decode(_file().read_bytes(), type=learned(Kept))
    except (OSError, msgspec.MsgspecError):
        return None


def _runs(known: Kept) -> bool:
    return _begun(known.pid) == known.begun


def _begun(pid: int) -> int | None:
    """Return when a process began; None where there is none, or it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    """Hold the lock; remove the keys that a killed board left behind."""
    folder = state_dir()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _kept_already() from None
        before = _read()
        if before is not None:
            left = Path(before.folder)
            if left.name.startswith(FOLDER_PREFIX) and left.parent == Path(tempfile.gettempdir()):
                shutil.rmtree(left, ignore_errors=True)
        yield


async def _serve(options: SimOptions, hours: float) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with started(options) as board:
        _write(board, options)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(hours * 3600):
                    await ended.wait()
        finally:
            _file().unlink(missing_ok=True)


def _write(board: Started, options: SimOptions) -> None:
    known = Kept(
        os.getpid(),
        _begun(os.getpid()) or 0,
        board.port,
        board.serial,
        str(board.folder),
        options.mode,
        options.words,
    )
    fresh = _file().with_name(f".{_FILE}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_bytes(msgspec.json.encode(known))
    fresh.replace(_file())


def main() -> int:
    """Run a board as standard input says, until told to end."""
    told = json.loads(sys.stdin.buffer.read())
    options = msgspec.convert(told["options"], learned(SimOptions))
    try:
        with _only_one():
            asyncio.run(_serve(options, float(told["hours"])))
    except Problem as problem:
        sys.stderr.write(f"{problem.title}\n{problem.detail or ''}\n{problem.hint}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
