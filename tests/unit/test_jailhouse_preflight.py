"""What a board must have before Jailhouse is enabled."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from hvconsole.hypervisor.jailhouse.preflight import checks
from hvconsole.model.check import Check
from hvconsole.model.hypervisor import Survey
from hvconsole.model.problem import BoardProblem

GOOD = {
    "tool": ["/usr/sbin/jailhouse"],
    "driver": ["loaded"],
    "firmware": ["/lib/firmware/jailhouse.bin"],
    "present": ["0-1"],
    "online": ["0-1"],
    "hyp": ["[    0.1] CPU: All CPU(s) started in HYP mode."],
    "cmdline": ["console=ttyS0 mem=896M vmalloc=512M"],
    "zones": [],
    "configs": ["/etc/jailhouse/bananapi.cell"],
    "end": [],
}
OFF = Survey(system="jailhouse", active=False, governors={0: "performance"})


def look(survey: Survey = OFF, **answers: list[str]) -> dict[str, Check]:
    found = checks(list((GOOD | answers).items()), survey)
    return {check.name: check for check in found}


def test_a_board_that_has_it_all() -> None:
    assert {check.state for check in look().values()} == {"ok"}


@pytest.mark.parametrize(
    ("answers", "name", "state", "fix"),
    [
        ({"tool": []}, "command", "failed", "make install"),
        ({"driver": []}, "driver", "failed", "build it"),
        ({"driver": ["/lib/modules/6.1/extra/jailhouse.ko"]}, "driver", "ok", ""),
        ({"firmware": []}, "hypervisor's image", "failed", "copy"),
        ({"online": ["0"]}, "CPUs", "failed", "cpu0/online"),
        ({"online": ["0-1"], "present": ["0-2"]}, "CPUs", "failed", "cpu2/online"),
        ({"hyp": ["CPU: All CPU(s) started in SVC mode."]}, "HYP mode", "failed", "bootm_boot"),
        ({"hyp": []}, "HYP mode", "skipped", ""),
        ({"cmdline": ["quiet"]}, "reserved memory", "failed", "hvconsole boot"),
        ({"cmdline": ["mem=1G"]}, "address space", "warning", "vmalloc=512M"),
        ({"zones": ["/sys/x"]}, "temperature", "warning", "cell check"),
        ({"configs": []}, "configurations", "warning", "cell build"),
    ],
)
def test_what_is_missing(answers: dict[str, list[str]], name: str, state: str, fix: str) -> None:
    check = look(OFF, **answers)[name]
    assert check.state == state
    assert fix in check.fix


def test_a_governor_that_follows_the_load() -> None:
    before = look(Survey(system="jailhouse", active=False, governors={0: "ondemand"}))
    assert "pins it" in before["frequency"].why
    under = look(Survey(system="jailhouse", governors={0: "ondemand"}))
    assert under["frequency"].state == "failed"


def test_sensors_are_not_touched_while_it_is_enabled() -> None:
    seen = look(Survey(system="jailhouse"), zones=["/sys/x"])
    assert seen["temperature"].state == "skipped"


def test_half_an_answer_is_none() -> None:
    with pytest.raises(BoardProblem):
        checks([("tool", [])], OFF)


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), st.lists(st.text())))
def test_any_answer_is_judged(answers: dict[str, list[str]]) -> None:
    assert len(look(OFF, **answers)) == len(look())
