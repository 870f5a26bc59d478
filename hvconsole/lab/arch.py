"""What differs from one processor architecture to the next: names, and nothing but names."""

from __future__ import annotations

from dataclasses import dataclass

from hvconsole.lab.places import ARM64_BOARD


@dataclass(frozen=True, slots=True, kw_only=True)
class Arch:
    """An architecture, as each of the many parties calls it.

    Attributes:
        debian: Debian's name.
        uname: What ``uname -m`` says there.
        kernel: Debian's package that stands for its newest kernel.
        headers: Likewise for that kernel's headers.
        xen: Debian's package that stands for its Xen; empty where the lab has none.
        kbuild: The kernel's own name (``ARCH=``).
        xen_arch: Xen's own name (``XEN_TARGET_ARCH=``).
        cross: Prefix of the cross compiler's programs.
        compiler: Debian's package that brings them.
        qemu: The program that emulates a whole board.
        user_qemu: What Linux calls the emulator of single programs (binfmt_misc).
        machine: QEMU's virt machine with what the lab wants of it.
        cpu: QEMU's kind of CPU on it.
        console: The serial line on it.
        uboot: Folder of U-Boot for it in Debian's u-boot-qemu.
        loader: File in ``/lib`` that starts programs with libraries.
        suffix: What the lab's products of it have behind their names.
    """

    debian: str
    uname: str
    kernel: str
    headers: str
    xen: str
    kbuild: str
    xen_arch: str
    cross: str
    compiler: str
    qemu: str
    user_qemu: str
    machine: str
    cpu: str
    console: str
    uboot: str
    loader: str
    suffix: str = ""


ARM32 = Arch(
    debian="armhf",
    uname="armv7l",
    kernel="linux-image-armmp-lpae",
    headers="linux-headers-armmp-lpae",
    xen="xen-system-armhf",
    kbuild="arm",
    xen_arch="arm32",
    cross="arm-linux-gnueabihf-",
    compiler="gcc-arm-linux-gnueabihf",
    qemu="qemu-system-arm",
    user_qemu="qemu-arm",
    # Debian's Xen livelocks at the PCI window of high memory, so that stays off everywhere: the
    # board is to be the same in every mode.
    machine="virt,virtualization=on,gic-version=2,highmem=off",
    cpu="cortex-a15",
    console="ttyAMA0",
    uboot="qemu_arm",
    loader="ld-linux-armhf.so.3",
)

ARM64 = Arch(
    debian="arm64",
    uname="aarch64",
    kernel="linux-image-arm64",
    headers="linux-headers-arm64",
    xen="",
    kbuild="arm64",
    xen_arch="arm64",
    cross="aarch64-linux-gnu-",
    compiler="gcc-aarch64-linux-gnu",
    qemu="qemu-system-aarch64",
    user_qemu="qemu-aarch64",
    machine="virt,virtualization=on,gic-version=3",
    # It has the virtualisation host extensions (VHE), so that one board does both: KVM with them,
    # and without when Linux is told so. Newer ones cost more time to emulate.
    cpu="cortex-a76",
    console="ttyAMA0",
    uboot="qemu_arm64",
    loader="ld-linux-aarch64.so.1",
    suffix="-arm64",
)


def arch_of(board: str) -> Arch:
    """Return the architecture of a lab board."""
    return ARM64 if board == ARM64_BOARD else ARM32
