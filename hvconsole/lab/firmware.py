"""U-Boot for the boards, out of Debian's packages."""

from __future__ import annotations

from pathlib import Path

from hvconsole.lab.apt import Apt
from hvconsole.lab.arch import ARM32, Arch
from hvconsole.lab.store import Store

SUNXI_BOARD = "Bananapi_M2_Ultra"


def virt_uboot(store: Store, apt: Apt) -> Path:
    """Return the product with U-Boot for QEMU's virt machines."""
    return _unpacked(store, apt, "u-boot-qemu:all")


def sunxi_uboot(store: Store, apt: Apt) -> Path:
    """Return the product with U-Boot for Allwinner's boards."""
    return _unpacked(store, apt, "u-boot-sunxi")


def virt_file(product: Path, arch: Arch = ARM32) -> Path:
    """Return U-Boot itself, as QEMU's ``-bios`` takes it."""
    return product / "usr" / "lib" / "u-boot" / arch.uboot / "u-boot.bin"


def sunxi_file(product: Path) -> Path:
    """Return U-Boot with its first stage, as it lies 8 KiB from the start of an SD card."""
    return product / "usr" / "lib" / "u-boot" / SUNXI_BOARD / "u-boot-sunxi-with-spl.bin"


def _unpacked(store: Store, apt: Apt, package: str) -> Path:
    version = apt.version(package)
    name = package.partition(":")[0]

    def make(folder: Path) -> None:
        apt.download([f"{package}={version}"], folder)

    return store.produce(name, {"package": package, "version": version}, make)
