"""Actions on Xen as commands: from the state that real transcripts show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.xen.driver import explain
from hvconsole.hypervisor.xen.plans import plan
from hvconsole.hypervisor.xen.survey import constant, make_survey
from hvconsole.link.protocol import Completed
from hvconsole.model.hypervisor import Survey
from hvconsole.model.problem import BoardProblem, UsageProblem
from tests.unit import transcripts

_LIST = (
    f"{'Name':<40}    ID   Mem VCPUs\tState\tTime(s)         Cpupool\n"
    f"{'Domain-0':<40} {0:5d} {512:5d} {2:5d}     r-----  {86.4:8.1f}{'Pool-0':>16}\n"
    f"{'dom1':<40} {2:5d} {64:5d} {1:5d}     -b----  {4.9:8.1f}{'Pool-0':>16}\n"
)
_VCPUS = """\
Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)
Domain-0                             0     0    1   r--      48.2  all / all
Domain-0                             0     1    0   ---      44.2  all / all
dom1                                 2     0    0   -b-       9.3  all / all
"""
_POOLS = """\
Name               CPUs   Sched     Active   Domain count
Pool-0               2    credit       y          2
"""
_CREDIT = """\
Cpupool Pool-0: tslice=30ms ratelimit=1000us migration-delay=0us
Name                                ID Weight  Cap
Domain-0                             0    256    0
dom1                                 2    256    0
"""
BARE = {
    "list": (_LIST, 0),
    "vcpus": (_VCPUS, 0),
    "pools": (_POOLS, 0),
    "pool-cpus": ("Name               CPU list\nPool-0             0,1\n", 0),
    "credit": (_CREDIT, 0),
}


def survey(**changed: str) -> Survey:
    """Return a board with dom0 and dom1 under credit."""
    info = transcripts.answer("xen/xen-credit", "xl info").stdout
    answers = BARE | {name.replace("_", "-"): (text, 0) for name, text in changed.items()}
    return make_survey(answers, constant(answers | {"info": (info, 0)}))


def with_rtds_pool() -> Survey:
    """Return a board on which dom1 is in an rtds pool on CPU 1."""
    return survey(
        list=BARE["list"][0].replace("4.9          Pool-0", "4.9             prt"),
        pools="Pool-0               1    credit       y          1\n"
        "prt                  1      rtds       y          1\n",
        pool_cpus="Pool-0             0\nprt                1\n",
        rtds="Cpupool prt: sched=RTDS\n"
        "dom1                                 2    0     10000      4000        yes\n",
    )


def argv(action: do.Action, seen: Survey) -> list[str]:
    """Return a plan's commands as text."""
    return [" ".join(step.argv) for step in plan(action, seen).steps]


def test_the_survey_has_everything() -> None:
    seen = survey()
    dom1 = seen.guest("dom1")
    assert dom1 is not None
    assert (dom1.key, dom1.role, dom1.pool, dom1.memory_kib) == ("2", "guest", "Pool-0", 65_536)
    assert dom1.values == {"weight": 256, "cap": 0}
    assert dom1.cpus == {0, 1}
    assert seen.version == "4.17.5"
    assert seen.cpus == {0, 1}
    assert seen.incomplete == ()


@pytest.mark.parametrize(
    ("action", "commands"),
    [
        (do.Pause(guest="dom1"), ["xl pause 2"]),
        (do.Stop(guest="2"), ["xl shutdown 2"]),
        (do.Restart(guest="2"), ["xl reboot 2"]),
        (do.Destroy(guest="dom1"), ["xl destroy 2"]),
        (do.Resume(guest="dom1"), []),
        (
            do.Schedule(guest="dom1", values={"weight": 512, "cap": 30}),
            ["xl sched-credit -d 2 -w 512 -c 30"],
        ),
        (do.Schedule(pool="Pool-0", values={"tslice": 10}), ["xl sched-credit -s -p Pool-0 -t 10"]),
        (do.Pin(guest="dom1", hard=frozenset({1})), ["xl vcpu-pin 2 all 1 -"]),
        (do.Pin(guest="dom1", vcpu=0, soft=frozenset({0, 1})), ["xl vcpu-pin 2 0 - 0,1"]),
        (do.SetVcpus(guest="0", count=1), ["xl vcpu-set 0 1"]),
        (
            do.MakePool(name="fast", scheduler="rtds", cpus=frozenset({1})),
            [
                "xl cpupool-cpu-remove Pool-0 1",
                'xl cpupool-create name="fast" sched="rtds" cpus=["1"]',
            ],
        ),
        (
            do.SwitchScheduler(guest="dom1", scheduler="null"),
            [
                "xl cpupool-cpu-remove Pool-0 1",
                'xl cpupool-create name="hv-null" sched="null" cpus=["1"]',
                "xl cpupool-migrate 2 hv-null",
            ],
        ),
    ],
)
def test_commands(action: do.Action, commands: list[str]) -> None:
    assert argv(action, survey()) == commands


