"""Snapshots of booted boards, to start from."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path

from hvconsole.lab import disk, monitor
from hvconsole.lab.arch import ARM32, ARM64
from hvconsole.lab.image import built_image
from hvconsole.lab.places import snapshots_dir
from hvconsole.lab.store import Store
from hvconsole.lab.wish import Wish

SNAPSHOT = "booted"
"""Its name within the disk."""


def snapshot_of(name: str, wish: Wish, qemu: str, image: str) -> Path:
    """Return where a board that is started like this is kept.

    Args:
        name: The board's.
        wish: How it is started.
        qemu: By which QEMU.
        image: Product that its disk is made of.
    """
    parts = (name, qemu, wish.mode, wish.append, wish.xen_append,
             wish.uboot, *astuple(wish.hardware))  # fmt: skip
    key = hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
    return snapshots_dir() / f"{image}-{key}.qcow2"


def keep_snapshot(qemu: Path, running: Path, kept: Path) -> None:
    """Keep a board as it stands now.

    Args:
        qemu: Socket of its QEMU's monitor.
        running: Its disk.
        kept: Where it is kept.
    """
    kept.parent.mkdir(parents=True, exist_ok=True)
    fresh = kept.with_name(f".{kept.name}.{os.getpid()}")
    monitor.command(qemu, "stop")
    try:
        monitor.command(qemu, f"savevm {SNAPSHOT}")
        # QEMU has written all of it, and writes nothing while the board stands still.
        disk.copy_disk(running, fresh)
        fresh.replace(kept)
    finally:
        fresh.unlink(missing_ok=True)
        monitor.command(qemu, "cont")


def forget_snapshots() -> None:
    """Remove snapshots of disk images that are no more."""
    store = Store()
    current = tuple(
        built_image(store, arch).product
        for arch in (ARM32, ARM64)
        if store.has(f"image{arch.suffix}")
    )
    with suppress(FileNotFoundError):
        for path in snapshots_dir().iterdir():
            if not path.name.startswith(current):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
