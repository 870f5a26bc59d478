"""What differs from one processor architecture to the next: names, and nothing but names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arch:
    """An architecture, as each of the many parties calls it.

    Attributes:
        debian: Debian's name.
        kernel: Debian's package that stands for its newest kernel.
        headers: Likewise for that kernel's headers.
        xen: Debian's package that stands for its Xen.
        kbuild: The kernel's own name (``ARCH=``).
        xen_arch: Xen's own name (``XEN_TARGET_ARCH=``).
        cross: Prefix of the cross compiler's programs.
        compiler: Debian's package that brings them.
        qemu: The program that emulates a whole board.
        user_qemu: What Linux calls the emulator of single programs (binfmt_misc).
        cpu: QEMU's kind of CPU on its virt machine.
        console: The serial line on QEMU's virt machine.
        uboot: Folder of U-Boot for QEMU's virt machine in Debian's u-boot-qemu.
    """

    debian: str
    kernel: str
    headers: str
    xen: str
    kbuild: str
    xen_arch: str
    cross: str
    compiler: str
    qemu: str
    user_qemu: str
    cpu: str
    console: str
    uboot: str


ARM32 = Arch(
    debian="armhf",
    kernel="linux-image-armmp-lpae",
    headers="linux-headers-armmp-lpae",
    xen="xen-system-armhf",
    kbuild="arm",
    xen_arch="arm32",
    cross="arm-linux-gnueabihf-",
    compiler="gcc-arm-linux-gnueabihf",
    qemu="qemu-system-arm",
    user_qemu="qemu-arm",
    cpu="cortex-a15",
    console="ttyAMA0",
    uboot="qemu_arm",
)
