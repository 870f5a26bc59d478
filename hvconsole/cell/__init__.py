"""Jailhouse's cell configurations: readable TOML ⇄ plain values ⇄ the binary file, and checks.

`open_document` opens either form; `decode` and `encode` speak the hypervisor's format, `read_toml`
and `write_toml` the readable one. `check` says what is wrong with a set of configurations before a
board finds out, and `memory_map` lays them out by address.
"""

from hvconsole.cell.check import check, check_alone, is_safe
from hvconsole.cell.decode import decode
from hvconsole.cell.document import Document
from hvconsole.cell.encode import encode
from hvconsole.cell.files import from_bytes, open_document
from hvconsole.cell.finding import Finding
from hvconsole.cell.layouts import CellFormatProblem
from hvconsole.cell.mapping import MapRow, drawn, memory_map
from hvconsole.cell.model import CURRENT_REVISION, REVISIONS, Cell, Configuration, System
from hvconsole.cell.reading import read_toml
from hvconsole.cell.running import Resource, RunningBoard, UsedInterrupt
from hvconsole.cell.table import CellTextProblem
from hvconsole.cell.writing import write_toml

__all__ = [
    "CURRENT_REVISION",
    "REVISIONS",
    "Cell",
    "CellFormatProblem",
    "CellTextProblem",
    "Configuration",
    "Document",
    "Finding",
    "MapRow",
    "Resource",
    "RunningBoard",
    "System",
    "UsedInterrupt",
    "check",
    "check_alone",
    "decode",
    "drawn",
    "encode",
    "from_bytes",
    "is_safe",
    "memory_map",
    "open_document",
    "read_toml",
    "write_toml",
]
