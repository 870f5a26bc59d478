"""The board's ``cc`` and ``make``, which compile nothing.

They check that their sources are there and write a file that stands for the program of that name:
so no cross compiler is needed on the user's machine. Its bytes depend on sources and options, as
those of a real program do.
"""

from __future__ import annotations

import hashlib
import posixpath
from typing import TYPE_CHECKING, Final

from hvconsole.sim.board.linux import counter
from hvconsole.sim.board.linux.modules import HEADERS, module_file
from hvconsole.sim.board.programs import NAMES, stub
from hvconsole.sim.board.shell.call import FAILED, USAGE, BoardCommand, Invocation

if TYPE_CHECKING:
    from hvconsole.sim.board.board import Board

VERSION: Final = "cc (simulated: hands out the simulated board's own programs) 12.2.0"
_MODULE_SOURCES: Final = ("Kbuild", "Makefile", "main.c", "gate.c", "gates_arm.c", "sysfs.c")
_WITH_VALUE: Final = frozenset({"-o", "-I", "-D", "-l", "-L", "-x", "-include"})


def _cc(_board: Board, call: Invocation) -> int:
    words = call.words[1:]
    if "--version" in words:
        call.out(f"{VERSION}\n")
        return 0
    output, sources = _arguments(words)
    if not sources:
        return call.fail("fatal error: no input files")
    options = [word for word in words if word.startswith("-")]
    digest = hashlib.sha256("\0".join(options).encode("utf-8", "surrogateescape"))
    missing = False
    for source in sources:
        try:
            digest.update(call.tree.read(call.path(source)))
        except OSError as error:
            missing = True
            call.fail(f"error: {source}: {error.strerror}")
    if missing:
        return FAILED
    name = posixpath.basename(output)
    if name not in NAMES:
        return call.fail(f"fatal error: there is no program {name} on the simulated board")
    try:
        call.tree.write(call.path(output), stub(name, digest.hexdigest()), mode=0o755)
    except OSError as error:
        return call.fail(f"fatal error: cannot write {output}: {error.strerror}")
    return 0


def _arguments(words: list[str]) -> tuple[str, list[str]]:
    """Return the output and the sources that a compiler's words name."""
    output, sources = "a.out", []
    rest = iter(words)
    for word in rest:
        if word in _WITH_VALUE:
            value = next(rest, "")
            output = value if word == "-o" else output
        elif not word.startswith("-"):
            sources.append(word)
    return output, sources


def _make(_board: Board, call: Invocation) -> int:
    """Build the counter module, the only thing that make knows here."""
    words = call.words[1:]
    folder = call.path(".")
    if words[:1] == ["-C"] and words[1:]:
        folder = call.path(words[1])
        words = words[2:]
    settings = dict(word.split("=", 1) for word in words if "=" in word)
    if not call.tree.exists(posixpath.join(folder, "Makefile")):
        return call.fail("*** No targets specified and no makefile found.  Stop.", USAGE)
    tree = settings.get("KDIR", HEADERS)
    if not call.tree.exists(posixpath.join(tree, "Makefile")):
        call.err(f"make: *** {tree}: No such file or directory.  Stop.")
        return USAGE
    call.out(f"make: Entering directory '{folder}'\n")
    digest = hashlib.sha256()
    for name in _MODULE_SOURCES:
        path = posixpath.join(folder, name)
        if not call.tree.exists(path):
            call.err(f"make[2]: *** No rule to make target '{path}', needed by '{folder}'.  Stop.")
            return USAGE
        digest.update(call.tree.read(path))
    try:
        data = module_file(counter.NAME, digest.hexdigest().encode())
        call.tree.write(posixpath.join(folder, f"{counter.NAME}.ko"), data)
    except OSError as error:
        call.err(f"make: *** {error.filename}: {error.strerror}.  Stop.")
        return USAGE
    call.out(f"  LD [M]  {folder}/{counter.NAME}.ko\nmake: Leaving directory '{folder}'\n")
    return 0


COMPILER: Final[dict[str, BoardCommand]] = {"cc": _cc, "make": _make}
