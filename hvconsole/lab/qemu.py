"""Which QEMU runs the boards: the host's, or a newer one unpacked privately."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass, field
from pathlib import Path

from hvconsole.lab.apt import Apt
from hvconsole.lab.arch import Arch
from hvconsole.lab.store import Store
from hvconsole.lab.tools import BOARD_TOOLS, install_line, run, which
from hvconsole.model.problem import Problem

PROGRAM = "qemu-system-arm"
# Older ones trap a guest's reads of CNTPCT under a hypervisor, and lose interrupts.
NEEDED = (9, 1)
_PACKAGES = ["qemu-system-arm", "qemu-system-common", "qemu-system-data"]


@dataclass(frozen=True, slots=True)
class Qemu:
    """One QEMU.

    Attributes:
        path: The program.
        version: As numbers: ``(10, 0, 2)``.
        environment: Variables that it needs.
    """

    path: str
    version: tuple[int, ...]
    environment: dict[str, str] = field(default_factory=dict)

    def program(self, arch: Arch) -> str:
        """Return its program for an architecture's boards: they lie beside each other."""
        return str(Path(self.path).with_name(arch.qemu))

    def variables(self) -> dict[str, str]:
        """Return the environment to start it in."""
        return os.environ | self.environment

    def __str__(self) -> str:
        return "QEMU " + ".".join(map(str, self.version))


def find(store: Store) -> Qemu:
    """Return the newest QEMU there is, the lab's own or the host's.

    Raises:
        Problem: There is none.
    """
    private = sorted((store.folder / "products").glob("qemu-*/usr/bin/qemu-system-arm"))
    places = [str(path) for path in private]
    if (installed := which(PROGRAM)) is not None:
        places.append(installed)
    found = [_look_at(place) for place in places]
    if not found:
        raise Problem(
            f"{PROGRAM} is not here",
            hint=f"{install_line(BOARD_TOOLS.values())}\nor: hvconsole lab build",
        )
    return max(found, key=lambda one: one.version)


def for_hypervisors(store: Store) -> Qemu:
    """Return a QEMU that is new enough for counters under a hypervisor.

    Raises:
        Problem: There is only an older one.
    """
    qemu = find(store)
    if qemu.version < NEEDED:
        raise Problem(
            f"{qemu} is too old for a hypervisor: {'.'.join(map(str, NEEDED))} is needed",
            detail="older ones stop a program that reads CNTPCT under Xen with SIGILL",
            hint="hvconsole lab build fetches a newer one on Debian 12 and installs nothing",
        )
    return qemu


def fetch(store: Store) -> None:
    """Unpack the backported QEMU into the lab, unless the host's own is new enough.

    Raises:
        Problem: It cannot be had.
    """
    installed = which(PROGRAM)
    if installed is not None and _look_at(installed).version >= NEEDED:
        return
    host = run(["dpkg", "--print-architecture"], what="asking for the architecture").strip()
    apt = Apt(store.folder / "apt" / "backports", host, backports=True)
    version = apt.version(PROGRAM)
    ingredients = {"packages": " ".join(_PACKAGES), "version": version}

    def make(folder: Path) -> None:
        apt.download(_PACKAGES, folder)
        _look_at(str(folder / "usr" / "bin" / PROGRAM))  # it must run here, or is no product

    store.produce("qemu", ingredients, make)


def _look_at(path: str) -> Qemu:
    """Ask a QEMU for its version."""
    modules = Path(path).parent.parent / "lib" / f"{platform.machine()}-linux-gnu" / "qemu"
    private = "products" in Path(path).parts or not path.startswith("/usr/")
    environment = {"QEMU_MODULE_DIR": str(modules)} if private else {}
    shown = run(
        [path, "--version"],
        what=f"starting {path}",
        hint=f"the libraries of the host's own QEMU may be missing:\n"
        f"{install_line(BOARD_TOOLS.values())}",
        env=environment,
    )
    match = re.search(r"version (\d+(?:\.\d+)+)", shown)
    if match is None:
        raise Problem(f"{path} says no version", detail=shown)
    return Qemu(path, tuple(map(int, match[1].split("."))), environment)
