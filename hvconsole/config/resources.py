"""Where the files lie that travel with hvconsole but are not Python: themes, cells, C sources."""

from __future__ import annotations

from pathlib import Path

from hvconsole.model.problem import Problem

_PACKAGE = Path(__file__).resolve().parent.parent


def guest_configurations(system: str) -> list[Path]:
    """Return the guest configurations for a hypervisor that hvconsole brings along."""
    suffix = {"xen": "*.cfg", "jailhouse": "*.cell"}.get(system)
    folder = resource_dir("cells") / system
    return sorted(folder.glob(suffix)) if suffix else []


def resource_dir(name: str) -> Path:
    """Return the folder of one kind of resource, such as ``themes`` or ``probes``.

    A wheel carries them in ``hvconsole/_data``; a checkout has them beside the package.

    Raises:
        Problem: Neither is there; the installation is incomplete.
    """
    places = (_PACKAGE / "_data" / name, _PACKAGE.parent / name)
    for place in places:
        if place.is_dir():
            return place
    raise Problem(
        f"hvconsole's folder of {name} is missing",
        detail="\n".join(f"not found: {place}" for place in places),
        hint="install hvconsole again; its files are incomplete",
    )
