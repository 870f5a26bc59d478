"""Whether a started board can be logged in to."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from pathlib import Path

from hvconsole.model.problem import BoardProblem
from hvconsole.model.text import plain

_LINES, _COLUMNS = 12, 120
_GREETING = b"SSH-"
_FIRST_TIMEOUT_S, _LAST_TIMEOUT_S = 1.0, 20.0


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def answers(port: int, timeout: float = 1.0) -> bool:
    """Return whether an SSH server greets on a loopback port."""
    # QEMU accepts for the board at once; only the greeting shows that somebody is at home.
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), timeout) as one,
    ):
        one.settimeout(timeout)
        return one.recv(len(_GREETING), socket.MSG_WAITALL) == _GREETING
    return False


def wait_until_ready(
    name: str, port: int, is_running: Callable[[], bool], serial_log: Path, patience_s: float
) -> None:
    """Wait until a board's SSH server greets.

    Args:
        name: The board.
        port: On loopback.
        is_running: Whether its process is still there.
        serial_log: What its console said.
        patience_s: How long to wait.

    Raises:
        BoardProblem: It ended, or does not greet in time; the detail is the end of its console.
    """
    deadline = time.monotonic() + patience_s
    # A starved board takes seconds to greet, and a visitor who leaves before only costs it more.
    timeout = _FIRST_TIMEOUT_S
    while not answers(port, timeout):
        timeout = min(2 * timeout, _LAST_TIMEOUT_S)
        if not is_running():
            raise BoardProblem(
                f"{name} ended while it booted",
                detail=tail(serial_log),
                hint=f"its whole console: {serial_log}",
            )
        if time.monotonic() > deadline:
            raise BoardProblem(
                f"{name} runs, but nobody answers SSH after {patience_s:.0f} s",
                detail=tail(serial_log),
                hint=f"its whole console: {serial_log}\nend it: hvconsole lab stop {name}",
            )
        time.sleep(0.1)


def tail(serial_log: Path) -> str:
    """Return the last lines of a console, safe to be shown."""
    try:
        text = serial_log.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(plain(line, _COLUMNS) for line in text.split("\n")[-_LINES:] if line.strip())
