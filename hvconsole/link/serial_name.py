"""What a person calls a link that goes over a serial line."""

from __future__ import annotations

from typing import Final

SHELL: Final = "a shell"
XVISOR: Final = "Xvisor"


def link_name(line: str, who: str = SHELL) -> str:
    """Return the name of the link over a line; `Status.link_detail` has it while connected."""
    return f"{who} on {line}"


def goes_over(link: str, line: str) -> bool:
    """Whether a link of that name has the line, so that nobody else may type on it."""
    return link in {link_name(line, SHELL), link_name(line, XVISOR)}
