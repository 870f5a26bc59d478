"""A session's manifest: what was measured, on what, by what, and under which conditions."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from hvconsole import __version__
from hvconsole.config.toml import convert, read_toml
from hvconsole.model.guest_clock import GuestClock
from hvconsole.model.problem import RecordProblem, UsageProblem

FILE = "manifest.toml"
FORMAT = 1

State = Literal["recording", "complete", "interrupted"]


class RunEntry(msgspec.Struct, kw_only=True):
    """One run of a session.

    Attributes:
        run: Number within the session, from 0: the run of the hello with this number.
        condition: In the words of the user.
        started: UTC, ISO 8601.
        ended: UTC, ISO 8601; empty while it runs or if it never ended.
        reason: Why it ended; empty as above.
        offset: Where its frames begin in frames.bin, bytes.
        settings: What was asked for (`RunSettings`).
    """

    run: int
    condition: str = ""
    started: str = ""
    ended: str = ""
    reason: str = ""
    offset: int = 0
    settings: dict[str, Any] = {}


class GuestRun(RunEntry, kw_only=True):
    """One run of a sampler in a guest.

    Attributes:
        beside: Number of the host's run that it lies beside.
        clock: How the guest's ticks stand to that run's.
    """

    beside: int = 0
    clock: GuestClock = GuestClock()


class GuestEntry(msgspec.Struct, kw_only=True):
    """A guest that was sampled beside its host: a stream of its own in the session.

    Attributes:
        guest: Its name, as the board says it.
        key: What the hypervisor's commands call it: a domain's number.
        system: The hypervisor.
        file: Its frames, beside frames.bin.
        console: Words on the board that reached its console; empty where there are none.
        facts: What it said of itself.
        probes: SHA-256 of each program that ran in it, by name.
        built_by: Compiler of each of them, by name.
        runs: In order; their numbers are those of the hellos in its own file.
    """

    guest: str
    key: str = ""
    system: str = ""
    file: str
    console: tuple[str, ...] = ()
    facts: dict[str, Any] = {}
    probes: dict[str, str] = {}
    built_by: dict[str, str] = {}
    runs: list[GuestRun] = []


class Manifest(msgspec.Struct, kw_only=True):
    """What stands in manifest.toml. Keys of later versions are ignored, a later format refused.

    Attributes:
        format: Version of the session's format.
        board: Name of the board's profile.
        kind: What it is, in words.
        labels: What every reader of the figures must know: ``simulated``, ``virtual time``, …
        state: How the recording stands; one that was cut off stays ``recording`` on disk.
        hvconsole: Version that recorded.
        created: UTC, ISO 8601.
        host: The machine the console ran on.
        facts: What the board said of itself.
        probes: SHA-256 of each program that ran on the board, by name.
        built_by: Compiler of each of them, by name.
        made: Where the board was made for the occasion: options that make it again, and values.
        runs: In order.
        guests: Guests that were sampled beside it, each with a stream of its own.
    """

    format: int = FORMAT
    board: str
    kind: str = ""
    labels: tuple[str, ...] = ()
    state: State = "recording"
    hvconsole: str = __version__
    created: str = ""
    host: dict[str, str] = {}
    facts: dict[str, Any] = {}
    probes: dict[str, str] = {}
    built_by: dict[str, str] = {}
    made: dict[str, str] = {}
    runs: list[RunEntry] = []
    guests: list[GuestEntry] = []

    @property
    def simulated(self) -> bool:
        """Whether the figures come from a model and not from a machine."""
        return "simulated" in self.labels


def utc_now() -> str:
    """Return the time as manifests write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def new_manifest(board: str, **known: Any) -> Manifest:
    """Return the manifest of a session that begins now on this host."""
    host = {"system": platform.platform(), "python": platform.python_version()}
    return Manifest(board=board, created=utc_now(), host=host, **known)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write a manifest so that at any moment a whole one stands on the disk.

    Raises:
        OSError: It cannot be written.
    """
    import tomlkit  # noqa: PLC0415  # reading a session needs none of it

    text = tomlkit.dumps(_without_none(msgspec.to_builtins(manifest)))
    temporary = folder / f".{FILE}.new"
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / FILE)


def read_manifest(folder: Path) -> Manifest:
    """Read a session's manifest.

    Raises:
        RecordProblem: It is missing, damaged, or of a later format.
    """
    path = folder / FILE
    try:
        data = read_toml(path)
        if isinstance(data.get("format"), int) and data["format"] > FORMAT:
            raise RecordProblem(
                f"{folder} was recorded by a later hvconsole ({data.get('hvconsole', '?')})",
                hint=f"its format is {data['format']}, this version reads {FORMAT}: update",
            )
        return convert(data, Manifest, source=path)
    except UsageProblem as problem:  # a damaged recording is no wrong use of the console
        raise RecordProblem(problem.title, detail=problem.detail, hint=problem.hint) from problem


def _without_none(value: Any) -> Any:
    """Leave out what TOML has no word for."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value
