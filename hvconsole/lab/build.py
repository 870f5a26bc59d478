"""Everything the lab's boards need, built in order and kept."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from hvconsole.lab import firmware, hypervisor, qemu, tools
from hvconsole.lab.apt import Apt
from hvconsole.lab.arch import ARM32, ARM64, Arch, arch_of
from hvconsole.lab.image import Image, Parts, image
from hvconsole.lab.kernel import headers, kernel
from hvconsole.lab.keys import Keys, lab_keys
from hvconsole.lab.places import BOARDS, Tell, check_name, quiet
from hvconsole.lab.rootfs import root_archive
from hvconsole.lab.store import Store
from hvconsole.model.problem import Problem

_OF_AN_ARCH = ("image", "kernel", "root", "headers", "measure")
_KEPT_ONCE = (
    *(f"{name}{arch.suffix}" for name in _OF_AN_ARCH for arch in (ARM32, ARM64)),
    *("qemu", "xen-debian", "xen-full"),
)


def build(
    names: Iterable[str] = BOARDS, tell: Tell = quiet, *, install: bool = False
) -> list[Image]:
    """Build what is missing. What was built before, from the same parts, is taken as it is.

    Args:
        names: Which boards; those of one architecture share a disk image.
        tell: Called at each step.
        install: Install the Debian packages that are missing on this machine (needs root).

    Returns:
        The disk images, one for each architecture.

    Raises:
        UsageProblem: There is no such board.
        Problem: Something is missing, or a step failed; what was finished is kept.
    """
    arches = list(dict.fromkeys(arch_of(check_name(name)) for name in names))
    _check_host()
    wanted = _tools(arches)
    if install:
        tell("packages of this machine", 0.0)
        tools.install(tools.missing(wanted))
    tools.need(wanted, "the lab")
    store = Store()
    tell = _onwards(tell)
    apts = {arch: Apt.for_boards(store.folder, arch) for arch in arches}
    tell("lists of packages", 0.02)
    keys = lab_keys(store.folder)
    tell("QEMU", 0.05)
    qemu.fetch(store)
    tell("U-Boot", 0.08)
    for arch in arches:
        firmware.virt_uboot(store, apts[arch])
    # Installing Debian is one emulated program after the other: several architectures go at once.
    with ThreadPoolExecutor(len(arches)) as pool:
        done = [pool.submit(_build_one, store, apts[arch], arch, keys, tell) for arch in arches]
        made = [one.result() for one in done]
    tell("done", 1.0)
    return made


def _onwards(tell: Tell) -> Tell:
    """Return what tells of several builds at once, so that the share never goes back."""
    furthest = 0.0

    def say(step: str, share: float) -> None:
        nonlocal furthest
        furthest = max(furthest, share)
        tell(step, furthest)

    return say


def _tools(arches: Iterable[Arch]) -> tools.Tools:
    wanted = tools.IMAGE_TOOLS | tools.BOARD_TOOLS
    for arch in arches:
        wanted |= tools.xen_tools(arch) if arch.xen else tools.module_tools(arch)
        wanted[f"{arch.user_qemu}-static"] = "qemu-user-static"
    return wanted


def _build_one(store: Store, apt: Apt, arch: Arch, keys: Keys, tell: Tell) -> Image:
    """Build all that the boards of one architecture need."""

    def say(what: str, share: float) -> None:
        tell(f"{arch.debian}: {what}", share)

    say("kernel", 0.09)
    debian = kernel(store, apt, arch)
    say("headers of the kernel", 0.14)
    headers(store, apt, debian, arch)
    xen = uboot = None
    if arch.xen:
        say("U-Boot for Allwinner's boards", 0.16)
        uboot = firmware.sunxi_file(firmware.sunxi_uboot(store, apt))
        say("Xen with all of its schedulers", 0.18)
        xen = hypervisor.full_xen(store, apt, arch) / "xen"
    say("Debian for the boards", 0.3)
    archive = root_archive(store, apt, arch)
    say("disk image", 0.95)
    return image(store, keys, Parts(debian, archive, xen, uboot), arch)


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
