"""Which revision of the format a board's Jailhouse wants."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

HEAD_BYTES = 8  # signature and revision, in every format there ever was
_SIGNATURES = b"JHCLL", b"JHSYS", b"JHCEL", b"JHSYST"
_RELEASES = {"v0.10": 10, "v0.11": 10}


def revision_of(version: str, heads: Mapping[str, bytes]) -> tuple[int | None, str]:
    """Return the configuration revision of a board's Jailhouse, and why it is not known.

    ``--version`` says v0.12 for years of later builds too, so the configurations that were
    installed with it are looked at.

    Args:
        version: What ``jailhouse --version`` says.
        heads: First eight bytes of the configurations on the board, by path.
    """
    for release, revision in _RELEASES.items():
        if f" {release}" in f" {version}":
            return revision, ""
    found = {
        int.from_bytes(head[6:HEAD_BYTES], "little"): PurePosixPath(path).name
        for path, head in heads.items()
        if head.startswith(_SIGNATURES)
    }
    if len(found) == 1:
        return next(iter(found)), ""
    if not version and not found:
        return None, ""
    what = "none" if not found else f"some of revision {' and some of '.join(map(str, found))}"
    return None, f"which revision its Jailhouse wants is not known: of its configurations, {what}"
