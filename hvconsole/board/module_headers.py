"""Headers of a board's kernel on this machine: found, or fetched from Debian."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import re
import tempfile
from pathlib import Path

from hvconsole.config.paths import cache_dir
from hvconsole.link.local import LocalLink
from hvconsole.model.problem import BoardProblem
from hvconsole.wire.console import shown

_RELEASE = re.compile(r"[0-9][0-9A-Za-z.+~-]{1,100}")
_SERIES = re.compile(r"\d+\.\d+")
_FETCH_S = 300.0
# Debian's names of architectures, by `uname -m`.
_DEBIAN = {"armv7l": "armhf", "aarch64": "arm64", "x86_64": "amd64"}
# Headers point to each other by whole paths; those within one folder stay valid anywhere.
_INCLUDE = re.compile(r"^include /usr/src/([^/\s]+)/Makefile", re.MULTILINE)
_HERE = r"include $(dir $(abspath $(lastword $(MAKEFILE_LIST))))../\1/Makefile"


def found_headers(release: str) -> Path | None:
    """Return the headers of a kernel (``uname -r``) that lie on this machine; None without any."""
    if not _RELEASE.fullmatch(release):
        return None
    name = f"linux-headers-{release}"
    cache = cache_dir()
    places = [
        Path("/lib/modules", release, "build"),
        Path("/usr/src", name),
        cache / "headers" / release / "usr" / "src" / name,
        *sorted((cache / "lab" / "products").glob(f"headers-*/usr/src/{name}")),
    ]
    return next((place for place in places if (place / "Makefile").is_file()), None)


async def fetch_headers(release: str, machine: str) -> Path:
    """Fetch a Debian kernel's headers with this machine's apt; nothing is installed.

    Args:
        release: ``uname -r`` of the board.
        machine: ``uname -m`` of the board.

    Raises:
        BoardProblem: They cannot be had here, with the reason.
    """
    series, ours = _SERIES.match(release), _DEBIAN.get(platform.machine())
    if not _RELEASE.fullmatch(release) or series is None or machine not in _DEBIAN or ours is None:
        raise _not_had(release, "its name is none of Debian's kernels")
    flavour = re.sub(r"^.*?-\d+-", "", release)
    package = f"linux-headers-{release}:{_DEBIAN[machine]}"
    packages = [
        package,
        f"linux-headers-{release.removesuffix(flavour)}common:all",
        # The tools within a board's headers run on the board: take this machine's own.
        f"linux-kbuild-{series[0]}:{ours}",
    ]
    folder = cache_dir() / "headers"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as scratch:
        await _download(packages, scratch, release)
        await asyncio.to_thread(_keep, Path(scratch), folder / release)
    found = found_headers(release)
    if found is None:
        raise _not_had(release, f"{package} does not hold them")
    return found


async def _download(packages: list[str], folder: str, release: str) -> None:
    link = LocalLink()
    await link.open()
    try:
        fetch = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *packages]
        done = await link.run(["env", "-C", folder, *fetch], timeout=_FETCH_S)
        if done.status != 0:
            said = done.error_text.splitlines() or [f"apt-get ended with status {done.status}"]
            raise _not_had(release, shown(said[-1].encode()))
        unpack = 'for each in *.deb; do dpkg -x "$each" tree || exit; done'
        done = await link.run(["env", "-C", folder, "sh", "-c", unpack], timeout=_FETCH_S)
        if done.status != 0:
            raise _not_had(release, shown(done.error_text.encode()))
    finally:
        await link.close()


def _keep(scratch: Path, to: Path) -> None:
    """Put whole headers into their place at once; who was quicker with the same is welcome."""
    tree = scratch / "tree"
    _make_relocatable(tree)
    with contextlib.suppress(OSError):
        tree.rename(to)


def _make_relocatable(root: Path) -> None:
    for path in root.rglob("*"):
        if path.is_symlink() and path.readlink().is_absolute():
            target = root / str(path.readlink()).lstrip("/")
            path.unlink()
            path.symlink_to(os.path.relpath(target, path.parent))
    for makefile in (root / "usr" / "src").glob("*/Makefile"):
        makefile.write_text(_INCLUDE.sub(_HERE, makefile.read_text()))


def _not_had(release: str, why: str) -> BoardProblem:
    return BoardProblem(
        f"the headers of the board's kernel {release} cannot be had here",
        detail=why,
        hint="on the board (Debian): apt install linux-headers-$(uname -r) make gcc; or on this\n"
        f"machine: dpkg --add-architecture armhf, apt-get update; or put them to\n"
        f"/usr/src/linux-headers-{release}; or measure with --counter cntvct",
    )
