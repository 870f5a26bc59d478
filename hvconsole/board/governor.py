"""The governor of a board's CPU frequency: set with its undo written down, and read back."""

from __future__ import annotations

from hvconsole.board.facts import BoardFacts, gather
from hvconsole.board.journal import Journal
from hvconsole.link.protocol import Link
from hvconsole.model.problem import BoardProblem
from hvconsole.model.text import plain

_SET = 'for f in /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor; do echo "$1" > "$f"; done'
_AVAILABLE = "/sys/devices/system/cpu/cpu{}/cpufreq/scaling_available_governors"


async def set_governor(
    link: Link, journal: Journal, facts: BoardFacts, name: str, *, sudo: bool = False
) -> str:
    """Give all CPUs a governor; return what they had, or nothing if it was this one already.

    Raises:
        BoardProblem: The board has no choice of governors, or does not take this one.
    """
    before = {clock.governor for clock in facts.clocks}
    if not before:
        raise BoardProblem(
            f"{link.name}: its CPUs have no governor",
            detail="there is no cpufreq in /sys/devices/system/cpu",
            hint="leave governor out of the condition",
        )
    if before == {name}:
        return ""
    root = ("sudo", "-n") if sudo else ()
    was = facts.clocks[0].governor
    change = await journal.record(
        [*root, "sh", "-c", _SET, "sh", was],
        f"set the governor back to {was}",
        until_reboot=True,
    )
    done = await link.run([*root, "sh", "-c", _SET, "sh", name])
    after = {clock.governor for clock in (await gather(link)).clocks}
    if after != {name}:
        await journal.settle(change)
        await link.run([*root, "sh", "-c", _SET, "sh", was])
        listed = await link.run(["cat", _AVAILABLE.format(facts.clocks[0].cpu)])
        has = plain(listed.stdout.decode("utf-8", "replace"), 200)
        raise BoardProblem(
            f"{link.name} does not take the governor '{name}'",
            detail=done.error_text,
            hint=f"it has: {has}" if listed.status == 0 else "",
        )
    return was
