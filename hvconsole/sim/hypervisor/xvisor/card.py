"""Xvisor's file system, as far as booting guests needs it: scripts, lists of images, images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hvconsole.sim.hypervisor.xvisor.texts import BANNER

if TYPE_CHECKING:
    from hvconsole.sim.hypervisor.xvisor.guest import Guest

LINUX: Final = "linux"
"""An image that is a small Linux."""
BUSY: Final = "busy"
"""One that burns its CPU."""
FIRMWARE: Final = "firmware"
"""Xvisor's own test guest."""

_FOLDER: Final = "/images/arm32/virt-v7"
LINUX_LIST: Final = f"{_FOLDER}/linux.list"
BUSY_LIST: Final = f"{_FOLDER}/busy.list"
FIRMWARE_LIST: Final = f"{_FOLDER}/nor_flash.list"
BOOT_SCRIPT: Final = "/boot.xscript"
_BANNER_FILE: Final = "/system/banner.txt"


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a list: where in the guest's memory it goes, and how large it is."""

    address: int
    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Image:
    """What a list loads.

    Attributes:
        kind: `LINUX`, `BUSY` or `FIRMWARE`.
        parts: In the list's order.
    """

    kind: str
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The list as a file."""
        return "".join(f"0x{part.address:x} {part.file}\n" for part in self.parts)


_FIRMWARE: Final = Part(0, "./firmware.bin", 110_336)
IMAGES: Final = {
    LINUX_LIST: Image(
        LINUX,
        (
            _FIRMWARE,
            Part(0x0002_0000, "./Image", 8_126_976),
            Part(0x01E0_0000, "./virt-v7.dtb", 6_511),
            Part(0x0200_0000, "./rootfs.img", 3_407_872),
        ),
    ),
    BUSY_LIST: Image(BUSY, (Part(0, "./busy.bin", 4_128),)),
    FIRMWARE_LIST: Image(FIRMWARE, (_FIRMWARE,)),
}
_SCRIPT: Final = f"""\
shmem create default 0x1000000
guest create guest0
vfs guest_load_list guest0 {LINUX_LIST}
guest create guest1
vfs guest_load_list guest1 {BUSY_LIST}
"""


@dataclass(slots=True)
class Card:
    """The files.

    Attributes:
        files: Texts by path.
        lists: What each list of images loads.
    """

    files: dict[str, str] = field(default_factory=dict)
    lists: dict[str, Image] = field(default_factory=lambda: dict(IMAGES))

    def __post_init__(self) -> None:
        self.files |= {path: image.text for path, image in self.lists.items()}
        self.files[_BANNER_FILE] = "".join(f"{line}\n" for line in BANNER)
        self.files.setdefault(BOOT_SCRIPT, _SCRIPT)

    def below(self, folder: str) -> list[str]:
        """Return what a folder holds, other folders with a slash behind them."""
        prefix = folder.rstrip("/") + "/"
        found = set()
        for path in self.files:
            if path.startswith(prefix):
                name, slash, _ = path.removeprefix(prefix).partition("/")
                found.add(name + slash)
        return sorted(found)


def loading(guest: Guest, path: str, image: Image) -> list[str]:
    """Return what loading a list into a guest prints."""
    lines = [f"{guest.name}: Parsing {path}"]
    for part in image.parts:
        where = f"0x{part.address:016X}"
        lines.append(f"{guest.name}: Loading {where} with file {part.file}")
        lines.append(f"{guest.name}: Loaded {where} with {part.size} bytes")
    return lines
