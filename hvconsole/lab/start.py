"""Starting a board of the lab."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

from hvconsole.lab import cpio, disk, firmware, qemu, state as states, tools
from hvconsole.lab.arch import arch_of
from hvconsole.lab.bootscript import DEFAULT_SECTOR, ROOT, SUNXI, VIRT
from hvconsole.lab.image import built_image
from hvconsole.lab.inventory import LabBoard, board, end_stray, locked
from hvconsole.lab.keys import lab_keys
from hvconsole.lab.machine import (
    Hardware,
    Software,
    banana_devices,
    banana_words,
    console_words,
    direct_words,
    virt_devices,
    virt_words,
)
from hvconsole.lab.modes import usual_mode
from hvconsole.lab.places import BANANA_BOARD, Tell, check_name, quiet
from hvconsole.lab.process import start_detached, start_ticks
from hvconsole.lab.ready import free_port, wait_until_ready
from hvconsole.lab.snapshots import SNAPSHOT, keep_snapshot, snapshot_of
from hvconsole.lab.state import State, boot_id
from hvconsole.lab.store import Store
from hvconsole.lab.watchdog import keep_watch
from hvconsole.lab.wish import Wish, check, overlay_entries
from hvconsole.model.problem import Problem, UsageProblem

_PATIENCE_S = 240.0
_BANANA_PATIENCE_S = 600.0
_SOCKET_PATH = 100  # a little less than the 107 letters that Linux takes
_PORT_TRIES = 3


def start(
    name: str,
    *,
    mode: str = "",
    kernel: Path | None = None,
    hypervisor: Path | None = None,
    append: str = "",
    xen_append: str = "",
    overlay: Path | None = None,
    smp: int = 2,
    mem: int = 1024,
    snapshot: bool = False,
    uboot: bool = True,
    hours: float = 12.0,
    wait: bool = True,
    prove: Callable[[], None] | None = None,
    tell: Tell = quiet,
) -> LabBoard:
    """Start a board.

    Args:
        name: ``lab-virt``, ``lab-bpi`` or ``lab-arm64``.
        mode: ``native``; or ``xen-`` and a scheduler; or ``kvm-nvhe``, ``kvm-vhe``. Empty: the
            board's usual one.
        kernel: A Linux kernel instead of Debian's.
        hypervisor: Another Xen instead of the lab's.
        append: Words for Linux's command line.
        xen_append: Words for Xen's.
        overlay: Folder of files that are laid over the board's disk.
        smp: Number of CPUs (not of lab-bpi).
        mem: Memory in MiB (not of lab-bpi).
        snapshot: Come out of a snapshot of the booted board; make it, the first time.
        uboot: Begin with U-Boot; without, lab-virt begins with its kernel or Xen at once, and a
            reboot comes back in the same mode.
        hours: End by itself after that many.
        wait: Return when SSH answers, not before.
        prove: Called once SSH answers: returns when the board is in its mode, or raises.
        tell: Called at each step.

    Raises:
        UsageProblem: It cannot be started like that.
        BoardProblem: It does not come up.
        Problem: It runs already, it is not built, or a program is missing.
    """
    wish = Wish(
        mode=mode or usual_mode(check_name(name)),
        kernel=kernel,
        hypervisor=hypervisor,
        append=append,
        xen_append=xen_append,
        overlay=overlay,
        hardware=Hardware(smp, mem),
        snapshot=snapshot,
        uboot=uboot,
        hours=hours,
    )
    check(name, wish)
    tools.need(tools.BOARD_TOOLS, "starting a board")
    with locked(name):
        starter = _Starter(board(name), wish, tell)
        starter.prepare()
        starter.launch()
    if wait or (snapshot and not starter.from_snapshot):
        tell("booting", 0.3)
        starter.wait()
        if prove is not None:
            tell("proving the mode", 0.8)
            prove()
        starter.keep()
    tell("ready" if wait else "started", 1.0)
    return board(name)


class _Starter:
    """One start of one board: its disk, its QEMU, its snapshot."""

    def __init__(self, one: LabBoard, wish: Wish, tell: Tell) -> None:
        if one.running:
            raise Problem(
                f"{one.name} runs already, in mode {one.running.mode}",
                hint=f"hvconsole lab stop {one.name}\n"
                f"or into another mode: hvconsole boot {one.name} MODE",
            )
        if len(str(one.monitor)) > _SOCKET_PATH:
            raise UsageProblem(
                f"the lab's folder has too long a name for sockets: {one.folder}",
                hint="set HVCONSOLE_LAB_DIR to one with a shorter name",
            )
        store = Store()
        self._board = one
        self._wish = wish
        self._tell = tell
        self._store = store
        self._arch = arch_of(one.name)
        self._image = built_image(store, self._arch)
        self._keys = lab_keys(store.folder)
        self._qemu = qemu.for_hypervisors(store)
        self._disk = one.folder / "disk.qcow2"
        self._kept = snapshot_of(one.name, wish, str(self._qemu), self._image.product)
        self._state: State | None = None
        self.from_snapshot = False

    def prepare(self) -> None:
        """Make the board's folder and disk."""
        folder = self._board.folder
        end_stray(self._board)
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._tell("disk", 0.05)
        if self._wish.snapshot and self._kept.exists():
            # A snapshot cannot lie in a backing file, so the board gets a copy.
            self.from_snapshot = True
            disk.copy_disk(self._kept, self._disk)
            return
        disk.overlay_disk(self._base_disk(), self._disk)
        if self._wish.uboot:
            disk.write_block(self._disk, DEFAULT_SECTOR, self._wish.note())

    def _base_disk(self) -> Path:
        """Return the disk that the board's own lies above: the common one, or one with changes."""
        wish = self._wish
        if not (wish.uboot and wish.has_own_files()):
            return self._image.disk
        own = self._board.folder / "disk.img"
        disk.copy_disk(self._image.disk, own)
        files: dict[str, Path] = {}
        if wish.kernel:
            files["/boot/vmlinuz"] = wish.kernel
        if wish.hypervisor:
            files["/boot/xen"] = wish.hypervisor
        if wish.overlay:
            files[f"/boot/{self._initramfs_name()}"] = self._initramfs()
        scratch = self._board.folder / "files"
        scratch.mkdir()
        disk.replace_files(own, files, scratch)
        shutil.rmtree(scratch)
        return own

    def _initramfs_name(self) -> str:
        return (SUNXI if self._board.name == BANANA_BOARD else VIRT).initramfs

    def _initramfs(self) -> Path:
        """Return the initramfs, with the user's folder packed behind it."""
        usual = self._image.folder / self._initramfs_name()
        if self._wish.overlay is None:
            return usual
        behind = gzip.compress(cpio.archive(overlay_entries(self._wish.overlay)), 6, mtime=0)
        own = self._board.folder / "initramfs.gz"
        own.write_bytes(usual.read_bytes() + behind)
        return own

    def launch(self) -> None:
        """Start QEMU and note it; another loopback port is tried if one was just taken."""
        for left in reversed(range(_PORT_TRIES)):
            port = free_port()
            try:
                pid = self._spawn(port)
            except Problem as problem:
                if left and "hostfwd" in problem.detail:
                    continue
                raise
            break
        (self._board.known_hosts).write_text(self._keys.known_hosts(port))
        self._state = State(
            pid=pid,
            started=start_ticks(pid) or 0,
            boot_id=boot_id(),
            ssh_port=port,
            mode=self._wish.mode,
            qemu=str(self._qemu),
            image=self._image.product,
            uboot=self._wish.uboot,
            snapshot=self._wish.snapshot,
            cpus=self._wish.hardware.cpus if self._board.name != BANANA_BOARD else 1,
            memory_mb=self._wish.hardware.memory_mb,
            hours=self._wish.hours,
        )
        states.save(self._board.folder, self._state)
        if self._board.name == BANANA_BOARD:
            keep_watch(self._board.folder)

    def _spawn(self, port: int) -> int:
        # A board that everybody has forgotten must not run for ever.
        bound = ["timeout", "--kill-after=10", f"{self._wish.hours * 3600:.0f}"]
        return start_detached(
            [*bound, self._qemu.program(self._arch), "-name", self._board.name, *self._words(port)],
            what="QEMU",
            log=self._board.folder / "qemu.log",
            pid_file=self._board.folder / "pid",
            env=self._qemu.environment,
        )

    def _words(self, port: int) -> list[str]:
        console = console_words(self._board.folder)
        if self._board.name == BANANA_BOARD:
            words = [*banana_words(), *banana_devices(self._disk, port), *console]
        else:
            devices = virt_devices(self._disk, port)
            words = [
                *virt_words(self._wish.hardware, arch=self._arch),
                *devices,
                *console,
                *self._first_words(),
            ]
        return [*words, "-loadvm", SNAPSHOT] if self.from_snapshot else words

    def _first_words(self) -> list[str]:
        """Return QEMU's words for what a virt board begins with."""
        wish = self._wish
        if wish.uboot:
            product = self._store.latest("u-boot-qemu")
            return ["-bios", str(firmware.virt_file(product, self._arch))]
        software = Software(
            mode=wish.mode,
            kernel=wish.kernel or self._image.kernel,
            initramfs=self._initramfs(),
            xen=wish.hypervisor or self._image.xen,
            append=wish.append,
            xen_append=wish.xen_append,
        )
        linux = f"root={ROOT} quiet hvconsole.mode={wish.mode}"
        return direct_words(software, linux, self._arch)

    def wait(self) -> None:
        """Wait until the board can be logged in to."""
        state = self._state
        assert state is not None  # noqa: S101  # launch() came before
        patience = _BANANA_PATIENCE_S if self._board.name == BANANA_BOARD else _PATIENCE_S
        log = self._board.serial_log
        wait_until_ready(self._board.name, state.ssh_port, state.is_running, log, patience)

    def keep(self) -> None:
        """Keep the booted board as a snapshot, if that is wished and there is none."""
        if self._wish.snapshot and not self.from_snapshot:
            self._tell("snapshot", 0.9)
            keep_snapshot(self._board.monitor, self._disk, self._kept)
