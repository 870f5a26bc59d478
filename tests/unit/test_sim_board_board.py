"""Boots, the kernel's log, hypervisors' tools, reboots: the board as a whole."""

from __future__ import annotations

import asyncio
import errno

import pytest
from simulated_board import run, running

from hvconsole.sim.board.board import Board
from hvconsole.sim.board.modes import MODES
from hvconsole.sim.board.shell.interactive import Interactive
from hvconsole.sim.board.shell.streams import Buffer, Pipe, Streams
from hvconsole.sim.hypervisor.host import Host, ToolCall
from hvconsole.sim.machine.changes import CreateCell, DestroyCell, EnableJailhouse


class _Hypervisor:
    """Brings one tool, and follows what happens to its module."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.busy = False

    @property
    def tools(self):
        return {"jailhouse": self._tool}

    async def _tool(self, call: ToolCall) -> int:
        data = await call.read()
        await call.sleep(0.1)
        call.out(f"{call.cwd} {' '.join(call.words[1:])} {data.decode()}\n")
        call.err("complaint\n")
        self._host.kernel("jailhouse: heard")
        return 22

    def boot_lines(self) -> list[str]:
        return ["hypervisor"]

    def module_loaded(self, name: str) -> None:
        self._host.offer(f"/sys/devices/{name}/enabled", lambda: b"0\n")

    def module_unloaded(self, name: str) -> None:
        if self.busy:
            raise OSError(errno.EBUSY, "Device or resource busy")
        self._host.withdraw(f"/sys/devices/{name}")


async def test_a_hypervisors_tools_are_commands():
    async with running("jailhouse") as board:
        hypervisor = _Hypervisor(board.host)
        assert (await run(board, "jailhouse cell list")).status == 127
        board.attach(hypervisor)
        done = await run(board, "cd /tmp; echo in | jailhouse cell list; command -v jailhouse")
        assert done.text == "/tmp cell list in\n\n/usr/sbin/jailhouse\n"
        assert (await run(board, "jailhouse")).error_text == "complaint"
        assert (await run(board, "dmesg | tail -n 1")).text.endswith("jailhouse: heard\n")
        board.boot("native")
        assert (await run(board, "jailhouse; echo $?")).text == "127\n"


async def test_tools_on_the_card_are_there_until_a_hypervisor_brings_its_own():
    async def without(call: ToolCall) -> int:
        call.err("ERROR:  Can't find hypervisor information in sysfs!\n")
        return 1

    async with running() as board:
        board.install({"jailhouse": without})
        assert (await run(board, "jailhouse")).status == 1
        board.boot("jailhouse")
        assert "in sysfs!" in (await run(board, "jailhouse")).error_text
        board.attach(_Hypervisor(board.host))
        assert (await run(board, "jailhouse")).status == 22


async def test_modules_are_loaded_for_a_hypervisor():
    async with running("jailhouse") as board:
        hypervisor = _Hypervisor(board.host)
        board.attach(hypervisor)
        done = await run(board, "modprobe jailhouse; lsmod; cat /sys/devices/jailhouse/enabled")
        assert done.text.splitlines()[1].split() == ["jailhouse", "28672", "0"]
        assert done.text.endswith("\n0\n")
        hypervisor.busy = True
        done = await run(board, "rmmod jailhouse")
        assert (done.status, done.error_text) == (1, "rmmod: ERROR: Module jailhouse is in use")
        hypervisor.busy = False
        assert (await run(board, "rmmod jailhouse; ls /sys/devices")).text == "soc0\nsystem\n"
        done = await run(board, "modprobe nosuch; rmmod nosuch")
        assert "Module nosuch not found in directory /lib/modules/" in done.error_text
        assert "Module nosuch is not currently loaded" in done.error_text


async def test_cells_take_cpus_and_give_them_back():
    async with running("jailhouse") as board:
        board.apply(EnableJailhouse())
        board.apply(CreateCell("inmate", (1,)))
        assert (await run(board, "cat /sys/devices/system/cpu/online; nproc")).text == "0\n1\n"
        assert "Jailhouse hypervisor" in (await run(board, "cat /proc/iomem")).text
        board.apply(DestroyCell("inmate"))
        assert (await run(board, "nproc")).text == "2\n"


async def test_reading_the_sensor_is_told_first():
    async with running("jailhouse") as board:
        read: list[tuple[int, int]] = []
        board.on_device_read = lambda address, size: read.append((address, size))
        await run(board, "cat /sys/class/thermal/thermal_zone0/temp")
        await run(board, "cat /sys/class/thermal/thermal_zone0/type /proc/cpuinfo")
    assert read == [(0x1C25014, 4)]


@pytest.mark.parametrize("mode", MODES)
async def test_each_mode_boots_and_proves_itself(mode: str):
    async with running(mode) as board:
        log = (await run(board, "dmesg")).text
        done = await run(board, "cat /proc/cmdline; cat /sys/hypervisor/type 2>/dev/null")
    assert f"Kernel command line: {board.mode.cmdline}" in log
    assert ("All CPU(s) started in HYP mode" in log) == (board.mode.hypervisor == "none")
    assert done.text.endswith("xen\n") == mode.startswith("xen")
    assert ("mem=896M" in done.text) == (mode == "jailhouse")


async def test_what_is_on_the_card_outlives_a_boot_and_nothing_else():
    async with running() as board:
        await run(board, "echo kept >/root/f; echo gone >/tmp/f; fw_setenv bootmode xen-rtds")
        await run(board, "echo 1 >/proc/sys/kernel/sched_rt_runtime_us; modprobe jailhouse")
        before = board.machine
        sleeping = asyncio.create_task(run(board, "sleep 1000"))
        await asyncio.sleep(0.05)
        board.boot("xen-rtds")
        assert (await asyncio.wait_for(sleeping, 5)).status == 137
        done = await run(board, "cat /root/f; ls /tmp; lsmod | wc -l; fw_printenv -n bootmode")
        assert done.text == "kept\n1\nxen-rtds\n"
        assert board.rt_runtime_us == 950_000
        assert board.machine is not before
        assert board.machine.xen is not None


async def test_heat_outlives_a_boot():
    board = Board()
    board.boot("native")
    board.timekeeper.machine._thermal._celsius = 71.0
    board.boot("xen-null")
    assert board.machine.celsius == pytest.approx(71.0)


async def test_the_console_hears_the_kernel():
    heard: list[str] = []
    async with running() as board:
        board.log.listener = heard.append
        await run(board, "echo hello >/dev/kmsg; echo typed >/dev/ttyS0")
        board.host.console("(XEN) text\r\n")
        await run(board, "dmesg -C; dmesg | wc -l")
    assert heard[0].startswith("[")
    assert heard[0].endswith("] hello\r\n")
    assert heard[1:] == ["typed\r\n", "(XEN) text\r\n"]


async def test_reboot_power_off_and_crash_are_told():
    told: list[object] = []
    async with running() as board:
        board.on_reboot = lambda: told.append("reboot")
        board.on_power_off = lambda: told.append("off")
        board.on_crash = told.append
        assert (await run(board, "sudo -n reboot -f")).status == 0
        assert not board.unreachable
        board.host.crash(reboot_after_s=5.0)
        assert board.unreachable
        now = board.machine.now
        await asyncio.sleep(0.1)
        assert board.machine.now == now
        board.boot("native")
        assert not board.unreachable
        await run(board, "systemctl poweroff")
        assert board.unreachable
        board.boot("native")
        await run(board, "systemctl reboot && busybox reboot -f; echo b >/proc/sysrq-trigger")
        await run(board, "echo s >/proc/sysrq-trigger; echo c >/proc/sysrq-trigger")
        assert "Kernel panic - not syncing: sysrq triggered crash" in board.log.lines[-1]
    assert told == ["reboot", 5.0, "off", "reboot", "reboot", "reboot", None]


def test_boots_of_one_seed_are_alike():
    ids = []
    for _ in range(2):
        board = Board(seed=3)
        board.boot("native")
        ids.append((board.boot_id, board.log.lines))
    assert ids[0] == ids[1]
    other = Board(seed=4)
    other.boot("native")
    assert other.boot_id != ids[0][0]


async def test_a_person_types_at_a_prompt():
    async with running() as board:
        stdin, out = Pipe(), Buffer()
        terminal = Interactive(board.shell(streams=Streams(stdin, out)))
        ended = asyncio.create_task(terminal.run())
        stdin.write(b"cd /tmp\nfor i in 1 2\ndo echo $i; done\n)\n${x?no}\nsleep 1000\n")
        while not board.processes.named("sleep"):
            await asyncio.sleep(0.01)
        terminal.interrupt()
        stdin.write(b"echo $?\nexit 4\n")
        assert await asyncio.wait_for(ended, 5) == 4
        assert board.processes.running == {}
    at_home, at_tmp = "root@bananapi:~# ", "root@bananapi:/tmp# "
    assert bytes(out.data).decode() == (
        f'{at_home}{at_tmp}> 1\n2\n{at_tmp}sh: Syntax error: ")" unexpected\n'
        f"{at_tmp}sh: x: no\n{at_tmp}\n{at_tmp}130\n{at_tmp}"
    )
