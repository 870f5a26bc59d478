"""Going through a campaign: each run in its condition, proven before it and undone after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hvconsole.campaign.log import CampaignLog, Outcome, RunLine
from hvconsole.campaign.order import Slot, slots_of
from hvconsole.campaign.plan import Plan, Prepared
from hvconsole.campaign.stage import Stage
from hvconsole.model.boot import BootMode
from hvconsole.model.problem import Problem
from hvconsole.model.run import RunSettings
from hvconsole.record.manifest import utc_now
from hvconsole.session.session import Session

Mark = Literal["run", "step", "note", "kept", "failed", "not available"]
MakeSession = Callable[[RunSettings, Path], Session]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a person who watches wants to know.

    Attributes:
        mark: What kind of thing.
        text: In words; names in it come from the plan and the board.
        slot: The run it is about.
        left_s: Seconds until the campaign's end, by what its runs took so far; None where
            nothing is known yet.
    """

    mark: Mark
    text: str
    slot: Slot
    left_s: float | None = None


Tell = Callable[[Event], None]


class Conductor:
    """Makes the runs of a campaign that are not made yet.

    Args:
        plan: The plan.
        modes: The board's boot modes.
        folder: The campaign's; each kept run is a session in it.
        log: What has been done already.
        make: Makes a session on the board, that records into a folder.
        tell: Is told what happens.
    """

    def __init__(
        self,
        plan: Plan,
        modes: Mapping[str, BootMode],
        folder: Path,
        log: CampaignLog,
        *,
        make: MakeSession,
        tell: Tell,
    ) -> None:
        self._plan = plan
        self._modes = modes
        self._folder = folder
        self._log = log
        self._make = make
        self._tell = tell
        self._took: list[float] = []
        names = [one.name for one in plan.conditions]
        self.slots = slots_of(names, plan.repetitions, plan.seed)

    @property
    def left(self) -> tuple[Slot, ...]:
        """The runs that are still to be made, in order."""
        settled = self._log.settled
        return tuple(slot for slot in self.slots if slot.number not in settled)

    async def conduct(self) -> None:
        """Make all runs that are left. What fails is tried again, then left for a resumption.

        Raises:
            RecordProblem: The log cannot be written.
        """
        waiting = list(self.left)
        for at, slot in enumerate(waiting):
            prepared = self._plan.condition(slot.condition)
            if why := self._missing(prepared):
                self._settle(slot, _line(slot, outcome="not available", why=why))
                continue
            self._tell(Event("run", slot.condition, slot, self._seconds(len(waiting) - at)))
            for attempt in range(1, self._plan.retries + 2):
                line = await self._try(slot, prepared, attempt)
                self._settle(slot, line)
                if line.outcome == "kept":
                    self._took.append(line.seconds)
                    break

    def _missing(self, prepared: Prepared) -> str:
        mode = prepared.condition.mode
        if not mode or mode in self._modes:
            return ""
        known = ", ".join(self._modes) or "none"
        return f"the board has no boot mode '{mode}' (it has: {known})"

    def _seconds(self, runs: int) -> float | None:
        return sum(self._took) / len(self._took) * runs if self._took else None

    def _settle(self, slot: Slot, line: RunLine) -> None:
        self._log.add(line)
        text = line.why if line.outcome != "kept" else f"{line.session}, {line.seconds:.0f} s"
        self._tell(Event(line.outcome, text, slot))

    async def _try(self, slot: Slot, prepared: Prepared, attempt: int) -> RunLine:
        loop = asyncio.get_running_loop()
        began, stamp = loop.time(), utc_now()
        path = _free(self._folder, f"{slot.number:03d}-b{slot.block}-{slot.condition}")
        session = self._make(prepared.settings, path)
        stage = Stage(
            session, self._plan, prepared, lambda mark, text: self._tell(Event(mark, text, slot))
        )
        why = ""
        try:
            await stage.open()
            await stage.enter()
            await stage.measure()
        except Problem as problem:
            why = "; ".join(part for part in (problem.title, _first(problem.detail)) if part)
        finally:
            why = await stage.close() or why
        return _line(
            slot,
            attempt=attempt,
            outcome="failed" if why else "kept",
            session=path.name if path.exists() else "",
            why=why,
            proof=stage.proof,
            notes=tuple(stage.notes),
            seconds=round(loop.time() - began, 1),
            began=stamp,
        )


def kept_sessions(folder: Path, log: CampaignLog) -> list[Path]:
    """Return the sessions that count: those of the runs that were kept, in order."""
    runs = sorted(
        (one for one in log.runs if one.outcome == "kept" and one.session),
        key=lambda one: one.number,
    )
    return [path for one in runs if (path := folder / one.session).is_dir()]


def estimate_s(plan: Plan, slots: Sequence[Slot]) -> float:
    """Return about how long the runs take, without what is not known beforehand: boots."""

    def seconds() -> Iterator[float]:
        for slot in slots:
            settings = plan.condition(slot.condition).settings
            warm = plan.warm_up_s + _AROUND_S if plan.warm_up_s else 0.0
            yield (settings.seconds or 0.0) + warm + _AROUND_S

    return sum(seconds())


_AROUND_S = 4.0  # connecting, deploying and calibrating, on a board such as the Banana Pi


def _line(slot: Slot, *, outcome: Outcome, attempt: int = 1, **known: Any) -> RunLine:
    return RunLine(
        number=slot.number,
        block=slot.block,
        condition=slot.condition,
        attempt=attempt,
        outcome=outcome,
        **known,
    )


def _free(folder: Path, name: str) -> Path:
    """Return a folder's name that nothing has yet: an interrupted run may have left one."""
    path = folder / f"{name}.hvs"
    number = 2
    while path.exists():
        path = folder / f"{name}-{number}.hvs"
        number += 1
    return path


def _first(text: str) -> str:
    return text.strip().split("\n")[0]
