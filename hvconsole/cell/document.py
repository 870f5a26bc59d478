"""A configuration together with what its file says beside it: lines, names of regions, board."""

from __future__ import annotations

from dataclasses import dataclass

from hvconsole.cell.boards import Board, board_of
from hvconsole.cell.model import ArmPlatform, Cell, Configuration, System
from hvconsole.cell.table import Origin
from hvconsole.model.text import plain

_NAME_SHOWN = 40  # terminal cells


@dataclass(frozen=True)
class Document:
    """A configuration that came from somewhere.

    Attributes:
        configuration: What it says.
        origin: Its file; the lines are empty where that was binary.
        names: What the regions are called, as many as the cell has; empty where they are not.
        board_name: Of `boards.BOARDS`, where the text says one.
    """

    configuration: Configuration
    origin: Origin
    names: tuple[str, ...] = ()
    board_name: str = ""

    @property
    def cell(self) -> Cell:
        """The cell; of a system, its root cell."""
        return self.configuration.cell

    @property
    def system(self) -> System | None:
        """The board, where this is a root cell's configuration."""
        return self.configuration.system

    @property
    def title(self) -> str:
        """The cell's name, safe to show."""
        return plain(self.cell.name, _NAME_SHOWN) or plain(self.origin.name, _NAME_SHOWN)

    @property
    def board(self) -> Board | None:
        """The board that this is for, where it is known."""
        system = self.system
        platform = system.platform if system else None
        distributor = platform.gicd_base if isinstance(platform, ArmPlatform) else 0
        chips = self.cell.irqchips
        return board_of(self.board_name, distributor or (chips[0].address if chips else 0))

    def region(self, index: int) -> str:
        """Return what a memory region is called: its name, or its number."""
        name = self.names[index] if index < len(self.names) else ""
        return plain(name, _NAME_SHOWN) or f"region {index}"

    def place(self, *path: str | int) -> str:
        """Return where something is said: file and line, or the file where it is binary."""
        return self.origin.place(path)
