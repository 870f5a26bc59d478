"""One run of a campaign: the board brought into the condition, proven, warmed up, measured."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Literal

import msgspec

from hvconsole.board.boot_proof import failures
from hvconsole.board.facts import BoardFacts
from hvconsole.campaign.plan import CoolDown, Plan, Prepared
from hvconsole.link.protocol import HostKeyProblem
from hvconsole.model.boot import BootEvent
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.model.problem import BoardProblem, LinkProblem, Problem
from hvconsole.model.run import RunSettings
from hvconsole.model.text import plain
from hvconsole.session.session import Session

_LOOK_S = 2.0
_SHOWN = 300
# Beyond its own length: preparing, calibrating, a slow link at the end.
_PATIENCE_S = 120.0

Tell = Callable[[Literal["step", "note"], str], None]


class Stage:
    """A session while it makes one run.

    Args:
        session: Not yet open; closed by `close`.
        plan: The campaign's.
        prepared: The condition.
        tell: Is told what happens.

    Attributes:
        proof: What was read back before the run.
        notes: What a reader of the run's figures should know.
    """

    def __init__(self, session: Session, plan: Plan, prepared: Prepared, tell: Tell) -> None:
        self.proof: dict[str, str] = {}
        self.notes: list[str] = []
        self._session = session
        self._plan = plan
        self._prepared = prepared
        self._tell = tell

    async def open(self) -> None:
        """Connect. A board whose Linux is dead may still be booted over its console.

        Raises:
            Problem: It cannot be reached by any way.
        """
        try:
            await self._session.open()
        except HostKeyProblem:
            raise
        except LinkProblem as problem:
            console = self._session.serial_console
            if not self._prepared.condition.mode or console is None or not console.is_open:
                raise
            self._note(f"{problem.title}; booting it over its console")

    async def enter(self) -> None:
        """Bring the board into the condition, and read back that it is in it.

        Raises:
            Problem: It is not.
        """
        condition = self._prepared.condition
        if condition.mode:
            await self._be_in(condition.mode)
        if condition.governor:
            await self._session.set_governor(condition.governor)
        for action in self._prepared.actions:
            await self._session.hypervisor.look()
            self._tell("step", self._session.hypervisor.plan(action).title)
            await self._session.hypervisor.do(action)
        facts = await self._session.facts()
        self.proof |= _clocks(facts)
        with contextlib.suppress(Problem):  # where there is no hypervisor, nobody stands beside us
            self.proof |= _guests(await self._session.hypervisor.look())

    async def measure(self) -> None:
        """Wait until it is cool, run once for nobody, and once for the record.

        Raises:
            Problem: A run failed, or ended before its time.
        """
        if self._plan.cool_down is not None:
            await self._cool(self._plan.cool_down)
        settings = self._prepared.settings
        if self._plan.warm_up_s:
            self._tell("step", f"warming up, {self._plan.warm_up_s:g} s")
            warm = msgspec.structs.replace(settings, seconds=self._plan.warm_up_s)
            await self._run(warm, record=False)
        self._tell("step", f"measuring, {settings.seconds:g} s")
        await self._run(settings, record=True)

    async def close(self) -> str:
        """Undo what was done to the board; return what stays, or nothing."""
        try:
            await self._session.close()
        except Problem as problem:
            return problem.title
        return ""

    async def _be_in(self, mode: str) -> None:
        session = self._session
        wanted = session.boots.modes[mode].proof
        if session.status.link == "connected":
            evidence = await session.evidence()
            if not failures(wanted, evidence):
                self.proof |= {"mode": mode} | dict(evidence.as_pairs())
                return
        self._tell("step", f"booting {mode}")
        progress = await session.boots.boot(mode, tell=self._booting)
        if progress.outcome != "proven":
            self._note(f"mode {mode} has no proof")
        self.proof |= {"mode": mode} | dict(progress.evidence)

    def _booting(self, event: BootEvent) -> None:
        if event.mark in {"ask", "note", "failed"}:
            self._tell("note", event.text)

    async def _cool(self, cool: CoolDown) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + cool.longest_s
        said = False
        while True:
            zones = (await self._session.facts()).thermal
            if not zones:
                self._note("its temperature cannot be read")
                return
            warmest = max(zone.millicelsius for zone in zones) / 1000
            self.proof["temperature"] = f"{warmest:.1f} °C"
            if warmest < cool.below_c:
                return
            if loop.time() > end:
                self._note(f"still at {warmest:.1f} °C after {cool.longest_s:g} s")
                return
            if not said:
                self._tell("step", f"cooling down from {warmest:.1f} °C")
                said = True
            await asyncio.sleep(_LOOK_S)

    async def _run(self, settings: RunSettings, *, record: bool) -> None:
        session = self._session
        session.settings = settings
        await session.start_run(record=record)
        if record and self.proof:
            session.note_action("; ".join(f"{name}: {text}" for name, text in self.proof.items()))
        try:
            async with asyncio.timeout((settings.seconds or 0.0) + _PATIENCE_S):
                end = await session.run_ended()
        except TimeoutError:
            raise BoardProblem("the run does not end") from None
        if not end.clean:
            raise BoardProblem(f"the run ended early: {end.reason}", detail=end.detail)
        if (problem := session.status.problem) is not None:
            raise problem

    def _note(self, text: str) -> None:
        self.notes.append(text)
        self._tell("note", text)


def _clocks(facts: BoardFacts) -> dict[str, str]:
    told = sorted({f"{c.governor} {c.current_khz // 1000} MHz" for c in facts.clocks})
    return {"frequency": plain(", ".join(told), _SHOWN)} if told else {}


def _guests(survey: Survey) -> dict[str, str]:
    """Say in short what stands beside the Linux that is measured."""
    guests = [
        " ".join([one.name, one.state, *([f"in {one.pool}"] if one.pool else []), *_values(one)])
        for one in survey.guests
    ]
    pools = [f"{one.name} {one.scheduler} on {sorted(one.cpus)}" for one in survey.pools]
    found = {"guests": ", ".join(guests), "pools": ", ".join(pools)}
    return {name: plain(text, _SHOWN) for name, text in found.items() if text}


def _values(guest: Guest) -> list[str]:
    return [f"{name}={value}" for name, value in guest.values.items()]
