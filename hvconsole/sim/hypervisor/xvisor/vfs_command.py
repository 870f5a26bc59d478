"""Xvisor's command ``vfs``, as far as images are concerned."""

from __future__ import annotations

from typing import Final

from hvconsole.sim.hypervisor.xvisor.call import Call
from hvconsole.sim.hypervisor.xvisor.card import loading
from hvconsole.sim.hypervisor.xvisor.core import NOT_AVAILABLE
from hvconsole.sim.hypervisor.xvisor.texts import listed

_NO_ENTRY: Final = -3
_INVALID: Final = -5


async def vfs(call: Call) -> int:  # noqa: PLR0911  # an arm a verb
    """Look at files, run scripts, load images into guests."""
    match call.arguments:
        case ["help", *_]:
            return call.usage(0)
        case ["fslist"]:
            call.out(listed(f" {'Num':<9} {'Name':<69}", [f" {0:<9} {'ext4':<69}"], dashes=80))
        case ["mplist"]:
            head = f" {'BlockDev':<15} {'Filesystem':<11} {'Mode':<11} {'Path':<39}"
            row = f" {'initrd':<15} {'ext4':<11} {'read-write':<11} {'/':<39}"
            call.out(listed(head, [row], dashes=80))
        case ["ls", path]:
            return _ls(call, path)
        case ["cat", path]:
            text = call.card.files.get(path)
            if text is None:
                return _cannot_open(call, path)
            call.out(text)
        case ["run", path]:
            return await _run(call, path)
        case ["guest_load_list", name, path]:
            return _load(call, name, path)
        case _:
            return call.usage()
    return 0


def _cannot_open(call: Call, path: str) -> int:
    call.out(f"Failed to open {path}\n")
    return _NO_ENTRY


def _ls(call: Call, path: str) -> int:
    found = call.card.below(path)
    if not found:
        call.out(f"Failed to opendir {path}\n")
        return _NO_ENTRY
    for name in found:
        mode = "drwxr-xr-x" if name.endswith("/") else "-rw-r--r--"
        size = 1024 if name.endswith("/") else len(call.card.files[f"{path.rstrip('/')}/{name}"])
        call.out(f"{mode:>10} {size:>10} Nov 23 2026 07:10:35 {name}\n")
    call.out(f"total {len(found)}\n")
    return 0


async def _run(call: Call, path: str) -> int:
    """Execute a script's lines, whatever becomes of them."""
    text = call.card.files.get(path)
    if text is None:
        return _cannot_open(call, path)
    for line in text.splitlines():
        if line and not line.startswith("#"):
            await call.execute(line)
    return 0


def _load(call: Call, name: str, path: str) -> int:
    guest = call.core.find(name)
    if guest is None:
        call.out(f"Failed to find guest {name}\n")
        return NOT_AVAILABLE
    image = call.card.lists.get(path)
    if image is None:
        return _cannot_open(call, path) if path not in call.card.files else _INVALID
    for line in loading(guest, path, image):
        call.out(f"{line}\n")
    call.core.load(guest, image.kind)
    return 0
