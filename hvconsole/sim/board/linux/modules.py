"""Kernel modules: their files on the card, loading and unloading, what they show in sysfs."""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING, Final

from hvconsole.sim.board.linux import counter
from hvconsole.sim.board.linux.live import fixed
from hvconsole.sim.board.modes import KERNEL
from hvconsole.sim.board.nodes import File, Node
from hvconsole.sim.board.tree import failed

if TYPE_CHECKING:
    from hvconsole.sim.board.board import Board

HEADERS: Final = f"/lib/modules/{KERNEL}/build"
VERMAGIC: Final = f"{KERNEL} SMP mod_unload modversions ARMv7 p2v8 "
EKEYREJECTED: Final = 129  # not every system that we run on has it
SHIPPED: Final = {"jailhouse": 28_672}
_COUNTER_SIZE: Final = 16_384
# An ELF file for 32-bit ARM, relocatable, as far as its first bytes tell.
_ELF: Final = b"\x7fELF\x01\x01\x01".ljust(16, b"\0") + b"\x01\0\x28\0"
_NAME: Final = re.compile(rb"(?:^|\0)name=([a-z0-9_]{1,40})\0")
_MAGIC: Final = re.compile(rb"(?:^|\0)vermagic=([^\0]{1,200})\0")
_MACHINE: Final = slice(18, 20)
_ARM: Final = b"\x28\0"


def module_file(name: str, more: bytes = b"") -> bytes:
    """Return what stands for a kernel module's file on this board."""
    info = b"\0".join([b"", b"name=" + name.encode(), b"vermagic=" + VERMAGIC.encode(), b""])
    return _ELF + info + b"simulated=" + more + b"\0"


def card_files() -> dict[str, Node]:
    """Return the modules and headers that the card holds."""
    nodes: dict[str, Node] = {
        f"{HEADERS}/Makefile": fixed(f"# headers of {KERNEL}, simulated\n"),
    }
    for name in SHIPPED:
        path = f"/lib/modules/{KERNEL}/extra/{name}.ko"
        nodes[path] = File(bytearray(module_file(name)))
    return nodes


class RefusedError(Exception):
    """The kernel does not load a module: the errno that insmod gets."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def load(board: Board, data: bytes, options: list[str]) -> str:
    """Load a module from its file's bytes; return its name.

    Raises:
        RefusedError: The kernel refuses; why stands in its log, as the real one has it.
    """
    if not data.startswith(b"\x7fELF"):
        raise RefusedError(errno.ENOEXEC)
    name = _found(_NAME, data) or counter.NAME
    machine = data[_MACHINE]
    if machine != _ARM:
        number = int.from_bytes(machine, "little")
        board.say(f"Invalid architecture in ELF header: {number}")
        raise RefusedError(errno.ENOEXEC)
    if board.refuse_modules:
        board.say("Loading of unsigned module is rejected")
        raise RefusedError(EKEYREJECTED)
    magic = _found(_MAGIC, data)
    if magic.strip() != VERMAGIC.strip():
        board.say(f"{name}: version magic '{magic}' should be '{VERMAGIC}'")
        raise RefusedError(errno.ENOEXEC)
    if name in board.modules:
        raise RefusedError(errno.EEXIST)
    if not board.tainted:
        board.tainted = True
        board.say(f"{name}: loading out-of-tree module taints kernel.")
    cycles = "pmccntr=1" in options
    if name == counter.NAME and "cntpct=0" in options and not cycles:
        board.say(f"{name}: nothing to open: both cntpct and pmccntr are off")
        raise RefusedError(errno.EINVAL)
    board.modules[name] = SHIPPED.get(name, _COUNTER_SIZE)
    board.tree.make_folders(f"/sys/module/{name}")
    if name == counter.NAME:
        board.counter = counter.CounterModule(board, cycles=cycles)
    if board.hypervisor is not None:
        board.hypervisor.module_loaded(name)
    return name


def unload(board: Board, name: str) -> None:
    """Unload a module.

    Raises:
        OSError: It is not loaded, or in use.
    """
    if name not in board.modules:
        raise failed(errno.ENOENT, name)
    if board.hypervisor is not None:
        board.hypervisor.module_unloaded(name)
    del board.modules[name]
    if name == counter.NAME and board.counter is not None:
        board.counter.remove()
        board.counter = None
    board.withdraw(f"/sys/module/{name}")


def _found(sign: re.Pattern[bytes], data: bytes) -> str:
    match = sign.search(data)
    return match[1].decode("ascii", "backslashreplace") if match is not None else ""
