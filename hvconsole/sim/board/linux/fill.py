"""Puts the files of a boot in place."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from hvconsole.sim.board.linux.live import fixed
from hvconsole.sim.board.linux.modules import card_files
from hvconsole.sim.board.linux.proc import proc_files
from hvconsole.sim.board.linux.sysfs import sysfs_files
from hvconsole.sim.board.nodes import Device, Executable, Folder, Node, Symlink
from hvconsole.sim.board.tree import failed

if TYPE_CHECKING:
    from hvconsole.sim.board.board import Board

_GONE_AT_BOOT: Final = ("/proc", "/sys", "/dev", "/run", "/tmp")  # noqa: S108  # the simulated board's
_FOLDERS: Final = (
    "/root",
    "/etc",
    "/var/tmp",  # noqa: S108  # likewise
    "/boot",
    "/home",
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
)
_OS_RELEASE: Final = (
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm), simulated"\n'
    'NAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n'
)


def fill(board: Board) -> None:
    """Put the files of this boot in place; what was written onto the card stays."""
    tree = board.tree
    for path in _GONE_AT_BOOT:
        tree.place(path, Folder())
    for path in _FOLDERS:
        tree.make_folders(path)
    nodes: dict[str, Node] = {
        "/bin": Symlink("usr/bin"),
        "/sbin": Symlink("usr/sbin"),
        "/etc/os-release": fixed(_OS_RELEASE),
        "/etc/hostname": fixed(f"{board.mode.hostname}\n"),
        **_devices(board),
        **proc_files(board),
        **sysfs_files(board),
        **card_files(),
    }
    for path, node in nodes.items():
        tree.place(path, node, parents=True)
    show_commands(board)


def show_commands(board: Board) -> None:
    """Have /usr/bin and /usr/sbin show the commands that there are."""
    for folder in ("/usr/bin", "/usr/sbin"):
        for name in board.tree.names(folder):
            if isinstance(board.tree.find(f"{folder}/{name}"), Executable):
                board.tree.remove_file(f"{folder}/{name}")
    for path, function in board.commands().items():
        board.tree.place(path, Executable(function))


def _devices(board: Board) -> dict[str, Node]:
    def full(_data: bytes) -> None:
        raise failed(errno.ENOSPC)

    def say(data: bytes) -> None:
        for line in data.decode("utf-8", "replace").splitlines():
            board.say(line)

    def console(data: bytes) -> None:
        board.log.listener(data.decode("utf-8", "replace").replace("\n", "\r\n"))

    return {
        "/dev/null": Device((1, 3)),
        "/dev/zero": Device((1, 5), read=bytes),
        "/dev/full": Device((1, 7), read=bytes, write=full),
        "/dev/kmsg": Device((1, 11), write=say, mode=0o644),
        "/dev/ttyS0": Device((4, 64), write=console, mode=0o620),
        "/dev/console": Device((5, 1), write=console, mode=0o600),
    }
