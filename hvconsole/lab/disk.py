"""A board's disk: U-Boot where Allwinner's boards look for it, one partition, nothing else."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

from hvconsole.lab.bootscript import SECTOR
from hvconsole.lab.tools import run
from hvconsole.model.problem import Problem, UsageProblem

PARTITION = 1 << 20
_UBOOT = 8 << 10
_UBOOT_END = 1000 << 10  # the notes of bootscript.py follow
_LINUX = 0x83
_BOOTABLE = 0x80
_NO_CYLINDERS = b"\xfe\xff\xff"  # the partition's place is in its sector numbers
_DISK_NUMBER = 0x4C41424C


def write_disk(disk: Path, root: Path, uboot: Path | None, size: int) -> None:
    """Write a disk image.

    Args:
        disk: The file to make.
        root: Folder of what the partition holds.
        uboot: U-Boot with its first stage; None where the board has it elsewhere.
        size: Of the disk in bytes; a power of two, as QEMU's SD cards need it.

    Raises:
        Problem: U-Boot is too large for its place, or the disk too small.
    """
    firmware = uboot.read_bytes() if uboot is not None else b""
    if _UBOOT + len(firmware) > _UBOOT_END:
        raise Problem(f"U-Boot of {len(firmware)} bytes does not fit before the partition")
    with disk.open("wb") as file:
        file.truncate(size)
        file.write(partition_table(PARTITION // SECTOR, (size - PARTITION) // SECTOR))
        file.seek(_UBOOT)
        file.write(firmware)
    run(
        ["mkfs.ext4", "-q", "-F", "-L", "root", "-O", "^has_journal,^metadata_csum",
         "-E", f"lazy_itable_init=0,offset={PARTITION}", "-d", str(root), str(disk),
         f"{(size - PARTITION) >> 10}k"],
        what="writing the board's disk",
    )  # fmt: skip


def partition_table(first: int, sectors: int) -> bytes:
    """Return a master boot record with one bootable Linux partition."""
    entry = struct.pack(
        "<B3sB3sII", _BOOTABLE, _NO_CYLINDERS, _LINUX, _NO_CYLINDERS, first, sectors
    )
    head = struct.pack("<440xIH", _DISK_NUMBER, 0)
    return head + entry.ljust(64, b"\0") + b"\x55\xaa"


def copy_disk(disk: Path, to: Path) -> None:
    """Copy a disk image; its holes stay holes."""
    run(["cp", "--sparse=always", "--reflink=auto", str(disk), str(to)], what="copying the disk")


def overlay_disk(base: Path, to: Path) -> None:
    """Make a disk that takes what is written, above one that is only read (qcow2 above raw)."""
    run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(base.resolve()),
         str(to)],
        what="making the board's disk",
    )  # fmt: skip


def write_block(disk: Path, sector: int, data: bytes) -> None:
    """Write a block to a qcow2 disk that no board uses, past its file system."""
    block = disk.with_name("block")
    block.write_bytes(data)
    run(
        ["qemu-io", "-f", "qcow2", "-c", f"write -q -s block {sector * SECTOR} {len(data)}",
         disk.name],
        what="noting the board's mode",
        cwd=disk.parent,
    )  # fmt: skip
    block.unlink()


def replace_files(disk: Path, files: dict[str, Path], scratch: Path) -> None:
    """Put files on the partition of a disk that no board uses, in place of those there.

    Args:
        disk: The disk's image.
        files: What to put where: ``/boot/vmlinuz``.
        scratch: Folder for copies, so that any name can be told to debugfs.

    Raises:
        UsageProblem: There is no room for them.
        Problem: The file system refuses.
    """
    commands: list[str] = []
    for number, (path, source) in enumerate(files.items()):
        shutil.copy(source, scratch / f"file{number}")
        commands += [f"rm {path}", f"write file{number} {path}"]
    (scratch / "commands").write_text("\n".join(commands) + "\n")
    image = f"{disk.resolve()}?offset={PARTITION}"
    run(["debugfs", "-w", "-f", "commands", image], what="writing to the disk", cwd=scratch)
    for number, path in enumerate(files):
        # debugfs ends with 0 whatever happened.
        run(["debugfs", "-R", f"dump {path} back", image], what="reading the disk", cwd=scratch)
        back = scratch / "back"
        wanted = scratch / f"file{number}"
        if not back.exists() or back.read_bytes() != wanted.read_bytes():
            raise UsageProblem(
                f"{files[path]} does not fit on the board's disk",
                hint="the board's disk has a gigabyte, Debian on it included",
            )
        back.unlink()
        wanted.unlink()
