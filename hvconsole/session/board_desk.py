"""A board looked at and looked after from the Board screen, over a link of its own.

The measurement's link stays free: what is asked here cannot hold up its frames. The link is opened
when somebody looks for the first time, opened again where it was lost, and what was changed over
it is undone at the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from hvconsole.board.doctor import checks
from hvconsole.board.facts import BoardFacts, gather
from hvconsole.board.journal import Journal
from hvconsole.board.look import BoardLook
from hvconsole.board.module import CounterModule
from hvconsole.board.module_text import FALLBACK
from hvconsole.board.module_ways import find_way, load_by
from hvconsole.board.vitals import read_vitals
from hvconsole.link.protocol import Link
from hvconsole.model.board import BoardProfile
from hvconsole.model.check import Check
from hvconsole.model.problem import BoardProblem, LinkProblem, Problem

EVERY_S = 5.0
_AGAIN_S = 3.0
_WANTED_S = 3.0
_MOST_VITALS = 720  # an hour


class BoardDesk:
    """One board.

    Args:
        profile: The board.
        make_link: Makes a fresh link to it; None where there is but one way and it is taken.
        read_only: Load and unload nothing.
        note: Told in words of what was done to the board.
    """

    def __init__(
        self,
        profile: BoardProfile,
        make_link: Callable[[], Link] | None,
        *,
        read_only: bool = False,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._profile = profile
        self._make_link = make_link
        self._read_only = read_only
        self._note = note
        self._look = BoardLook()
        self._link: Link | None = None
        self._journal: Journal | None = None
        self._module: CounterModule | None = None
        self._busy = asyncio.Lock()
        self._wanted = 0.0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def state(self) -> BoardLook:
        """The state of affairs. Asking says that somebody watches: the board is looked at."""
        self._wanted = time.monotonic()
        self._wake.set()
        if self._task is None:
            self._task = asyncio.create_task(self._keep_looking(), name="board screen")
        return self._look

    async def look(self) -> None:
        """Ask the board again what it is.

        Raises:
            Problem: It does not answer.
        """
        async with self._doing("asking the board what it is"):
            facts = await gather(await self._open())
            self._set(facts=facts)

    async def doctor(self) -> None:
        """Check the board as before a measurement, over one more link.

        Raises:
            Problem: The board has but one way, and that is taken.
        """
        link = self._fresh()
        async with self._doing("checking the board"):
            self._set(checks=())
            try:
                await checks(link, self._profile, tell=self._checked)
            finally:
                await link.close()
            self._set(checked=time.time())
        self._note("doctor")

    async def load_module(self) -> None:
        """Load the counter module; it is unloaded again at the end.

        Raises:
            Problem: It cannot be had, or the kernel refuses it; with the fix.
        """
        self._may_change("loading the counter module")
        async with self._doing("loading the counter module"):
            link = await self._open()
            facts = self._look.facts or await gather(link)
            way = await find_way(link, facts)
            if way is None:
                raise BoardProblem(
                    "there is no counter module for this kernel",
                    detail=f"kernel {facts.kernel} on {facts.machine}: no headers here or there",
                    hint=FALLBACK.removeprefix("or "),
                )
            module, journal = self._with_journal(link, facts)
            loaded = await load_by(way, module, link, facts, journal)
            how = loaded.how if loaded.ours else "was loaded before"
            self._set(module=how, module_ours=loaded.ours)
        self._note(f"load the counter module: {how}")

    async def unload_module(self) -> None:
        """Unload the counter module that was loaded from here.

        Raises:
            Problem: It was not loaded from here, or the kernel keeps it.
        """
        self._may_change("unloading the counter module")
        if self._module is None or not self._look.module_ours:
            raise BoardProblem(
                "the counter module was not loaded from here",
                hint="whoever loaded it may need it; by hand, as root: rmmod hvcounter",
            )
        async with self._doing("unloading the counter module"):
            await self._module.unload()
            self._set(module="", module_ours=False)
        self._note("unload the counter module")

    async def close(self) -> None:
        """Undo what was changed, and let go of the board. Safe to call twice.

        Raises:
            BoardProblem: Something could not be undone; the next console tries again.
        """
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        link, self._link = self._link, None
        journal, self._journal = self._journal, None
        left = []
        try:
            if journal is not None and journal.standing:
                left = await journal.undo_all(link or await self._opened())
        finally:
            if journal is not None:
                journal.close()
            if link is not None:
                await link.close()
        if left:
            raise left[0].problem(self._profile.name)

    @contextlib.asynccontextmanager
    async def _doing(self, what: str) -> AsyncIterator[None]:
        """Do one thing at a time, and say which; a lost link is opened again next time."""
        if self._look.doing:
            raise BoardProblem(f"{self._look.doing} goes on", hint="wait until it ended")
        self._set(doing=what)
        try:
            async with self._busy:
                yield
        except LinkProblem:
            await self._drop()
            raise
        finally:
            self._set(doing="")

    async def _keep_looking(self) -> None:
        """Look again and again while somebody watches."""
        while True:
            await self._wake.wait()
            if time.monotonic() - self._wanted > _WANTED_S:
                self._wake.clear()
                continue
            pause = EVERY_S
            try:
                async with self._busy:
                    await self._look_once()
            except Problem as problem:
                self._set(problem=problem)
                pause = _AGAIN_S
                if isinstance(problem, LinkProblem):
                    await self._drop()
            await asyncio.sleep(pause)

    async def _look_once(self) -> None:
        link = await self._open()
        began = time.monotonic()
        vitals = await read_vitals(link)
        known = self._look
        module = known.module if known.module_ours else "was loaded before"
        self._set(
            vitals=(*known.vitals, vitals)[-_MOST_VITALS:],
            looks=known.looks + 1,
            looked_s=known.looked_s + time.monotonic() - began,
            module=module if vitals.counter_module else "",
            module_ours=known.module_ours and vitals.counter_module,
            problem=None,
        )

    def _fresh(self) -> Link:
        if self._make_link is None:
            raise BoardProblem(
                f"{self._profile.name} has but its serial line, and that is taken",
                hint=f"leave the console, then: hvconsole doctor {self._profile.name}",
            )
        return self._make_link()

    async def _open(self) -> Link:
        """Return the link; behind a fresh one the board may be another system than before."""
        if self._link is None:
            link = await self._opened()
            try:
                facts = await gather(link)
            except BaseException:
                await link.close()
                raise
            known, self._link = self._look.facts, link
            if known is not None and known.boot_id != facts.boot_id:
                self._set(checks=(), checked=0.0)  # they were another boot's
            self._set(facts=facts)
        return self._link

    async def _opened(self) -> Link:
        link = self._fresh()
        try:
            await link.open()
        except BaseException:
            await link.close()
            raise
        return link

    async def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    def _with_journal(self, link: Link, facts: BoardFacts) -> tuple[CounterModule, Journal]:
        """Return module and journal; over another link than before, fresh ones."""
        if self._journal is None:
            self._journal = Journal(self._profile.name, boot=facts.boot_id)
        sudo = self._profile.sudo and facts.uid != 0
        self._module = CounterModule(link, self._journal, sudo=sudo)
        return self._module, self._journal

    def _may_change(self, what: str) -> None:
        if self._read_only:
            raise BoardProblem(f"{what} changes the board", hint="connect without --read-only")

    def _checked(self, check: Check) -> None:
        self._set(checks=(*self._look.checks, check))

    def _set(self, **changed: object) -> None:
        self._look = replace(self._look, **changed)  # type: ignore[arg-type]  # names are checked by replace
