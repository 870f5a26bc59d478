"""Images for a cell's memory: how they are named, and the command that loads them.

A path that begins with / lies on the board, any other on this machine. What lies here is copied to
the board for as long as loading takes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from hvconsole.config.named import content_of, named
from hvconsole.hypervisor.actions import Images
from hvconsole.model.problem import UsageProblem
from hvconsole.model.text import plain

WRITTEN = "FILE or FILE@0x1000: /… on the board, else on this machine"
_IMAGE = re.compile(r"(?P<path>.+?)(?:@(?P<address>0[xX][0-9A-Fa-f]{1,16}|[0-9]{1,20}))?")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
_PREFIX = "/tmp/hvconsole-image-"  # noqa: S108  # on the board
_MOST_BYTES = 256 << 20
_HIGHEST = (1 << 64) - 1


def read_images(words: Sequence[str]) -> tuple[Images, dict[str, bytes]]:
    """Read images as a person writes them.

    Returns:
        The images, and the content of those that lie on this machine.

    Raises:
        UsageProblem: One is written wrongly, or cannot be read here.
    """
    images: list[tuple[str, int | None]] = []
    contents: dict[str, bytes] = {}
    for word in words:
        match = _IMAGE.fullmatch(word)
        address = int(match["address"], 0) if match and match["address"] else None
        if match is None or (address is not None and address > _HIGHEST):
            raise UsageProblem(f"'{plain(word, 60)}' is no image", hint=f"write it as {WRITTEN}")
        images.append((match["path"], address))
        if not match["path"].startswith("/"):
            contents[match["path"]] = _content(match["path"])
    return tuple(images), contents


def load_command(
    key: str, images: Images, contents: Mapping[str, bytes]
) -> tuple[tuple[str, ...], dict[str, bytes]]:
    """Return the command that loads images into a cell, and the files to put there first.

    Raises:
        UsageProblem: No image is named, or one neither lies on the board nor was read here.
    """
    words: list[str] = []
    files: dict[str, bytes] = {}
    for path, address in images:
        there = path
        if path in contents:
            there = _copy_of(path, contents[path])
            files[there] = contents[path]
        elif not path.startswith("/"):
            raise UsageProblem(
                f"'{plain(path, 60)}' is no whole path on the board", hint=f"write it as {WRITTEN}"
            )
        words += [there, *(["-a", f"{address:#x}"] if address is not None else [])]
    if not words:
        raise UsageProblem("no image is named", hint=f"write it as {WRITTEN}")
    load = ("jailhouse", "cell", "load", key, *words)
    if not files:
        return load, {}
    tidy = '"$@"; s=$?; rm -f -- ' + " ".join(files) + "; exit $s"  # their names are ours
    return ("sh", "-c", tidy, "load", *load), files


def _copy_of(path: str, content: bytes) -> str:
    name = _UNSAFE.sub("-", Path(path).name)[-40:]
    return f"{_PREFIX}{sha256(content).hexdigest()[:12]}-{name}"


def _content(path: str) -> bytes:
    hint = "a file of the board is named by its whole path"
    return content_of(named(path), most_bytes=_MOST_BYTES, hint=hint)
