"""Fields of cells: what every chart turns into before a widget gives it colours."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hvconsole.ui.chart.cells import Role, Row

_BLANK = ord(" ")


class Canvas:
    """A field of cells, one character and one role each.

    Drawing outside of it is not an error: what does not fit is not drawn.

    Attributes:
        chars: Shape (height, width), code points.
        roles: Shape (height, width).
    """

    def __init__(self, width: int, height: int) -> None:
        self.width = max(width, 0)
        self.height = max(height, 0)
        self.chars: npt.NDArray[np.uint32] = np.full(
            (self.height, self.width), _BLANK, dtype=np.uint32
        )
        self.roles: npt.NDArray[np.uint8] = np.zeros((self.height, self.width), dtype=np.uint8)

    def text(self, x: int, y: int, text: str, role: int) -> None:
        """Write narrow text from (x, y) to the right."""
        if not 0 <= y < self.height:
            return
        first, last = max(x, 0), min(x + len(text), self.width)
        if first < last:
            self.chars[y, first:last] = [ord(char) for char in text[first - x : last - x]]
            self.roles[y, first:last] = role

    def put(self, x: int, y: int, other: Canvas) -> None:
        """Copy a smaller canvas to (x, y); x and y are not negative."""
        height = min(other.height, self.height - y)
        width = min(other.width, self.width - x)
        if height > 0 and width > 0:
            self.chars[y : y + height, x : x + width] = other.chars[:height, :width]
            self.roles[y : y + height, x : x + width] = other.roles[:height, :width]

    def under(self, x: int, y: int, other: Canvas) -> None:
        """Put a canvas that fits in at (x, y) below what is drawn: it shows where that is empty.

        What is plain text in it counts as nothing.
        """
        part = slice(y, y + other.height), slice(x, x + other.width)
        chars, roles = self.chars[part], self.roles[part]
        shown = (chars == _BLANK) & (other.roles != Role.TEXT)
        np.copyto(chars, other.chars, where=shown)
        np.copyto(roles, other.roles, where=shown)

    def fill_empty(
        self,
        part: tuple[slice | int, slice | int],
        char: str,
        role: int,
        *,
        where: npt.NDArray[np.bool_] | bool = True,
    ) -> None:
        """Write one character into those cells of a part that are still empty.

        Args:
            part: Rows and columns.
            char: What to write.
            role: What the cells become.
            where: Narrows the part down further.
        """
        chars, roles = self.chars[part], self.roles[part]
        empty = (chars == _BLANK) & where
        chars[empty] = ord(char)
        roles[empty] = role

    def rows(self) -> list[Row]:
        """Return the canvas row by row as runs of one role each."""
        if not self.width:
            return [[] for _ in range(self.height)]
        text = self.chars.tobytes().decode("utf-32-le")
        ends = np.ones(self.roles.shape, dtype=bool)
        ends[:, :-1] = self.roles[:, 1:] != self.roles[:, :-1]
        flat = np.flatnonzero(ends)
        bounds = [0, *(flat + 1).tolist()]
        pieces = [text[begin:end] for begin, end in pairwise(bounds)]
        runs = list(zip(pieces, self.roles.ravel()[flat].tolist(), strict=True))
        rows = [0, *np.cumsum(ends.sum(axis=1)).tolist()]
        return [runs[first:last] for first, last in pairwise(rows)]
