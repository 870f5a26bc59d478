"""Where the files lie that travel with hvconsole but are not Python: themes, cells, C sources."""

from __future__ import annotations

from pathlib import Path

from hvconsole.model.problem import Problem

_PACKAGE = Path(__file__).resolve().parent.parent


def guest_configurations(system: str) -> list[Path]:
    """Return the guest configurations for a hypervisor that hvconsole brings along."""
    cells = resource_dir("cells")
    if system == "jailhouse":
        return [file for file in sorted(cells.glob("*.toml")) if not _is_system(file)]
    suffix = {"xen": "*.cfg", "kvm": "*.xml", "xvisor": "*.toml"}.get(system)
    return sorted((cells / system).glob(suffix)) if suffix else []


def _is_system(file: Path) -> bool:
    """Whether a configuration of Jailhouse is a root cell's: then it has a table ``[system]``."""
    return "\n[system]" in file.read_text(encoding="utf-8")


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
