"""What can be begun on a board, as forms: guests, cells, pools, the hypervisor itself. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.jailhouse.images import WRITTEN
from hvconsole.model.hypervisor import Survey
from hvconsole.model.inspection import CellFile
from hvconsole.model.text import plain
from hvconsole.ui.view import words
from hvconsole.ui.view.form import Field, Form


def board_forms(survey: Survey, configs: Sequence[Path], files: Sequence[CellFile]) -> list[Form]:
    """Return what can be done on a board whatever is selected.

    Args:
        survey: The state.
        configs: Guest configurations that are at hand on this machine.
        files: Configurations that lie on the board.
    """
    cells = [one.path for one in files if one.kind == "cell"]
    systems = [one.path for one in files if one.kind == "system"]
    at_hand = [*cells, *map(str, configs)]
    create = Form(
        kind="create",
        title="create a guest",
        fields=(
            Field(
                name="config",
                label="configuration",
                value=at_hand[0] if at_hand else "",
                hint="a file on this machine; if there is none of that path, one on the board"
                + _listed(cells),
            ),
            Field(name="name", label="name", hint="empty: the configuration's own"),
        ),
        build=lambda v: words.creation(v["config"], v["name"]),
    )
    choices = tuple((one.name, one.missing) for one in survey.schedulers)
    first = next((one for one, missing in choices if not missing), "")
    make = Form(
        kind="make pool",
        title="make a pool",
        fields=(
            Field(name="name", label="name", value="fast"),
            Field(name="scheduler", label="scheduler", value=first, choices=choices),
            Field(name="cpus", label="CPUs", hint="empty: one that can be spared"),
        ),
        build=lambda v: do.MakePool(
            name=v["name"].strip(),
            scheduler=v["scheduler"].strip(),
            cpus=words.cpus(v["cpus"]) or frozenset(),
        ),
    )
    enable = Form(
        kind="enable",
        title=f"enable {survey.system}",
        fields=(
            Field(
                name="config",
                label="system configuration",
                value=systems[0] if systems else "",
                hint="a file on the board, or a .toml on this machine" + _listed(systems),
            ),
        ),
        build=lambda v: words.enabling(v["config"]),
    )
    disable = Form(kind="disable", title=f"disable {survey.system}", build=lambda _: do.Disable())
    if survey.system == "jailhouse":
        of_cells = [_cell(at_hand), _linux(cells)]
        offered = [*of_cells, disable] if survey.active else [enable, *of_cells]
    else:
        offered = [create, make] if survey.pools else [create]
    return offered


def _cell(at_hand: Sequence[str]) -> Form:
    """Return the form for a cell: made, loaded and started in one go."""
    return Form(
        kind="create",
        title="create a cell",
        fields=(
            Field(
                name="config",
                label="configuration",
                value=at_hand[0] if at_hand else "",
                hint="a .toml or .cell here, else one on the board" + _listed(at_hand),
            ),
            Field(name="images", label="images", hint=f"{WRITTEN}; by blanks; empty: none"),
            Field(name="start", label="start it", value="no", choices=(("no", ""), ("yes", ""))),
        ),
        build=lambda v: words.cell(v["config"], v["images"], v["start"]),
    )


def _linux(on_board: Sequence[str]) -> Form:
    """Return the form for a cell that boots Linux."""
    of_linux = next((path for path in on_board if "linux" in path), "")
    return Form(
        kind="create",
        title="boot Linux in a new cell",
        fields=(
            Field(name="config", label="configuration", value=of_linux, hint="all on the board"),
            Field(name="kernel", label="kernel"),
            Field(name="dtb", label="device tree", hint="empty: none"),
            Field(name="initrd", label="first file system", hint="empty: none"),
            Field(name="cmdline", label="command line", hint="empty: none"),
        ),
        build=words.linux,
    )


def _listed(paths: Sequence[str]) -> str:
    """Say what there is to choose from, where that is more than one."""
    if len(paths) < 2:  # noqa: PLR2004  # a choice
        return ""
    return "; there are " + ", ".join(plain(path.rpartition("/")[2], 40) for path in paths[:8])
