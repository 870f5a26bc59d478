"""Why Jailhouse refused something: its errno, the kernel's log and its own console, understood.

The command prints an ioctl's name and an errno and nothing more. The driver puts the reason into
the kernel's log, sometimes; the hypervisor's console shows how far it came. Pure: text in, a
cause and a fix out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from hvconsole.hypervisor.failed import LAST_LINES, failed_step, lines_of
from hvconsole.hypervisor.jailhouse.reasons import (
    LOG,
    NOT_RUNNING,
    OTHER_MACHINE,
    PARKED_AT_ONCE,
    QUIETLY,
    RULES,
    STILL,
    Reason,
    Rule,
)
from hvconsole.hypervisor.plan import Step
from hvconsole.link.protocol import Completed
from hvconsole.model.problem import BoardProblem
from hvconsole.model.text import plain
from hvconsole.wire.console import shown

# Taking a CPU from Linux for a cell is said in the kernel's own words.
_OURS = re.compile(r"jailhouse|CPU\d+ killed", re.IGNORECASE)
_PARKED = re.compile(r"Parking CPU \d+")
_STAMP = re.compile(r"\[ *(?P<seconds>\d{1,10}\.\d{1,9})\]", re.ASCII)
# Commands fail within seconds; what is older belongs to another failure.
_RECENT_S = 10.0


def reason(said: str, log: Sequence[str] = (), ring: Sequence[str] = ()) -> Reason | None:
    """Return why a command of Jailhouse failed; None if nothing of it is known.

    Args:
        said: What the command wrote to its outputs.
        log: The kernel's log, newest line last.
        ring: The hypervisor's own console, newest line last.
    """
    about = next((line for line in reversed(log) if _OURS.search(line)), "")
    last = next((line for line in reversed(ring) if line.strip()), "")
    for rule in RULES:
        pairs = [
            (pattern, text)
            for pattern, text in ((rule.said, said), (rule.log, about), (rule.ring, last))
            if pattern
        ]
        found = [re.search(pattern, text) for pattern, text in pairs]
        if all(found):
            evidence = last if rule.ring else about if rule.log else ""
            return _filled(rule, [one for one in found if one is not None], evidence)
    return None


def recent(log: Sequence[str], uptime: str) -> list[str]:
    """Return the lines of a kernel's log that are a few seconds old; those without a time too.

    Args:
        log: Its lines, each with its time since boot.
        uptime: What /proc/uptime says now.
    """
    now = re.match(r"\d{1,10}\.\d{1,9}", uptime)
    if now is None:
        return list(log)
    since = float(now[0]) - _RECENT_S
    stamps = [(line, _STAMP.match(line)) for line in log]
    return [line for line, stamp in stamps if stamp is None or float(stamp["seconds"]) >= since]


def explain(
    step: Step, done: Completed, log: Sequence[str], ring: Sequence[str] = ()
) -> BoardProblem:
    """Turn a step that failed into a problem with cause and fix; the words are kept.

    Args:
        step: What was tried.
        done: How the command ended.
        log: The newest lines of the kernel's log.
        ring: The newest lines of the hypervisor's console.
    """
    said = lines_of(done)
    ours = [line for line in log if _OURS.search(line)]
    why = _of_success(step, ours, ring) if done.status == 0 else reason("\n".join(said), log, ring)
    if why is None:
        why = Reason("the board gave no reason", LOG)
    kept = [*said[-LAST_LINES:], *([why.evidence] if why.evidence else ours[-1:])]
    lines = [shown(line.encode("utf-8", "replace")) for line in kept]
    return failed_step(step, why.cause, why.fix, lines)


def _of_success(step: Step, ours: Sequence[str], ring: Sequence[str]) -> Reason:
    """Return why a command that reported success had no effect."""
    parked = next((line for line in reversed(ring) if _PARKED.search(line)), "")
    if "start" in step.argv:
        return replace(PARKED_AT_ONCE, evidence=parked) if parked else NOT_RUNNING
    newest = ours[-1] if ours else ""
    if "create" in step.argv and "architecture mismatch" in newest:
        return OTHER_MACHINE
    return STILL if "linux" in step.argv else QUIETLY


def _filled(rule: Rule, found: Sequence[re.Match[str]], evidence: str) -> Reason:
    """Put what the patterns caught into the words; it comes from the board."""
    caught = {
        name: plain(text, 60)
        for match in found
        for name, text in match.groupdict().items()
        if text is not None
    }
    return Reason(rule.cause.format_map(caught), rule.fix.format_map(caught), evidence)
