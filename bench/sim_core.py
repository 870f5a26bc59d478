"""How many switches a second the simulated machine gives, without and with encoding.

    python -m bench.sim_core [--json]

Each figure is the best of three: the machine is deterministic, only this host is noisy. The budget
is 1 M switches a second where nothing contends; contended boards decide vCPU by vCPU and give
hundreds of switches a simulated second, so for them the speed-up over real time is what counts.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from hvconsole.sim.machine import SECOND, Machine, Setup
from hvconsole.sim.machine.changes import Change, CreateDomain, StartLoad, StartSampling
from hvconsole.sim.machine.profile import DEBIAN
from hvconsole.sim.machine.sampled import Epoch, SampledRun

BUDGET = 1_000_000
REPEATS = 3


@dataclass(frozen=True)
class Case:
    name: str
    setup: Setup
    seconds: int  # simulated
    changes: tuple[Change, ...] = ()
    portion: int = 0  # ticks; 0 for all at once
    encode: bool = False
    budgeted: bool = True


@dataclass(frozen=True)
class Figure:
    name: str
    switches_a_second: float
    speed_up: float
    within_budget: bool | None


def xen(scheduler: str) -> Setup:
    return Setup(hypervisor="xen", scheduler=scheduler, cpus=1, guest=DEBIAN)


NATIVE = Setup(guest=DEBIAN)
BUSY = (CreateDomain(1, busy=True),)
STORM = (StartLoad("storm", 0, rate_hz=100_000),)
CASES = (
    Case("native, 250 Hz", NATIVE, 4_000),
    Case("native, flood of 100 kHz", NATIVE, 20, STORM),
    Case("native, flood, portions of 100 ms", NATIVE, 20, STORM, portion=SECOND // 10),
    *(
        Case(f"xen {name}, alone", xen(name), 2_000)
        for name in ("null", "credit2", "credit", "rtds")
    ),
    *(
        Case(f"xen {name}, contended", xen(name), 200, BUSY, budgeted=False)
        for name in ("credit2", "credit", "rtds")
    ),
    Case("native, portions of 100 ms", NATIVE, 100, portion=SECOND // 10, budgeted=False),
    Case("native, flood, encoded", NATIVE, 5, STORM, SECOND // 10, encode=True, budgeted=False),
)


def measured(case: Case) -> Figure:
    best = min(once(case) for _ in range(REPEATS))
    seconds, switches = best
    rate = switches / seconds
    within = rate >= BUDGET if case.budgeted else None
    return Figure(case.name, rate, case.seconds / seconds, within)


def once(case: Case) -> tuple[float, int]:
    machine = Machine(case.setup, seed=1)
    machine.apply(StartSampling(0))
    for change in case.changes:
        machine.apply(change)
    run = SampledRun({0: None}, Epoch(0, 0, 0))
    end = case.seconds * SECOND
    portion = case.portion or end
    switches = 0
    began = time.perf_counter()
    for until in range(portion, end + 1, portion):
        chunks = machine.advance(until)
        switches += chunks[0].start.size
        if case.encode:
            run.feed(chunks)
    return time.perf_counter() - began, switches


def report(figures: Iterable[Figure]) -> bool:
    good = True
    print(f"{'':38s}{'switches/s':>12s}{'× real time':>13s}")
    for figure in figures:
        verdict = {None: "", True: "ok", False: "below 1 M/s"}[figure.within_budget]
        good = good and figure.within_budget is not False
        rate = f"{figure.switches_a_second / 1e6:.2f} M"
        print(f"{figure.name:38s}{rate:>12s}{figure.speed_up:13,.0f}  {verdict}", flush=True)
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one document on standard output")
    if parser.parse_args().json:
        figures = [measured(case) for case in CASES]
        print(json.dumps([asdict(figure) for figure in figures], indent=2))
        return int(any(figure.within_budget is False for figure in figures))
    return 0 if report(measured(case) for case in CASES) else 1


if __name__ == "__main__":
    raise SystemExit(main())
