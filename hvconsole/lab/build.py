"""Everything the lab's boards need, built in order and kept."""

from __future__ import annotations

import platform
from collections.abc import Iterable

from hvconsole.lab import firmware, hypervisor, qemu, tools
from hvconsole.lab.apt import Apt
from hvconsole.lab.arch import ARM32, Arch
from hvconsole.lab.image import Image, image
from hvconsole.lab.kernel import headers, kernel
from hvconsole.lab.keys import lab_keys
from hvconsole.lab.places import BOARDS, Tell, check_name, quiet
from hvconsole.lab.rootfs import root_archive
from hvconsole.lab.store import Store
from hvconsole.model.problem import Problem

_TOOLS = tools.IMAGE_TOOLS | tools.BOARD_TOOLS | tools.xen_tools(ARM32)
_KEPT_ONCE = ("image", "kernel", "root", "headers", "qemu", "xen-debian", "xen-full")


def build(
    names: Iterable[str] = BOARDS, tell: Tell = quiet, *, install: bool = False, arch: Arch = ARM32
) -> Image:
    """Build what is missing. What was built before, from the same parts, is taken as it is.

    Args:
        names: Which boards; they share one disk image, so this only checks the names.
        tell: Called at each step.
        install: Install the Debian packages that are missing on this machine (needs root).
        arch: The boards' architecture.

    Raises:
        UsageProblem: There is no such board.
        Problem: Something is missing, or a step failed; what was finished is kept.
    """
    for name in names:
        check_name(name)
    _check_host()
    if install:
        tell("packages of this machine", 0.0)
        tools.install(tools.missing(_TOOLS))
    tools.need(_TOOLS, "the lab")
    store = Store()
    apt = Apt.for_boards(store.folder, arch)
    tell("lists of packages", 0.02)
    keys = lab_keys(store.folder)
    tell("QEMU", 0.05)
    qemu.fetch(store)
    tell("kernel", 0.09)
    debian = kernel(store, apt, arch)
    tell("headers of the kernel", 0.14)
    headers(store, apt, debian, arch)
    tell("U-Boot", 0.16)
    firmware.virt_uboot(store, apt)
    sunxi = firmware.sunxi_uboot(store, apt)
    tell("Xen with all of its schedulers", 0.18)
    xen = hypervisor.full_xen(store, apt, arch)
    tell("Debian for the boards", 0.3)
    archive = root_archive(store, apt, arch)
    tell("disk image", 0.95)
    made = image(store, keys, debian, archive, xen / "xen", firmware.sunxi_file(sunxi))
    tell("done", 1.0)
    return made


def tidy() -> None:
    """Remove what earlier builds left and no board runs from any more."""
    store = Store()
    for name in _KEPT_ONCE:
        if store.has(name):
            store.forget_old(name)


def _check_host() -> None:
    if platform.system() != "Linux":
        raise Problem(
            f"the lab's boards are built on Debian, and this is {platform.system()}",
            hint="build them on Debian 12, in a container for example",
        )
