"""What a person calls a link that goes over a serial line."""

from __future__ import annotations


def link_name(line: str) -> str:
    """Return the name of the link over a line; `Status.link_detail` has it while connected."""
    return f"a shell on {line}"
