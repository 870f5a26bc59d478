"""The simulated board's reset button: a socket; whoever connects to it presses.

A parked or panicked board hears nothing else. The console presses it with the command that the
board's profile names, as it would work a relay at a real board.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

_NAME = "button"
_ANSWER = b"pressed\n"
_WAIT_S = 5.0


@contextlib.asynccontextmanager
async def button(folder: Path, press: Callable[[], None]) -> AsyncIterator[None]:
    """Have a button in a private folder for as long as the context lasts.

    Args:
        folder: Nobody else may enter it: who can connect can press.
        press: Called on the event loop.
    """

    async def pressed(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        press()
        writer.write(_ANSWER)
        writer.close()

    with _short(folder) as path:
        server = await asyncio.start_unix_server(pressed, path)
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()


def reset_command(folder: Path) -> tuple[str, ...]:
    """Return the words of the command that presses the button."""
    return (sys.executable, "-m", "hvconsole.sim.button", str(folder / _NAME))


@contextlib.contextmanager
def _short(folder: Path) -> Iterator[str]:
    """Name the socket in a folder by a name that fits into its 108 bytes, however deep it lies."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        short = Path(f"/proc/self/fd/{descriptor}")
        yield str((short if short.exists() else folder) / _NAME)
    finally:
        os.close(descriptor)


def main(path: str) -> int:
    """Press a board's button."""
    try:
        with socket.socket(socket.AF_UNIX) as line, _short(Path(path).parent) as name:
            line.settimeout(_WAIT_S)
            line.connect(name)
            return 0 if line.recv(len(_ANSWER)) == _ANSWER else 1
    except OSError as error:
        sys.stderr.write(f"the simulated board has no button at {path}: {error.strerror}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
