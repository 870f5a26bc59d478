"""Building the counter module: here for the board, or on the board itself.

The work is the same wherever it is done, so it takes a link: `LocalLink` cross-builds here against
the board's kernel headers, the board's own link builds there when it has them.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from dataclasses import dataclass
from typing import Literal

from hvconsole.board.module_text import FALLBACK, MODULE, vermagic
from hvconsole.config.resources import resource_dir
from hvconsole.link.local import LocalLink
from hvconsole.link.protocol import Completed, Link
from hvconsole.model.problem import BoardProblem
from hvconsole.wire.console import shown

_BUILD_S = 300.0
_NOT_FOUND = 127  # a shell's status for a program that is not there
_BUILD_OUTPUT = 25  # lines of a failed build that are shown
_SOURCES = ("*.c", "*.h", "Kbuild", "Makefile", "dkms.conf", "LICENSE")


@dataclass(frozen=True, slots=True)
class Cross:
    """A cross compiler: the kernel's name of the architecture, and the tools' prefix."""

    arch: str
    prefix: str


# By what `uname -m` says on the board.
CROSS = {
    "armv7l": Cross("arm", "arm-linux-gnueabihf-"),
    "aarch64": Cross("arm64", "aarch64-linux-gnu-"),
}


@dataclass(frozen=True, slots=True)
class BuiltModule:
    """A module that is ready to be loaded.

    Attributes:
        path: Where it lies, on the board.
        sha256: Of the bytes there, in hexadecimal.
        vermagic: The kernel it was built for.
        built_on: ``board`` or ``host``.
    """

    path: str
    sha256: str
    vermagic: str
    built_on: Literal["board", "host"]


def sources() -> dict[str, bytes]:
    """Return the module's source files by name."""
    folder = resource_dir("kmod")
    return {path.name: path.read_bytes() for sign in _SOURCES for path in folder.glob(sign)}


def version() -> str:
    """Return the module's version, from its dkms.conf."""
    text = (resource_dir("kmod") / "dkms.conf").read_text()
    return text.partition('PACKAGE_VERSION="')[2].partition('"')[0]


async def provide(link: Link, *, machine: str, folder: str, tree: str | None = None) -> BuiltModule:
    """Build the module for a board and have it there.

    Args:
        link: The way to the board.
        machine: ``uname -m`` of the board.
        folder: An existing folder of ours on the board, whole path.
        tree: The headers of the board's kernel on this machine; without, the board's own count.

    Raises:
        BoardProblem: There are no headers, or it does not build.
    """
    if tree is not None:
        return await _build_here(link, machine, folder, tree)
    there = await headers_on(link)
    if there is None:
        raise _no_headers(machine)
    path = await build(link, folder=folder, tree=there)
    return _ready(path, (await link.run(["cat", path])).stdout, "board")


async def _build_here(link: Link, machine: str, folder: str, tree: str) -> BuiltModule:
    if machine not in CROSS:
        raise BoardProblem(
            f"there is no counter module for {machine}",
            detail=f"it is for {' and '.join(CROSS)}",
            hint=FALLBACK,
        )
    host = LocalLink()
    await host.open()
    try:
        with tempfile.TemporaryDirectory(prefix="hvconsole-kmod-") as here:
            built = await build(host, folder=here, tree=tree, cross=CROSS[machine])
            data = (await host.run(["cat", built])).stdout
    finally:
        await host.close()
    path = f"{folder}/{MODULE}.ko"
    await link.put(data, path)
    return _ready(path, data, "host")


def _ready(path: str, data: bytes, built_on: Literal["board", "host"]) -> BuiltModule:
    return BuiltModule(path, hashlib.sha256(data).hexdigest(), vermagic(data) or "", built_on)


def _no_headers(machine: str) -> BoardProblem:
    return BoardProblem(
        f"the counter module cannot be built for this {machine} board",
        detail="it has no headers of its running kernel, and none were given here",
        hint="on the board (Debian): apt install linux-headers-$(uname -r) make gcc\n"
        "or give this machine the kernel's headers for cross-building;\n" + FALLBACK,
    )


async def headers_on(link: Link) -> str | None:
    """Return the board's headers of its running kernel, or None if it has none."""
    release = (await link.run(["uname", "-r"])).text.strip()
    tree = f"/lib/modules/{release}/build"
    there = await link.run(["test", "-e", f"{tree}/Makefile"])
    return tree if there.status == 0 else None


async def build(link: Link, *, folder: str, tree: str, cross: Cross | None = None) -> str:
    """Build the module.

    Args:
        link: Where to build.
        folder: An existing folder there, whole path; sources and result go into it.
        tree: The kernel's headers there, prepared for modules.
        cross: The compiler, if it is not for the machine itself.

    Returns:
        The path of hvcounter.ko there.

    Raises:
        BoardProblem: It does not build; with the end of what make said.
    """
    for name, data in sources().items():
        await link.put(data, f"{folder}/{name}")
    argv = ["make", "-C", folder, f"KDIR={tree}", "modules"]
    if cross is not None:
        argv += [f"ARCH={cross.arch}", f"CROSS_COMPILE={cross.prefix}"]
    built = await link.run(argv, timeout=_BUILD_S)
    if built.status != 0:
        raise _explain_build(built, tree, cross)
    return f"{folder}/{MODULE}.ko"


def _explain_build(built: Completed, tree: str, cross: Cross | None) -> BoardProblem:
    said = f"{built.text}\n{built.error_text}"
    lines = [shown(line.encode()) for line in said.splitlines() if line.strip()]
    compiler = f"{cross.prefix}gcc" if cross else "gcc"
    hint = f"see the compiler's messages above;\n{FALLBACK}"
    if built.status == _NOT_FOUND:
        hint = "install make"
    elif re.search(rf"{re.escape(compiler)}: (?:command )?(?:not found|No such file)", said):
        package = f"gcc-{cross.prefix.rstrip('-')}" if cross else "gcc"
        hint = f"install the compiler: apt install {package}"
    elif f"{tree}: No such file" in said or "No rule to make target 'modules'" in said:
        hint = f"{tree} holds no kernel headers; on Debian: apt install linux-headers-$(uname -r)"
    return BoardProblem(
        "the counter module does not build", detail="\n".join(lines[-_BUILD_OUTPUT:]), hint=hint
    )
