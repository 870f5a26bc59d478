"""Reading Xen's whole state with one command, and making the one picture of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hvconsole.hypervisor.xen.abilities import abilities
from hvconsole.hypervisor.xen.schedulers import available
from hvconsole.hypervisor.xen.text import (
    DomainRow,
    Schedule,
    VcpuRow,
    parse_info,
    parse_list,
    parse_pool_cpus,
    parse_pools,
    parse_schedule,
    parse_vcpus,
)
from hvconsole.model.hypervisor import Guest, GuestState, Pool, Scheduler, Survey, Vcpu
from hvconsole.model.problem import BoardProblem

# One process on the board for all questions; xl needs a tenth of a second each on a slow one.
# The marker is random, so that a domain's name cannot pass for the end of an answer.
SCRIPT = r"""
m=$1
ask() {
  name=$1; shift
  printf '\n%s %s\n' "$m" "$name"; "$@" </dev/null 2>&1; printf '\n%s = %s\n' "$m" $?
}
ask list xl list -c
ask vcpus xl vcpu-list
pools=$(xl cpupool-list </dev/null 2>&1); ask pools printf '%s\n' "$pools"
ask pool-cpus xl cpupool-list -c
for one in credit credit2 rtds; do
  case $pools in *" $one "*)
    if [ $one = rtds ]; then ask rtds xl sched-rtds -v all; else ask $one xl sched-$one; fi
  esac
done
if [ "$2" = all ]; then
  ask info xl info
  printf '\n%s log\n' "$m"
  xl dmesg </dev/null 2>/dev/null | grep -E 'scheduler:|Xen version'
  printf '\n%s = 0\n\n%s build\n' "$m" "$m"
  xenhypfs cat /buildinfo/config </dev/null 2>/dev/null
  printf '\n%s = 0\n' "$m"
