"""The lab's boards: which there are, which run, how each is reached, and ending them.

A board is a QEMU that lives on after the command that started it, until ``lab stop`` or until its
hours are over. All that is known of it lies in its folder: state, sockets, console log, host key.
"""

from __future__ import annotations

import contextlib
import fcntl
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hvconsole.lab import state as states
from hvconsole.lab.arch import arch_of
from hvconsole.lab.places import BANANA_BOARD, BOARDS, check_name, lab_dir, run_dir
from hvconsole.lab.process import end, started_with
from hvconsole.lab.state import State
from hvconsole.lab.store import Store
from hvconsole.model.board import BoardProfile, SshAddress
from hvconsole.model.problem import Problem

Condition = Literal["not built", "built", "running", "stopped"]

# An emulator on a busy machine stands still for seconds now and then, and is not dead.
_KEEPALIVE_S = 5.0


@dataclass(frozen=True, slots=True)
class LabBoard:
    """One board of the lab.

    Attributes:
        name: ``lab-virt``, ``lab-bpi`` or ``lab-arm64``.
        condition: ``built`` was never started; ``stopped`` was, and has ended.
        folder: Its sockets, logs and host key.
        state: How it was started last; None if it never was.
    """

    name: str
    condition: Condition
    folder: Path
    state: State | None

    @property
    def running(self) -> State | None:
        """How it was started, if it runs."""
        return self.state if self.condition == "running" else None

    @property
    def serial(self) -> Path:
        """The socket of its serial line, for one listener at a time."""
        return self.folder / "serial.sock"

    @property
    def serial_log(self) -> Path:
        """Everything its console said since it was started."""
        return self.folder / "serial.log"

    @property
    def monitor(self) -> Path:
        """The socket of QEMU's monitor."""
        return self.folder / "monitor.sock"

    @property
    def known_hosts(self) -> Path:
        """Its host key, as ssh reads it."""
        return self.folder / "known_hosts"

    @property
    def identity(self) -> Path:
        """The key that logs in."""
        return lab_dir() / "keys" / "id"


def board(name: str) -> LabBoard:
    """Return one board.

    Raises:
        UsageProblem: There is none of that name.
    """
    folder = run_dir(name)
    state = states.load(folder)
    condition: Condition
    if state is not None:
        condition = "running" if state.is_running() else "stopped"
    else:
        condition = "built" if Store().has(f"image{arch_of(name).suffix}") else "not built"
    return LabBoard(name, condition, folder, state)


def list_boards() -> list[LabBoard]:
    """Return every board of the lab, also those that are not built yet."""
    return [board(name) for name in BOARDS]


def profile(name: str) -> BoardProfile:
    """Return a running board as every other command takes it.

    Raises:
        UsageProblem: There is none of that name.
        Problem: It does not run.
    """
    one = board(name)
    state = one.running
    if state is None:
        raise Problem(
            f"{name} does not run",
            hint=f"hvconsole lab start {name}"
            if one.condition != "not built"
            else f"hvconsole lab build, then: hvconsole lab start {name}",
        )
    address = SshAddress(
        host="127.0.0.1",
        user="root",
        port=state.ssh_port,
        identity=str(one.identity),
        known_hosts=str(one.known_hosts),
        keepalive_s=_KEEPALIVE_S,
    )
    return BoardProfile(
        name=name,
        ssh=address,
        serial=f"unix:{one.serial}",
        profile="bananapi" if name == BANANA_BOARD else "generic",
        labels=("emulated",),
        reset=(sys.executable, "-m", "hvconsole", "lab", "reset", name),
    )


def stop(name: str) -> bool:
    """End a board; return whether it ran. What it wrote to its disk is gone.

    Raises:
        UsageProblem: There is none of that name.
    """
    with locked(name):
        one = board(name)
        if one.running:
            end(one.running.pid, one.running.started)
        else:
            end_stray(one)
        (one.folder / "disk.qcow2").unlink(missing_ok=True)
        (one.folder / "disk.img").unlink(missing_ok=True)
        return one.running is not None


def end_stray(one: LabBoard) -> None:
    """End a QEMU of ours that nobody got round to noting: its command was killed in between."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((one.folder / "pid").read_text())
        if (started := started_with(pid, str(one.serial))) is not None:
            end(pid, started)


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Let one command at a time start or end a board; the others wait."""
    folder = run_dir(check_name(name))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder.parent / f".{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
