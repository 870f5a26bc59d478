"""A campaign's plan: which conditions, how often, and how each run is measured. Strict TOML.

What is done to a board for a condition is written in the words of ``hvconsole hv``, and how a run
is measured in those of ``hvconsole record``: what was tried by hand can be copied into a plan.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hvconsole.config.toml import convert, parse_toml, read_text
from hvconsole.hypervisor.actions import Action
from hvconsole.model.problem import UsageProblem
from hvconsole.model.run import CounterChoice, LoadRequest, RunSettings

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,47}")
_LOAD = re.compile(r"(?P<name>[a-z0-9-]{1,40})@(?P<cpu>\d{1,4})")
_GOVERNOR = re.compile(r"[a-z_]{1,15}")
_MOST_RUNS = 10_000
_LONGEST_S = 86_400.0

ParseAction = Callable[[Sequence[str], Path], Action]
"""Takes the words of ``hvconsole hv BOARD`` and the folder that files are looked for in."""


class Measuring(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a run is measured; a condition may differ from the plan in any of it.

    Attributes:
        seconds: Length of a run.
        threshold_ns: A switch is longer than this; left out, it is calibrated before each run.
        cpus: CPUs to sample; none lets the board choose.
        counter: Which counter to read.
        loads: ``NAME@CPU``, as ``--load`` has it.
        fifo: SCHED_FIFO priority of the sampling threads; 0 for the normal scheduler.
        window_ms: As ``--window-ms`` has it.
        guest: As ``--guest`` has it: sample in this guest as well, or alone under Xvisor.
    """

    seconds: float = 10.0
    threshold_ns: int | None = None
    cpus: tuple[int, ...] = ()
    counter: CounterChoice = "auto"
    loads: tuple[str, ...] = ()
    fifo: int = 0
    window_ms: int | None = None
    guest: str = ""