fi
exit 0
"""

_SCHEDULES = ("credit", "credit2", "rtds")
_NO_XEN = re.compile(r"Can't find hypervisor information")
_NO_TOOL = re.compile(r"(?:xl: )?(?:command )?not found")
_DENIED = re.compile(r"(?i)permission denied|operation not permitted")


@dataclass(frozen=True, slots=True)
class Constant:
    """What does not change while the board is up: read once."""

    info: dict[str, str]
    schedulers_log: str
    build: str


def split(output: str, marker: str) -> dict[str, tuple[str, int]]:
    """Take the script's output apart: what each question got, and its command's status."""
    found: dict[str, tuple[str, int]] = {}
    name, lines = "", list[str]()
    for line in output.splitlines():
        word, _, rest = line.partition(" ")
        if word != marker:
            lines.append(line)
        elif rest.startswith("= "):
            status = int(rest[2:]) if rest[2:].strip().isdecimal() else -1
            found[name] = ("\n".join(lines), status)
        else:
            name, lines = rest, []
    return found


def constant(answers: dict[str, tuple[str, int]]) -> Constant:
    """Return what need not be asked again."""
    info = parse_info(answers.get("info", ("", 0))[0])
    return Constant(info, answers.get("log", ("", 0))[0], answers.get("build", ("", 0))[0])


def make_survey(answers: dict[str, tuple[str, int]], known: Constant) -> Survey:
    """Return the state that the answers describe.

    Raises:
        BoardProblem: ``xl list`` did not work; nothing is known then.
    """
    text, status = answers.get("list", ("", -1))
    if status != 0:
        raise _no_answer(text)
    domains = parse_list(text)
    vcpus = parse_vcpus(_text(answers, "vcpus"))
    rows = parse_pools(_text(answers, "pools"))
    cpus_of = parse_pool_cpus(_text(answers, "pool-cpus"), [row.name for row in rows])
    schedules = [parse_schedule(_text(answers, name)) for name in _SCHEDULES]
    values = {name: held for one in schedules for name, held in one.pools.items()}
    pools = tuple(
        Pool(
            name=row.name,
            scheduler=row.scheduler,
            cpus=cpus_of.get(row.name, frozenset()),
            values=values.get(row.name, {}),
        )
        for row in rows
    )
    count = known.info.get("nr_cpus", "")
    cpus = frozenset(range(min(int(count), 4096))) if count.isdecimal() else frozenset()
    cpus |= frozenset().union(*(pool.cpus for pool in pools))
    schedulers = available({pool.scheduler for pool in pools}, known.schedulers_log, known.build)
    guests = tuple(_guest(row, vcpus, pools, schedules, cpus) for row in domains)
    return Survey(
        system="xen",
        version=known.info.get("xen_version", ""),
        cpus=cpus,
        guests=guests,
        pools=pools,
        schedulers=schedulers,
        abilities=abilities(guests, pools, cpus),
        notes=tuple(_notes(known)),
        incomplete=tuple(
            f"{name}: {said.strip().splitlines()[-1] if said.strip() else 'no answer'}"
            for name, (said, status) in answers.items()
            if status != 0
        ),
    )


def _text(answers: dict[str, tuple[str, int]], name: str) -> str:
    return answers.get(name, ("", 0))[0]


def _guest(
    row: DomainRow,
    vcpus: Sequence[VcpuRow],
    pools: Sequence[Pool],
    schedules: Sequence[Schedule],
    cpus: frozenset[int],
) -> Guest:
    own = [vcpu for vcpu in vcpus if vcpu.domain == row.domain]
    rows = [one for schedule in schedules for one in schedule.rows if one.domain == row.domain]
    by_vcpu = {one.vcpu: one.values for one in rows}
    of_all = by_vcpu.get(None, {})
    if not of_all and by_vcpu and all(one == rows[0].values for one in by_vcpu.values()):
        of_all = rows[0].values
    pool = next((pool for pool in pools if pool.name == row.pool), None)
    allowed = pool.cpus if pool is not None else cpus
    hard = frozenset().union(*(vcpu.hard if vcpu.hard is not None else allowed for vcpu in own))
    return Guest(
        key=str(row.domain),
        name=row.name,
        role="control" if row.domain == 0 else "guest",
        state=guest_state(row.state),
        words=row.state,
        cpus=(hard & allowed) or allowed,
        memory_kib=row.memory_mib * 1024,
        pool=row.pool,
        time_s=row.time_s,
        values=of_all,
        vcpus=tuple(
            Vcpu(
                index=one.vcpu,
                cpu=one.cpu,
                online=one.cpu is not None,
                state=one.state,
                hard=one.hard,
                soft=one.soft,
                time_s=one.time_s,
                values=by_vcpu.get(one.vcpu, of_all),
            )
            for one in own
        ),
    )


def guest_state(words: str) -> GuestState:
    """Say xl's six characters in our words; a domain that is only not running now, runs."""
    if words[5] == "d":
        return "shutting down"
    if words[3] == "s":
        return "crashed" if words[4] == "c" else "stopped"
    return "paused" if words[2] == "p" else "running"


def _notes(known: Constant) -> list[str]:
    asked = re.search(r"\bsched=(\S+)", known.info.get("xen_commandline", ""))
    has = known.info.get("xen_scheduler", "")
    if asked and has and asked[1] != has:
        return [f"Xen was booted with sched={asked[1]} but took {has}: its build lacks {asked[1]}"]
    return []


def _no_answer(text: str) -> BoardProblem:
    said = text.strip()
    if _NO_XEN.search(said):
        return BoardProblem(
            "the board does not run under Xen",
            detail=said,
            hint="boot it into a Xen mode: hvconsole boot BOARD xen-credit",
        )
    if _NO_TOOL.search(said):
        return BoardProblem(
            "xl is not on the board", detail=said, hint="on Debian: apt install xen-utils"
        )
    hint = "run as root, or set sudo = true for the board" if _DENIED.search(said) else ""
    return BoardProblem(
        "Xen does not answer",
        detail=said or "xl list said nothing",
        hint=hint or "is xenstored up?",
    )


def missing_scheduler(name: str, schedulers: Sequence[Scheduler]) -> str:
    """Return why a scheduler cannot be had; empty if it can."""
    one = next((each for each in schedulers if each.name == name), None)
    if one is None:
        names = ", ".join(each.name for each in schedulers)
        return f"Xen has no scheduler '{name}'; there are {names}"
    return one.missing
