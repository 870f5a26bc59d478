"""What changes on a board while it works: temperatures and frequencies, in one round trip.

As in `hvconsole.board.facts`, temperatures are left alone while Jailhouse is enabled: a root cell
that does not cover the sensor has its CPU parked for reading it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from hvconsole.link.protocol import Link
from hvconsole.model.problem import BoardProblem

_SCRIPT = rb"""
exec 2>/dev/null
for folder in /sys/devices/system/cpu/cpu[0-9]*/cpufreq; do
  [ -d "$folder" ] || continue
  cpu=${folder%/cpufreq}
  printf 'cpu\t%s\t%s\n' "${cpu##*/cpu}" "$(cat "$folder/scaling_cur_freq")"
done
[ -d /sys/module/hvcounter ] && printf 'module\tloaded\t1\n'
[ "$(cat /sys/devices/jailhouse/enabled)" = 1 ] && exit
for zone in /sys/class/thermal/thermal_zone*; do
  [ -r "$zone/temp" ] && printf 'zone\t%s\t%s\n' "$(cat "$zone/type")" "$(cat "$zone/temp")"
done
exit 0
"""
_MOST = 256
_NAME = 80


@dataclass(frozen=True, slots=True)
class Vitals:
    """One look at what changes.

    Attributes:
        at_s: When, seconds of this machine's monotonic clock.
        khz: Frequency by CPU number, kHz.
        millicelsius: Temperature by zone; names come from the board and are not yet safe to show.
        counter_module: hvcounter is loaded.
    """

    at_s: float
    khz: Mapping[int, int] = field(default_factory=dict)
    millicelsius: Mapping[str, int] = field(default_factory=dict)
    counter_module: bool = False


async def read_vitals(link: Link) -> Vitals:
    """Look once; nothing is changed.

    Raises:
        BoardProblem: The board's shell does not answer.
        LinkProblem: The link was lost.
    """
    done = await link.run(["sh", "-s"], stdin=_SCRIPT, timeout=20.0)
    if done.status != 0:
        raise BoardProblem(
            f"{link.name} does not tell temperatures and frequencies",
            detail=done.error_text or f"its shell ended with status {done.status}",
        )
    return parse_vitals(done.text, time.monotonic())


def parse_vitals(answer: str, at_s: float) -> Vitals:
    """Read the script's answer. Pure; takes anything, and leaves out what makes no sense."""
    khz: dict[int, int] = {}
    zones: dict[str, int] = {}
    module = False
    for line in answer.splitlines()[:_MOST]:
        kind, _, rest = line.partition("\t")
        name, _, value = rest.rpartition("\t")
        number = _number(value)
        if number is None or not name:
            continue
        if kind == "cpu" and name.isascii() and name.isdecimal() and len(name) < 5:  # noqa: PLR2004  # no board has more
            khz[int(name)] = number
        elif kind == "zone":
            zones[name[:_NAME]] = number
        elif kind == "module":
            module = True
    return Vitals(at_s, khz, zones, module)


def _number(text: str) -> int | None:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) < 12 else None  # noqa: PLR2004  # more is no measurement
