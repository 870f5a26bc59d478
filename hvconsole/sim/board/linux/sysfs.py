"""/sys: CPUs and their clocks, the temperature, what Xen shows."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from hvconsole.model.problem import BoardProblem
from hvconsole.sim.board.linux.cpufreq import Governor
from hvconsole.sim.board.linux.live import fixed, text
from hvconsole.sim.board.linux.online import online
from hvconsole.sim.board.nodes import Folder, Node, Symlink
from hvconsole.sim.board.tree import failed
from hvconsole.sim.hypervisor.cpus import ranges
from hvconsole.sim.machine.changes import SetOnline

if TYPE_CHECKING:
    from hvconsole.sim.board.board import Board

_CPUS: Final = "/sys/devices/system/cpu"
_CLOCKSOURCE: Final = "/sys/devices/system/clocksource/clocksource0"
_ZONE: Final = "/sys/class/thermal/thermal_zone0"
# The temperature sensor's register that Linux reads (RTP's data register), and its width.
SENSOR: Final = (0x1C25014, 4)


def sysfs_files(board: Board) -> dict[str, Node]:
    """Return the files of /sys by path."""
    last = board.machine.setup.cpus - 1
    nodes: dict[str, Node] = {
        f"{_CPUS}/online": text(lambda: f"{ranges(online(board))}\n"),
        f"{_CPUS}/present": fixed(f"0-{last}\n"),
        f"{_CPUS}/possible": fixed(f"0-{last}\n"),
        f"{_CLOCKSOURCE}/current_clocksource": fixed("arch_sys_counter\n"),
        f"{_CLOCKSOURCE}/available_clocksource": fixed("arch_sys_counter timer hstimer\n"),
        f"{_ZONE}/type": fixed("cpu-thermal\n"),
        f"{_ZONE}/temp": text(lambda: _temperature(board)),
        f"{_ZONE}/trip_point_0_temp": fixed("75000\n"),
        f"{_ZONE}/trip_point_0_type": fixed("passive\n"),
        f"{_ZONE}/trip_point_1_temp": fixed("100000\n"),
        f"{_ZONE}/trip_point_1_type": fixed("critical\n"),
        "/sys/devices/soc0/machine": fixed("LeMaker Banana Pi\n"),
        "/sys/hypervisor": Folder(),
        "/sys/kernel": Folder(),
    }
    for cpu in range(last + 1):
        nodes |= _cpu(board, cpu)
    if board.mode.hypervisor == "xvisor":  # neither clocks nor sensors, and one CPU
        hidden = (_ZONE, f"{_CPUS}/cpu1", "/sys/hypervisor")
        nodes = {path: node for path, node in nodes.items() if not path.startswith(hidden)}
        nodes["/sys/devices/soc0/machine"] = fixed("Virt-v7\n")
        for name in ("online", "present", "possible"):
            nodes[f"{_CPUS}/{name}"] = fixed("0\n")
    elif board.mode.hypervisor == "xen":
        versions = {"type": "xen", "version/major": "4", "version/minor": "17"}
        versions["version/extra"] = ".5"
        nodes |= {f"/sys/hypervisor/{name}": fixed(f"{v}\n") for name, v in versions.items()}
    else:  # Xen hides the clocks from dom0
        nodes |= Governor(board).files(f"{_CPUS}/cpu0/cpufreq")
        nodes |= {
            f"{_CPUS}/cpu{cpu}/cpufreq": Symlink("../cpu0/cpufreq") for cpu in range(1, last + 1)
        }
    return nodes


def _cpu(board: Board, cpu: int) -> dict[str, Node]:
    folder = f"{_CPUS}/cpu{cpu}"

    def switch(value: str) -> None:
        if value not in ("0", "1"):
            raise failed(errno.EINVAL, f"{folder}/online")
        wanted = value == "1"
        if (cpu in online(board)) == wanted:
            return
        try:
            board.apply(SetOnline(cpu, wanted))
        except BoardProblem as problem:
            raise failed(errno.EBUSY, f"{folder}/online") from problem
        if not wanted:
            board.say(f"CPU{cpu}: shutdown")

    return {
        f"{folder}/online": text(lambda: f"{int(cpu in online(board))}\n", switch),
        f"{folder}/topology/core_id": fixed(f"{cpu}\n"),
    }


def _temperature(board: Board) -> str:
    board.touch(*SENSOR)
    return f"{round(board.machine.celsius * 1000)}\n"
