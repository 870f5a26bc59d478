"""What a guest is made of: a node of Xvisor's device tree, and what is loaded into its memory.

The guest itself is described in the device tree that the board was booted with; a file says which
node is meant and which images belong to it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

from hvconsole.hypervisor.xvisor import checks
from hvconsole.model.problem import UsageProblem
from hvconsole.model.text import plain

_KEYS = ("name", "lists", "images")
_MOST_BYTES = 64 << 10
_MOST_ADDRESS = 1 << 48


@dataclass(frozen=True, slots=True)
class Description:
    """A guest to make.

    Attributes:
        name: Its node under /guests.
        lists: Files in Xvisor's file system that name images and addresses.
        images: Single files and the address that each is put at.
    """

    name: str
    lists: tuple[str, ...] = ()
    images: tuple[tuple[str, int], ...] = ()


def read(config: bytes, source: str, *, name: str = "") -> Description:
    """Read a description.

    Args:
        config: Its content: TOML.
        source: What it is called, for messages.
        name: Another node than it names.

    Raises:
        UsageProblem: It cannot be read, or something in it makes no sense.
    """
    where = plain(source, 80)
    if len(config) > _MOST_BYTES:
        raise UsageProblem(f"{where} is too long to describe a guest")
    try:
        table = tomllib.loads(config.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageProblem(
            f"{where} does not describe a guest of Xvisor",
            detail=plain(str(error), 200),
            hint='it is TOML: name = "guest0", lists = ["/images/…/nor_flash.list"]',
        ) from error
    if odd := [key for key in table if key not in _KEYS]:
        raise UsageProblem(
            f"{where}: '{plain(odd[0], 40)}' is no key", hint=f"there are: {', '.join(_KEYS)}"
        )
    node = name or table.get("name", "")
    lists, images = table.get("lists", []), table.get("images", {})
    if not isinstance(node, str) or not isinstance(lists, list) or not isinstance(images, dict):
        raise UsageProblem(
            f"{where}: name is a text, lists a list of paths, images a table of addresses",
            hint='images = { "/images/linux.bin" = 0x40000000 }',
        )
    if not all(isinstance(one, str) for one in lists) or not all(
        isinstance(at, int) and not isinstance(at, bool) and 0 <= at < _MOST_ADDRESS
        for at in images.values()
    ):
        raise UsageProblem(
            f"{where}: a list is a path, an image has an address",
            hint='images = { "/images/linux.bin" = 0x40000000 }',
        )
    return Description(
        name=node,
        lists=tuple(map(checks.path, lists)),
        images=tuple((checks.path(file), at) for file, at in images.items()),
    )
