"""The boards' images: Debian's root file system and kernel, and a small initramfs."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from hvconsole.lab.apt import Apt
from hvconsole.lab.cpio import initramfs
from hvconsole.lab.keys import Keys
from hvconsole.lab.places import FILES
from hvconsole.lab.store import Store, digest
from hvconsole.lab.tools import IMAGE_TOOLS, need, run
from hvconsole.model.problem import Problem

FLAVOUR = "linux-image-armmp-lpae"
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_SLACK_MB = 200  # room on the disk for what a user brings along
_PACKAGES = (
    "busybox-static",
    "ethtool",
    "iproute2",
    "kmod",
    "netbase",
    "openssh-server",
    "procps",
    "rt-tests",
    "xen-utils-common",
    "xenstore-utils",
)
_LEFT_OUT = ("man", "locale", "doc", "info", "bash-completion")
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
)
# To reach the root disk, first to last; what they need themselves is looked up.
_FIRST_MODULES = ("virtio_mmio", "virtio_blk", "crc32c", "ext4")
_SSHD = """\
UseDNS no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
PrintMotd no
"""


@dataclass(frozen=True, slots=True)
class Kernel:
    """Debian's kernel, unpacked: nothing of it was run.

    Attributes:
        release: ``uname -r``.
        version: Of the package.
        image: The kernel itself.
        modules: ``/lib/modules/RELEASE``, with its dependencies worked out.
    """

    release: str
    version: str
    image: Path
    modules: Path


def kernel(store: Store, apt: Apt) -> Kernel:
    """Return Debian's newest kernel for the boards."""
    package = apt.newest(FLAVOUR, r"linux-image-\d.*")
    version = apt.version(package)
    release = package.removeprefix("linux-image-")

    def make(folder: Path) -> None:
        apt.download([package], folder)
        run(["depmod", "-b", str(folder), release], what="listing the kernel's modules")

    product = store.produce("kernel", {"package": package, "version": version}, make)
    modules = product / "lib" / "modules" / release
    return Kernel(release, version, product / "boot" / f"vmlinuz-{release}", modules)


def root_archive(store: Store, apt: Apt) -> Path:
    """Return a Debian root file system as a tar file: packages alone, nothing of ours."""
    xen_utils = apt.newest("xen-system-armhf", r"xen-utils-\d.*")
    packages = sorted([*_PACKAGES, xen_utils])
    # Releases are frozen but for fixes; those of the biggest parts stand for the others.
    versions = [f"{name} {apt.version(name)}" for name in (xen_utils, "openssh-server", "libc6")]
    ingredients = {
        "suite": apt.suite,
        "architecture": apt.architecture,
        "packages": " ".join(packages),
        "versions": ", ".join(versions),
    }
    return (
        store.produce("root", ingredients, lambda to: _debootstrap(apt, packages, to)) / "root.tar"
    )


def image(store: Store, apt: Apt, keys: Keys, debian: Kernel, archive: Path) -> Path:
    """Return the folder of ``root.ext4`` and ``initramfs.gz``."""
    ingredients = {
        "root": archive.parent.name,
        "kernel": debian.image.parent.parent.name,
        "files": digest(FILES / "root-init", FILES / "initramfs-init"),
        "keys": digest(keys.identity.with_suffix(".pub"), keys.host.with_suffix(".pub")),
        "settings": f"{_MODULES} {_FIRST_MODULES} {_SSHD} {_SLACK_MB}",
    }

    def make(folder: Path) -> None:
        root = folder / "root"
        root.mkdir()
        run(["tar", "-C", str(root), "--numeric-owner", "-xf", str(archive)], what="unpacking")
        _copy_modules(debian, root)
        _personalise(root, keys)
        (folder / "initramfs.gz").write_bytes(_first_files(debian, root))
        _disk(root, folder / "root.ext4")
        shutil.rmtree(root)

    return store.produce("image", ingredients, make)


