"""How a lab board boots: U-Boot's script with its modes, and the notes that choose one.

One disk image serves every board. U-Boot finds ``/boot/boot.scr`` on its partition. The mode is
what was typed at the prompt (``setenv mode xen-rtds; run bootcmd``); else what is noted for the
next boot alone; else what is noted as the default; else native. The notes are two blocks of text
before the partition, in the form of U-Boot's environment, so that U-Boot, Linux on the board and
we can write them without a file system in between, and the one for the next boot is erased before
anything is booted: a mode that never comes up is not tried again.

The form of a script's image: U-Boot's doc/usage/cmd/source.rst and include/image.h.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from hvconsole.lab.modes import KVM_MODES, KVM_WORDS, NATIVE, SCHEDULERS, XEN_MODES
from hvconsole.model.problem import UsageProblem

SECTOR = 512
NOTE_SECTORS = 8
DEFAULT_SECTOR, ONCE_SECTOR = 2032, 2040  # behind U-Boot, before the partition at 1 MiB
NOTE_SIZE = NOTE_SECTORS * SECTOR
# The number in /dev/mmcblkN depends on which controller comes up first.
ROOT = "LABEL=root"

_SAFE_WORDS = re.compile(r"[A-Za-z0-9 _./:;,=+@%*()\[\]{}<>!?~^#-]*")
_HEADER = struct.Struct(">7I4B32s")
_MAGIC, _NAME = 0x27051956, b"boot script"
_OS_LINUX, _ARCH_ARM, _TYPE_SCRIPT, _UNCOMPRESSED = 5, 2, 6, 0

# Where things lie in a gigabyte of memory at 0x40000000. Xen gives its first domain one piece of
# it from 0x50000000 on, so what is loaded lies below; and Linux, started where Xen is loaded,
# unpacks itself below that.
_XEN_OR_LINUX, _DEVICE_TREE, _DOM0_LINUX, _INITRAMFS = (
    "44000000",
    "48000000",
    "49000000",
    "4a000000",
)
_SCRATCH = "60000000"


@dataclass(frozen=True, slots=True)
class Place:
    """What a kind of board needs to be told.

    Attributes:
        device: What U-Boot calls the kind of disk.
        tty: The serial line, for Linux.
        uart: The serial line, for Xen.
        initramfs: File in ``/boot``.
        device_tree: U-Boot's commands that bring it to its place.
        xen_words: What Xen needs here.
        linux_words: What Linux needs here.
        dom0_mb: Memory of Xen's first domain, MiB.
    """

    device: str
    tty: str
    uart: str
    initramfs: str
    device_tree: tuple[str, ...]
    xen_words: str = ""
    linux_words: str = ""
    dom0_mb: int = 512


VIRT = Place(
    device="virtio",
    tty="ttyAMA0",
    uart="/pl011@9000000",
    initramfs="initramfs-virt.gz",
    # QEMU's tree is a megabyte long; U-Boot's own place for it is in the way of Xen.
    device_tree=(
        "fdt addr ${fdtcontroladdr}",
        f"fdt move ${{fdtcontroladdr}} 0x{_DEVICE_TREE} 0x100000",
    ),
)
ARM64_VIRT = Place(
    device="virtio",
    tty="ttyAMA0",
    uart="",
    initramfs=VIRT.initramfs,
    device_tree=VIRT.device_tree,
)
SUNXI = Place(
    device="mmc",
    tty="ttyS0,115200",
    uart="serial0",
    initramfs="initramfs-bpi.gz",
    device_tree=(
        f"load ${{part}} 0x{_DEVICE_TREE} /boot/board.dtb",
        f"fdt addr 0x{_DEVICE_TREE}",
        "fdt resize 0x2000",
    ),
    # Without it Xen's console hangs on the emulated UART.
    xen_words="sync_console",
    # Under Xen the clocks of what Xen keeps to itself would be switched off.
    linux_words="clk_ignore_unused",
)


def kvm_script() -> str:
    """Return the boot script's text for the 64-bit board: Linux, with KVM or without."""
    modes = "\n".join(
        f'if test "${{mode}}" = {name}; then setenv known yes; setenv kvm_words "{words}"; fi'
        for name, words in KVM_WORDS.items()
    )
    return (_HEAD + _KVM_SCRIPT).format(
        **_numbers(),
        settings="\n".join(_settings(ARM64_VIRT)),
        modes=modes,
        known=", ".join(KVM_MODES),
    )


def _numbers() -> dict[str, str]:
    return {
        "default": f"{DEFAULT_SECTOR:#x}",
        "once": f"{ONCE_SECTOR:#x}",
        "sectors": f"{NOTE_SECTORS:#x}",
        "size": f"{NOTE_SIZE:#x}",
        "scratch": _SCRATCH,
        "native": NATIVE,
        "root": ROOT,
        "first": _XEN_OR_LINUX,
        "tree": _DEVICE_TREE,
        "linux": _DOM0_LINUX,
        "initramfs": _INITRAMFS,
    }


def script(places: tuple[Place, ...] = (VIRT, SUNXI)) -> str:
    """Return the boot script's text for the 32-bit boards: Linux, alone or under Xen."""
    chooser: list[str] = []
    for number, place in enumerate(places):
        word = "elif" if number else "if"
        chooser += [f'{word} test "${{devtype}}" = {place.device}; then', *_settings(place)]
    modes = "\n".join(
        f'if test "${{mode}}" = xen-{name}; then setenv sched {name}; fi' for name in SCHEDULERS
    )
    return (_HEAD + _XEN_SCRIPT).format(
        **_numbers(),
        chooser="\n".join([*chooser, "fi"]),
        modes=modes,
        known=", ".join(XEN_MODES),
    )