class CoolDown(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A pause before each run until the board is cool.

    Attributes:
        below_c: Every temperature that may be read is below this, in degrees Celsius.
        longest_s: The run begins after this time all the same, and that is noted.
    """

    below_c: float
    longest_s: float = 300.0


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One condition, as the plan's file has it.

    Attributes:
        name: Stands in every table and chart.
        about: One line for a person.
        mode: The boot mode that the board must be in; empty takes it as it is.
        do: What is done before each run, each in the words of ``hvconsole hv BOARD``, and undone
            after it.
        governor: Of all CPUs' frequency; empty leaves it as it is.
        measure: Where this condition is measured differently from the plan.
    """

    name: str
    about: str = ""
    mode: str = ""
    do: tuple[tuple[str, ...], ...] = ()
    governor: str = ""
    measure: dict[str, Any] = {}


class PlanFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A plan as it is written: what is missing has these values."""

    conditions: tuple[Condition, ...]
    name: str = ""
    about: str = ""
    board: str = "local"
    repetitions: int = 4
    warm_up_s: float = 2.0
    retries: int = 1
    seed: int = 1
    cool_down: CoolDown | None = None
    measure: Measuring = Measuring()


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A condition whose words have been understood.

    Attributes:
        condition: As the file has it.
        settings: How its runs are measured.
        actions: What is done before each run.
    """

    condition: Condition
    settings: RunSettings
    actions: tuple[Action, ...]

    @property
    def name(self) -> str:
        """The condition's name."""
        return self.condition.name


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign.

    Attributes:
        name: Of the file where none is given.
        about: One line for a person.
        board: The board it is for; the command line may name another.
        repetitions: Measured runs of each condition: one in each block.
        warm_up_s: Each run is preceded by one of this length that nobody keeps; 0 for none.
        retries: How often a run that failed is tried again.
        seed: Of the order of conditions within the blocks.
        cool_down: Before each run.
        conditions: What is compared.
        text: The file as it was read.
    """

    name: str
    about: str
    board: str
    repetitions: int
    warm_up_s: float
    retries: int
    seed: int
    cool_down: CoolDown | None
    conditions: tuple[Prepared, ...]
    text: str

    def condition(self, name: str) -> Prepared:
        """Return a condition by its name."""
        return next(one for one in self.conditions if one.name == name)


def read_plan(path: Path, parse: ParseAction) -> Plan:
    """Read a plan.

    Args:
        path: The file.
        parse: Understands the words of ``hvconsole hv``.

    Raises:
        UsageProblem: It cannot be read, or something in it makes no sense; with file and place.
    """
    return plan_of(read_text(path), path, parse)


def plan_of(text: str, path: Path, parse: ParseAction) -> Plan:
    """Understand a plan that may not be on the disk yet.

    Args:
        text: TOML.
        path: The file that it is of, or will be; messages name it, and files are looked for
            beside it.
        parse: Understands the words of ``hvconsole hv``.

    Raises:
        UsageProblem: Something in it makes no sense; with file and place.
    """
    file = convert(parse_toml(text, path), PlanFile, source=path, text=text)
    _check(file, path)
    return Plan(
        name=file.name or path.stem,
        about=file.about,
        board=file.board,
        repetitions=file.repetitions,
        warm_up_s=file.warm_up_s,
        retries=file.retries,
        seed=file.seed,
        cool_down=file.cool_down,
        conditions=tuple(_prepared(one, file, path, parse) for one in file.conditions),
        text=text,
    )


def _check(file: PlanFile, path: Path) -> None:
    if not file.conditions:
        raise UsageProblem(f"{path}: there is no condition", hint="add one: [[conditions]]")
    seen: set[str] = set()
    for one in file.conditions:
        if not _NAME.fullmatch(one.name):
            raise UsageProblem(
                f"{path}: {one.name!r} cannot name a condition",
                hint="use up to 48 letters, digits, '_', '.', '+' or '-'",
            )
        if one.name in seen:
            raise UsageProblem(
                f"{path}: two conditions are named '{one.name}'", hint="rename one of them"
            )
        seen.add(one.name)
    if file.name and not _NAME.fullmatch(file.name):
        raise UsageProblem(
            f"{path}: {file.name!r} cannot name a campaign", hint="use letters, digits and '-'"
        )
    _range(path, "repetitions", file.repetitions, 1, _MOST_RUNS // len(file.conditions))
    _range(path, "retries", file.retries, 0, 10)
    _range(path, "warm_up_s", file.warm_up_s, 0, _LONGEST_S)


def _range(path: Path, what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageProblem(f"{path}: {what} is {value:g}", hint=f"choose {low:g} to {high:g}")


def _prepared(one: Condition, file: PlanFile, path: Path, parse: ParseAction) -> Prepared:
    where = f"{path}: condition '{one.name}'"
    if one.governor and not _GOVERNOR.fullmatch(one.governor):
        raise UsageProblem(
            f"{where}: {one.governor!r} is no governor", hint="such as performance or schedutil"
        )
    whole = msgspec.to_builtins(file.measure) | one.measure
    measuring = convert(whole, Measuring, source=path)
    return Prepared(
        condition=one,
        settings=msgspec.structs.replace(
            _settings(measuring, one.name, where), prepared=_preparation(one)
        ),
        actions=tuple(_action(words, where, path, parse) for words in one.do),
    )


def _preparation(one: Condition) -> tuple[tuple[str, ...], ...]:
    """Return what is done before each run, in the words of the commands that do the same."""
    boot = ("boot", one.mode)
    governor = ("governor", one.governor)
    actions = (("hv", *words) for words in one.do)
    return (*([boot] * bool(one.mode)), *([governor] * bool(one.governor)), *actions)


def _settings(how: Measuring, name: str, where: str) -> RunSettings:
    if not 0 < how.seconds <= _LONGEST_S:
        raise UsageProblem(f"{where}: seconds is {how.seconds:g}", hint="more than 0, up to a day")
    if not 0 <= how.fifo <= 99:  # noqa: PLR2004  # POSIX on Linux
        raise UsageProblem(f"{where}: fifo is {how.fifo}", hint="a priority of 1 to 99, or 0")
    return RunSettings(
        seconds=how.seconds,
        threshold_ns=how.threshold_ns,
        cpus=how.cpus,
        counter=how.counter,
        loads=tuple(_load(text, where) for text in how.loads),
        fifo=how.fifo,
        window_ms=how.window_ms,
        guest=how.guest,
        label=name,
    )


def _load(text: str, where: str) -> LoadRequest:
    match = _LOAD.fullmatch(text)
    if match is None:
        raise UsageProblem(f"{where}: {text!r} is no load", hint="NAME@CPU, such as cpuburn-a8@1")
    return LoadRequest(match["name"], int(match["cpu"]))


def _action(words: tuple[str, ...], where: str, path: Path, parse: ParseAction) -> Action:
    try:
        return parse(words, path.parent)
    except UsageProblem as problem:
        raise UsageProblem(
            f"{where}: {shlex.join(words)}: {problem.title}",
            detail=problem.detail,
            hint=problem.hint,
        ) from problem
