"""Names of files that a pattern means."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Final

from hvconsole.sim.board.patterns import SIGNS, matches
from hvconsole.sim.board.tree import Tree

_SLASHES: Final = re.compile(r"(/+)")


def matching(tree: Tree, cwd: str, pattern: str) -> list[str]:
    """Return the paths that a pattern means, sorted and written as the pattern is.

    Args:
        tree: The files.
        cwd: Where relative patterns begin.
        pattern: As a shell has it; quoted signs stand in brackets.
    """
    found = [""]
    for part in _SLASHES.split(pattern):
        if part.startswith("/"):  # what stands before it has to be a folder
            found = [f"{head}{part}" for head in found if not head or _is_folder(tree, cwd, head)]
        elif part and any(sign in part for sign in SIGNS):
            found = [head + name for head in found for name in _names(tree, cwd, head, part)]
        elif part:
            found = [f"{head}{part}" for head in found if _exists(tree, cwd, f"{head}{part}")]
    return sorted(found)


def _names(tree: Tree, cwd: str, head: str, part: str) -> Iterator[str]:
    folder = posixpath.join(cwd, head)
    for name in tree.names(folder) if tree.is_folder(folder) else ():
        hidden = name.startswith(".") and not part.startswith(".")
        if not hidden and matches(name, part):
            yield name


def _is_folder(tree: Tree, cwd: str, path: str) -> bool:
    return tree.is_folder(posixpath.join(cwd, path))


def _exists(tree: Tree, cwd: str, path: str) -> bool:
    return tree.exists(posixpath.join(cwd, path))
