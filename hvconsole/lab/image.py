"""The boards' disks: Debian, our first process and keys, kernel, Xen, and U-Boot's script.

The 32-bit boards share one; the 64-bit board has its own.
"""

from __future__ import annotations

import gzip
import shutil
from dataclasses import dataclass
from pathlib import Path

from hvconsole.lab import cpio
from hvconsole.lab.arch import ARM32, ARM64, Arch
from hvconsole.lab.bootscript import ARM64_VIRT, SUNXI, VIRT, kvm_script, script, script_image
from hvconsole.lab.disk import write_disk
from hvconsole.lab.kernel import Kernel, modules_for
from hvconsole.lab.keys import Keys
from hvconsole.lab.places import FILES
from hvconsole.lab.rootfs import must_be_root
from hvconsole.lab.store import Store, digest
from hvconsole.lab.tools import run

_DISK_SIZE = 1 << 30
_DEVICE_TREE = "sun8i-r40-bananapi-m2-ultra.dtb"
# What a board may want later on, as folders and files of the kernel's modules.
_MODULES = (
    "drivers/virtio",
    "drivers/xen",
    "drivers/char/hw_random",
    "drivers/block/virtio_blk.ko",
    "drivers/block/loop.ko",
    "drivers/block/xen-blkback",
    "drivers/block/xen-blkfront.ko",
    "drivers/net/virtio_net.ko",
    "drivers/net/net_failover.ko",
    "drivers/net/tun.ko",
    "drivers/net/xen-netback",
    "drivers/net/xen-netfront.ko",
    "net/core",
    "net/bridge",
    "net/llc",
    "net/802",
    "fs/ext4",
    "fs/jbd2",
    "fs/mbcache.ko",
    "lib",
    "crypto",
    "arch/arm/crypto",
    "arch/arm64/crypto",
)
# To reach the root disk, first to last; what they need themselves is looked up. On the Banana Pi
# disk and network wait for ever for a regulator unless the bus that it is on comes first.
_VIRT_MODULES = ("virtio_mmio", "virtio_blk", "crc32c", "ext4")
_FIRST_MODULES: dict[str, dict[str, tuple[str, ...]]] = {
    ARM32.debian: {
        VIRT.initramfs: _VIRT_MODULES,
        SUNXI.initramfs: (
            "i2c-mv64xxx",
            "axp20x-regulator",
            "pinctrl-axp209",
            "sunxi-mmc",
            "realtek",
            "dwmac-sun8i",
            "crc32c",
            "ext4",
        ),
    },
    # The board's guests boot from it as well, with a console of their own.
    ARM64.debian: {ARM64_VIRT.initramfs: (*_VIRT_MODULES, "virtio_console")},
}
# What libvirt takes for granted; Debian's package for whole systems would bring it, with systemd.
_LIBVIRT = """\
user = "root"
group = "root"
security_driver = "none"
stdio_handler = "file"
"""
_USERS = "libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin\n"
_GROUPS = "kvm:x:64050:\nlibvirt:x:64051:\nlibvirt-qemu:x:64055:\n"
_SSHD = """\
UseDNS no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
PrintMotd no
"""


@dataclass(frozen=True, slots=True)
class Image:
    """A disk image, and what boots it without U-Boot.

    Attributes:
        product: Name of the product that holds it.
        disk: The disk; boards write to a copy.
        kernel: Linux.
        xen: Xen with all schedulers; None where there is none.
        folder: Where the initramfs files lie.
    """

    product: str
    disk: Path
    kernel: Path
    xen: Path | None
    folder: Path


@dataclass(frozen=True, slots=True)
class Parts:
    """What a disk is made of.

    Attributes:
        kernel: Linux.
        root: Debian, as a tar file.
        xen: Xen, for boards that have it.
        uboot: What lies before the partition, for boards that start from there.
    """

    kernel: Kernel
    root: Path
    xen: Path | None = None
    uboot: Path | None = None


