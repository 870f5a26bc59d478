"""One measurement in virtual time: QEMU counts instructions, and the board's clock follows them.

Each instruction takes 2 ns of the board's time, whatever the host is doing meanwhile; an idle
board's clock jumps to its next event. There is one CPU, but where a condition says two, which QEMU
runs in turns; no disk and no network, and nothing random is passed on. So the same software gives
the same figures, to the last bit.
(QEMU: docs/devel/tcg-icount.rst.) It knows no caches and no pipeline: right for comparing one
software with another, never a real CPU's timing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hvconsole.lab.machine import Hardware, Software, direct_words, virt_words
from hvconsole.lab.measure.conditions import Condition
from hvconsole.lab.measure.image import MeasureImage
from hvconsole.lab.modes import NATIVE
from hvconsole.lab.qemu import Qemu
from hvconsole.lab.ready import tail
from hvconsole.model.problem import BoardProblem, Problem
from hvconsole.model.text import plain

# 2^1 ns an instruction. Without sleep=off an idle board would wait in the host's time.
VIRTUAL_TIME = ("-icount", "shift=1,sleep=off", "-rtc", "base=2026-01-01,clock=vm", "-seed", "1")
_MACHINE = ",dtb-randomness=off"
_MEMORY_MB = 1024
_DOM0_MB = 256
# Of several CPUs Linux has the first.
_DOM0_ON_ITS_CPU = "dom0_max_vcpus=1 dom0_vcpus_pin"
PATIENCE_S = 900.0
_LINES = 15

# Lines of the kernel or of Xen in between are passed over; the hash tells if one was broken.
_FRAMES = re.compile(
    rb"^measure: frames\b(.*)^measure: end ([0-9a-f]{64})", re.MULTILINE | re.DOTALL
)
_BASE64 = re.compile(rb"^([A-Za-z0-9+/=]+)\s*$", re.MULTILINE)
_FOLDERS = re.compile(r"/(?:[^/,= ]+/)+")
_SCHEDULER = re.compile(rb"Using scheduler: [^\r\n]*\((\w+)\)")
_HOST = re.compile(rb"^host: mode ([a-z-]+)", re.MULTILINE)
_COMPLAINT = re.compile(rb"^measure: (?!frames|end)([^\r\n]*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a measurement gave.

    Attributes:
        condition: What was measured.
        frames: The sampler's own, as they came.
        console: Everything the board said.
        words: QEMU's words, without folders.
    """

    condition: Condition
    frames: bytes
    console: bytes
    words: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Hash of the frames: equal where the measurement was."""
        return hashlib.sha256(self.frames).hexdigest()


def qemu_words(
    condition: Condition, image: MeasureImage, xen: Path | None, console: Path
) -> list[str]:
    """Return QEMU's words for a measurement.

    Args:
        condition: What to measure.
        image: What to boot.
        xen: Xen with all schedulers; None for a board without.
        console: File that gets the serial line.
    """
    software = Software(
        mode=condition.mode,
        kernel=image.kernel,
        initramfs=image.busy if condition.busy or condition.guest else image.alone,
        xen=xen,
        xen_append=_DOM0_ON_ITS_CPU if condition.cpus > 1 else "",
        dom0_mb=_DOM0_MB,
    )
    linux = f"quiet hvconsole.seconds={condition.seconds:g} hvconsole.busy={condition.busy:d}"
    if condition.guest:
        linux += " hvconsole.guest=1"
    if condition.tuning:
        # The kernel's command line parts words at blanks.
        linux += f" hvconsole.tuning={','.join(condition.tuning)}"
    if condition.during:
        steps = (f"{after:g}:{','.join(words)}" for after, words in condition.during)
        linux += f" hvconsole.during={'/'.join(steps)}"
    serial = str(console).replace(",", ",,")
    return [
        *virt_words(Hardware(condition.cpus, _MEMORY_MB), extra=_MACHINE, arch=condition.arch),
        *VIRTUAL_TIME,
        *("-serial", f"file:{serial}", "-no-reboot"),
        *direct_words(software, linux, condition.arch),
    ]


def measure(  # noqa: PLR0917  # a pure function of six things
    condition: Condition,
    image: MeasureImage,
    xen: Path | None,
    qemu: Qemu,
    scratch: Path,
    started: Callable[[subprocess.Popen[bytes]], None],
) -> Measured:
    """Measure once.

    Args:
        condition: What.
        image: What to boot.
        xen: Xen with all schedulers; None for a board without.
        qemu: Which QEMU.
        scratch: Folder for the console's log.
        started: Called with QEMU's process, so that it can be ended early.

    Raises:
        BoardProblem: The board did not come to the end of it.
    """
    console = scratch / f"{condition.name}.log"
    words = qemu_words(condition, image, xen, console)
    log = scratch / f"{condition.name}.qemu"
    # If we are killed, QEMU goes as well.
    argv = [
        "setpriv",
        "--pdeathsig",
        "KILL",
        "nice",
        "-n",
        "5",
        qemu.program(condition.arch),
        *words,
    ]
    with log.open("wb") as said:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=qemu.variables()
        )
        started(process)
        try:
            status = process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired as error:
            raise BoardProblem(
                f"{condition.name} has not come to its end after {PATIENCE_S:.0f} s",
                detail=tail(console),
            ) from error
        finally:
            process.kill()
            process.wait()
    if status != 0:
        raise Problem(f"QEMU ended with status {status}", detail=tail(log))
    said_all = console.read_bytes()
    short = tuple(_FOLDERS.sub("", word) for word in words)
    return Measured(condition, frames_in(said_all, condition), said_all, short)


def frames_in(console: bytes, condition: Condition) -> bytes:
    """Return the frames that a board told on its console, checked.

    Raises:
        BoardProblem: There are none, they are damaged, or the board was in another mode.
    """
    if complaint := _COMPLAINT.search(console):
        words = complaint[1].decode("ascii", "backslashreplace")
        before = _last_lines(console[: complaint.end()])
        raise BoardProblem(f"{condition.name} could not be measured: {words}", detail=before)
    mode = _mode_told(console)
    if mode != condition.mode:
        raise BoardProblem(f"{condition.name} came up in mode {mode}", detail=_last_lines(console))
    match = _FRAMES.search(console)
    if match is None:
        raise BoardProblem(f"{condition.name} told no frames", detail=_last_lines(console))
    try:
        frames = base64.b64decode(b"".join(_BASE64.findall(match[1])), validate=True)
    except binascii.Error as error:
        raise BoardProblem(
            f"the frames of {condition.name} are damaged", detail=str(error)
        ) from None
    if hashlib.sha256(frames).hexdigest() != match[2].decode():
        raise BoardProblem(f"the frames of {condition.name} are damaged", detail="wrong SHA-256")
    return frames


def _mode_told(console: bytes) -> str:
    """Return the mode that a board shows: Xen says its scheduler, our first process KVM's mode."""
    if (scheduler := _SCHEDULER.search(console)) is not None:
        return f"xen-{scheduler[1].decode()}"
    host = _HOST.search(console)
    return NATIVE if host is None else host[1].decode()


def _last_lines(console: bytes) -> str:
    lines = console.decode(errors="replace").split("\n")
    return "\n".join(plain(line, 120) for line in lines[-_LINES:] if line.strip())
