"""Xen's scheduler records in a session: ``xentrace.bin``, the bytes as the board sent them.

One trace a session, begun before its first run. Its ticks are CNTPCT, so runs are found in it by
their own ticks; everything is decoded when it is read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hvconsole.model.problem import RecordProblem
from hvconsole.wire.xentrace import Decoder, Losses, Records

XENTRACE: Final = "xentrace.bin"
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class TraceFile:
    """A trace that is being written. Close it when the run has ended.

    Attributes:
        path: Where it lies.
    """

    path: Path
    _file: int

    @classmethod
    def create(cls, session: Path) -> TraceFile:
        """Begin the trace of a session that is being recorded.

        Raises:
            RecordProblem: It cannot be written, or there is one already.
        """
        path = session / XENTRACE
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            return cls(path, os.open(path, flags, 0o644))
        except OSError as error:
            raise _problem(path, "written", error) from error

    def write(self, data: bytes) -> None:
        """Append bytes as they came.

        Raises:
            RecordProblem: They could not be written; what is on disk stays readable.
        """
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            raise _problem(self.path, "written", error) from error

    def close(self) -> None:
        """Make sure the disk has it, and close it.

        Raises:
            RecordProblem: The disk has not.
        """
        try:
            os.fsync(self._file)
        except OSError as error:
            raise _problem(self.path, "written", error) from error
        finally:
            os.close(self._file)


def has_trace(session: Path) -> bool:
    """Return whether a session holds a trace."""
    return (session / XENTRACE).is_file()


def read_trace(session: Path, losses: Losses | None = None) -> Iterator[Records]:
    """Decode a session's trace piece by piece, in constant memory; nothing where there is none.

    Args:
        session: The session's folder.
        losses: Filled with what is missing, once the last piece was taken.

    Raises:
        RecordProblem: There is a trace but it cannot be read.
    """
    path = session / XENTRACE
    decoder = Decoder()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield decoder.feed(piece)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _problem(path, "read", error) from error
    missing = decoder.close()
    if losses is not None:
        losses.records, losses.reports = missing.records, missing.reports
        losses.skipped_bytes = missing.skipped_bytes


def _problem(path: Path, what: str, error: OSError) -> RecordProblem:
    return RecordProblem(f"{path} cannot be {what}", detail=error.strerror or str(error))
