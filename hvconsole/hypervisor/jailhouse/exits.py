"""How often each CPU left its cell for the hypervisor, and why: counters as rates.

Reading a counter is a hypercall by the CPU that reads, so looking changes what is looked at. The
script therefore reads all counters three times: now, after a while, and at once again. From each
counter's first reading to its second lies exactly one round of our readings; between the second
round and the third lies another, and little else. What the reading CPU's ``hypercall`` grew by
there is what a round of ours costs; it is taken off, and told.

Only the files of single CPUs are read: a cell's sums would ask every CPU of the cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hvconsole.hypervisor.jailhouse.survey import exits
from hvconsole.model.problem import BoardProblem

FASTEST_S = 0.1  # ten looks a second at most
SLOWEST_S = 60.0
_HYPERCALL, _TOTAL = "hypercall", "total"
_ROOT = "0"
_ONLY_OURS = (_HYPERCALL, _TOTAL)
_MOST_LINES = 65_536

# $1 marker, $2 seconds. What a round prints is kept until the end, so that no round waits for the
# link. /proc/uptime is read on both sides of a round.
SCRIPT = r"""
m=$1 d=/sys/devices/jailhouse/cells
round() {
  printf '%s begin %s\n' "$m" "$(cat /proc/uptime)"
  grep . $d/*/statistics/cpu*/vmexits_* 2>/dev/null
  printf '%s end %s\n' "$m" "$(cat /proc/uptime)"
}
a=$(round)
sleep "$2"
b=$(round)
c=$(round)
printf '%s cpu %s\n' "$m" "$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)"
for f in $d/*/name; do [ -r "$f" ] && printf '%s name %s %s\n' "$m" "$f" "$(cat "$f")"; done
printf '%s\n%s\n%s\n%s done\n' "$a" "$b" "$c" "$m"
"""

_COUNTER = re.compile(
    r"/sys/devices/jailhouse/cells/(?P<cell>\d{1,9})/statistics/cpu(?P<cpu>\d{1,4})/"
    r"vmexits_(?P<name>\w{1,40}):(?P<value>-?\d{1,19})",
    re.ASCII,
)
_NAME = re.compile(r"name /sys/devices/jailhouse/cells/(?P<cell>\d{1,9})/name (?P<name>.*)")
_UPTIME = re.compile(r"(?P<edge>begin|end) (?P<seconds>\d{1,12}\.\d{1,9}) ", re.ASCII)

Key = tuple[str, int, str]
"""A counter: the cell's id, the CPU, the name."""


@dataclass(frozen=True, slots=True)
class Round:
    """One reading of every counter.

    Attributes:
        at_s: The board's uptime in the middle of it, seconds.
        counts: As read; they wrap.
    """

    at_s: float
    counts: Mapping[Key, int]


@dataclass(frozen=True, slots=True)
class CpuRates:
    """Exits of one CPU of a cell.

    Attributes:
        cell: The cell's id.
        name: Its name, as the board says it.
        cpu: The CPU.
        counts: How often since the cell began, by counter, our own exits included; modulo 2^31.
        rates: Exits a second, by counter, without our own.
        own: Those a second that were ours, by counter; empty on a CPU we did not read from.
    """

    cell: str
    name: str
    cpu: int
    counts: Mapping[str, int]
    rates: Mapping[str, float]
    own: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExitRates:
    """What a look gave.

    Attributes:
        seconds: Over how long, by the board's clock.
        reader: The CPU that read; None where that cannot be told: nothing is taken off then.
        own_exits: Hypercalls that one round of our readings cost.
        cpus: By cell and CPU. Those that were there in all rounds.
    """

    seconds: float
    reader: int | None
    own_exits: int
    cpus: tuple[CpuRates, ...]


def parse_exits(text: str, marker: str) -> ExitRates:
    """Return the rates that the script's answer tells.

    Raises:
        BoardProblem: It is not whole, or Jailhouse is not enabled.
    """
    told = [line.removeprefix(f"{marker} ") for line in _ours(text, marker)]
    rounds = list(_rounds(text, marker))
    if "done" not in told or len(rounds) != 3:  # noqa: PLR2004  # now, later, and at once again
        raise BoardProblem("the board did not tell its exit counters", hint="try again")
    if not rounds[0].counts:
        raise BoardProblem("there are no exit counters", hint="is Jailhouse enabled?")
    names = {one["cell"]: one["name"] for one in map(_NAME.fullmatch, told) if one is not None}
    return rates(rounds[0], rounds[1], rounds[2], reader=_reader(told), names=names)


def rates(
    before: Round, after: Round, again: Round, *, reader: int | None, names: Mapping[str, str]
) -> ExitRates:
    """Return how often each CPU left its cell between two rounds. Pure.

    Args:
        before: The first round.
        after: The second.
        again: The third, right behind the second: it tells what a round costs.
        reader: The CPU that read them all; None if it was bound to none. Then it is found by its
            hypercalls, if there were any on one CPU only.
        names: Cells' names by id.

    Raises:
        BoardProblem: No time passed between the rounds.
    """
    seconds = after.at_s - before.at_s
    if seconds <= 0:
        raise BoardProblem("the board's clock stood still", hint="look for longer: --seconds 1")
    grown, at_once = _grown(before, after), _grown(after, again)
    if reader is None:
        reader = _seen_reading(grown, at_once)
    cost = at_once.get((_ROOT, reader, _HYPERCALL), 0) if reader is not None else 0
    cpus = []
    for cell, cpu in sorted({key[:2] for key in grown}, key=lambda pair: (int(pair[0]), pair[1])):
        own = cost if (cell, cpu) == (_ROOT, reader) else 0
        counters = [name for at, on, name in grown if (at, on) == (cell, cpu)]
        left = {
            name: max(grown[cell, cpu, name] - (own if name in _ONLY_OURS else 0), 0)
            for name in counters
        }
        cpus.append(
            CpuRates(
                cell=cell,
                name=names.get(cell, ""),
                cpu=cpu,
                counts={name: after.counts[cell, cpu, name] for name in counters},
                rates={name: count / seconds for name, count in left.items()},
                own=dict.fromkeys(_ONLY_OURS, own / seconds) if own else {},
            )
        )
    return ExitRates(seconds, reader, cost, tuple(cpus))


def _grown(before: Round, after: Round) -> dict[Key, int]:
    """Return by how much each counter grew that both rounds have."""
    return {
        key: exits(before.counts[key], value)
        for key, value in after.counts.items()
        if key in before.counts
    }


def _seen_reading(grown: Mapping[Key, int], at_once: Mapping[Key, int]) -> int | None:
    """Return the one CPU of the root cell that made hypercalls, in both intervals; else None."""
    both = [
        {
            cpu
            for (cell, cpu, name), by in some.items()
            if (cell, name) == (_ROOT, _HYPERCALL) and by
        }
        for some in (grown, at_once)
    ]
    return next(iter(both[1])) if both[0] == both[1] and len(both[1]) == 1 else None


def _ours(text: str, marker: str) -> Iterator[str]:
    for line in text.splitlines()[:_MOST_LINES]:
        if line.startswith(f"{marker} "):
            yield line


def _rounds(text: str, marker: str) -> Iterator[Round]:
    """Take the rounds out of an answer; one without both of its times is none."""
    begun: float | None = None
    counts: dict[Key, int] = {}
    for line in text.splitlines()[:_MOST_LINES]:
        edge = _UPTIME.match(line.removeprefix(f"{marker} ")) if line.startswith(marker) else None
        if edge is not None and edge["edge"] == "begin":
            begun, counts = float(edge["seconds"]), {}
        elif edge is not None and begun is not None:
            yield Round((begun + float(edge["seconds"])) / 2, counts)
            begun = None
        elif found := _COUNTER.fullmatch(line):
            counts[found["cell"], int(found["cpu"]), found["name"]] = int(found["value"])


def _reader(told: Sequence[str]) -> int | None:
    """Return the CPU that the script was bound to; None if it could run on several."""
    line = next((one for one in told if one.startswith("cpu ")), "")
    word = line.removeprefix("cpu ").strip()
    return int(word) if word.isascii() and word.isdecimal() and len(word) < 5 else None  # noqa: PLR2004  # no board has more CPUs
