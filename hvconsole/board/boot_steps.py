"""The steps of a boot as a state machine.

    prepare → restart → u-boot → prompt → type → start → answer → prove
                 ↑                  │                ↑
                 └── missed once ───┘    left alone ─┘ (from restart, where nothing is typed)

Each step returns the next one, or raises a `BootProblem` that says what went wrong in it. One limit
of time runs from the restart on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from hvconsole.board.boot_answer import BootAnswer
from hvconsole.board.boot_ear import BootEar
from hvconsole.board.boot_prompt import BootPrompt
from hvconsole.board.boot_proof import (
    Evidence,
    failures,
    is_empty,
    read_boot_id,
    settled_evidence,
)
from hvconsole.board.boot_report import BootReport
from hvconsole.board.boot_restart import Restarter, Way
from hvconsole.board.boot_terms import Booted, BootPatience, Tell, Ways
from hvconsole.link.protocol import Capability
from hvconsole.model.board import BoardProfile
from hvconsole.model.boot import BootEvent, BootMark, BootStep
from hvconsole.model.problem import LinkProblem, Problem
from hvconsole.model.text import plain

_LINUX_S = 60.0
_SHOWN = 200


class Boot:
    """One boot: its state, and one method a step."""

    def __init__(
        self, profile: BoardProfile, name: str, ways: Ways, tell: Tell, patience: BootPatience
    ) -> None:
        self.verify = True
        self.timeout_s = 0.0
        self._profile = profile
        self._name = name
        self._mode = profile.modes[name]
        self._ways = ways
        self._tell = tell
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._began = self._restarted_at = self._loop.time()
        self._step = BootStep.PREPARE
        self._limit = asyncio.timeout(None)
        self._ear = BootEar(profile.uboot_prompt.encode())
        self._report = BootReport(profile, name, self._ear if ways.console else None)
        self._prompt = (
            BootPrompt(profile, ways.console, self._ear, self._report) if ways.console else None
        )
        self._answer = BootAnswer(
            ways.connect, self._ear, self._report, again_s=patience.again, panic_s=patience.panic
        )
        self._missed = False
        self._evidence: Evidence | None = None
        self._steps: dict[BootStep, Callable[[], Awaitable[BootStep | None]]] = {
            BootStep.PREPARE: self._prepare,
            BootStep.RESTART: self._restart,
            BootStep.UBOOT: self._wait_for_uboot,
            BootStep.PROMPT: self._reach_prompt,
            BootStep.TYPE: self._type,
            BootStep.START: self._wait_for_start,
            BootStep.ANSWER: self._wait_for_answer,
            BootStep.PROVE: self._prove,
        }

    async def run(self) -> Booted:
        """Go through all steps; see `hvconsole.board.boot.boot_into`."""
        unsubscribe = self._prompt.listen() if self._prompt else lambda: None
        try:
            async with self._limit:
                await self._walk()
            return self._booted()
        except TimeoutError:
            problem = self._report.too_late(self._step, self.timeout_s)
            self._say("failed", problem.title)
            raise problem from None
        except Problem as problem:
            self._say("failed", problem.title)
            raise
        finally:
            unsubscribe()
            if self._prompt is not None:
                await self._prompt.give_up()
            await self._drop_link()

    async def _walk(self) -> None:
        step: BootStep | None = BootStep.PREPARE
        while step is not None:
            self._step = step
            if step is not BootStep.PREPARE or self._mode.linux:
                self._say("begun", step.about)
            step = await self._steps[step]()

    def _booted(self) -> Booted:
        """Hand the link over to whoever asked for the boot."""
        link, self._ways.link = self._ways.link, None
        if link is None:
            raise RuntimeError("the last step has a link")
        seconds = self._loop.time() - self._restarted_at
        proven = self._evidence is not None and not is_empty(self._mode.proof)
        return Booted(self._name, link, self._evidence, proven, seconds)

    @property
    def _uboot(self) -> BootPrompt:
        """U-Boot's part: there is one wherever there is a console."""
        if self._prompt is None:
            raise RuntimeError("U-Boot is reached over a console, and there is none")
        return self._prompt

    async def _prepare(self) -> BootStep:
        """Run what has to be run on the old Linux."""
        await self._remember_boot()
        link = self._ways.link
        if link is None or Capability.TERMINAL in link.capabilities:
            if self._mode.linux:
                raise self._report.no_linux()
            return BootStep.RESTART
        for words in self._mode.linux:
            command = " ".join(words)
            root = ("sudo", "-n") if self._profile.sudo else ()
            try:
                done = await link.run([*root, *words], timeout=_LINUX_S)
            except LinkProblem:
                self._say("note", f"'{command}' ended the link: it restarts the board itself")
                break
            if done.status != 0:
                said = done.error_text or f"it ended with status {done.status}"
                raise self._report.command_failed(command, said)
        return BootStep.RESTART

    async def _remember_boot(self) -> None:
        """Note which boot this is, so that the next one can be told from it."""
        if self._ways.link is not None:
            with contextlib.suppress(Problem):
                self._answer.boot_before = await read_boot_id(self._ways.link)

    async def _restart(self) -> BootStep:
        """Make the board restart, with U-Boot's first line awaited already."""
        self._limit.reschedule(None)  # a restart has its own patience
        await self._remember_boot()
        self._ear.forget()
        if self._mode.uboot:
            await self._uboot.expect(self.timeout_s + self._patience.person)
        console = self._ways.console
        restarter = Restarter(
            self._ways.link,
            self._ear,
            console.port if console else None,
            sudo=self._profile.sudo,
            button=self._profile.reset,
            note=lambda text: self._say("note", text),
            patience=self._patience.restart,
        )
        way = await restarter.restart()
        while way is None and not await self._person_restarts(restarter.said):
            way = await restarter.restart()
        if self._mode.uboot or not self._link_is_over_console():
            await self._drop_link()
        if way is Way.NOT_NEEDED:
            return await self._from_prompt()
        self._start_clock()
        self._say("done", "the board restarts")
        if self._mode.uboot:
            return BootStep.UBOOT
        return BootStep.START if console is not None else BootStep.ANSWER

    async def _from_prompt(self) -> BootStep:
        """Go on from U-Boot's prompt, where the board stood already."""
        await self._uboot.give_up()
        self._say("done", "not needed: the board stands at U-Boot's prompt")
        self._start_clock()
        if self._mode.uboot:
            return BootStep.TYPE
        await self._uboot.type(["reset"])
        return BootStep.START

    async def _person_restarts(self, said: str) -> bool:
        """Ask a person to press reset; return False if there is somebody else to ask by now."""
        if self._ways.console is None:
            raise self._report.no_way(said)
        self._report.restart_said = said
        ear, before = self._ear, self._ear.waits
        self._say("ask", f"press reset on {self._profile.name} now")
        self._start_clock(self._patience.person)
        # A board that is just coming up says nothing until a shell waits on its console.
        await ear.until(lambda: ear.restarts or ear.uboot or ear.waits not in {None, before})
        self._limit.reschedule(None)
        return bool(ear.restarts or ear.uboot)

    async def _wait_for_uboot(self) -> BootStep:
        await self._uboot.up()
        self._say("done", "U-Boot is up")
        return BootStep.PROMPT

    async def _reach_prompt(self) -> BootStep:
        """Stop autoboot. If it goes on, let it, and try once more."""
        if await self._uboot.stopped():
            self._say("done", "autoboot is stopped")
            return BootStep.TYPE
        if self._missed:
            raise self._report.missed_twice()
        self._missed = True
        self._say("note", "autoboot was missed; once it is up, the board is restarted once more")
        self._ways.link = await self._answer.wait_for_anybody(self._step)
        return BootStep.PREPARE if self._mode.linux else BootStep.RESTART

    async def _type(self) -> BootStep:
        await self._uboot.type(self._mode.uboot)
        self._report.restarts_expected = self._ear.restarts
        self._say("done", f"typed and echoed: {plain(self._mode.uboot[-1], 80)}")
        return BootStep.START

    async def _wait_for_start(self) -> BootStep:
        """Wait until U-Boot has started something; it may come back to its prompt instead."""
        ear = self._ear
        seen = await ear.until(lambda: ear.system or ear.at_uboot, self._patience.silence)
        await self._drop_link()
        self._answer.check_alive(self._step)
        if seen:
            self._say("done", f"{ear.system} starts")
        else:
            self._say("note", "the console does not say what starts")
        return BootStep.ANSWER

    async def _wait_for_answer(self) -> BootStep:
        self._ways.link = await self._answer.wait(self._step)
        self._say("done", "the board answers")
        return BootStep.PROVE

    async def _prove(self) -> BootStep | None:
        """Read back what the board runs, and hold it against the mode's proof."""
        link = self._ways.link
        if not self.verify or link is None:
            return None
        try:
            evidence = await settled_evidence(
                link,
                self._mode.proof,
                within_s=self._patience.settle,
                again_s=self._patience.again,
                sudo=self._profile.sudo,
            )
        except LinkProblem as problem:
            self._say("note", f"{problem.title}; waiting for the board again")
            await self._drop_link()
            return BootStep.ANSWER
        self._evidence = evidence
        if failed := failures(self._mode.proof, evidence):
            raise self._report.wrong(failed, evidence)
        if is_empty(self._mode.proof):
            self._say("note", f"mode '{self._name}' has no proof: only a new boot is sure")
        else:
            self._say("done", f"the board is in mode {self._name}")
        return None

    def _link_is_over_console(self) -> bool:
        """Whether closing the link types on the console; that would stop U-Boot's autoboot."""
        link, console = self._ways.link, self._ways.console
        return link is not None and console is not None and console.port.name in link.name

    async def _drop_link(self) -> None:
        link, self._ways.link = self._ways.link, None
        if link is not None:
            await link.close()

    def _start_clock(self, seconds: float | None = None) -> None:
        self._restarted_at = self._loop.time()
        self._limit.reschedule(self._restarted_at + (seconds or self.timeout_s))

    def _say(self, mark: BootMark, text: str) -> None:
        at_s = self._loop.time() - self._began
        self._tell(BootEvent(self._step, mark, plain(text, _SHOWN), at_s))
