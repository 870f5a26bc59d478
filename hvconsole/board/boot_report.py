"""What is told about a boot that went wrong: the step, what was wanted and seen, the last lines."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from hvconsole.board.boot_ear import BootEar
from hvconsole.board.boot_problem import BoardGone, BootProblem, BootStopped, BootTimeout, WrongMode
from hvconsole.board.boot_proof import Evidence, modes_fitting
from hvconsole.board.uboot_text import check_length
from hvconsole.link.words import checked_words
from hvconsole.model.board import BoardProfile
from hvconsole.model.boot import BootStep
from hvconsole.model.problem import Problem, UsageProblem
from hvconsole.model.text import plain

SAME_BOOT = "it is still the boot before"

_LINE = 160
_SAID = 1000
# Steps at which the board has left for the mode: what is missing then is the board itself.
_LEFT = frozenset({BootStep.START, BootStep.ANSWER})


def check_mode(profile: BoardProfile, mode: str, *, has_console: bool) -> None:
    """Make sure that a mode can be booted into, before anything is done.

    Args:
        profile: The board.
        mode: The mode's name.
        has_console: Its serial console is open.

    Raises:
        UsageProblem: The board has no such mode, the mode needs the serial console, or one of its
            lines or commands cannot be passed on.
    """
    if profile.kind == "local" and profile.modes:
        raise UsageProblem(
            "this machine is not restarted: the console runs on it",
            hint="boot modes are for boards that are reached over SSH",
        )
    if mode not in profile.modes:
        raise unknown_mode(profile, mode)
    if profile.modes[mode].uboot and not has_console:
        where = f"{profile.serial} is not open" if profile.serial else "the board has none"
        raise UsageProblem(
            f"mode '{mode}' of {profile.name} is reached by U-Boot, so it needs the serial console",
            detail=where,
            hint='add it to the board\'s table: serial = "/dev/ttyUSB0"; or reach the mode from '
            "Linux: linux = [[…]]",
        )
    for line in profile.modes[mode].uboot:
        check_length(line)
    for words in profile.modes[mode].linux:
        checked_words(words)


def unknown_mode(profile: BoardProfile, mode: str) -> UsageProblem:
    """Return the problem of a mode that a board has not."""
    if not profile.modes:
        return UsageProblem(
            f"no boot modes are known of {profile.name}",
            hint="describe them in boards.toml; docs/boot-modes.md says how",
        )
    near = get_close_matches(mode, profile.modes, n=1)
    return UsageProblem(
        f"{profile.name} has no mode '{plain(mode, 40)}'",
        detail=f"its modes: {', '.join(profile.modes)}",
        hint=f"did you mean '{near[0]}'?" if near else f"hvconsole boot {profile.name} lists them",
    )


class BootReport:
    """Makes the problems of one boot.

    Args:
        profile: The board.
        mode: The mode that was wanted.
        ear: What the console said; None without a console.

    Attributes:
        refused: Why the board could not be connected to, the last time it was tried.
        restart_said: What ways to restart it were tried, and why none worked.
        restarts_expected: How many of the restarts that the console shows were asked for.
    """

    def __init__(self, profile: BoardProfile, mode: str, ear: BootEar | None) -> None:
        self._profile = profile
        self._mode = mode
        self._ear = ear
        self.refused = ""
        self.restart_said = ""
        self.restarts_expected = 1

    def too_late(self, step: BootStep, limit_s: float) -> BootProblem:
        """The time is over: a time-out of a step, or a board that did not come back."""
        if step in _LEFT and self.refused == SAME_BOOT:
            return BootTimeout(
                f"{self._profile.name} answers, but it did not restart within {limit_s:g} s",
                step=step,
                detail=_lines(*self._tail()),
                hint="does a service hold the shutdown up? journalctl -b on the board",
            )
        if step in _LEFT:
            return self.gone(step, f"did not come back within {limit_s:g} s of its restart")
        if step is BootStep.RESTART:
            return BootTimeout(
                f"nobody pressed reset on {self._profile.name}",
                step=step,
                detail=_lines(
                    self.restart_said or "no other way to restart it had an effect", *self._tail()
                ),
                hint="is that its console, and is it powered? Then the same command again",
            )
        return BootTimeout(
            f"booting '{self._mode}' on {self._profile.name} took too long",
            step=step,
            detail=_lines(f"waiting for this step: {step.about}", *self._try(), *self._tail()),
            hint="give it longer with --timeout",
        )

    def gone(self, step: BootStep, what: str) -> BoardGone:
        """The board left for the mode and does not come back."""
        ear = self._ear
        more = ear.restarts - self.restarts_expected if ear is not None else 0
        waits = ear.waits if ear is not None and step is BootStep.ANSWER else None
        up = [f"its console waits at a {waits} prompt, yet SSH does not answer"] if waits else []
        times = "once" if more == 1 else f"{more} times"
        again = [f"it restarted {times} meanwhile"] if more > 0 else []
        return BoardGone(
            f"{self._profile.name} {what}",
            step=step,
            detail=_lines(*self._alarms(), *again, *up, *self._try(), *self._tail()),
            hint="is SSH set up in that mode?"
            if up
            else "reset it: it boots its usual mode then, unless that was changed",
        )

    def wrong(self, failed: Sequence[str], evidence: Evidence) -> WrongMode:
        """The board is up in another mode."""
        fits = modes_fitting(self._profile.modes, evidence)
        came = f"what came up fits mode {' or '.join(fits)}" if fits else "it fits no known mode"
        return WrongMode(
            f"{self._profile.name} is up, but not in mode '{self._mode}'",
            step=BootStep.PROVE,
            detail=_lines(*failed, came, *self._alarms()),
            hint="its console says what was started; are the mode's lines and files right?",
        )

    def back_at_prompt(self, step: BootStep) -> BootStopped:
        """U-Boot booted nothing."""
        return BootStopped(
            f"U-Boot did not boot '{self._mode}' and is back at its prompt",
            step=step,
            detail=_lines(*self._tail()),
            hint="its last words say why; are the mode's files where its lines look for them?",
        )

    def missed_twice(self) -> BootStopped:
        """Autoboot went on, and once more."""
        return BootStopped(
            "U-Boot's autoboot did not stop, twice",
            step=BootStep.PROMPT,
            detail=_lines(*self._tail()),
            hint="another key may be needed: uboot_stop = …; with bootdelay=-2 none helps "
            "(at U-Boot: setenv bootdelay 2; saveenv)",
        )

    def line_failed(self, line: str, status: int, output: str) -> BootStopped:
        """A line before the last did not succeed."""
        return BootStopped(
            f"U-Boot's '{plain(line, 60)}' failed",
            step=BootStep.TYPE,
            detail=_lines(f"it ended with status {status}", *output.splitlines()),
            hint="the board waits at its U-Boot prompt; correct the mode's 'uboot' in boards.toml",
        )

    def uboot_trouble(self, step: BootStep, problem: Problem) -> BootStopped:
        """U-Boot did otherwise than it should."""
        return BootStopped(
            problem.title, step=step, detail=_lines(*self._tail()), hint=problem.hint
        )

    def command_failed(self, words: str, said: str) -> BootStopped:
        """What Linux was to be told was refused."""
        return BootStopped(
            f"'{plain(words, 60)}' failed on {self._profile.name}",
            step=BootStep.PREPARE,
            detail=plain(said, _SAID),
            hint="nothing was restarted; correct the mode's 'linux' in boards.toml",
        )

    def no_linux(self) -> BootStopped:
        """The mode is set from Linux, which does not answer."""
        return BootStopped(
            f"mode '{self._mode}' is set from Linux, and Linux does not answer",
            step=BootStep.PREPARE,
            detail=_lines(*self._tail()),
            hint="boot the board by hand first, or add U-Boot lines to the mode",
        )

    def no_way(self, said: str) -> BootStopped:
        """Nobody can restart the board."""
        return BootStopped(
            f"{self._profile.name} could not be restarted",
            step=BootStep.RESTART,
            detail=said or "its Linux does not answer, and it has no serial console",
            hint='restart it by hand; or give it a serial console: serial = "/dev/ttyUSB0"',
        )

    def _alarms(self) -> list[str]:
        alarms = self._ear.alarms if self._ear is not None else []
        return [f"the console says: {plain(alarm.text, _LINE)}" for alarm in alarms]

    def _try(self) -> list[str]:
        return [f"last try to connect: {plain(self.refused, _LINE)}"] if self.refused else []

    def _tail(self) -> list[str]:
        if self._ear is None:
            return ["there is no serial console to see more"]
        lines = self._ear.tail()
        return ["the console's last lines:", *lines] if lines else ["the console is mute"]


def _lines(*lines: str) -> str:
    return "\n".join(plain(line, _LINE) for line in lines)
