"""xentop read page by page, what it cost, and what Xen is asked for."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from hvconsole.commands.hv_xen import top_lines
from hvconsole.hypervisor.inquiry import inquiries
from hvconsole.hypervisor.rates import cpu_shares
from hvconsole.hypervisor.xen.asking import DEBUG_KEYS, debug_keys, new_lines
from hvconsole.hypervisor.xen.top import MOST_S, Load, PageReader, TopRow, calmer, own_seconds
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.model.problem import UsageProblem
from tests.unit import transcripts

REAL = transcripts.answer("xen/xen-domu", "xentop -b -i 2 -d 1").stdout.encode()
HEAD = REAL.splitlines(keepends=True)[0]
NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), min_size=1)


def test_a_real_board_second_page_first_for_the_first_knows_no_shares() -> None:
    (page,) = PageReader().feed(REAL + HEAD)
    assert [(row.name, row.state, row.seconds, row.percent) for row in page] == [
        ("dom1", "--b---", 17, 0.5),
        ("dom2", "-----r", 4, 98.5),
        ("Domain-0", "-----r", 115, 19.1),
    ]
    assert page[1].memory_kib == 65_552
    assert page[2].vcpus == 2


@given(st.lists(st.integers(1, 200), max_size=20))
def test_bytes_may_come_in_any_pieces(sizes: list[int]) -> None:
    reader, data, pages = PageReader(), REAL + HEAD, []
    for size in sizes:
        pages += reader.feed(data[:size])
        data = data[size:]
    pages += reader.feed(data)
    assert pages == PageReader().feed(REAL + HEAD)


@given(st.binary(max_size=400))
def test_noise_is_never_more_than_odd(noise: bytes) -> None:
    reader = PageReader()
    reader.feed(noise)
    pages = reader.feed(b"\n" + REAL + REAL)
    assert pages[-1][-1].name == "Domain-0"


@given(NAMES, st.floats(0, 1e5).map(lambda share: round(share, 1)), st.booleans())
def test_names_and_limits_may_be_anything(name: str, share: float, unlimited: bool) -> None:
    limit = "no limit       n/a" if unlimited else "     66560       6.3"
    row = f"{name:>10} --b--- {7:>10} {share:>6.1f} {65552:>10} {6.3:>6.1f} {limit} {1:>5} {0:>4}"
    page = PageReader().feed(HEAD * 2 + row.encode() + b"\n" + HEAD)[0]
    assert [(one.name, one.percent) for one in page] == [(name, share)]


@pytest.mark.parametrize(
    ("stat", "seconds"),
    [
        (b"403 (xentop) S 1 1 1 0 -1 0 9 0 0 0 12 9 0 0 20 0 1 0 77 1 2\n", 0.21),
        (b"403 (a) b (c) S 1 1 1 0 -1 0 9 0 0 0 1 2 0 0 20 0 1 0 77 1 2\n403 (x", 0.03),
        (b"", None),
        (b"sh: 1: cannot open\n", None),
    ],
)
def test_what_it_cost(stat: bytes, seconds: float | None) -> None:
    assert own_seconds(stat) == seconds


def test_looking_backs_off_where_it_is_dear() -> None:
    assert calmer(2, own_s=0.1, over_s=20) == 2
    assert calmer(2, own_s=1.0, over_s=20) == 4
    assert calmer(MOST_S, own_s=20, over_s=20) == MOST_S
    assert calmer(2, own_s=1, over_s=0) == 2


def test_the_table_is_safe_and_says_its_cost() -> None:
    rows = (TopRow("[b]a\x1b[31m", "---c--", 3, 1.0, 1024, 1), TopRow("b", "------", 3, 50, 1, 1))
    lines = top_lines(Load(rows, pages=1, size=512, every_s=2, own_s=0.1), 10)
    assert "\x1b" not in "".join(lines)
    assert lines[1].startswith("b "), "the busiest first"
    assert "crashed" in lines[2]
    assert "1.0 %" in lines[-1]
    assert "does not tell" in top_lines(Load(rows), 10)[-1]


@pytest.mark.parametrize("keys", ["R", "C", "rR", "d", "%", "x", "é", ""])
def test_debug_keys_that_are_not_sent(keys: str) -> None:
    with pytest.raises(UsageProblem) as refused:
        debug_keys(keys)
    assert refused.value.hint


def test_debug_keys_that_are() -> None:
    assert debug_keys("".join(DEBUG_KEYS)) == ("xl", "debug-keys", "ahqrt")


@given(st.lists(st.text("ab", max_size=2), max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_new_lines_of_a_ring(log: list[str], cut: int, lost: int) -> None:
    before, after = log[:cut], log[min(lost, max(cut - 25, 0)) :]
    said = new_lines("\n".join(before), "\n".join([*after, "new"]))
    assert said[-1] == "new"
    assert len(said) <= len(after) + 1


def test_a_log_that_went_on_gives_what_came() -> None:
    old = "\n".join(f"line {at}" for at in range(50))
    assert new_lines(old, f"{old}\nanswer\nmore") == ["answer", "more"]
    turned = "\n".join(old.splitlines()[10:])
    assert new_lines(old, f"{turned}\nanswer") == ["answer"]


def test_shares_from_two_looks() -> None:
    def seen(**times: float | None) -> Survey:
        guests = tuple(Guest(key=key, name=key, time_s=time) for key, time in times.items())
        return Survey(system="kvm", guests=guests)

    before, after = seen(a=1.0, b=2.0, c=9.0, d=None), seen(a=1.5, b=2.0, c=0.1, d=1.0, e=3.0)
    assert cpu_shares(before, after, 2.0) == {"a": 25.0, "b": 0.0}
    assert cpu_shares(before, after, 0.0) == {}


def test_what_can_be_asked() -> None:
    assert {one.name for one in inquiries("xen")} >= {"info", "dmesg", "debug-keys r"}
    assert [one.name for one in inquiries("jailhouse")] == ["console"]
    assert inquiries("native") == ()
