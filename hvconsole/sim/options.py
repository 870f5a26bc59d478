"""How the simulated board is to be, and what shall go wrong on it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from hvconsole.model.problem import UsageProblem

FAULTS: Final = {
    "link-drop": "the network connection is reset",
    "link-dead": "the network connection stays open, but nothing passes any more",
    "slow-link": "bytes a second that the network passes: slow-link=20000",
    "corrupt": "share of the sampler's bytes that are changed: corrupt=0.1%",
    "sampler-kill": "the sampler is killed",
    "reboot": "the board restarts by itself",
    "panic": "Linux panics, and the board restarts five seconds later",
    "park": "Jailhouse parks the root cell (only while it is enabled)",
    "heat": "the board is hot from now on, and throttles",
    "disk-full": "no room is left on the board",
    "module-refused": "the kernel takes signed modules only",
    "guest-trap": "the first guest of Xvisor's that runs traps, whatever is being printed",
    "guest-trap-inside": "the same, in the middle of the next long output of Xvisor's",
}
_VALUES: Final = {
    "slow-link": ("slow-link=20000", 1.0, 1e9),
    "corrupt": ("corrupt=0.1%", 0.0, 1.0),
}
_FAULT: Final = re.compile(
    r"(?P<name>[a-z-]+)"
    r"(?:=(?P<value>\d+(?:\.\d*)?|\.\d+)(?P<percent>%)?)?"
    r"(?:@(?P<at>\d+(?:\.\d*)?|\.\d+)s?)?",
    re.ASCII,
)
_WRITTEN: Final = "write it as NAME[=VALUE][@SECONDS], such as link-drop@10s or corrupt=0.1%"
_LATEST_S: Final = 86_400.0
_SPEEDS: Final = (0.01, 1000.0)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong.

    Attributes:
        name: One of `FAULTS`.
        at_s: When, in seconds of our time after the board's start; 0 at once.
        value: How much, where the fault has such a thing.
    """

    name: str
    at_s: float = 0.0
    value: float = 0.0

    def __str__(self) -> str:
        """As the command line has it."""
        value = f"={self.value:.15g}" if self.name in _VALUES else ""
        return f"{self.name}{value}" + (f"@{self.at_s:g}s" if self.at_s else "")


@dataclass(frozen=True, slots=True)
class SimOptions:
    """How the board is to be.

    Attributes:
        seed: Of everything random.
        speed: Simulated seconds a second.
        mode: The boot mode that it begins in; the board is up at once.
        faults: What goes wrong, and when.
    """

    seed: int = 0
    speed: float = 1.0
    mode: str = "native"
    faults: tuple[Fault, ...] = ()

    @property
    def words(self) -> dict[str, str]:
        """The options of the command line that make the same board again."""
        faults = ",".join(str(fault) for fault in self.faults)
        said = {"seed": str(self.seed), "speed": f"{self.speed:g}", "mode": self.mode}
        return said | ({"fault": faults} if faults else {})

    def __post_init__(self) -> None:
        if not _SPEEDS[0] <= self.speed <= _SPEEDS[1]:
            raise UsageProblem(
                f"the simulated board cannot run at speed {self.speed:g}",
                hint=f"choose {_SPEEDS[0]:g} to {_SPEEDS[1]:g} simulated seconds a second",
            )


def parse_faults(text: str) -> tuple[Fault, ...]:
    """Read ``link-drop@10s,corrupt=0.1%``.

    Raises:
        UsageProblem: There is no such fault, or it is written in another way; with the list.
    """
    return tuple(_fault(word.strip()) for word in text.split(",") if word.strip())


def _fault(word: str) -> Fault:
    match = _FAULT.fullmatch(word)
    name = match["name"] if match else re.split("[=@]", word, maxsplit=1)[0]
    if name not in FAULTS:
        near = get_close_matches(name, FAULTS, n=1)
        listed = "\n".join(f"{one:<18} {about}" for one, about in FAULTS.items())
        raise UsageProblem(
            f"'{word}' is no fault of the simulated board",
            detail=listed,
            hint=f"did you mean '{near[0]}'?" if near else _WRITTEN,
        )
    if match is None:
        raise UsageProblem(
            f"'{word}' is not how the fault '{name}' is written",
            detail=FAULTS[name],
            hint=_WRITTEN,
        )
    return Fault(name, _moment(word, match["at"]), _value(word, name, match))


def _value(word: str, name: str, match: re.Match[str]) -> float:
    if name not in _VALUES:
        if match["value"] is not None:
            raise UsageProblem(
                f"the fault '{name}' takes no value", detail=FAULTS[name], hint=f"write: {name}"
            )
        return 0.0
    example, lowest, highest = _VALUES[name]
    if match["value"] is None:
        raise UsageProblem(
            f"the fault '{name}' needs a value", detail=FAULTS[name], hint=f"write: {example}"
        )
    value = float(match["value"]) / (100.0 if match["percent"] else 1.0)
    if not lowest <= value <= highest:
        raise UsageProblem(
            f"'{word}' is out of range",
            detail=FAULTS[name],
            hint=f"give {lowest:g} to {highest:g}, such as {example}",
        )
    return value


def _moment(word: str, text: str | None) -> float:
    at_s = float(text or 0.0)
    if at_s > _LATEST_S:
        raise UsageProblem(
            f"'{word}' is too late", hint=f"give {_LATEST_S:g} seconds at most: a day"
        )
    return at_s
