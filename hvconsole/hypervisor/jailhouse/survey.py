"""Reading Jailhouse's sysfs tree with one command, and making the one picture of it.

The tree is read, not ``jailhouse cell list``: the list pads names to 24 columns though names run
to 31, and a state of two words looks like two columns.
"""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Mapping, Sequence

from hvconsole.cell.revision import revision_of
from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.jailhouse.frequency import KEPT
from hvconsole.hypervisor.masks import parse_mask
from hvconsole.model.hypervisor import Guest, GuestState, Survey
from hvconsole.model.problem import BoardProblem

# A counter that is read asks the hypervisor once for its CPU. Those of each CPU are read, since the
# sums would ask every CPU of the cell, the sampled one too. $1 marker; $2, if there is one:
# tell the heads of the configurations as well, which do not change.
_SCRIPT = r"""
m=$1 d=/sys/devices/jailhouse
say() { printf '\n%s %s\n' "$m" "$1"; }
say there; [ -d $d ] && echo module; command -v jailhouse >/dev/null && echo tool
say enabled; cat $d/enabled 2>/dev/null
say online; cat /sys/devices/system/cpu/online
say from; sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status
say cmdline; cat /proc/cmdline
say version; jailhouse --version </dev/null 2>/dev/null
for f in ${2:+/etc/jailhouse/*.cell}; do
  [ -r "$f" ] || continue
  say "head $f"; head -c 8 "$f" | base64
done
say memory; grep . $d/mem_pool_size $d/mem_pool_used 2>/dev/null
say governors
for c in /sys/devices/system/cpu/cpu[0-9]*/cpufreq; do
  [ -d "$c" ] || continue
  p=${c%/cpufreq}
  echo "${p##*/cpu} $(cat "$c/scaling_governor")"
done
say kept; [ -e KEPT ] && echo kept
for c in $d/cells/*/; do
  [ -d "$c" ] || continue
  c=${c%/}
  say "cell ${c##*/}"
  for f in name state cpus_assigned_list cpus_failed_list; do printf '%s=' $f; cat "$c/$f"; done
  grep -H . "$c"/statistics/cpu*/vmexits_* 2>/dev/null
done
say end
exit 0
"""
SCRIPT = _SCRIPT.replace("KEPT", KEPT)

WRAPS = 1 << 31
_MOST_CPUS = 256
CELLS_OWN_CPUS = "a cell owns its CPUs: Jailhouse schedules nothing"
_COUNTER = re.compile(r".*/statistics/cpu(?P<cpu>\d+)/vmexits_(?P<name>\w+):(?P<value>-?\d+)")
_STATES: Mapping[str, GuestState] = {
    "running": "running",
    "running/locked": "running",
    "shut down": "stopped",
    "failed": "failed",
}
_VERSION = re.compile(r"v\d\S*")
_RESERVED = re.compile(r"(?:^|\s)(?:mem|memmap)=\S+")


def split(output: str, marker: str) -> list[tuple[str, list[str]]]:
    """Take the script's output apart: each question with the lines of its answer."""
    parts: list[tuple[str, list[str]]] = []
    for line in output.splitlines():
        word, _, rest = line.partition(" ")
        if word == marker:
            parts.append((rest, []))
        elif parts and line:
            parts[-1][1].append(line)
    return parts


def make_survey(parts: Sequence[tuple[str, list[str]]]) -> Survey:
    """Return the state that the answers describe.

    Raises:
        BoardProblem: The answers are not whole.
    """
    answers = {name: lines for name, lines in parts if not name.startswith("cell ")}
    if "end" not in answers:
        raise BoardProblem("the board did not say how Jailhouse is", hint="look again")
    active = answers.get("enabled", [])[:1] == ["1"]
    guests = tuple(
        _cell(name.removeprefix("cell "), lines)
        for name, lines in parts
        if name.startswith("cell ")
    )
    guests = tuple(sorted(guests, key=lambda guest: _order(guest.key)))
    online = parse_mask("".join(answers.get("online", []))) or frozenset()
    cpus = frozenset().union(online, *(guest.cpus for guest in guests))
    version = _VERSION.search("".join(answers.get("version", [])))
    reserved = _RESERVED.search(" ".join(answers.get("cmdline", []))) is not None
    return Survey(
        system="jailhouse",
        version=version[0] if version else "",
        active=active,
        cpus=cpus,
        guests=guests,
        abilities=_abilities(
            guests, active=active, there=answers.get("there", []), reserved=reserved
        ),
        notes=tuple(_notes(guests, answers, active=active)),
        wraps=WRAPS,
        own_exits=sum(name.startswith("cpu") for guest in guests for name in guest.counters),
        looked_from=_looked_from(answers.get("from", []), guests),
        governors=_governors(answers.get("governors", [])),
        governors_kept="kept" in answers.get("kept", []),
        config_revision=_revision(answers),
    )


