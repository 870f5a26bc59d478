"""What the simulated board is told on the command line."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from hvconsole.model.problem import UsageProblem
from hvconsole.sim.options import FAULTS, Fault, SimOptions, parse_faults

_NAMES = st.sampled_from(sorted(FAULTS))
_TIMES = st.integers(0, 864_000).map(lambda tenths: tenths / 10)


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    name = draw(_NAMES)
    value = {"slow-link": st.integers(1, 10**9), "corrupt": st.integers(0, 1000)}.get(name)
    amount = draw(value) if value is not None else 0
    return Fault(name, draw(_TIMES), amount / (1000 if name == "corrupt" else 1))


def written(fault: Fault, *, percent: bool, unit: str) -> str:
    word = fault.name
    if fault.name == "slow-link":
        word += f"={fault.value:.0f}"
    elif fault.name == "corrupt":
        word += f"={fault.value * 100:.6g}%" if percent else f"={fault.value:.6f}"
    return word + (f"@{fault.at_s:.1f}{unit}" if fault.at_s else "")


@given(st.lists(faults(), max_size=6), st.booleans(), st.sampled_from(["", "s"]))
def test_what_is_written_is_read(wanted: list[Fault], percent: bool, unit: str) -> None:
    text = " , ".join(written(one, percent=percent, unit=unit) for one in wanted)
    read = parse_faults(text)
    assert [(one.name, one.at_s) for one in read] == [(one.name, one.at_s) for one in wanted]
    assert [one.value for one in read] == pytest.approx([one.value for one in wanted])


_PIECES = st.sampled_from(["=", "@", "%", "s", "-", ".", "1", "9" * 400, "é", "٣", "\x1b[2J", " "])


@given(st.lists(_NAMES | _PIECES | st.text(max_size=4), max_size=7).map("".join))
def test_whatever_is_written_is_faults_or_one_problem(text: str) -> None:
    read, problem = told(text)
    if problem is None:
        assert all(one.name in FAULTS for one in read)
        assert all(0 <= one.at_s <= 86_400 and 0 <= one.value <= 1e9 for one in read)
        return
    words = [word for each in text.split(",") if (word := each.strip())]
    assert any(word in problem.title or _name_in(word, problem) for word in words)
    assert problem.hint


def told(text: str) -> tuple[tuple[Fault, ...], UsageProblem | None]:
    try:
        return parse_faults(text), None
    except UsageProblem as problem:
        return (), problem


def _name_in(word: str, problem: UsageProblem) -> bool:
    return any(f"'{name}'" in problem.title for name in FAULTS if word.startswith(name))


@pytest.mark.parametrize(
    ("text", "title", "hint"),
    [
        ("link-dorp", "'link-dorp' is no fault", "did you mean 'link-drop'?"),
        ("help", "'help' is no fault", "NAME[=VALUE][@SECONDS]"),
        ("reboot@", "'reboot@' is not how the fault 'reboot' is written", "link-drop@10s"),
        ("reboot@1.2.3s", "'reboot@1.2.3s' is not how", "link-drop@10s"),
        ("corrupt", "the fault 'corrupt' needs a value", "write: corrupt=0.1%"),
        ("corrupt=101%", "'corrupt=101%' is out of range", "0 to 1"),
        ("slow-link=0", "'slow-link=0' is out of range", "1 to 1e+09"),
        ("heat=3", "the fault 'heat' takes no value", "write: heat"),
        ("panic@99999999", "'panic@99999999' is too late", "86400"),
    ],
)
def test_what_is_wrong_is_named_with_the_fix(text: str, title: str, hint: str) -> None:
    with pytest.raises(UsageProblem) as raised:
        parse_faults(f"reboot@1s,{text}")
    assert title in raised.value.title
    assert hint in raised.value.hint


def test_a_fault_that_there_is_not_comes_with_the_list() -> None:
    with pytest.raises(UsageProblem) as raised:
        parse_faults("help")
    assert all(name in str(raised.value.detail) for name in FAULTS)


@pytest.mark.parametrize("speed", [0.0, -1.0, 0.001, 1e6, float("nan"), float("inf")])
def test_a_speed_that_cannot_be(speed: float) -> None:
    with pytest.raises(UsageProblem, match="speed") as raised:
        SimOptions(speed=speed)
    assert "1000" in raised.value.hint
