"""What a campaign has done so far: lines of JSON, each made sure of before the next run begins.

A campaign that was interrupted goes on from here. The last line may be cut off; it counts as not
written then, and its run is made again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from hvconsole.model.learned import learned
from hvconsole.model.problem import RecordProblem
from hvconsole.record.manifest import utc_now

FILE = "campaign.jsonl"

Outcome = Literal["kept", "failed", "not available"]


class RunLine(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="run"):
    """One try of one run.

    Attributes:
        number: Of the slot.
        block: Its block.
        condition: Its condition.
        attempt: From 1.
        outcome: What became of it.
        session: The recorded session's folder, within the campaign's; empty where there is none.
        why: Why it failed or cannot be had.
        proof: What was read back before it began: mode, scheduler, guests, frequency.
        notes: What a reader of its figures should know.
        seconds: All that it took, boots and pauses included.
        began: UTC, ISO 8601.
    """

    number: int
    block: int
    condition: str
    attempt: int
    outcome: Outcome
    session: str = ""
    why: str = ""
    proof: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    began: str = ""


class BeginLine(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="begin"):
    """The campaign was begun, or gone on with.

    Attributes:
        board: Its name.
        plan: SHA-256 of the plan's file.
        at: UTC, ISO 8601.
        version: Of hvconsole.
    """

    board: str
    plan: str
    at: str
    version: str


Line = RunLine | BeginLine
_DECODER: msgspec.json.Decoder[Line] = msgspec.json.Decoder(learned(Line))


class CampaignLog:
    """The log of one campaign.

    Args:
        folder: The campaign's.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._lines = list(_read(self._path))

    @property
    def lines(self) -> tuple[Line, ...]:
        """All that is known, in order."""
        return tuple(self._lines)

    @property
    def runs(self) -> tuple[RunLine, ...]:
        """All tries."""
        return tuple(line for line in self._lines if isinstance(line, RunLine))

    @property
    def times_begun(self) -> int:
        """How often somebody worked on it before."""
        return sum(isinstance(line, BeginLine) for line in self._lines)

    @property
    def settled(self) -> dict[int, RunLine]:
        """The slots that need no run any more, by number: kept, or given up as not available."""
        return {one.number: one for one in self.runs if one.outcome != "failed"}

    def begin(self, board: str, plan: str, version: str) -> None:
        """Note that somebody works on it."""
        self.add(BeginLine(board=board, plan=plan, at=utc_now(), version=version))

    def add(self, line: Line) -> None:
        """Append a line, and make sure of it.

        Raises:
            RecordProblem: It cannot be written.
        """
        data = msgspec.json.encode(line) + b"\n"
        try:
            with self._path.open("ab") as file:
                if file.tell() and not _ends_well(self._path):
                    file.write(b"\n")  # what was cut off stays a line of its own
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RecordProblem(
                f"{self._path} cannot be written", detail=error.strerror or str(error)
            ) from error
        self._lines.append(line)


def _ends_well(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _read(path: Path) -> Iterator[Line]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise RecordProblem(
            f"{path} cannot be read", detail=error.strerror or str(error)
        ) from error
    for text in data.split(b"\n"):
        line = _line(text)
        if line is not None:
            yield line


def _line(text: bytes) -> Line | None:
    try:
        line: Line = _DECODER.decode(text)
    except msgspec.DecodeError:
        return None  # cut off by a crash
    return line
