"""Debian's kernel for the boards, and its headers, ready for building modules on this machine."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from hvconsole.lab.apt import Apt, host_architecture
from hvconsole.lab.arch import ARM32, Arch
from hvconsole.lab.store import Store
from hvconsole.lab.tools import run
from hvconsole.model.problem import Problem

_INCLUDE = re.compile(r"^include /usr/src/([^/\s]+)/Makefile", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Kernel:
    """Debian's kernel, unpacked: nothing of it was run.

    Attributes:
        product: Name of the product that holds it.
        release: ``uname -r``.
        version: Of the package.
        image: The kernel itself.
        modules: ``/lib/modules/RELEASE``, with its dependencies worked out.
        device_trees: Folder of ``*.dtb``.
    """

    product: str
    release: str
    version: str
    image: Path
    modules: Path
    device_trees: Path


@dataclass(frozen=True, slots=True)
class KernelTree:
    """Headers of a board's kernel, with tools that run on this machine.

    Attributes:
        release: ``uname -r`` on the board.
        path: What ``make -C`` is given.
        arch: ``ARCH=``.
        cross: ``CROSS_COMPILE=``.
    """

    release: str
    path: Path
    arch: str
    cross: str


def kernel(store: Store, apt: Apt, arch: Arch = ARM32) -> Kernel:
    """Return Debian's newest kernel for the boards, downloading it the first time."""
    package = apt.newest(arch.kernel, r"linux-image-\d.*")
    version = apt.version(package)
    release = package.removeprefix("linux-image-")

    def make(folder: Path) -> None:
        apt.download([f"{package}={version}"], folder)
        run(["depmod", "-b", str(folder), release], what="listing the kernel's modules")

    ingredients = {"package": package, "version": version}
    return _kernel_in(store.produce(f"kernel{arch.suffix}", ingredients, make))


def built_kernel(store: Store, arch: Arch = ARM32) -> Kernel:
    """Return the kernel that was built last, asking nobody.

    Raises:
        Problem: There is none yet.
    """
    return _kernel_in(store.latest(f"kernel{arch.suffix}"))


def _kernel_in(product: Path) -> Kernel:
    known = Store.ingredients(product)
    release = known["package"].removeprefix("linux-image-")
    return Kernel(
        product.name,
        release,
        known["version"],
        product / "boot" / f"vmlinuz-{release}",
        product / "lib" / "modules" / release,
        product / "usr" / "lib" / known["package"],
    )


def headers(store: Store, apt: Apt, of: Kernel, arch: Arch = ARM32) -> KernelTree:
    """Return the headers of a kernel, with tools for this machine's processor.

    Debian's headers for a board carry tools that run on the board. The same version's tools exist
    for this machine: they are unpacked in their place.
    """
    package = f"linux-headers-{of.release}"

    def make(folder: Path) -> None:
        common = apt.newest(package, r"linux-headers-.*-common(-\w+)?")
        tools = apt.newest(package, r"linux-kbuild-.*")
        wanted = [package, f"{common}:all", f"{tools}:{host_architecture()}"]
        apt.download([f"{one}={of.version}" for one in wanted], folder)
        make_relocatable(folder)

    ingredients = {"package": package, "version": of.version}
    product = store.produce(f"headers{arch.suffix}", ingredients, make)
    return KernelTree(of.release, product / "usr" / "src" / package, arch.kbuild, arch.cross)


def make_relocatable(root: Path) -> None:
    """Let unpacked headers find each other wherever they lie: they do by whole paths."""
    for path in root.rglob("*"):
        if path.is_symlink() and path.readlink().is_absolute():
            target = root / str(path.readlink()).lstrip("/")
            path.unlink()
            path.symlink_to(os.path.relpath(target, path.parent))
    here = r"include $(dir $(abspath $(lastword $(MAKEFILE_LIST))))../\1/Makefile"
    for makefile in (root / "usr" / "src").glob("*/Makefile"):
        makefile.write_text(_INCLUDE.sub(here, makefile.read_text()))


def modules_for(names: tuple[str, ...], release: str, root: Path) -> list[Path]:
    """Return the files of modules and of all they need, in the order to load them."""
    shown = run(
        ["modprobe", "-d", str(root), "-S", release, "-D", "-a", *names],
        what=f"looking for the modules {', '.join(names)}",
    )
    words = [line.split() for line in shown.splitlines()]
    files = list(dict.fromkeys(Path(word[1]) for word in words if word and word[0] == "insmod"))
    if not files:
        raise Problem(f"the kernel {release} has none of the modules {', '.join(names)}")
    return files
