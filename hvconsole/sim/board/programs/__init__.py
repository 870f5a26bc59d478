"""Our own programs as they behave on the simulated board, and how their files are recognised.

A program that was compiled on the board is a stub that names it. One that was cross-compiled and
delivered is a real ELF file for 32-bit ARM; it is known by its name.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from hvconsole.sim.board.programs.load import burn, cpuburn, storm
from hvconsole.sim.board.programs.sampler import hvsampler
from hvconsole.sim.board.tree import failed

if TYPE_CHECKING:
    from hvconsole.sim.board.shell.call import BoardCommand

_STUB: Final = b"\x7fSIM a program of the simulated board: "
_ELF: Final = b"\x7fELF"
_MACHINE: Final = slice(18, 20)
_ARM: Final = b"\x28\0"
_PROGRAMS: Final[dict[str, BoardCommand]] = {
    "hvsampler": hvsampler,
    "cpuburn-a7": cpuburn,
    "cpuburn-a8": cpuburn,
    "burn": burn,
    "storm": storm,
}
NAMES: Final = frozenset(_PROGRAMS)


def stub(name: str, digest: str) -> bytes:
    """Return the bytes that stand for a compiled program.

    Args:
        name: The program.
        digest: Of what it was made from, so that another source gives another file.
    """
    return _STUB + f"{name}\nmade from {digest}\n".encode()


def program_of(path: str, data: bytes) -> BoardCommand | None:
    """Return what a program's file does; None if it is no program but a text.

    Raises:
        OSError: It is a program that cannot run here.
    """
    name = path.rpartition("/")[2]
    if data.startswith(_STUB):
        name = data.removeprefix(_STUB).split(b"\n", 1)[0].decode("ascii", "replace")
    elif not data.startswith(_ELF):
        return None
    elif data[_MACHINE] != _ARM:
        raise failed(errno.ENOEXEC, path)
    if name not in _PROGRAMS:
        raise failed(errno.ENOEXEC, path)
    return _PROGRAMS[name]
