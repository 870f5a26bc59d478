"""What is known of a guest's configuration before it is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["system", "cell"]


@dataclass(frozen=True, slots=True)
class CellFile:
    """A configuration that lies on the board; its path is untrusted."""

    path: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a configuration would do.

    Attributes:
        errors: What would go wrong, a paragraph each.
        warnings: What may.
        rows: The memory map as lines of text.
        unknown: What could not be looked at, in words.
    """

    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    unknown: str = ""
