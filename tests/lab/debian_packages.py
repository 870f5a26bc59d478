"""Debian's ARM kernels for tests: looked up with the system's apt, kept unpacked in a cache."""

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Missing = Callable[[str], None]


@dataclass(frozen=True)
class Kernel:
    """One of Debian's kernels: its release, its files, and its headers ready for cross-building."""

    release: str
    image: Path
    headers: Path
    busybox: Path


def cache_dir() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "hvconsole" / "test-lab"


def debian_kernel(flavour: str, architecture: str, missing: Missing) -> Kernel:
    """Fetch a kernel, its headers and a static busybox; calls `missing` where that cannot be."""
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        missing("Debian's kernels are fetched with apt, which is not here")
    if architecture not in run("dpkg", "--print-foreign-architectures").split():
        missing(
            f"{architecture} is unknown to apt: dpkg --add-architecture {architecture} "
            "&& apt-get update"
        )
    shown = run("apt-cache", "show", "--no-all-versions", f"linux-headers-{flavour}:{architecture}")
    depends = re.search(r"^Depends: linux-headers-(\S+) \(= (\S+)\)", shown, re.MULTILINE)
    if depends is None:
        missing(f"apt knows no kernel '{flavour}' of {architecture}: apt-get update")
    release, version = depends[1], depends[2]
    folder = cache_dir() / f"{release}_{version}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            fetch(folder, release, version, flavour, architecture)
            (folder / "done").touch()
    return Kernel(
        release,
        folder / "boot" / f"vmlinuz-{release}",
        folder / "usr" / "src" / f"linux-headers-{release}",
        folder / "bin" / "busybox",
    )


def fetch(folder: Path, release: str, version: str, flavour: str, architecture: str) -> None:
    series = ".".join(version.split(".")[:2])
    here = run("dpkg", "--print-architecture").strip()
    common = f"linux-headers-{release.removesuffix(flavour)}common"
    # The headers' own tools are the board's programs: take this machine's, of the same version.
    wanted = [
        f"linux-image-{release}:{architecture}={version}",
        f"linux-headers-{release}:{architecture}={version}",
        f"{common}={version}",
        f"linux-kbuild-{series}:{here}={version}",
        f"busybox-static:{architecture}",
    ]
    packages = folder / "packages"
    packages.mkdir(exist_ok=True)
    run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *wanted, cwd=packages)
    for package in packages.glob("*.deb"):
        run("dpkg", "-x", str(package), str(folder))
    shutil.rmtree(packages)
    make_relocatable(folder, folder / "usr" / "src")


def make_relocatable(root: Path, sources: Path) -> None:
    """Headers point to each other by whole paths, which here begin elsewhere."""
    for path in sources.rglob("*"):
        if path.is_symlink() and path.readlink().is_absolute():
            target = root / str(path.readlink()).lstrip("/")
            path.unlink()
            path.symlink_to(target)
    for makefile in sources.glob("*/Makefile"):
        text = makefile.read_text()
        makefile.write_text(text.replace("include /usr/src", f"include {root}/usr/src"))


def run(*argv: str, cwd: Path | None = None) -> str:
    return subprocess.run(argv, check=True, text=True, capture_output=True, cwd=cwd).stdout
