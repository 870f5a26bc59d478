"""What the doctor says of Xvisor: are there guests, and does any stand still after a fault?"""

from __future__ import annotations

from typing import Literal

from hvconsole.link.protocol import Link
from hvconsole.model.text import plain
from hvconsole.wire.xvisor import VCPU_ROW

_SHOWN = 120

Answer = tuple[Literal["ok", "warning", "failed", "skipped"], str, str]


async def look_at_xvisor(link: Link) -> Answer:
    """Return how Xvisor and its guests are; changes nothing.

    Raises:
        LinkProblem: The link was lost.
    """
    done = await link.run(("vcpu", "normal_list"))
    rows = list(filter(None, map(VCPU_ROW.fullmatch, done.text.splitlines())))
    if done.status != 0:
        return "failed", f"xvisor: {plain(done.text, _SHOWN)}", "type 'help' on the Serial screen"
    if not rows:
        fix = "create one of the nodes under /guests: hvconsole hv BOARD create NAME --on-board"
        return "warning", "xvisor, and no guest is made", fix
    states: dict[str, int] = {}
    for row in rows:
        states[row["state"]] = states.get(row["state"], 0) + 1
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    why = f"xvisor answers; of {len(rows)} guests' vCPUs: {told}"
    halted = [row["name"] for row in rows if row["state"] == "Halted"]
    if halted:
        names = plain(", ".join(halted), _SHOWN)
        fix = f"{names}: was it a fault? the serial log says; start the guest, which resets it"
        return "warning", why, fix
    return "ok", why, ""
