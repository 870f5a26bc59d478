"""Configurations as files, of either form."""

from __future__ import annotations

from pathlib import Path

from hvconsole.cell.decode import decode
from hvconsole.cell.document import Document
from hvconsole.cell.reading import read_toml
from hvconsole.cell.table import Origin
from hvconsole.model.problem import UsageProblem

_SIGNATURES = (b"JH", b"JAIL")


def open_document(path: Path, *, architecture: str | None = None) -> Document:
    """Read a configuration of either form.

    Args:
        path: TOML or binary; the content decides.
        architecture: What to take where a binary does not say it (revision 12).

    Raises:
        UsageProblem: It cannot be read, or its TOML is wrong.
        CellFormatProblem: It is a binary, and damaged or of another revision.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageProblem(f"{path} cannot be read", detail=error.strerror or "") from error
    if data.startswith(_SIGNATURES) or path.suffix == ".cell":
        return from_bytes(data, str(path), architecture=architecture)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise UsageProblem(
            f"{path} is neither TOML nor a cell configuration", detail=str(error)
        ) from error
    return read_toml(text, path)


def from_bytes(data: bytes, name: str, *, architecture: str | None = None) -> Document:
    """Decode a binary configuration; regions that are devices of a known board get their names.

    Raises:
        CellFormatProblem: As `decode`.
    """
    found = Document(decode(data, source=name, architecture=architecture), Origin(name, {}))
    board = found.board
    if board is None:
        return found
    by_place = {(one.start, one.size): name for name, one in board.devices.items()}
    names = tuple(
        by_place.get((region.phys_start, region.size), "") for region in found.cell.memory
    )
    return Document(found.configuration, found.origin, names)
