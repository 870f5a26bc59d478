"""A desk whose board is a value: plans are Xen's real ones, actions are noted and not done."""

from __future__ import annotations

from dataclasses import dataclass, field

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.inquiry import Inquiry
from hvconsole.hypervisor.plan import Plan
from hvconsole.hypervisor.state import DeskState
from hvconsole.hypervisor.xen.abilities import abilities
from hvconsole.hypervisor.xen.plans import plan
from hvconsole.hypervisor.xen.schedulers import available
from hvconsole.link.duplex import Duplex
from hvconsole.model.hypervisor import Guest, Pool, Survey, Vcpu
from hvconsole.model.inspection import CellFile, Inspection
from hvconsole.model.problem import Problem

ALL = frozenset({0, 1})


def xen(name: str = "dom1") -> Survey:
    """Return a board with dom0 and one guest under credit, and a pool with rtds."""
    guests = (
        Guest(
            key="0",
            name="Domain-0",
            role="control",
            state="running",
            cpus=frozenset({0}),
            memory_kib=524_288,
            pool="Pool-0",
            time_s=86.4,
            values={"weight": 256, "cap": 0},
            vcpus=(Vcpu(index=0, cpu=0, time_s=48.2), Vcpu(index=1, cpu=0, time_s=44.2)),
        ),
        Guest(
            key="2",
            name=name,
            state="running",
            cpus=frozenset({1}),
            memory_kib=65_536,
            pool="fast",
            time_s=4.9,
            values={"period": 10_000, "budget": 4_000, "extratime": 1},
            vcpus=(
                Vcpu(
                    index=0,
                    cpu=1,
                    hard=frozenset({1}),
                    values={"period": 10_000, "budget": 4_000, "extratime": 1},
                ),
            ),
        ),
    )
    pools = (
        Pool(
            name="Pool-0",
            scheduler="credit",
            cpus=frozenset({0}),
            values={"tslice": 30, "ratelimit": 1000},
        ),
        Pool(name="fast", scheduler="rtds", cpus=frozenset({1})),
    )
    return Survey(
        system="xen",
        version="4.17.5",
        cpus=ALL,
        guests=guests,
        pools=pools,
        schedulers=available({"credit", "rtds"}, "", ""),
        abilities=abilities(guests, pools, ALL),
        cost_s=0.12,
    )


@dataclass
class NotedDesk:
    """A desk (`hvconsole.ui.source.Desk`) that notes what it is told to do."""

    state: DeskState = field(
        default_factory=lambda: DeskState(survey=xen(), looks=12, looked_s=1.44)
    )
    done: list[do.Action] = field(default_factory=list)
    problem: Problem | None = None
    files: tuple[CellFile, ...] = ()
    asked: list[str] = field(default_factory=list)
    answer: tuple[str, ...] = tuple(f"(XEN) line {at} [b]not bold[/b]" for at in range(80))
    inspection: Inspection | None = None
    system: str = "xen"
    joined: Duplex | None = None
    consoles: dict[str, Duplex] = field(default_factory=dict)

    async def join(self, guest: str) -> None:
        if guest not in self.consoles:
            raise Problem(f"{guest} has no console here", hint="none is given to it")
        self.joined = self.consoles[guest]

    async def look(self) -> Survey:
        assert self.state.survey is not None
        return self.state.survey

    async def unbind(self) -> None:
        self.joined = None

    def plan(self, action: do.Action) -> Plan:
        assert self.state.survey is not None
        return plan(action, self.state.survey)

    async def ask(self, inquiry: Inquiry) -> list[str]:
        self.asked.append(inquiry.name)
        return list(self.answer)

    async def configurations(self) -> list[CellFile]:
        return list(self.files)

    async def inspect(self, action: do.Action) -> Inspection | None:
        return self.inspection if isinstance(action, do.Create | do.Enable) else None

    async def do(self, action: do.Action) -> Survey:
        self.done.append(action)
        if self.problem is not None:
            raise self.problem
        assert self.state.survey is not None
        return self.state.survey
