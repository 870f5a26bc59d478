"""Commands about the system as a whole."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from hvconsole.sim.board.commands.getopt import taken
from hvconsole.sim.board.linux.online import online
from hvconsole.sim.board.modes import BUILD, KERNEL
from hvconsole.sim.board.shell.call import FAILED, BoardCommand, Invocation

if TYPE_CHECKING:
    from hvconsole.sim.board.board import Board

_UNAME: Final = (
    ("s", "Linux"),
    ("n", ""),  # the host's name
    ("r", KERNEL),
    ("v", BUILD),
    ("m", "armv7l"),
    ("o", "GNU/Linux"),
)
_SYSCTL_ROOT: Final = "/proc/sys"


def _uname(board: Board, call: Invocation) -> int:
    letters = taken(call, "asnrvmo").letters or {"s"}
    call.out(
        " ".join(
            text or board.mode.hostname
            for letter, text in _UNAME
            if letter in letters or "a" in letters
        )
        + "\n"
    )
    return 0


def _id(_board: Board, call: Invocation) -> int:
    letters = taken(call, "ugnG").letters
    if letters & set("ugG"):
        call.out("root\n" if "n" in letters else "0\n")
    else:
        call.out("uid=0(root) gid=0(root) groups=0(root)\n")
    return 0


def _whoami(_board: Board, call: Invocation) -> int:
    call.out("root\n")
    return 0


def _hostname(board: Board, call: Invocation) -> int:
    call.out(f"{board.mode.hostname}\n")
    return 0


def _nproc(board: Board, call: Invocation) -> int:
    call.out(f"{len(online(board))}\n")
    return 0


def _dmesg(board: Board, call: Invocation) -> int:
    letters = taken(call, "cCwHTtxr", "nl").letters
    if "C" not in letters:
        call.out("".join(f"{line}\n" for line in board.log.lines))
    if letters & set("cC"):
        board.log.lines.clear()
    return 0


def _date(_board: Board, call: Invocation) -> int:
    form = next((word[1:] for word in call.words[1:] if word.startswith("+")), "")
    now = time.time()
    if not form:
        form = "%a %b %e %H:%M:%S UTC %Y"
    form = form.replace("%s", str(int(now))).replace("%N", f"{int(now % 1 * 1e9):09d}")
    call.out(time.strftime(form, time.gmtime(now)) + "\n")
    return 0


def _uptime(board: Board, call: Invocation) -> int:
    minutes = int(board.uptime_s // 60)
    clock = time.strftime("%H:%M:%S", time.gmtime())
    call.out(f" {clock} up {minutes} min,  1 user,  load average: 0.08, 0.03, 0.01\n")
    return 0


def _free(board: Board, call: Invocation) -> int:
    total = board.mode.memory_kib
    call.out("               total        used        free      shared  buff/cache   available\n")
    figures = (total, 110_000, total - 210_000, 1_000, 100_000, total - 110_000)
    call.out("Mem:    " + " ".join(f"{each:>11}" for each in figures) + "\n")
    return 0


def _reboot(board: Board, call: Invocation) -> int:
    taken(call, "fpnw")
    board.reboot()
    return 0


def _poweroff(board: Board, call: Invocation) -> int:
    taken(call, "fpnwh")
    board.power_off()
    return 0


def _systemctl(board: Board, call: Invocation) -> int:
    match [word for word in call.words[1:] if not word.startswith("-")]:
        case ["reboot"]:
            board.reboot()
        case ["poweroff" | "halt"]:
            board.power_off()
        case ["is-system-running"]:
            call.out("running\n")
        case words:
            return call.fail(f"only reboot and poweroff are simulated: {' '.join(words)}")
    return 0


def _sysctl(_board: Board, call: Invocation) -> int:
    options = taken(call, "wnqe")
    status = 0
    for word in options.operands:
        name, sign, value = word.partition("=")
        path = f"{_SYSCTL_ROOT}/{name.strip().replace('.', '/')}"
        try:
            if sign:
                call.tree.write(path, f"{value.strip()}\n".encode())
            shown = call.tree.read(path).decode("utf-8", "replace").strip()
        except OSError as error:
            status = call.fail(
                f'setting key "{name}": {error.strerror}'
                if sign
                else (f"cannot stat {path}: {error.strerror}")
            )
            continue
        call.out(f"{shown}\n" if "n" in options.letters else f"{name.strip()} = {shown}\n")
    return status


def _fw_printenv(board: Board, call: Invocation) -> int:
    options = taken(call, "n")
    variables = board.uboot_variables
    status = 0
    for name in options.operands or sorted(variables):
        if name not in variables:
            call.err(f'## Error: "{name}" not defined')
            status = FAILED
        else:
            call.out(
                variables[name] + "\n"
                if "n" in options.letters
                else (f"{name}={variables[name]}\n")
            )
    return status


def _fw_setenv(board: Board, call: Invocation) -> int:
    words = taken(call, "").operands
    if not words or "=" in words[0]:
        return call.fail("usage: fw_setenv NAME [VALUE]", FAILED)
    board.uboot_variables.pop(words[0], None)
    if words[1:]:
        board.uboot_variables[words[0]] = " ".join(words[1:])
    return 0


SYSTEM: Final[dict[str, BoardCommand]] = {
    "date": _date,
    "dmesg": _dmesg,
    "free": _free,
    "fw_printenv": _fw_printenv,
    "fw_setenv": _fw_setenv,
    "halt": _poweroff,
    "hostname": _hostname,
    "id": _id,
    "nproc": _nproc,
    "poweroff": _poweroff,
    "reboot": _reboot,
    "sysctl": _sysctl,
    "systemctl": _systemctl,
    "uname": _uname,
    "uptime": _uptime,
    "whoami": _whoami,
}
