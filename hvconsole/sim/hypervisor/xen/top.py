"""xentop in batch mode."""

from __future__ import annotations

import getopt
from typing import Final

from hvconsole.sim.hypervisor.host import ToolCall
from hvconsole.sim.hypervisor.xen.state import BOARD_MIB, MIB, Domain, State

_COLUMNS: Final = (
    ("NAME", 10), ("STATE", 6), ("CPU(sec)", 10), ("CPU(%)", 6), ("MEM(k)", 10), ("MEM(%)", 6),
    ("MAXMEM(k)", 10), ("MAXMEM(%)", 9), ("VCPUS", 5), ("NETS", 4), ("NETTX(k)", 8),
    ("NETRX(k)", 8), ("VBDS", 4), ("VBD_OO", 8), ("VBD_RD", 8), ("VBD_WR", 8), ("VBD_RSECT", 10),
    ("VBD_WSECT", 10), ("SSID", 4),
)  # fmt: skip
_NAME: Final = 10
_WIDTHS: Final = [width for _, width in _COLUMNS]
_NO_DEVICES: Final = ["0"] * 10
_ONCE_S: Final = 3.0
_LONGEST_S: Final = 86_400.0
# The toolstack gives a guest a little more than it asked for, and a MiB above as its limit.
_SLACK_KIB: Final = 16


async def xentop(state: State, call: ToolCall) -> int:
    """Print domains and what they used since the round before."""
    try:
        pairs, words = getopt.getopt(
            list(call.words[1:]), "hVnxrvd:bi:f", ["batch", "delay=", "iterations=", "full-name"]
        )
        flags = dict(pairs)
        delay = float(flags.get("-d", flags.get("--delay", _ONCE_S)))
        rounds = int(flags.get("-i", flags.get("--iterations", 0)))
    except (getopt.GetoptError, ValueError) as error:
        call.err(f"xentop: {error}\n")
        return 1
    if not 0 <= delay <= _LONGEST_S:
        call.err(f"xentop: invalid delay: {delay}\n")
        return 1
    if words or not flags.keys() & {"-b", "--batch"}:
        call.err("Error opening terminal: unknown.\n")
        return 1
    whole = bool(flags.keys() & {"-f", "--full-name"})
    before: dict[int, float] = {}
    since = state.host.uptime_s
    count = 0
    while True:
        now = state.host.uptime_s
        call.out(_page(state, before, now - since, whole=whole, vcpus="-v" in flags))
        before = {one.number: state.seconds(one) for one in state.ordered()}
        since, count = now, count + 1
        if rounds and count >= rounds:
            return 0
        await call.sleep(max(delay, 0.05))


def _page(
    state: State, before: dict[int, float], span_s: float, *, whole: bool, vcpus: bool
) -> str:
    domains = sorted(state.ordered(), key=lambda one: one.name.lower())
    widest = max([_NAME, *(len(one.name) for one in domains)]) if whole else _NAME
    widths = [widest, *_WIDTHS[1:]]
    lines = [_line([name for name, _ in _COLUMNS], widths)]
    for one in domains:
        used = state.seconds(one)
        first = not before or span_s <= 0
        share = 0.0 if first else 100 * max(used - before.get(one.number, used), 0.0) / span_s
        lines.append(_line(_row(state, one, used, share, widest), widths))
        if vcpus:
            times = (state.seconds(one, vcpu) for vcpu in range(len(one.hard)))
            lines.append("VCPUs(sec): " + " ".join(
                f"{vcpu:>3}: {time:>10.0f}s" for vcpu, time in enumerate(times)
            ))  # fmt: skip
    return "".join(f"{line}\n" for line in lines)


def _line(cells: list[str], widths: list[int]) -> str:
    return " ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def _row(state: State, one: Domain, used: float, share: float, widest: int) -> list[str]:
    slack = _SLACK_KIB if one.number else 0
    has = one.memory_kib + slack
    most = one.most_kib + (MIB if one.number and one.most_kib == one.memory_kib else 0)
    units = state.units(one)
    runs = one.number == 0 or any(unit.cpu is not None and not unit.paused for unit in units)
    blocked = not runs and not one.paused and not any(unit.runnable for unit in units)
    flags = f"--{'b' if blocked else '-'}-{'p' if one.paused else '-'}{'r' if runs else '-'}"
    total = BOARD_MIB * MIB
    return [
        one.name[:widest], flags, f"{used:.0f}", f"{share:.1f}", str(has),
        f"{100 * has / total:.1f}", str(most), f"{100 * most / total:.1f}", str(len(units)),
        *_NO_DEVICES,
    ]  # fmt: skip