def image(store: Store, keys: Keys, parts: Parts, arch: Arch = ARM32) -> Image:
    """Return the boards' disk, making it if anything that goes into it has changed."""
    debian, text = parts.kernel, _script(arch)
    first = _FIRST_MODULES[arch.debian]
    ingredients = {
        "root": parts.root.parent.name,
        "kernel": debian.product,
        "xen": parts.xen.parent.name if parts.xen else "",
        "uboot": parts.uboot.name if parts.uboot else "",
        "files": digest(*sorted(FILES.iterdir())),
        "keys": digest(keys.identity.with_suffix(".pub"), keys.host.with_suffix(".pub")),
        "script": text,
        "settings": f"{_MODULES} {first} {_SSHD} {_DISK_SIZE} {_LIBVIRT} {_USERS} {_GROUPS}",
    }

    def make(folder: Path) -> None:
        must_be_root()
        root = folder / "root"
        root.mkdir()
        words = ["tar", "-C", str(root), "--numeric-owner", "-xf", str(parts.root)]
        run(words, what="unpacking")
        _copy_modules(debian, root)
        _personalise(root, keys)
        if (root / "usr/sbin/libvirtd").exists():
            _settle_libvirt(root)
        for name, modules in first.items():
            (folder / name).write_bytes(_first_files(modules, debian, root))
        shutil.copy(debian.image, folder / "vmlinuz")
        if parts.xen is not None:
            shutil.copy(parts.xen, folder / "xen")
        _fill_boot(root / "boot", folder, debian, text, tuple(first))
        write_disk(folder / "disk.img", root, parts.uboot, _DISK_SIZE)
        shutil.rmtree(root)

    return _image_in(store.produce(f"image{arch.suffix}", ingredients, make))


def built_image(store: Store, arch: Arch = ARM32) -> Image:
    """Return the disk that was built last, asking nobody.

    Raises:
        Problem: There is none yet.
    """
    return _image_in(store.latest(f"image{arch.suffix}"))


def _image_in(product: Path) -> Image:
    xen = product / "xen"
    return Image(
        product.name,
        product / "disk.img",
        product / "vmlinuz",
        xen if xen.exists() else None,
        product,
    )


def _script(arch: Arch) -> str:
    return script() if arch.xen else kvm_script()


def _copy_modules(debian: Kernel, root: Path) -> None:
    target = root / "lib" / "modules" / debian.release
    for name in _MODULES:
        source = debian.modules / "kernel" / name
        if source.is_dir():
            shutil.copytree(source, target / "kernel" / name)
        elif source.exists():
            (target / "kernel" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / "kernel" / name)
    for listing in debian.modules.glob("modules.*"):
        if listing.name.startswith(("modules.order", "modules.builtin")):
            shutil.copy2(listing, target)
    run(["depmod", "-b", str(root), debian.release], what="listing the board's modules")


def _personalise(root: Path, keys: Keys) -> None:
    """Add what is ours: the first process, the keys, the names."""
    _put(root / "usr/sbin/lab-init", (FILES / "root-init").read_bytes(), 0o755)
    _put(root / "usr/sbin/lab-boot", (FILES / "lab-boot").read_bytes(), 0o755)
    _put(root / "etc/ssh/sshd_config.d/lab.conf", _SSHD.encode())
    _put(root / "etc/ssh/ssh_host_ed25519_key", keys.host.read_bytes(), 0o600)
    _put(root / "etc/ssh/ssh_host_ed25519_key.pub", keys.host.with_suffix(".pub").read_bytes())
    (root / "root/.ssh").mkdir(mode=0o700, exist_ok=True)
    _put(root / "root/.ssh/authorized_keys", keys.identity.with_suffix(".pub").read_bytes(), 0o600)
    _put(root / "etc/hostname", b"lab\n")
    _put(root / "etc/hosts", b"127.0.0.1 localhost lab\n")


def _settle_libvirt(root: Path) -> None:
    """Give libvirt the names, settings and folders that it asks for."""
    _put(root / "etc/libvirt/qemu.conf", _LIBVIRT.encode())
    for name, lines in (("passwd", _USERS), ("group", _GROUPS)):
        path = root / "etc" / name
        path.write_text(path.read_text() + lines)


def _put(path: Path, data: bytes, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)


def _first_files(modules: tuple[str, ...], debian: Kernel, root: Path) -> bytes:
    """Pack the initramfs: busybox, and the modules that lead to the root disk."""
    files = {
        "init": (FILES / "initramfs-init").read_bytes(),
        "bin/busybox": (root / "bin/busybox").read_bytes(),
    }
    whole = debian.modules.parent.parent.parent  # with every module, unlike the board's disk
    for number, module in enumerate(modules_for(modules, debian.release, whole)):
        files[f"modules/{number:02d}-{module.name}"] = module.read_bytes()
    packed = cpio.archive(cpio.simple(files, {"bin/sh": "busybox"}))
    return gzip.compress(packed, 6, mtime=0)


def _fill_boot(
    boot: Path, folder: Path, debian: Kernel, text: str, initramfs: tuple[str, ...]
) -> None:
    """Copy what U-Boot loads."""
    boot.mkdir(exist_ok=True)
    for name in ("vmlinuz", "xen", *initramfs):
        if (folder / name).exists():
            shutil.copy(folder / name, boot / name)
    tree = debian.device_trees / _DEVICE_TREE
    if tree.exists():
        shutil.copy(tree, boot / "board.dtb")
    (boot / "boot.scr").write_bytes(script_image(text))
