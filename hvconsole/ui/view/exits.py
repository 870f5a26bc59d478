"""Why a guest leaves for the hypervisor, in words. Pure."""

from __future__ import annotations

from hvconsole.hypervisor.rates import TOTAL
from hvconsole.hypervisor.state import DeskState
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.guests import Item
from hvconsole.ui.view.line import pad


def exit_rows(state: DeskState, item: Item | None, width: int) -> list[Row]:
    """Return the selected guest's exits a second by cause, a row for each of its CPUs."""
    survey = state.survey
    if survey is None or item is None or item.kind != "guest":
        return []
    guest = survey.guest(item.key)
    rates = state.exits.get(item.key, {})
    rows: list[Row] = []
    for cpu in sorted(guest.cpus) if guest is not None else ():
        head = f"cpu{cpu} "
        causes = {
            name.removeprefix(head): rate
            for name, rate in rates.items()
            if name.startswith(head) and name != head + TOTAL and rate > 0
        }
        most = sorted(causes, key=lambda name: -causes[name])
        told = ", ".join(f"{name} {causes[name]:,.0f}" for name in most)
        if told:
            about = f"exits/s on CPU {cpu}: "
            rows.append(pad([(about, int(Role.MUTED)), (told, int(Role.RATE))], width))
    return rows
