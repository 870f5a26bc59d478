"""The machine is computation alone: no clock, no randomness of the host, no I/O, no event loop."""

import ast
from pathlib import Path

import pytest

from hvconsole.sim import machine

ALLOWED = {
    "__future__",
    "abc",
    "collections",
    "dataclasses",
    "enum",
    "heapq",
    "math",
    "numpy",
    "typing",
    "zlib",
}
OURS = ("hvconsole.sim.machine", "hvconsole.model", "hvconsole.wire")
ROOT = Path(machine.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))


def imported(tree: ast.Module) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_only_computation_is_imported(path: Path) -> None:
    names = imported(ast.parse(path.read_text(encoding="utf-8")))
    foreign = [n for n in names if not n.startswith(OURS) and n.split(".")[0] not in ALLOWED]
    assert not foreign


def test_the_modules_are_found() -> None:
    assert len(MODULES) > 15