def test_rtds_values_are_filled_up_and_taken_back() -> None:
    seen = with_rtds_pool()
    made = plan(do.Schedule(guest="dom1", values={"budget": 2000}), seen)
    assert " ".join(made.steps[0].argv) == "xl sched-rtds -d 2 -v all -p 10000 -b 2000 -e 1"
    assert " ".join(made.steps[0].undo).endswith(
        "undo 2 xl sched-rtds -d 2 -v 0 -p 10000 -b 4000 -e 1"
    )
    assert made.danger == ""


def test_a_short_rtds_period_is_a_danger() -> None:
    made = plan(do.Schedule(guest="dom1", values={"period": 500, "budget": 200}), with_rtds_pool())
    assert "starves" in made.danger


def test_destroying_an_rtds_pool_is_a_danger_on_4_17_only() -> None:
    empty = with_rtds_pool()
    guests = tuple(replace(guest, pool="Pool-0") for guest in empty.guests)
    empty = replace(empty, guests=guests)
    assert "crashes" in plan(do.DestroyPool(name="prt"), empty).danger
    assert not plan(do.DestroyPool(name="prt"), replace(empty, version="4.19.0")).danger
    assert argv(do.DestroyPool(name="prt"), empty) == [
        "xl cpupool-destroy prt",
        "xl cpupool-cpu-add Pool-0 1",
    ]


def test_dom0s_scheduler_needs_a_boot() -> None:
    made = plan(do.SwitchScheduler(guest="0", scheduler="credit2"), survey())
    assert (made.steps, made.boot_mode) == ((), "xen-credit2")


def test_a_pool_that_is_there_is_used() -> None:
    seen = replace(with_rtds_pool(), cpus=frozenset({0, 1}))
    guests = tuple(replace(guest, pool="Pool-0") for guest in seen.guests)
    seen = replace(seen, guests=guests)
    values = {"budget": 3000}
    assert argv(do.SwitchScheduler(guest="dom1", scheduler="rtds", values=values), seen) == [
        "xl cpupool-migrate 2 prt",
        "xl sched-rtds -d 2 -v all -p 10000 -b 3000 -e 1",
    ]


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (do.Pause(guest="nosuch"), "no domain 'nosuch'"),
        (do.Schedule(guest="dom1", values={"weight": 70_000}), "weight cannot be 70000"),
        (do.Schedule(guest="dom1", values={"period": 10_000}), "credit has no 'period'"),
        (do.Schedule(guest="dom1", values={}), "nothing is to be set"),
        (do.Schedule(guest="dom1", vcpu=0, values={"cap": 1}), "not for one vCPU"),
        (do.Schedule(pool="Pool-0", values={"ratelimit": 50}), "ratelimit cannot be 50"),
        (do.Pin(guest="dom1", hard=frozenset({7})), "no CPU 7"),
        (do.Pin(guest="dom1"), "nothing is to be pinned"),
        (do.SetVcpus(guest="0", count=3), "cannot use 3"),
        (do.MakePool(name='x"', scheduler="credit"), "cannot name a pool"),
        (do.MakePool(name="Pool-0", scheduler="credit"), "already"),
        (do.MakePool(name="p", scheduler="bogus"), "no scheduler 'bogus'"),
        (do.Move(guest="dom1", pool="nosuch"), "no pool 'nosuch'"),
        (do.Create(config=b"memory = 64", source="x.cfg"), "names no domain"),
        (do.Create(config=b'name = "dom1"', source="x.cfg"), "already"),
        (do.Create(config=b'name = "a\\\\b"', source="x.cfg"), "cannot name a domain"),
    ],
)
def test_what_makes_no_sense_is_refused_before_it_is_sent(action: do.Action, words: str) -> None:
    with pytest.raises(UsageProblem, match=words):
        plan(action, survey())


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (do.Destroy(guest="0"), "dom0 cannot be destroyed"),
        (do.Move(guest="Domain-0", pool="Pool-0"), "dom0 cannot be moved"),
        (do.DestroyPool(name="Pool-0"), "Pool-0 cannot be destroyed"),
        (do.MakePool(name="p", scheduler="credit", cpus=frozenset({0, 1})), "is the last one"),
        (do.Enable(config="x"), "from the boot on"),
    ],
)
def test_what_xen_cannot_do_is_said_with_the_reason(action: do.Action, words: str) -> None:
    with pytest.raises(BoardProblem, match=words):
        plan(action, survey())


