"""Xen for the boards: Debian's own, and the same sources with all of its schedulers.

Debian's binary has credit and credit2 only. The others (rtds, null, arinc653) are switched off in
releases since 4.16, but they are in the sources.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hvconsole.lab.apt import Apt
from hvconsole.lab.arch import ARM32, Arch
from hvconsole.lab.store import Store
from hvconsole.lab.tools import need, run, xen_tools
from hvconsole.model.problem import Problem

_PATTERN = r"xen-hypervisor-\d[\d.]*-\w+"
_SWITCHES = """\
CONFIG_EXPERT=y
CONFIG_UNSUPPORTED=y
CONFIG_SCHED_RTDS=y
CONFIG_SCHED_ARINC653=y
CONFIG_SCHED_NULL=y
CONFIG_BOOT_TIME_CPUPOOLS=y
"""


def stock_xen(store: Store, apt: Apt, arch: Arch = ARM32) -> Path:
    """Return the product with Debian's Xen: ``xen``, and ``config``."""
    package = apt.newest(arch.xen, _PATTERN)
    version = apt.version(package)

    def make(folder: Path) -> None:
        unpacked = folder / "package"
        apt.download([f"{package}={version}"], unpacked)
        boot = unpacked / "boot"
        name = package.replace("xen-hypervisor", "xen")
        shutil.copy(boot / name, folder / "xen")
        shutil.copy(boot / f"{name}.config", folder / "config")
        shutil.rmtree(unpacked)

    return store.produce("xen-debian", {"package": package, "version": version}, make)


def full_xen(store: Store, apt: Apt, arch: Arch = ARM32) -> Path:
    """Return the product with Xen built from Debian's sources with every scheduler: ``xen``."""
    stock = stock_xen(store, apt, arch)
    version = Store.ingredients(stock)["version"]

    def make(folder: Path) -> None:
        need(xen_tools(arch), "building Xen with all schedulers")
        work = folder / "work"
        work.mkdir()
        sources = apt.source("xen", work) / "xen"
        _compile(sources, stock / "config", version, arch, folder / "build.log")
        _check_switches(sources / ".config")
        shutil.copy(sources / "xen", folder / "xen")
        shutil.copy(sources / ".config", folder / "config")
        shutil.rmtree(work)

    ingredients = {
        "version": version,
        "switches": _SWITCHES,
        "compiler": run(
            [f"{arch.cross}gcc", "-dumpfullversion"], what="asking the compiler"
        ).strip(),
    }
    return store.produce("xen-full", ingredients, make)


def _compile(sources: Path, config: Path, version: str, arch: Arch, log: Path) -> None:
    (sources / ".config").write_text(config.read_text() + _SWITCHES)
    # Xen prints who built it and when; in virtual time each letter on the console counts.
    environment = {
        "XEN_TARGET_ARCH": arch.xen_arch,
        "CROSS_COMPILE": arch.cross,
        "XEN_BUILD_DATE": f"Debian {version}",
        "XEN_BUILD_TIME": "00:00:00",
        "XEN_BUILD_HOST": "lab",
        "XEN_WHOAMI": "hvconsole",
        "XEN_DOMAIN": "lab",
    }
    for target, jobs in (("olddefconfig", 1), ("xen", os.cpu_count() or 1)):
        run(
            ["make", f"-j{jobs}", target],
            what="building Xen",
            cwd=sources,
            env=environment,
            log=log,
        )


def _check_switches(config: Path) -> None:
    """Make sure that the switches survived Xen's own configuration step."""
    said = config.read_text().splitlines()
    if lost := [line for line in _SWITCHES.splitlines() if line not in said]:
        raise Problem(
            "this Xen does not know all of its schedulers' switches",
            detail="\n".join(lost),
        )
