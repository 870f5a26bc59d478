"""Processes that are ours: known by their number and by when they started, and ended as such."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from hvconsole.model.problem import Problem

_STATE, _STARTED = 0, 19  # fields of /proc/PID/stat behind the name in parentheses: proc(5)
_LINES = 12


def start_ticks(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot; None if it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[_STATE] in "ZX" else int(fields[_STARTED])


def is_running(pid: int, started: int) -> bool:
    """Return whether the process with that number is still the one that started then."""
    return start_ticks(pid) == started


def started_with(pid: int, word: str) -> int | None:
    """Return when a process started if its command line holds a word; None otherwise."""
    started = start_ticks(pid)
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return started if word.encode() in words else None


def end(pid: int, started: int, patience_s: float = 5.0) -> None:
    """End a process, by force if it does not go by itself; no other that got its number since."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            # The handle names one process for good, so whether it is ours is settled only once.
            if not is_running(pid, started):
                return
            for number in (signal.SIGTERM, signal.SIGKILL):
                signal.pidfd_send_signal(handle, number)
                if select.select([handle], [], [], patience_s)[0]:
                    return
        finally:
            os.close(handle)


def start_detached(
    argv: Sequence[str],
    *,
    what: str,
    log: Path,
    pid_file: Path,
    env: Mapping[str, str],
    patience_s: float = 20.0,
) -> int:
    """Start a program that lives on without us and tells its number in a file; return the number.

    Args:
        argv: The program.
        what: Its name, for the problem.
        log: Gets what it says.
        pid_file: Written by it once it is up.
        env: Variables besides our own.
        patience_s: How long it may take to be up.

    Raises:
        Problem: It ended at once, or was not up in time; the detail is what it said.
    """
    ours, theirs = os.pipe()
    # Nobody writes to the pipe: it is at its end when every process that inherited it has ended.
    with log.open("wb") as output, os.fdopen(ours, "rb") as alive:
        try:
            subprocess.run(
                ["setsid", "--fork", *argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | env,
                pass_fds=(theirs,),
                check=True,
            )
        finally:
            os.close(theirs)
        deadline = time.monotonic() + patience_s
        while not (text := _content(pid_file)).endswith("\n"):
            ended = bool(select.select([alive], [], [], 0.05)[0])
            if ended or time.monotonic() > deadline:
                said = log.read_text(errors="backslashreplace").strip()
                raise Problem(
                    f"{what} " + ("ended at once" if ended else "does not come up"),
                    detail="\n".join(said.splitlines()[-_LINES:]),
                )
    return int(text)


def _content(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
