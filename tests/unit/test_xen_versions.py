# ruff: noqa: UP031  # the formats are C's, as they stand in Xen's sources
"""What xl and xentop of Xen 4.11 to 4.20 print, by their own formats, with any name, read back.

Formats: tools/xl/xl_list.c, xl_vcpu.c, xl_cpupool.c, xl_sched.c, xl_info.c and
tools/xentop/xentop.c. Tests with a version are of what differs; the rest is one format in all.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, strategies as st

from hvconsole.hypervisor.xen.text import (
    parse_info,
    parse_list,
    parse_pool_cpus,
    parse_pools,
    parse_schedule,
    parse_vcpus,
)
from hvconsole.hypervisor.xen.top import PageReader

VERSIONS = [f"4.{minor}" for minor in range(11, 21)]
EACH = pytest.mark.parametrize("version", VERSIONS)
# Anything but line ends: Xen itself takes any name that xenstore can hold.
NAMES = st.one_of(
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=90),
    st.sampled_from(
        [
            "a" * 90, "Domain-0", "-", "all", "yes", "1 2 3", "x  512  2  r-----  1.0", "Cpupool P",
            "[bold]x[/]", "$(reboot)", "n: tslice=1ms", "12", "Name ID Weight Cap", "ü 界", "a=b",
        ]
    ),
).map(str.strip).filter(bool)  # fmt: skip
NUMBER = st.integers(0, 32_751)


def minor(version: str) -> int:
    return int(version.partition(".")[2])


@given(name=NAMES, domain=NUMBER, memory=st.integers(0, 2**31), pool=NAMES, time=st.floats(0, 1e6))
def test_list(*, name: str, domain: int, memory: int, pool: str, time: float) -> None:
    text = "Name                                        ID   Mem VCPUs\tState\tTime(s)\n"
    row = "%-40s %5d %5u %5d     %s  %8.1f" % (name, domain, memory, 2, "-b----", time)
    [plain] = parse_list(f"{text}{row}\n")
    assert (plain.name, plain.domain, plain.memory_mib, plain.vcpus) == (name, domain, memory, 2)
    assert (plain.state, plain.pool) == ("-b----", "")
    assert plain.time_s == pytest.approx(time, abs=0.06)
    [with_pool] = parse_list(f"{text}{row}{pool:>16}\n")
    assert (with_pool.domain, with_pool.pool) == (domain, pool) or pool[0].isdigit()
    # A pool whose name begins with a digit runs into a long time; the row is still read.
    assert (with_pool.domain, with_pool.state) == (domain, "-b----")


@given(name=NAMES, domain=NUMBER, cpu=st.one_of(st.none(), st.integers(0, 127)))
def test_vcpu_list(name: str, domain: int, cpu: int | None) -> None:
    row = "%-32s %5u %5u" % (name, domain, 1)
    if cpu is None:
        row += "   %s   %s  " % ("  -", "--p")
    else:
        row += " %5u   %3s  " % (cpu, "-b-")
    row += "%9.1f  %s / %s" % (12.5, "0-1,3", "all")
    [found] = parse_vcpus(f"Name   ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)\n{row}\n")
    assert (found.domain, found.vcpu, found.cpu) == (domain, 1, cpu)
    assert (found.hard, found.soft) == (frozenset({0, 1, 3}), None)


@given(name=NAMES, count=st.integers(0, 128), domains=NUMBER)
def test_cpupools(name: str, count: int, domains: int) -> None:
    row = "%-19s%3d %9s       y       %4d" % (f"{name} ", count, "credit2", domains)
    [found] = parse_pools(f"Name               CPUs   Sched     Active   Domain count\n{row}\n")
    assert (found.name, found.cpus) == (name, count)
    assert (found.scheduler, found.domains) == ("credit2", domains)
    text = "Name               CPU list\n%-19s%s\n" % (f"{name} ", "0-1")
    if name not in {"Name", "Name               CPU list"}:
        assert parse_pool_cpus(text, [name]) == {name: frozenset({0, 1})}


def credit_head(version: str, pool: str) -> str:
    """The delay of migrations came with 4.12."""
    text = "Cpupool %s: tslice=%dms ratelimit=%dus" % (pool, 30, 1000)
    return text + (" migration-delay=%dus" % 0 if minor(version) > 11 else "")


@EACH
@given(name=NAMES, pool=NAMES, domain=NUMBER, weight=st.integers(1, 65_535), cap=NUMBER)
def test_credit(*, version: str, name: str, pool: str, domain: int, weight: int, cap: int) -> None:
    rows = [
        credit_head(version, pool),
        "%-33s %4s %6s %4s" % ("Name", "ID", "Weight", "Cap"),
        "%-33s %4d %6d %4d" % (name, domain, weight, cap),
    ]
    found = parse_schedule("\n".join(rows) + "\n")
    assert found.pools[pool]["tslice"] == 30
    assert found.pools[pool]["ratelimit"] == 1000
    assert ("migration-delay" in found.pools[pool]) == (minor(version) > 11)
    assert [(row.domain, row.vcpu, row.values) for row in found.rows] == [
        (domain, None, {"weight": weight, "cap": cap})
    ]


@given(name=NAMES, pool=NAMES, domain=NUMBER, weight=st.integers(1, 65_535))
def test_credit2(*, name: str, pool: str, domain: int, weight: int) -> None:
    rows = [
        "Cpupool %s: ratelimit=%dus" % (pool, 1000),
        "%-33s %4d %6d %4d" % (name, domain, weight, 0),
    ]
    found = parse_schedule("\n".join(rows) + "\n")
    assert found.pools == {pool: {"ratelimit": 1000}}
    assert found.rows[0].values == {"weight": weight, "cap": 0}
    lost = parse_schedule("Cpupool %s: [sched params unavailable]\n" % pool)
    assert lost.rows == []
    assert lost.pools.get(pool, {}) == {}


@given(
    name=NAMES, pool=NAMES, domain=NUMBER, period=st.integers(10, 2**32 - 1), extra=st.booleans()
)
def test_rtds(*, name: str, pool: str, domain: int, period: int, extra: bool) -> None:
    word = "yes" if extra else "no"
    values = {"period": period, "budget": 10, "extratime": int(extra)}
    of_domain = "%-33s %4d %9d %9d %10s" % (name, domain, period, 10, word)
    of_vcpu = "%-33s %4d %4d %9d %9d %10s" % (name, domain, 1, period, 10, word)
    head = "Cpupool %s: sched=RTDS" % pool
    rows = parse_schedule(f"{head}\n{of_vcpu}\n").rows
    assert [(row.domain, row.vcpu, row.values) for row in rows] == [(domain, 1, values)]
    [row] = parse_schedule(f"{head}\n{of_domain}\n").rows
    assert row.values == values
    # Without a vCPU's column a name that ends in a number cannot be told from it; hence `-v all`.
    assert row.domain == domain or name.rsplit(maxsplit=1)[-1].isdecimal()


INFO_OF: Mapping[str, Mapping[str, str]] = {
    "4.11": {"xen_caps": "xen-3.0-armv7l ", "virt_caps": "hvm", "sharing_freed_memory": "0"},
    "4.12": {"virt_caps": "hvm hap", "xen_scheduler": "credit2"},
    "4.16": {"virt_caps": "pv hvm hap gnttab-v1 gnttab-v2", "xen_pagesize": "4096"},
    "4.19": {"arm_sve_vector_length": "0", "virt_caps": "hvm hap vpmu gnttab-v1"},
}


@EACH
def test_info(version: str) -> None:
    """Lines came and went; each is a padded key, a colon and what it likes to say."""
    known = {
        "host": "board",
        "xen_version": f"{version}.1",
        "xen_commandline": "a=b: c",
        "cc_compile_by": "",
    }
    for since, lines in INFO_OF.items():
        if minor(since) <= minor(version):
            known |= lines
    text = "".join("%-23s: %s\n" % (key, value) for key, value in known.items())
    odd = "cpu_topology           :\ncpu:    core    socket     node\n  0:       0        0\n"
    found = parse_info(text + odd)
    assert {key: found[key] for key in known} == {k: v.strip() for k, v in known.items()}


@given(name=NAMES, seconds=st.integers(0, 10**7), percent=st.floats(0, 12_800))
def test_xentop(name: str, seconds: int, percent: float) -> None:
    head = "      NAME  STATE   CPU(sec) CPU(%)     MEM(k) MEM(%)  MAXMEM(k) MAXMEM(%) VCPUS NETS"
    row = "%10s %s %10u %6.1f %10u %6.1f %10s %9s %5u %4u %8u %8u %4u %8u %8u %8u %10u %10u %4u" % (
        name, "-----r", seconds, percent, 65536, 6.3, "no limit", "n/a", 1, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0,
    )  # fmt: skip
    page = f"{head}\n{row}\n".encode()
    pages = PageReader().feed(page * 3 + f"{head}\n".encode())
    assert len(pages) == 2
    [found] = pages[0]
    assert found.name == name
    assert (found.seconds, found.memory_kib, found.vcpus) == (seconds, 65_536, 1)
    assert found.percent == pytest.approx(percent, abs=0.06)
