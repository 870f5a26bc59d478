"""What a hotplug hole leaves in the exported switches, and in heartbeats."""

import dataclasses
from pathlib import Path

import polars as pl
from hypothesis import given, strategies as st
from sessions import make_session
from values import HZ, START, heartbeat, hello, switches

from hvconsole.analysis.export import export_session
from hvconsole.record.tables import AFTER_HOLE, AFTER_HOTPLUG
from hvconsole.wire.frame import Frame
from hvconsole.wire.payload import decode_payload, encode_value
from hvconsole.wire.values import End, Heartbeat, HeartbeatFlag, Note, NoteCode, Value

LEFT, BACK = START + 2000, START + 9000
GONE = Note(1, NoteCode.MOVED, 2, LEFT, LEFT, 0, "")
HOLE = Note(1, NoteCode.BLIND, 1, LEFT, BACK, BACK - LEFT, "hotplug hole")
RETURNED = Note(1, NoteCode.MOVED, 0, LEFT, BACK, 1, "")


def flags(tmp_path: Path, *values: Value) -> list[int]:
    beat = heartbeat(1, START + HZ, detected=4, recorded=4)
    run = [hello(), *values, beat, End(reason="stop")]
    export_session(make_session(tmp_path / "a.hvs", [run]), tmp_path / "a.parquet")
    found: list[int] = pl.read_parquet(tmp_path / "a.parquet")["flags"].to_list()
    return [value & 0xFF for value in found]  # labels of artefacts are tested elsewhere


def test_the_first_switch_after_the_hole_is_flagged(tmp_path: Path) -> None:
    after = switches(1, [(BACK + 100, 50), (BACK + 300, 50)], 2)
    before = switches(1, [(START + 100, 50), (START + 300, 50)])
    expected = [0, 0, AFTER_HOLE | AFTER_HOTPLUG, 0]
    assert flags(tmp_path, before, GONE, HOLE, RETURNED, after) == expected


def test_switches_from_before_that_the_note_overtook_are_not(tmp_path: Path) -> None:
    before = switches(1, [(START + 100, 50), (START + 300, 50)])
    after = switches(1, [(BACK + 100, 50)], 2)
    expected = [0, 0, AFTER_HOLE | AFTER_HOTPLUG]
    assert flags(tmp_path, GONE, before, HOLE, after) == expected


@given(st.integers(0, 15))
def test_every_flag_of_a_heartbeat_survives(bits: int) -> None:
    beat = dataclasses.replace(heartbeat(1, START), flags=HeartbeatFlag(bits))
    kind, lane, payload = encode_value(beat)
    decoded = decode_payload(Frame(kind, lane, 0, payload))
    assert isinstance(decoded, Heartbeat)
    assert decoded.flags == bits