def test_the_last_cpu_of_a_pool_with_domains_stays() -> None:
    with pytest.raises(BoardProblem, match="is the last one"):
        plan(do.RemoveCpu(pool="prt", cpu=1), with_rtds_pool())


def test_a_cpu_that_somebody_is_pinned_to_stays() -> None:
    pinned = survey(vcpus=BARE["vcpus"][0].replace("9.3  all / all", "9.3  1 / all"))
    with pytest.raises(BoardProblem, match="pinned to CPU 1"):
        plan(do.MakePool(name="p", scheduler="credit2", cpus=frozenset({1})), pinned)


def stock() -> Survey:
    """Return a board under Debian's own Xen, asked for rtds."""
    texts = {
        name: transcripts.answer("xen/xen-debian-stock", command).stdout
        for name, command in {
            "vcpus": "xl vcpu-list",
            "pools": "xl cpupool-list",
            "credit2": "xl sched-credit2",
            "info": "xl info",
            "log": 'xl dmesg | grep -i -E "sched|Xen version"',
        }.items()
    }
    answers = {name: (text, 0) for name, text in texts.items()}
    answers |= {"list": BARE["list"], "pool-cpus": BARE["pool-cpus"]}
    return make_survey(answers, constant(answers))


def test_debians_xen_says_why_rtds_is_missing() -> None:
    seen = stock()
    rtds, null, credit = (seen.scheduler(name) for name in ("rtds", "null", "credit"))
    assert rtds is not None
    assert null is not None
    assert credit is not None
    assert "did not find rtds" in rtds.missing
    assert "Debian builds Xen without null" in null.missing
    assert credit.missing == ""
    assert any("booted with sched=rtds but took credit2" in note for note in seen.notes)
    with pytest.raises(BoardProblem, match="rtds cannot be had here"):
        plan(do.SwitchScheduler(guest="dom1", scheduler="rtds"), seen)


def test_no_xen() -> None:
    entry = transcripts.answer("xen/native-xl", "xl list")
    with pytest.raises(BoardProblem, match="does not run under Xen"):
        make_survey(
            {"list": ("ERROR:  Can't find hypervisor information in sysfs!", 1)}, constant({})
        )
    assert entry.status != 0


FAILURES: list[tuple[str, str, str]] = [
    ("xen-domu", "xl create dom1.cfg", "exists already"),
    ("xen-domu", "xl create dombig.cfg", "not enough memory"),
    ("xen-domu", "xl create domnok.cfg", "is not on the board"),
    ("xen-domu", "xl pause nosuch", "is gone"),
    ("xen-domu", "xl vcpu-pin dom1 0 7", "did not take the CPUs"),
    (
        "xen-cpupool",
        "xl cpupool-create 'name=\"p1\"' 'sched=\"rtds\"' 'cpus=[\"1\"]'",
        "another pool",
    ),
    (
        "xen-cpupool",
        "xl cpupool-create 'name=\"bad\"' 'sched=\"bogus\"'",
        "does not know the scheduler",
    ),
    (
        "xen-cpupool",
        "xl cpupool-cpu-add Pool-0 1; echo rc=$?; xl cpupool-list",
        "did not move the CPU",
    ),
]


@pytest.mark.parametrize(("name", "command", "words"), FAILURES)
def test_failures_of_the_transcripts_are_explained(name: str, command: str, words: str) -> None:
    entries = [entry for entry in transcripts.read(f"xen/{name}") if entry.command == command]
    entry = next(one for one in entries if one.stderr.replace("Parsing config", "").strip())
    step = plan(do.Pause(guest="dom1"), survey()).steps[0]
    done = Completed(step.argv, entry.status, entry.stdout.encode(), entry.stderr.encode())
    problem = explain(step, done)
    assert words in problem.title
    assert problem.detail


def test_every_action_has_an_ability() -> None:
    seen = survey()
    assert set(seen.abilities) == set(do.KINDS)
    assert seen.abilities["pause"] == ""
    assert "from the boot on" in seen.abilities["enable"]
    alone: dict[str, Any] = {"list": "\n".join(BARE["list"][0].splitlines()[:2])}
    assert "only dom0" in survey(**alone).abilities["pause"]
    assert survey(**alone).abilities["switch scheduler"] == "", "dom0's is switched by a boot"
