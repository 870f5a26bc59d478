"""The host's programs that the lab needs, and what to install where they are missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from hvconsole.lab.arch import Arch
from hvconsole.model.problem import Problem

SYSTEM_PATH = f"{os.defpath}:/usr/local/sbin:/usr/sbin:/sbin"
_ERROR_LINES = 12

# Program, or a file where a package brings no program, and the Debian package that brings it.
Tools = dict[str, str]

IMAGE_TOOLS: Tools = {
    "apt-get": "apt",
    "dpkg": "dpkg",
    "mmdebstrap": "mmdebstrap",
    "mkfs.ext4": "e2fsprogs",
    "modprobe": "kmod",
    "ssh-keygen": "openssh-client",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
}
# QEMU from backports, unpacked privately, uses the libraries that the host's own one brings.
BOARD_TOOLS: Tools = {
    "qemu-system-arm": "qemu-system-arm",
    "qemu-img": "qemu-utils",
    "qemu-io": "qemu-utils",
    "debugfs": "e2fsprogs",
    "timeout": "coreutils",
    "setsid": "util-linux",
}


def module_tools(arch: Arch) -> Tools:
    """Return what building a kernel module takes."""
    return {f"{arch.cross}gcc": arch.compiler, "make": "make"}


def xen_tools(arch: Arch) -> Tools:
    """Return what building Xen takes."""
    return module_tools(arch) | {
        "flex": "flex",
        "bison": "bison",
        "python3": "python3",
        "dpkg-source": "dpkg-dev",
    }


def which(tool: str) -> str | None:
    """Return the path of a program, also where only root's PATH has it; or of a file."""
    if tool.startswith("/"):
        return tool if Path(tool).exists() else None
    return shutil.which(tool) or shutil.which(tool, path=SYSTEM_PATH)


def missing(tools: Tools) -> list[str]:
    """Return the Debian packages of those tools that are not here."""
    return sorted({package for tool, package in tools.items() if which(tool) is None})


def need(tools: Tools, what: str) -> None:
    """Make sure that tools are here.

    Raises:
        Problem: Some are missing; the hint is the line that installs them.
    """
    if packages := missing(tools):
        raise Problem(
            f"{what} needs programs that are not here",
            detail="\n".join(
                f"missing: {tool}" for tool, package in tools.items() if package in packages
            ),
            hint=f"{install_line(packages)}\nor let 'hvconsole lab build --install' do it",
        )


def install_line(packages: Iterable[str]) -> str:
    """Return the command that installs Debian packages."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get install -y --no-install-recommends {' '.join(packages)}"


def install(packages: Sequence[str]) -> None:
    """Install Debian packages.

    Raises:
        Problem: We are not root, or apt could not.
    """
    if not packages:
        return
    if os.geteuid() != 0:
        raise Problem("only root can install packages", hint=install_line(packages))
    run(
        ["apt-get", "-qq", "install", "-y", "--no-install-recommends", *packages],
        what=f"installing {', '.join(packages)}",
        hint="apt-get update, then the same again",
        env={"DEBIAN_FRONTEND": "noninteractive"},
    )


def run(
    argv: Sequence[str],
    *,
    what: str,
    hint: str = "",
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    log: Path | None = None,
) -> str:
    """Run a program at low priority; return what it wrote on its standard output.

    Args:
        argv: Program and its words.
        what: What it does, for the problem.
        hint: The way out if it fails.
        cwd: Where it runs.
        env: Variables besides our own.
        log: File that gets all it says; the answer is empty then.

    Raises:
        Problem: It failed; the last lines that it said are in the detail.
    """
    path = f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}"
    environment = os.environ | {"LC_ALL": "C", "PATH": path} | (env or {})
    words = ["nice", "-n", "5", *argv]
    if log is None:
        done = subprocess.run(
            words, cwd=cwd, env=environment, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, check=False, errors="backslashreplace",
        )  # fmt: skip
        said, out = done.stderr or done.stdout, done.stdout
    else:
        with log.open("w") as file:
            done = subprocess.run(
                words, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=file,
                stderr=subprocess.STDOUT, text=True, check=False,
            )  # fmt: skip
        said, out = log.read_text(errors="backslashreplace"), ""
    if done.returncode != 0:
        raise Problem(
            f"{what} failed: {Path(argv[0]).name} ended with status {done.returncode}",
            detail="\n".join(said.strip().splitlines()[-_ERROR_LINES:]),
            hint=hint or (f"everything it said: {log}" if log else ""),
        )
    return out
