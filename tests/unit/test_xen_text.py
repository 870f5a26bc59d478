"""xl's output read: real transcripts, other versions' formats, hostile names."""

from __future__ import annotations

from collections.abc import Callable, Sized

import pytest
from hypothesis import given, strategies as st

from hvconsole.hypervisor.masks import parse_mask, write_mask
from hvconsole.hypervisor.xen.survey import guest_state, split
from hvconsole.hypervisor.xen.text import (
    parse_info,
    parse_list,
    parse_pool_cpus,
    parse_pools,
    parse_schedule,
    parse_vcpus,
)
from tests.unit import transcripts

ALL = ["xen-credit", "xen-cpupool", "xen-domu", "xen-rtds", "xen-debian-stock"]
# Names end where columns begin, so a name may hold anything but a line's end.
NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1).map(
    str.strip
)


def test_list_of_a_real_board() -> None:
    rows = parse_list(transcripts.answer("xen/xen-domu", "xl list").stdout)
    assert [(row.name, row.domain, row.memory_mib, row.vcpus) for row in rows] == [
        ("Domain-0", 0, 512, 2),
        ("dom1", 2, 64, 1),
    ]
    assert [guest_state(row.state) for row in rows] == ["running", "running"]


def test_vcpus_of_a_real_board() -> None:
    text = next(
        entry.stdout
        for entry in transcripts.read("xen/xen-domu")
        if entry.command.startswith("xl vcpu-pin dom1 0 1")
    )
    dom1 = parse_vcpus(text)[-1]
    assert (dom1.domain, dom1.cpu, dom1.hard, dom1.soft) == (2, 1, frozenset({1}), None)


def test_pools_of_a_real_board() -> None:
    text = next(
        entry.stdout
        for entry in transcripts.read("xen/xen-cpupool")
        if entry.command == "xl cpupool-list -c; xl vcpu-list"
    )
    assert parse_pool_cpus(text, ["Pool-0", "prt"]) == {
        "Pool-0": frozenset({0}),
        "prt": frozenset({1}),
    }


def test_schedules_of_a_real_board() -> None:
    credit = parse_schedule(transcripts.answer("xen/xen-credit", "xl sched-credit").stdout)
    assert credit.pools == {"Pool-0": {"tslice": 30, "ratelimit": 1000, "migration-delay": 0}}
    assert credit.rows[0].values == {"weight": 256, "cap": 0}
    rtds = parse_schedule(transcripts.answer("xen/xen-cpupool", "xl sched-rtds -v all").stdout)
    assert (rtds.rows[0].domain, rtds.rows[0].vcpu) == (7, 0)
    assert rtds.rows[0].values == {"period": 10000, "budget": 4000, "extratime": 1}


def test_info_of_a_real_board() -> None:
    info = parse_info(transcripts.answer("xen/xen-credit", "xl info").stdout)
    assert info["xen_version"] == "4.17.5"
    assert info["xen_scheduler"] == "credit"
    assert info["xen_changeset"] == ""


@pytest.mark.parametrize("name", ALL)
def test_every_listing_in_the_transcripts_is_read_whole(name: str) -> None:
    """No row of a listing is lost: a header is followed by rows until something else begins."""
    for entry in transcripts.read(f"xen/{name}"):
        lines = entry.stdout.splitlines()
        headers: dict[str, Callable[[str], Sized]] = {
            "Name                                        ID   Mem": parse_list,
            "Name                                ID  VCPU": parse_vcpus,
            "Name               CPUs": parse_pools,
        }
        for start, parse in headers.items():
            expected = 0
            inside = False
            for line in lines:
                if line.startswith("Name "):
                    inside = line.startswith(start)
                elif inside and (not line.strip() or line.startswith(("rc=", "(XEN)", "Cpupool"))):
                    inside = False
                elif inside:
                    expected += 1
            assert len(parse(entry.stdout)) == expected, entry.command


def test_list_with_pools_behind_the_time_without_a_blank() -> None:
    row = f"{'guest':<40} {3:5d} {64:5d} {1:5d}     -b----  {18.1:8.1f}"
    assert parse_list(row + "a-pool-with-a-long-name")[0].pool == "a-pool-with-a-long-name"
    row += f"{'Pool-0':>16}"
    assert (parse_list(row)[0].time_s, parse_list(row)[0].pool) == (18.1, "Pool-0")


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("r-----", "running"),
        ("-b----", "running"),
        ("------", "running"),
        ("--p---", "paused"),
        ("---s--", "stopped"),
        ("---sr-", "stopped"),
        ("---sc-", "crashed"),
        ("-----d", "shutting down"),
        ("---s-d", "shutting down"),
    ],
)
def test_states(words: str, state: str) -> None:
    assert guest_state(words) == state


@given(name=NAMES, domain=st.integers(0, 32_751), pool=NAMES)
def test_a_row_is_read_whatever_its_name(name: str, domain: int, pool: str) -> None:
    if not name or not pool or pool[0].isdigit():
        return
    row = f"{name:<40} {domain:5d} {512:5d} {2:5d}     r-----  {35.4:8.1f}{pool:>16}"
    read = parse_list(row)
    if len(row.splitlines()) == 1:
        assert (read[0].name, read[0].domain, read[0].pool) == (name, domain, pool)


@given(st.text())
def test_no_text_makes_a_parser_fail(text: str) -> None:
    for parse in (parse_list, parse_vcpus, parse_pools, parse_schedule, parse_info, parse_mask):
        parse(text)
    parse_pool_cpus(text, ["Pool-0", text])
    split(text, "marker")


@given(st.frozensets(st.integers(0, 4095), min_size=1, max_size=20))
def test_masks_come_back(cpus: frozenset[int]) -> None:
    assert parse_mask(write_mask(cpus)) == cpus


def test_masks() -> None:
    assert parse_mask("all") is None
    assert parse_mask("none") == frozenset()
    assert parse_mask("0-1,3") == frozenset({0, 1, 3})
    assert len(parse_mask("0-99999999999") or ()) < 5000


def test_a_pool_whose_name_ends_in_digits_and_one_without_cpus() -> None:
    text = "Name   CPU list\nPool-0             0\nPool-0 1           \nempty              "
    assert parse_pool_cpus(text, ["Pool-0", "Pool-0 1", "empty"]) == {
        "Pool-0": frozenset({0}),
        "Pool-0 1": frozenset(),
        "empty": frozenset(),
    }
