"""A run that dies after a cry of the console: the cry is what is told."""

from __future__ import annotations

import pytest

from hvconsole.model.problem import BoardProblem
from hvconsole.session import alarmed
from hvconsole.session.alarmed import Alarmed
from hvconsole.session.run import RunEnd

LOST = RunEnd("link-lost", "the link to bpi was lost")
PARKED = BoardProblem("Jailhouse parked a CPU (cpu 0)", detail="Parking CPU 0", hint="its cell …")


def test_the_cause_is_told_and_the_consequence_is_its_detail() -> None:
    alarm = Alarmed()
    alarm.note(PARKED)
    told = alarm.explain(LOST)
    assert told is not None
    assert told.title == PARKED.title
    assert told.detail == "Parking CPU 0\nthe run ended: link-lost"
    assert told.hint == PARKED.hint


def test_the_first_of_several_alarms_explains() -> None:
    alarm = Alarmed()
    alarm.note(BoardProblem("a cell read outside its memory"))
    alarm.note(PARKED)
    told = alarm.explain(LOST)
    assert told is not None
    assert told.title == "a cell read outside its memory"


def test_no_alarm_and_an_old_one_explain_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    alarm = Alarmed()
    assert alarm.explain(LOST) is None
    alarm.note(PARKED)
    now = alarmed.time.monotonic() + 31
    monkeypatch.setattr(alarmed.time, "monotonic", lambda: now)
    assert alarm.explain(LOST) is None
    assert LOST.problem.title == "the run ended: link-lost"
