"""Debian for the boards: its packages unpacked and set up, nothing of ours in it yet."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hvconsole.lab.apt import Apt
from hvconsole.lab.arch import ARM32, Arch
from hvconsole.lab.store import Store
from hvconsole.lab.tools import IMAGE_TOOLS, need, run
from hvconsole.model.problem import Problem

_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_PACKAGES = ("busybox-static", "iproute2", "kmod", "netbase", "openssh-server", "procps")
_XEN_PACKAGES = ("ethtool", "rt-tests", "xen-utils-common", "xenstore-utils")
_KVM_PACKAGES = (
    "libvirt-clients",
    "libvirt-daemon",
    "libvirt-daemon-driver-qemu",
    "qemu-system-arm",
)
_LEFT_OUT = (
    *(f"/usr/share/{name}/*" for name in ("man", "locale", "doc", "info", "bash-completion")),
    # Of other architectures; libvirt asks each QEMU it finds for all that it can, for ten seconds.
    "/usr/bin/qemu-system-arm*",
)


def root_archive(store: Store, apt: Apt, arch: Arch = ARM32) -> Path:
    """Return a Debian root file system as a tar file."""
    if arch.xen:
        xen_utils = apt.newest(arch.xen, r"xen-utils-\d.*")
        own, biggest = [*_XEN_PACKAGES, xen_utils], [xen_utils]
    else:
        own, biggest = [*_KVM_PACKAGES], ["libvirt-daemon", "qemu-system-arm"]
    packages = sorted([*_PACKAGES, *own])
    # Releases are frozen but for fixes; those of the biggest parts stand for the others.
    versions = [f"{name} {apt.version(name)}" for name in (*biggest, "openssh-server", "libc6")]
    ingredients = {
        "suite": apt.suite,
        "architecture": apt.architecture,
        "packages": " ".join(packages),
        "versions": ", ".join(versions),
    }

    def make(folder: Path) -> None:
        _bootstrap(apt, packages, folder, arch)

    return store.produce(f"root{arch.suffix}", ingredients, make) / "root.tar"


def _bootstrap(apt: Apt, packages: list[str], folder: Path, arch: Arch) -> None:
    need(IMAGE_TOOLS, "building the boards' root file system")
    must_be_root()
    _allow_foreign_programs(arch)
    options = [f"--dpkgopt=path-exclude={each}" for each in _LEFT_OUT]
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


def must_be_root() -> None:
    """Make sure that files of several users can be made.

    Raises:
        Problem: They cannot.
    """
    if os.geteuid() != 0:
        raise Problem(
            "building the boards' root file system needs root",
            detail="its files belong to several users, and its packages run programs of their own",
            hint="sudo -E hvconsole lab build; starting boards needs no root",
        )


def _allow_foreign_programs(arch: Arch) -> None:
    """Let this machine's kernel start the boards' programs through QEMU: packages' scripts do."""
    if not (_BINFMT / "register").exists():
        run(
            ["mount", "-t", "binfmt_misc", "binfmt_misc", str(_BINFMT)], what="mounting binfmt_misc"
        )
    if (_BINFMT / arch.user_qemu).exists():
        return
    known = Path(f"/usr/lib/binfmt.d/{arch.user_qemu}.conf")
    if not known.exists():
        raise Problem(
            f"this kernel cannot start {arch.debian} programs",
            hint="apt-get install --reinstall qemu-user-static",
        )
    (_BINFMT / "register").write_text(known.read_text().strip())
