"""A board for the Board screen that is a value: what is asked of it is noted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from synthetic import BOARD, SyntheticConsole

from hvconsole.board.facts import BoardFacts, CpuClock, FoundCompiler
from hvconsole.board.look import BoardLook
from hvconsole.board.vitals import Vitals
from hvconsole.model.boot import BootMode, BootProof
from hvconsole.model.check import Check
from hvconsole.model.problem import Problem

FACTS = BoardFacts(
    machine="armv7l",
    kernel="6.1.55-sunxi",
    hostname="bananapi",
    system="Debian GNU/Linux 12 (bookworm)",
    model="LeMaker Banana Pi",
    cpus_online=(0, 1),
    cpus_allowed=(0, 1),
    uid=0,
    user="root",
    cmdline="console=ttyS0,115200 root=/dev/mmcblk0p2 ro",
    compilers=(FoundCompiler("/usr/bin/gcc", "gcc (Debian 12.2.0-14) 12.2.0"),),
    clocks=(CpuClock(0, "schedutil"), CpuClock(1, "performance")),
    memory_kib=(1_016_000, 910_000),
    rt_runtime_us=950_000,
    rt_period_us=1_000_000,
    clocksource="arch_sys_counter",
    load=0.04,
)
CHECKS = (
    Check("link", "ok", "root@192.0.2.7: connected in 0.1 s"),
    Check("counter", "warning", "CNTPCT is closed", "load the counter module"),
    Check("frequency", "failed", "CPU 0 changes its frequency", "choose a governor"),
)
VITALS = tuple(
    Vitals(5.0 * at, {0: 960_000 - 48_000 * (at % 7), 1: 960_000}, {"cpu": 41_000 + 150 * at})
    for at in range(40)
)
LOOK = BoardLook(facts=FACTS, vitals=VITALS, looks=40, looked_s=2.4)
MODES = {
    "native": BootMode(about="Linux alone", proof=BootProof(hypervisor="none")),
    "xen-rtds": BootMode(about="Xen with the rtds scheduler"),
}


@dataclass
class NotedSide:
    """A board (`hvconsole.ui.board_side.BoardSide`) that notes what it is told."""

    state: BoardLook = LOOK
    calls: list[str] = field(default_factory=list)
    problem: Problem | None = None

    async def look(self) -> None:
        self._called("look")

    async def doctor(self) -> None:
        self._called("doctor")
        self.state = replace(self.state, checks=CHECKS, checked=1.7e9)

    async def load_module(self) -> None:
        self._called("load_module")
        self.state = replace(self.state, module="installed on the board", module_ours=True)

    async def unload_module(self) -> None:
        self._called("unload_module")
        self.state = replace(self.state, module="", module_ours=False)

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.problem is not None:
            raise self.problem


@dataclass
class NotedBoots:
    """Boot modes that are not booted into."""

    modes: dict[str, BootMode] = field(default_factory=lambda: dict(MODES))
    current: str = ""
    progress: None = None
    is_booting: bool = False


def board(side: NotedSide | None = None, **status: object) -> SyntheticConsole:
    """Return a console with a board behind it that has measured for a second."""
    console = SyntheticConsole(status=replace(BOARD, **status), boots=NotedBoots())
    console.board_side = side or NotedSide()
    return console.advance(1.0)
