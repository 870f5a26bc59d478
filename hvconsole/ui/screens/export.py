"""Exporting a recording: which table, and into which file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from textual.widget import Widget
from textual.widgets import Input, Select

from hvconsole.model.text import plain
from hvconsole.ui.screens.asking import Said
from hvconsole.ui.screens.fields import FieldsScreen
from hvconsole.ui.screens.file import into_a_new_file, judged

_TABLES = (
    ("switches: one row each", "switches"),
    ("runs: one row a run and CPU", "runs"),
    ("actions: what was done", "actions"),
)
_INTO = into_a_new_file({".parquet": "Parquet", ".csv": "CSV", ".arrow": "Arrow"})

Wanted = tuple[Path, str]


class ExportScreen(FieldsScreen[Wanted]):
    """Asks for a table and a file; the file's suffix says how it is written.

    Args:
        name: The recording.
        out: The file that is offered.
    """

    AUTO_FOCUS = "#file"

    def __init__(self, name: str, out: Path) -> None:
        super().__init__(f"export {plain(name, 50)}", do="Export")
        self._out = out

    @property
    def out(self) -> Path:
        """The file as it stands in the field."""
        return self.typed_path("file")

    @property
    def wanted(self) -> Wanted:
        """The file and the table."""
        return self.out, str(self.query_one(Select).value)

    def fields(self) -> Iterator[tuple[str, Widget]]:
        """Yield the choice of the table, and the field for the file."""
        yield (
            "table",
            Select(_TABLES, value="switches", allow_blank=False, compact=True, id="table"),
        )
        yield "file", Input(str(self._out), id="file", select_on_focus=False)

    def judge(self) -> tuple[Sequence[Said], bool]:
        """Say what will be written, or why nothing can be."""
        return judged(_INTO(self.out))
