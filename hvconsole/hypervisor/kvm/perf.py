"""How long each exit took and why, by ``perf kvm stat`` where the board has it.

perf is never called without a subcommand of ``stat`` and never without a limit: it hangs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hvconsole.model.problem import BoardProblem
from hvconsole.wire.console import shown

FASTEST_S = 0.1
SLOWEST_S = 60.0
GRACE_S = 60.0

# $1 marker, $2 a vCPU's thread, $3 seconds. perf writes where it stands, under names of its own.
SCRIPT = r"""
m=$1
LC_ALL=C; export LC_ALL
command -v perf >/dev/null || { printf '%s none\n' "$m"; exit 0; }
p=$(sed -n 's/^Tgid:[[:space:]]*//p' "/proc/$2/status") || exit 0
d=$(mktemp -d) && cd "$d" || exit 1
trap 'rm -rf "$d"' EXIT
printf '%s record\n' "$m"
timeout -s INT -k 5 $((${3%.*} + 15)) perf kvm stat record -p "$p" sleep "$3" </dev/null 2>&1
printf '\n%s report\n' "$m"
timeout -k 5 30 perf kvm stat report </dev/null 2>&1
printf '\n%s end\n' "$m"
"""

_ROW = re.compile(
    r"\s*(?P<cause>\S.*?)\s+(?P<samples>\d{1,12})\s+(?P<samples_share>[\d.]{1,8})%"
    r"\s+(?P<time_share>[\d.]{1,8})%\s+(?P<low>[\d.]{1,16})us\s+(?P<high>[\d.]{1,16})us"
    r"\s+(?P<mean>[\d.]{1,16})us\b.*",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Cause:
    """Exits of one cause.

    Attributes:
        name: As KVM calls it: ``WFx``, ``DABT_LOW``, ``IRQ``.
        samples: How many were seen.
        time_share: Their part of the time outside of the guest, in percent.
        low_us: Shortest, in µs.
        high_us: Longest, in µs.
        mean_us: Mean, in µs.
    """

    name: str
    samples: int
    time_share: float
    low_us: float
    high_us: float
    mean_us: float


def parse_report(text: str, marker: str) -> tuple[Cause, ...]:
    """Return the causes that the script's answer tells, the most time first.

    Raises:
        BoardProblem: perf is not there, or did not work; with what it said.
    """
    head, _, report = text.partition(f"{marker} report\n")
    if f"{marker} none" in head:
        raise BoardProblem("perf is not on the board", hint="on Debian: apt install linux-perf")
    report, end, _ = report.partition(f"\n{marker} end")
    lines = report.splitlines()
    causes = [cause for line in lines if (cause := _cause(line)) is not None]
    if not end or not causes:
        raise BoardProblem(
            "perf told no exits",
            detail=_newest((head + report).splitlines(), marker),
            hint="does the guest run, and are we root there? perf wants kernel.perf_event_paranoid"
            " below 2 otherwise",
        )
    return tuple(sorted(causes, key=lambda one: -one.time_share))


def _cause(line: str) -> Cause | None:
    match = _ROW.fullmatch(line)
    if match is None:
        return None
    try:
        share, low, high, mean = (
            float(match[name]) for name in ("time_share", "low", "high", "mean")
        )
    except ValueError:  # dots, but no number
        return None
    return Cause(match["cause"], int(match["samples"]), share, low, high, mean)


def _newest(lines: Sequence[str], marker: str) -> str:
    said = [line for line in lines if line.strip() and not line.startswith(marker)]
    return "\n".join(shown(line.encode()) for line in said[-4:]) or "it said nothing"