def _settings(place: Place) -> list[str]:
    variables = {
        "tty": place.tty,
        "uart": place.uart,
        "initramfs": place.initramfs,
        "xen_words": place.xen_words,
        "linux_words": place.linux_words,
        "dom0_mb": place.dom0_mb,
    }
    lines = [f'setenv {name} "{value}"' for name, value in variables.items()]
    return [f"  {line}" for line in (*lines, *place.device_tree, f"fdt addr 0x{_DEVICE_TREE}")]


_HEAD = """\
# Boot script of the lab's boards.
setenv part "${{devtype}} ${{devnum}}:${{distro_bootpart}}"
setenv once_mode; setenv default_mode; setenv sched
${{devtype}} dev ${{devnum}}
${{devtype}} read 0x{scratch} {default} {sectors} && env import -t 0x{scratch} {size}
${{devtype}} read 0x{scratch} {once} {sectors} && env import -t 0x{scratch} {size}
if test -n "${{once_mode}}"; then
  mw.b 0x{scratch} 0 {size}; ${{devtype}} write 0x{scratch} {once} {sectors}
fi
if test -z "${{mode}}"; then setenv mode "${{once_mode}}"; fi
if test -z "${{mode}}"; then setenv mode "${{default_mode}}"; fi
if test -z "${{mode}}"; then setenv mode {native}; fi
"""
_KVM_SCRIPT = """\
setenv known
{modes}
{settings}
if test -n "${{known}}"; then
  echo "lab: mode ${{mode}}"
  load ${{part}} 0x{first} /boot/vmlinuz
  load ${{part}} 0x{initramfs} /boot/${{initramfs}}
  setenv bootargs "console=${{tty}} root={root} quiet ${{kvm_words}} hvconsole.mode=${{mode}}"
  setenv bootargs "${{bootargs}} ${{append}}"
  booti 0x{first} 0x{initramfs}:${{filesize}} 0x{tree}
else
  echo "lab: no mode is named ${{mode}}; choose from: {known}"
fi
setenv mode
"""
_XEN_SCRIPT = """\
{chooser}
{modes}
setenv linux_words "root={root} quiet ${{linux_words}} hvconsole.mode=${{mode}} ${{append}}"
echo "lab: mode ${{mode}}"
if test "${{mode}}" = {native}; then
  load ${{part}} 0x{first} /boot/vmlinuz
  load ${{part}} 0x{initramfs} /boot/${{initramfs}}
  setenv bootargs "console=${{tty}} ${{linux_words}}"
  bootz 0x{first} 0x{initramfs}:${{filesize}} 0x{tree}
elif test -n "${{sched}}"; then
  load ${{part}} 0x{first} /boot/xen
  load ${{part}} 0x{linux} /boot/vmlinuz; setenv linux_size 0x${{filesize}}
  load ${{part}} 0x{initramfs} /boot/${{initramfs}}; setenv initramfs_size 0x${{filesize}}
  fdt set /chosen \\#address-cells <1>
  fdt set /chosen \\#size-cells <1>
  setenv xen_words "sched=${{sched}} ${{xen_words}} ${{xen_append}}"
  setenv xen_words "console=dtuart dtuart=${{uart}} dom0_mem=${{dom0_mb}}M ${{xen_words}}"
  fdt set /chosen xen,xen-bootargs "${{xen_words}}"
  fdt mknode /chosen module@0
  fdt set /chosen/module@0 compatible "multiboot,kernel" "multiboot,module"
  fdt set /chosen/module@0 reg <0x{linux} ${{linux_size}}>
  fdt set /chosen/module@0 bootargs "console=hvc0 ${{linux_words}}"
  fdt mknode /chosen module@1
  fdt set /chosen/module@1 compatible "multiboot,ramdisk" "multiboot,module"
  fdt set /chosen/module@1 reg <0x{initramfs} ${{initramfs_size}}>
  bootz 0x{first} - 0x{tree}
else
  echo "lab: no mode is named ${{mode}}; choose from: {known}"
fi
setenv mode
"""


def script_image(text: str) -> bytes:
    """Return a script as U-Boot loads it: a header with checksums, the length, the text."""
    body = text.encode()
    data = struct.pack(">2I", len(body), 0) + body
    header = _header(0, data)
    return _header(zlib.crc32(header), data) + data


def _header(checksum: int, data: bytes) -> bytes:
    """Pack the header; its own checksum is made with zero in its place."""
    kind = (_OS_LINUX, _ARCH_ARM, _TYPE_SCRIPT, _UNCOMPRESSED)
    return _HEADER.pack(_MAGIC, checksum, 0, len(data), 0, 0, zlib.crc32(data), *kind, _NAME)


def note(variables: Mapping[str, str]) -> bytes:
    """Return one block of notes for the script.

    Args:
        variables: ``default_mode``, ``append``, ``xen_append``; or ``once_mode``. Empty values are
            left out.

    Raises:
        UsageProblem: A value cannot be told to U-Boot, or all together are too long.
    """
    for name, value in variables.items():
        if not _SAFE_WORDS.fullmatch(value):
            raise UsageProblem(
                f"{value!r} cannot be passed to a board",
                detail=f"{name} goes through U-Boot's shell: no quotes, no $, &, | or backslash",
                hint="put such words into a file of an overlay folder",
            )
    lines = [f"{name}={value}\n" for name, value in variables.items() if value]
    data = "".join(lines).encode()
    if len(data) >= NOTE_SIZE:
        raise UsageProblem(
            f"{len(data)} letters of boot words are too many: {NOTE_SIZE - 1} at most"
        )
    return data.ljust(NOTE_SIZE, b"\0")
