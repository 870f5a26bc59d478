"""Whether a serial console can be reached, without opening it.

Opening a port drops what it has received and may reset a board by its control lines, and a
terminal server serves one client at a time; so a device is only looked at, and a server is
connected to and left at once.
"""

from __future__ import annotations

import asyncio
import os
import stat

from hvconsole.link.serial_url import (
    DeviceAddress,
    UnixAddress,
    parse_serial,
)

_TIMEOUT_S = 5.0


async def serial_trouble(text: str) -> tuple[str, str] | None:
    """Return what is wrong with a serial console, and the fix; None if nothing is.

    Raises:
        UsageProblem: The text is no address of a serial line.
    """
    address = parse_serial(text)
    if isinstance(address, DeviceAddress):
        return await asyncio.to_thread(_device_trouble, address.path)
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            if isinstance(address, UnixAddress):
                _, writer = await asyncio.open_unix_connection(address.path)
            else:
                _, writer = await asyncio.open_connection(address.host, address.port)
    except TimeoutError:
        return f"{text} does not answer", "is the terminal server on?"
    except OSError as error:
        return f"{text}: {error.strerror or error}", "is it on, and is nobody else connected?"
    writer.transport.abort()
    return None


def _device_trouble(path: str) -> tuple[str, str] | None:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  # links to devices are the usual case
    except OSError as error:
        return f"{path}: {error.strerror}", "is the adapter plugged in? See: ls /dev/serial/by-id"
    if not stat.S_ISCHR(mode):
        return f"{path} is no device", "name the adapter: ls /dev/serial/by-id"
    if not os.access(path, os.R_OK | os.W_OK):
        return f"{path} may not be used by you", "join its group: sudo usermod -aG dialout $USER"
    return None