def exits(before: int, after: int) -> int:
    """Return how much a counter grew; it wraps at 2^31."""
    return (after - before) % WRAPS


def _looked_from(lines: Sequence[str], guests: Sequence[Guest]) -> int | None:
    """Return the CPU that the script ran on; None where it could run on several of the root's."""
    allowed = parse_mask("".join(lines[:1])) or frozenset()
    ours = next((one.cpus for one in guests if one.role == "control"), frozenset())
    could = allowed & ours
    return next(iter(could)) if len(could) == 1 else None


def _cell(key: str, lines: list[str]) -> Guest:
    values = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("/"))
    words = values.get("state", "")
    counters: dict[str, int] = {}
    for line in lines:
        if match := _COUNTER.fullmatch(line):
            value = int(match["value"]) % WRAPS
            counters[f"cpu{match['cpu']} {match['name']}"] = value
            counters[match["name"]] = (counters.get(match["name"], 0) + value) % WRAPS
    return Guest(
        key=key,
        name=values.get("name", ""),
        role="control" if key == "0" else "guest",
        state=_STATES.get(words, "unknown"),
        words=words,
        cpus=parse_mask(values.get("cpus_assigned_list", "")) or frozenset(),
        failed=parse_mask(values.get("cpus_failed_list", "")) or frozenset(),
        counters=counters,
    )


def _revision(answers: Mapping[str, list[str]]) -> int | None:
    heads: dict[str, bytes] = {}
    for name, lines in answers.items():
        if name.startswith("head "):
            with contextlib.suppress(ValueError):
                heads[name.removeprefix("head ")] = base64.b64decode("".join(lines), validate=True)
    return revision_of("".join(answers.get("version", [])[:1]), heads)[0]


def _governors(lines: Sequence[str]) -> dict[int, str]:
    """Return each CPU's governor; a line that makes no sense is left out."""
    found = (line.split(" ", 1) for line in lines[:_MOST_CPUS])
    return {
        int(pair[0]): pair[1]
        for pair in found
        if len(pair) == 2 and pair[0].isascii() and pair[0].isdecimal() and len(pair[0]) < 5  # noqa: PLR2004  # no board has more CPUs
    }


def _order(key: str) -> tuple[int, str]:
    return (int(key), "") if key.isdecimal() and len(key) < 10 else (1 << 31, key)  # noqa: PLR2004  # fits


def _abilities(
    guests: Sequence[Guest], *, active: bool, there: Sequence[str], reserved: bool
) -> Mapping[str, str]:
    never = (do.Pause, do.Resume, do.Schedule, do.SwitchScheduler, do.Pin, do.SetVcpus)
    pools = (do.MakePool, do.DestroyPool, do.AddCpu, do.RemoveCpu, do.Move)
    off = "" if active else "Jailhouse is not enabled"
    cells = off or ("" if len(guests) > 1 else "there is no cell but the root cell")
    enable = "it is enabled already" if active else ""
    if not enable and "tool" not in there:
        enable = "the command 'jailhouse' is not on the board"
    if not enable and not reserved:
        enable = "no memory is reserved for it (mem= on the kernel's command line)"
    reasons = dict.fromkeys(map(do.kind, never), CELLS_OWN_CPUS)
    reasons |= dict.fromkeys(map(do.kind, pools), CELLS_OWN_CPUS)
    reasons |= {do.kind(do.Enable): enable, do.kind(do.Disable): off, do.kind(do.Create): off}
    for action in (do.Load, do.Start, do.Stop, do.Restart, do.Destroy):
        reasons[do.kind(action)] = cells
    return reasons


def _notes(guests: Sequence[Guest], answers: Mapping[str, list[str]], *, active: bool) -> list[str]:
    notes = []
    for guest in guests:
        if guest.words not in _STATES:
            notes.append(f"cell '{guest.name}' is in a state that nobody documented: {guest.words}")
        if guest.state == "failed" or guest.failed:
            parked = ", ".join(map(str, sorted(guest.failed)))
            which = f" (CPU {parked} is parked)" if parked else ""
            notes.append(f"cell '{guest.name}' failed{which}: the hypervisor's console says why")
    if active and answers.get("memory"):
        pool = {
            line.rsplit("/", 1)[-1].split(":")[0]: line.rsplit(":", 1)[-1]
            for line in answers["memory"]
        }
        notes.append(
            f"hypervisor memory: {pool.get('mem_pool_used')} of {pool.get('mem_pool_size')} pages"
        )
    return notes
