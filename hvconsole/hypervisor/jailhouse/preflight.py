"""Before Jailhouse is enabled: is all there that it needs, and is nothing in its way?

One command that only reads. What a configuration would do to the running board is another
question, which `hvconsole cell check` answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from hvconsole.hypervisor.jailhouse.frequency import GOVERNOR, is_steady
from hvconsole.hypervisor.masks import parse_mask
from hvconsole.model.check import Check, State
from hvconsole.model.hypervisor import Survey
from hvconsole.model.problem import BoardProblem
from hvconsole.model.text import plain

# $1 marker. Temperatures are not read: here they may be what parks a CPU.
SCRIPT = r"""
m=$1
exec 2>/dev/null
say() { printf '\n%s %s\n' "$m" "$1"; }
say tool; command -v jailhouse
say driver; [ -d /sys/module/jailhouse ] && echo loaded
k=/lib/modules/$(uname -r)
modinfo -n jailhouse || ls $k/*/jailhouse.ko* $k/*/*/jailhouse.ko* $k/*/*/*/jailhouse.ko*
say firmware; ls /lib/firmware/jailhouse*.bin
say present; cat /sys/devices/system/cpu/present
say online; cat /sys/devices/system/cpu/online
say hyp; dmesg | grep -i -E 'started in HYP mode|HYP mode not available|started in SVC mode'
say cmdline; cat /proc/cmdline
say zones; ls -d /sys/class/thermal/thermal_zone*
say configs; ls /etc/jailhouse/*.cell
say end
exit 0
"""

_VMALLOC = re.compile(r"(?:^|\s)vmalloc=(\S+)")
_MEM = re.compile(r"(?:^|\s)(?:mem|memmap)=(\S+)")
_Verdict = tuple[State, str, str]


def checks(parts: Sequence[tuple[str, list[str]]], survey: Survey) -> list[Check]:
    """Judge what the script's answers tell. Pure.

    Args:
        parts: The answers, taken apart (`hvconsole.hypervisor.jailhouse.survey.split`).
        survey: What runs now.

    Raises:
        BoardProblem: The answers are not whole.
    """
    answers = dict(parts)
    if "end" not in answers:
        raise BoardProblem("the board did not say what it has for Jailhouse", hint="try again")
    return [Check(name, *look(answers, survey)) for name, look in _LOOKS]


def _tool(answers: Mapping[str, list[str]], _: Survey) -> _Verdict:
    if found := _first(answers, "tool"):
        return "ok", found, ""
    return "failed", "the command 'jailhouse' is not there", "make install in Jailhouse's tools/"


def _driver(answers: Mapping[str, list[str]], _: Survey) -> _Verdict:
    lines = answers.get("driver", [])
    if "loaded" in lines:
        return "ok", "loaded", ""
    if lines:
        return "ok", f"not loaded yet: {plain(lines[0], 100)}", ""
    return (
        "failed",
        "the running kernel has no module 'jailhouse'",
        "build it against this kernel; Jailhouse's Documentation/ says what the kernel must export",
    )


def _firmware(answers: Mapping[str, list[str]], _: Survey) -> _Verdict:
    if found := _first(answers, "firmware"):
        return "ok", found, ""
    return (
        "failed",
        "there is no jailhouse.bin in /lib/firmware",
        "copy the one that was built with the driver",
    )


def _cpus(answers: Mapping[str, list[str]], survey: Survey) -> _Verdict:
    present = parse_mask(_first(answers, "present")) or frozenset()
    online = parse_mask(_first(answers, "online")) or frozenset()
    if survey.active:
        return "skipped", "cells may have some of them", ""
    if len(online) < 2:  # noqa: PLR2004  # one for Linux, one for a cell
        return (
            "failed",
            f"only CPU {_list(online)} is online: Jailhouse needs two",
            _online(present),
        )
    if off := present - online:
        return (
            "failed",
            f"CPU {_list(off)} is offline: a configuration with it is refused",
            _online(off),
        )
    return "ok", f"CPU {_list(online)}: the configuration must have all of them", ""


def _hyp(answers: Mapping[str, list[str]], survey: Survey) -> _Verdict:
    said = _first(answers, "hyp")
    if survey.active:
        return "ok", "Jailhouse is enabled", ""
    if "started in HYP mode" in said:
        return "ok", "all CPUs were started in HYP mode", ""
    if said:
        return "failed", said, "in U-Boot: setenv bootm_boot_mode nonsec; saveenv; boot again"
    return "skipped", "the kernel's log does not say (any more)", ""


def _memory(answers: Mapping[str, list[str]], _: Survey) -> _Verdict:
    if found := _MEM.search(_first(answers, "cmdline")):
        return "ok", f"kept free: {plain(found[0].strip(), 60)}", ""
    return (
        "failed",
        "no memory is kept free (mem= on the kernel's command line)",
        "hvconsole boot BOARD jailhouse",
    )


def _vmalloc(answers: Mapping[str, list[str]], survey: Survey) -> _Verdict:
    if found := _VMALLOC.search(_first(answers, "cmdline")):
        return "ok", f"vmalloc={plain(found[1], 20)}", ""
    if survey.active:
        return "skipped", "Jailhouse is enabled: it sufficed", ""
    return (
        "warning",
        "no vmalloc= on the kernel's command line",
        "where enabling runs out of memory: vmalloc=512M",
    )


def _frequency(_: Mapping[str, list[str]], survey: Survey) -> _Verdict:
    names = sorted(set(survey.governors.values()))
    if is_steady(survey.governors):
        return "ok", plain(", ".join(names), 60) or "nothing governs it", ""
    if survey.active:
        return (
            "failed",
            f"governor {plain(', '.join(names), 60)} under Jailhouse",
            "changing the voltage parks a CPU unless the root cell has the power chip's bus",
        )
    return "ok", f"{plain(', '.join(names), 60)}: 'enable' pins it ({GOVERNOR}) first", ""


def _sensors(answers: Mapping[str, list[str]], survey: Survey) -> _Verdict:
    zones = len(answers.get("zones", []))
    if not zones:
        return "ok", "no sensor", ""
    if survey.active:
        return "skipped", "not touched while Jailhouse is enabled", ""
    return (
        "warning",
        f"Linux itself reads the sensors ({zones}): a root cell without them has its CPU parked",
        "does the configuration have it? hvconsole cell check FILE --board BOARD",
    )


def _configs(answers: Mapping[str, list[str]], _: Survey) -> _Verdict:
    number = len(answers.get("configs", []))
    if number:
        return "ok", f"{number} in /etc/jailhouse", ""
    return "warning", "no configuration in /etc/jailhouse", "hvconsole cell build FILE.toml"


_LOOKS: tuple[tuple[str, Callable[[Mapping[str, list[str]], Survey], _Verdict]], ...] = (
    ("command", _tool),
    ("driver", _driver),
    ("hypervisor's image", _firmware),
    ("HYP mode", _hyp),
    ("CPUs", _cpus),
    ("reserved memory", _memory),
    ("address space", _vmalloc),
    ("frequency", _frequency),
    ("temperature", _sensors),
    ("configurations", _configs),
)


def _first(answers: Mapping[str, list[str]], name: str) -> str:
    return plain(next(iter(answers.get(name, [])), ""), 400)


def _list(cpus: frozenset[int]) -> str:
    return ",".join(map(str, sorted(cpus))) or "none"


def _online(cpus: frozenset[int]) -> str:
    some = min(cpus, default=1)
    return f"on the board, as root: echo 1 > /sys/devices/system/cpu/cpu{some}/online"
