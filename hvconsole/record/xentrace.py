"""Xen's scheduler records in a session: the bytes as the board sent them.

`record` traces once a session, from before its run: ``xentrace.bin``. A live console traces runs on
demand: ``xentrace-RUN.bin``, and where a run is traced again ``xentrace-RUN.2.bin`` and so on; the
board may have been booted between two runs, so that their ticks say nothing about which is which.
Ticks are CNTPCT; everything is decoded when it is read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hvconsole.model.problem import RecordProblem
from hvconsole.wire.xentrace import Decoder, Losses, Records

XENTRACE: Final = "xentrace.bin"
_PIECE = 1 << 20
_OF_RUN = re.compile(r"xentrace-(?P<run>[0-9]{1,6})(?:\.(?P<part>[0-9]{1,6}))?\.bin")


@dataclass(frozen=True, slots=True)
class TraceFile:
    """A trace that is being written. Close it when the run has ended.

    Attributes:
        path: Where it lies.
    """

    path: Path
    _file: int

    @classmethod
    def create(cls, session: Path, name: str = XENTRACE) -> TraceFile:
        """Begin the trace of a session that is being recorded.

        Raises:
            RecordProblem: It cannot be written, or there is one already.
        """
        path = session / name
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
    return (session / XENTRACE).is_file() or bool(traced_runs(session))


def traced_runs(session: Path) -> dict[int, list[str]]:
    """Return the names of traces by run, of a session that was traced run by run."""
    found: dict[int, list[tuple[int, str]]] = {}
    for path in session.glob("xentrace-*.bin"):
        if match := _OF_RUN.fullmatch(path.name):
            found.setdefault(int(match["run"]), []).append((int(match["part"] or 1), path.name))
    return {run: [name for _, name in sorted(names)] for run, names in sorted(found.items())}


def next_name(session: Path, run: int) -> str:
    """Return what the next trace of a run is called."""
    part = len(traced_runs(session).get(run, ())) + 1
    return f"xentrace-{run}.bin" if part == 1 else f"xentrace-{run}.{part}.bin"


def read_trace(
    session: Path, losses: Losses | None = None, *, name: str = XENTRACE
) -> Iterator[Records]:
    """Decode a session's trace piece by piece, in constant memory; nothing where there is none.

    Args:
        session: The session's folder.
        losses: Filled with what is missing, once the last piece was taken.
        name: Which, where runs were traced one by one (`traced_runs`).

    Raises:
        RecordProblem: There is a trace but it cannot be read.
    """
    path = session / name
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
        losses.unknown = missing.unknown


def _problem(path: Path, what: str, error: OSError) -> RecordProblem:
    return RecordProblem(f"{path} cannot be {what}", detail=error.strerror or str(error))
