"""What hvsampler is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hvconsole.sim.board.programs.options import WrongOptionError, seconds, take_apart, whole

COUNTERS: Final = ("cntpct", "cntvct", "tsc")
_KNOWN: Final = {
    "cpu": True,
    "counter": True,
    "threshold-ns": True,
    "seconds": True,
    "fifo": True,
    "fence": False,
    "window-ms": True,
    "ring": True,
    "format": True,
    "heartbeat-timeout": True,
    "no-guard": False,
    "probe": False,
    "version": False,
    "help": False,
}
_LONGEST_THRESHOLD_NS: Final = 1_000_000_000
_SMALLEST_RING, _LARGEST_RING = 16, 1 << 24
_FORMATS: Final = ("binary", "text")


@dataclass(slots=True)
class Wanted:
    """A run as its options have it.

    Attributes:
        cpus: To be sampled.
        threshold_ns: None calibrates it.
        seconds: None runs until stopped.
        silence_s: For how long standard input may be silent; 0 for ever.
        window_ms: None decides by the number of CPUs; 0 never samples in windows.
        only: ``probe``, ``version`` or ``help`` in place of a run.
    """

    cpus: tuple[int, ...]
    counter: str = "auto"
    threshold_ns: int | None = None
    seconds: float | None = None
    fifo: int = 0
    fence: bool = False
    ring: int = 1 << 16
    window_ms: int | None = None
    text: bool = False
    silence_s: float = 10.0
    guarded: bool = True
    only: str = ""


def wanted(words: list[str], allowed: list[int]) -> Wanted:
    """Parse the words behind the program's name.

    Args:
        words: As they came.
        allowed: CPUs that may be sampled.

    Raises:
        WrongOptionError: They make no sense; the real one says the same.
    """
    found = Wanted(cpus=())
    for name, value in take_apart(words, _KNOWN):
        _take(found, name, value, allowed)
    found.cpus = found.cpus or (allowed[-1],)
    return found


def _take(found: Wanted, name: str, value: str, allowed: list[int]) -> None:  # noqa: C901, PLR0912  # one arm an option
    match name:
        case "cpu":
            found.cpus = _cpus(value, allowed)
        case "counter":
            if value not in ("auto", *COUNTERS):
                raise WrongOptionError(f"--counter {value}: auto, cntpct, cntvct and tsc are known")
            found.counter = value
        case "threshold-ns":
            if value != "auto":
                found.threshold_ns = whole(name, value, 1, _LONGEST_THRESHOLD_NS)
        case "seconds":
            found.seconds = seconds(name, value) or None
        case "fifo":
            found.fifo = whole(name, value, 0, 98)
        case "window-ms":
            found.window_ms = whole(name, value, 0, 60_000)
        case "ring":
            found.ring = whole(name, value, _SMALLEST_RING, _LARGEST_RING)
            if found.ring & (found.ring - 1):
                raise WrongOptionError(f"--ring {value}: a power of two is wanted")
        case "format":
            if value not in _FORMATS:
                raise WrongOptionError(f"--format {value}: binary and text are known")
            found.text = value == "text"
        case "heartbeat-timeout":
            found.silence_s = seconds(name, value)
        case "fence":
            found.fence = True
        case "no-guard":
            found.guarded = False
        case _:
            found.only = name


def _cpus(text: str, allowed: list[int]) -> tuple[int, ...]:
    cpus: list[int] = []
    for word in text.split(","):
        cpu = whole("cpu", word, 0, 1023)
        if cpu not in allowed:
            usable = ",".join(map(str, allowed))
            raise WrongOptionError(f"CPU {cpu} cannot be used here; allowed: {usable}")
        if cpu in cpus:
            raise WrongOptionError(f"CPU {cpu} is named twice")
        cpus.append(cpu)
    return tuple(cpus)
