"""Logs of a console on disk for tests, with known moments."""

from __future__ import annotations

import json
from pathlib import Path

from sessions import make_session, run_values

from hvconsole.record.serial_times import Stamps

S = 1_000_000_000


def write_log(path: Path, said: list[tuple[int, bytes]]) -> None:
    """Write what was said and when, as a recording does."""
    stamps = Stamps()
    with (path / "serial.log").open("ab") as log, (path / "serial.times").open("ab") as times:
        for moment, data in said:
            times.write(stamps.due(len(data), moment))
            log.write(data)


def write_actions(path: Path, *actions: dict[str, object]) -> None:
    lines = [json.dumps(action) for action in actions]
    (path / "actions.jsonl").write_text("\n".join([*lines, "torn {"]))


def recorded(path: Path, runs: int = 1) -> Path:
    """Return a session of runs of 5 s; run n began at 100·(n + 1) s and calibrated for 2 s."""
    session = make_session(path, [run_values(seed=n) for n in range(runs)])
    actions: list[dict[str, object]] = []
    for n in range(runs):
        begin = 100 * (n + 1) * S
        actions += [
            {"action": "run start", "host_ns": begin, "run": n},
            {"action": "run end", "host_ns": begin + 7 * S, "run": n},
        ]
    write_actions(session, *actions)
    return session