def _debootstrap(apt: Apt, packages: list[str], folder: Path) -> None:
    need(IMAGE_TOOLS, "building the boards' root file system")
    if os.geteuid() != 0:
        raise Problem(
            "building the boards' root file system needs root",
            detail="its files belong to several users, and its packages run programs of their own",
            hint="sudo -E hvconsole lab build; starting boards needs no root",
        )
    _allow_arm_programs()
    options = [f"--dpkgopt=path-exclude=/usr/share/{each}/*" for each in _LEFT_OUT]
    temporary = folder / "tmp"
    temporary.mkdir()
    # mmdebstrap's own user for downloads has to reach its folder.
    for parent in (folder, temporary):
        parent.chmod(0o755)
    run(
        ["mmdebstrap", "--quiet", "--mode=root", f"--architectures={apt.architecture}",
         "--variant=essential", "--skip=check/qemu", *options,
         '--aptopt=APT::Install-Recommends "false"', '--aptopt=APT::Sandbox::User "root"',
         f"--include={','.join(packages)}",
         "--customize-hook=rm -f $1/etc/ssh/ssh_host_* $1/etc/apt/sources.list",
         apt.suite, str(folder / "root.tar"), apt.source_line],
        what="installing Debian for the boards",
        hint="is the mirror reachable? The same again begins anew",
        env={"TMPDIR": str(temporary)},
    )  # fmt: skip
    shutil.rmtree(temporary)


def _allow_arm_programs() -> None:
    """Let the host's kernel start ARM programs through QEMU, as its packages' scripts need."""
    if not (_BINFMT / "register").exists():
        run(
            ["mount", "-t", "binfmt_misc", "binfmt_misc", str(_BINFMT)], what="mounting binfmt_misc"
        )
    if not (_BINFMT / "qemu-arm").exists():
        known = Path("/usr/lib/binfmt.d/qemu-arm.conf")
        if not known.exists():
            raise Problem(
                "this kernel cannot start ARM programs",
                hint="apt-get install --reinstall qemu-user-static",
            )
        (_BINFMT / "register").write_text(known.read_text().strip())


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
    _put(root / "etc/ssh/sshd_config.d/lab.conf", _SSHD.encode())
    _put(root / "etc/ssh/ssh_host_ed25519_key", keys.host.read_bytes(), 0o600)
    _put(root / "etc/ssh/ssh_host_ed25519_key.pub", keys.host.with_suffix(".pub").read_bytes())
    (root / "root/.ssh").mkdir(mode=0o700, exist_ok=True)
    _put(root / "root/.ssh/authorized_keys", keys.identity.with_suffix(".pub").read_bytes(), 0o600)
    _put(root / "etc/hostname", b"lab\n")
    _put(root / "etc/hosts", b"127.0.0.1 localhost lab\n")


def _put(path: Path, data: bytes, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)


def _first_files(debian: Kernel, root: Path) -> bytes:
    """Pack the initramfs: busybox, and the modules that lead to the root disk."""
    files = {
        "init": (FILES / "initramfs-init").read_bytes(),
        "bin/busybox": (root / "bin/busybox").read_bytes(),
    }
    for number, module in enumerate(modules_for(_FIRST_MODULES, debian.release, root)):
        files[f"modules/{number:02d}-{module.name}"] = module.read_bytes()
    return initramfs(files, {"bin/sh": "busybox"})


def modules_for(names: tuple[str, ...], release: str, root: Path) -> list[Path]:
    """Return the files of modules and of all they need, in the order to load them."""
    shown = run(
        ["modprobe", "-d", str(root), "-S", release, "-D", "-a", *names],
        what="looking for the modules of the root disk",
    )
    words = [line.split() for line in shown.splitlines()]
    return list(dict.fromkeys(Path(word[1]) for word in words if word[0] == "insmod"))


def _disk(root: Path, disk: Path) -> None:
    used = run(["du", "-sm", str(root)], what="measuring the root file system")
    size = int(used.split()[0]) * 115 // 100 + _SLACK_MB
    with disk.open("wb") as file:
        file.truncate(size << 20)
    run(
        ["mkfs.ext4", "-q", "-F", "-L", "root", "-O", "^has_journal,^metadata_csum",
         "-E", "lazy_itable_init=0", "-d", str(root), str(disk)],
        what="writing the root disk",
    )  # fmt: skip
