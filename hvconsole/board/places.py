"""Folders on a board that could take our programs: writable, not mounted noexec, with room."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from hvconsole.model.problem import BoardProblem

# A static sampler and two loads take about 3 MiB; a compiler needs some room beside them.
NEEDED_KIB = 16 << 10

_OCTAL = re.compile(r"\\([0-7]{3})")


class Place(msgspec.Struct, frozen=True):
    """A folder on the board.

    Attributes:
        path: Absolute, links resolved.
        writable: Files can be made there.
        noexec: Programs cannot be started from there.
        free_kib: Room; None where the board does not tell.
        filesystem: Its type: ``tmpfs``, ``ext4``.
    """

    path: str
    writable: bool
    noexec: bool = False
    free_kib: int | None = None
    filesystem: str = ""

    @property
    def why_not(self) -> str:
        """Why programs cannot be put and started there; empty if they can."""
        if not self.writable:
            return "not writable"
        return "mounted noexec" if self.noexec else ""


class Mount(msgspec.Struct, frozen=True):
    """A line of /proc/mounts."""

    path: str
    filesystem: str
    options: frozenset[str]


def parse_places(lines: Iterable[str], mounts: Iterable[str]) -> tuple[Place, ...]:
    """Parse places (path, yes or no, KiB; tabs between) and say how they are mounted.

    Args:
        lines: One a place; what is no such line is skipped.
        mounts: Lines of /proc/mounts.
    """
    known = parse_mounts(mounts)
    places: dict[str, Place] = {}
    for line in lines:
        path, _, rest = line.partition("\t")
        writable, _, free = rest.partition("\t")
        if not path.startswith("/") or writable not in {"yes", "no"} or path in places:
            continue
        mount = _mount_of(path, known)
        places[path] = Place(
            path,
            writable == "yes" and (mount is None or "ro" not in mount.options),
            mount is not None and "noexec" in mount.options,
            int(free) if free.isdecimal() and free.isascii() else None,
            mount.filesystem if mount is not None else "",
        )
    return tuple(places.values())


def parse_mounts(lines: Iterable[str]) -> list[Mount]:
    """Parse /proc/mounts; the last of several mounts at one place is the one that counts."""
    mounts: list[Mount] = []
    for line in lines:
        fields = line.split(" ")
        if len(fields) >= 4:  # noqa: PLR2004  # device, folder, type, options
            options = frozenset(fields[3].split(","))
            mounts.append(Mount(_unescaped(fields[1]), fields[2], options))
    return mounts


def usable_place(places: Iterable[Place], where: str, needed_kib: int = NEEDED_KIB) -> Place:
    """Return the first place that takes our programs.

    Raises:
        BoardProblem: There is none; each place is named with the reason.
    """
    reasons: list[str] = []
    for place in places:
        if reason := place.why_not:
            reasons.append(f"{place.path}: {reason}")
        elif place.free_kib is not None and place.free_kib < needed_kib:
            reasons.append(f"{place.path}: {place.free_kib} KiB free, {needed_kib} are needed")
        else:
            return place
    raise BoardProblem(
        f"no folder on {where} can take our programs",
        detail="\n".join(reasons) or "the board names none",
        hint="make room, or remount one of them: mount -o remount,exec /tmp",
    )


def _mount_of(path: str, mounts: list[Mount]) -> Mount | None:
    best: Mount | None = None
    for mount in mounts:
        inside = mount.path in {"/", path} or path.startswith(f"{mount.path}/")
        if inside and (best is None or len(mount.path) >= len(best.path)):
            best = mount
    return best


def _unescaped(text: str) -> str:
    """Undo the kernel's octal escapes of blanks and backslashes."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text)
