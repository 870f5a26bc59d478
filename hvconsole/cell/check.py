"""What is wrong with a set of configurations, before a board finds out.

Jailhouse itself accepts, without a word: (1) a cell's memory over another running cell's, (2) over
the hypervisor's or where no memory is, (3) a loadable region that the root cell has not or may
only read. Each has been seen to kill a running system; here they are errors.
"""

from __future__ import annotations

from collections.abc import Sequence

from hvconsole.cell.check_board import check_board, check_known_devices
from hvconsole.cell.check_cell import check_cell, check_name
from hvconsole.cell.check_memory import check_inside, check_memory
from hvconsole.cell.document import Document
from hvconsole.cell.finding import Finding
from hvconsole.cell.running import RunningBoard
from hvconsole.model.problem import UsageProblem


def check(
    root: Document, cells: Sequence[Document] = (), board: RunningBoard | None = None
) -> tuple[Finding, ...]:
    """Check a root cell and the cells that shall run beside it, all at once.

    Args:
        root: The root cell's configuration.
        cells: The others.
        board: A running board to check against as well.

    Returns:
        What was found, errors first; empty where the set is safe as far as can be known.

    Raises:
        UsageProblem: `root` is not a root cell's configuration.
    """
    if root.system is None:
        raise UsageProblem(
            f"{root.origin.name} is not a root cell's configuration",
            detail="it has no [system]: nothing says where the hypervisor is",
            hint="name the root cell's first: hvconsole cell check ROOT CELL…",
        )
    found = [*check_memory(root, cells, board.ram if board else ()), *check_cell(root, cells)]
    found += check_known_devices(root) if board is None else check_board(root, cells, board)
    return tuple(sorted(found, key=lambda finding: finding.severity != "error"))


def check_alone(document: Document) -> tuple[Finding, ...]:
    """Check what can be judged of one configuration without its root cell."""
    return (*check_name(document), *check_inside(document))


def is_safe(findings: Sequence[Finding]) -> bool:
    """Say whether nothing found is an error."""
    return all(finding.severity != "error" for finding in findings)
