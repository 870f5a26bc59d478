"""An open file of the simulated board: reads and writes at offsets, as shell and SFTP need them."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from typing import Final, Protocol

from hvconsole.sim.board.nodes import Device, File, Live

LONGEST_FILE: Final = 1 << 31


class Handle(Protocol):
    """An open file."""

    @property
    def size(self) -> int:
        """Bytes in it; 0 where it cannot be told."""

    def read(self, offset: int, most: int) -> bytes:
        """Return bytes from an offset on; b"" behind the end."""

    def write(self, offset: int, data: bytes) -> None:
        """Write bytes at an offset. Raises `OSError`; the disk may be full."""


class FileHandle:
    """An open plain file; it stays this file when another takes its name.

    Args:
        file: The file.
        claim: Called with the number of bytes by which it grows; may raise `OSError`.
    """

    def __init__(self, file: File, claim: Callable[[int], None]) -> None:
        self._file = file
        self._claim = claim

    @property
    def size(self) -> int:
        """Bytes in it."""
        return len(self._file.data)

    def read(self, offset: int, most: int) -> bytes:
        """Return bytes from an offset on."""
        return bytes(self._file.data[offset : offset + most])

    def write(self, offset: int, data: bytes) -> None:
        """Write bytes at an offset; a gap before it is filled with zeros."""
        content = self._file.data
        end = offset + len(data)
        if end > LONGEST_FILE:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        self._claim(max(end - len(content), 0))
        if offset > len(content):
            content.extend(bytes(offset - len(content)))
        content[offset:end] = data
        self._file.mtime = time.time()


class LiveHandle:
    """An open file whose content is made when it is first read, and acts when it is written."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._content: bytes | None = None

    @property
    def size(self) -> int:
        """Not known before it is read."""
        return 0

    def read(self, offset: int, most: int) -> bytes:
        """Return bytes from an offset on, all of one moment."""
        if self._content is None or offset == 0:
            self._content = self._live.read()
        return self._content[offset : offset + most]

    def write(self, offset: int, data: bytes) -> None:
        """Hand over what is written."""
        del offset
        if self._live.write is None:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        self._live.write(data)


class DeviceHandle:
    """An open character device."""

    def __init__(self, device: Device) -> None:
        self._device = device

    @property
    def size(self) -> int:
        """None."""
        return 0

    def read(self, offset: int, most: int) -> bytes:
        """Return what the device gives."""
        del offset
        return self._device.read(most)

    def write(self, offset: int, data: bytes) -> None:
        """Hand over what is written."""
        del offset
        self._device.write(data)
