"""The counter module in Debian's own ARM kernel: access before, between and after, on each CPU."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from debian_packages import Kernel, debian_kernel
from qemu_board import running
from tiny_initramfs import initramfs

from hvconsole.board.module_build import CROSS, BuiltModule, provide, sources
from hvconsole.board.module_text import parse_state
from hvconsole.link.local import LocalLink
from hvconsole.link.serial import SerialLink

pytestmark = pytest.mark.lab

HERE = Path(__file__).parent
FOUND, OPEN = "0x000000c6", "0x000000c7"  # Linux's own value: CNTVCT open, event stream on
USER_BITS = {"armv7l": "0x00000001", "aarch64": "0x00000004"}  # PMUSERENR: EN, CR
Steps = dict[str, list[str]]
Require = Callable[[str], str]


@dataclass(frozen=True)
class Board:
    """A kind of emulated board and Debian's kernel for it."""

    machine: str
    qemu: str
    cpu: str
    kernel: Kernel


@pytest.fixture(scope="module", params=["armv7l", "aarch64"])
def board(
    request: pytest.FixtureRequest, missing: Callable[[str], None], require: Require
) -> Board:
    for tool in ("make", f"{CROSS[request.param].prefix}gcc"):
        require(tool)
    if request.param == "armv7l":
        kernel = debian_kernel("armmp-lpae", "armhf", missing)
        return Board("armv7l", require("qemu-system-arm"), "cortex-a15", kernel)
    kernel = debian_kernel("arm64", "arm64", missing)
    return Board("aarch64", require("qemu-system-aarch64"), "cortex-a57", kernel)


def built(board: Board, folder: Path) -> BuiltModule:
    """Cross-build the module the way the console does; the folder stands for the board's."""

    async def work() -> BuiltModule:
        link = LocalLink()
        await link.open()
        module = await provide(
            link, machine=board.machine, folder=str(folder), tree=str(board.kernel.headers)
        )
        await link.close()
        return module

    return asyncio.run(work())


def make(board: Board, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    cross = CROSS[board.machine]
    return subprocess.run(
        ["make", *words, f"ARCH={cross.arch}", f"CROSS_COMPILE={cross.prefix}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


async def first_boot(board: Board, archive: bytes, folder: Path) -> str:
    """Boot until the first process says it is done; return what the board wrote."""
    image = folder / "initramfs.gz"
    image.write_bytes(archive)
    heard = bytearray()
    async with running(
        *("-cpu", board.cpu, "-smp", "2", "-m", "512"),
        *("-kernel", str(board.kernel.image), "-initrd", str(image)),
        *("-append", "console=ttyAMA0 quiet panic=-1"),
        qemu=board.qemu,
        folder=folder,
    ) as serial:
        port = SerialLink(f"unix:{serial}", heard.extend, reconnect=False)
        await port.open()
        async with asyncio.timeout(120):
            await port.closed()
    return heard.decode("ascii", "backslashreplace").replace("\r", "")


@pytest.fixture(scope="module")
def module(board: Board, tmp_path_factory: pytest.TempPathFactory) -> BuiltModule:
    return built(board, tmp_path_factory.mktemp("kmod"))


@pytest.fixture(scope="module")
def steps(board: Board, module: BuiltModule, tmp_path_factory: pytest.TempPathFactory) -> Steps:
    """Boot once, do everything, return what was seen after each step."""
    folder = tmp_path_factory.mktemp("board")
    meddle = folder / "meddle"
    shutil.copytree(HERE / "meddle", meddle)
    done = make(board, meddle, "-C", str(board.kernel.headers), f"M={meddle}", "modules")
    assert done.returncode == 0, done.stderr
    probe = folder / "probe"
    compiler = f"{CROSS[board.machine].prefix}gcc"
    warnings = ("-Wall", "-Wextra", "-Werror")
    subprocess.run(
        [compiler, "-O2", *warnings, "-static", "-o", probe, HERE / "counter_probe.c"], check=True
    )
    files = {
        "init": (HERE / "kmod_init.sh").read_bytes(),
        "bin/busybox": board.kernel.busybox.read_bytes(),
        "bin/probe": probe.read_bytes(),
        "hvcounter.ko": Path(module.path).read_bytes(),
        "meddle.ko": (meddle / "meddle.ko").read_bytes(),
    }
    text = asyncio.run(first_boot(board, initramfs(files, {"bin/sh": "busybox"}), folder))
    parts = re.split(r"^== (.*)\n", text, flags=re.MULTILINE)
    steps = {
        name: lines.strip().splitlines()
        for name, lines in zip(parts[1::2], parts[2::2], strict=True)
    }
    assert list(steps)[-1] == "end", text
    return steps


def access(step: list[str], counter: str) -> list[str]:
    """What reading a counter gave on CPU 0 and on CPU 1."""
    return [word for line in step for word in re.findall(rf"^cpu\d .*\b{counter} (\w+)", line)]


def values(step: list[str], name: str) -> list[str]:
    """A sysfs file of CPU 0 and of CPU 1."""
    return [word for line in step for word in re.findall(rf"^cpu\d/{name} (\S+)", line)]


def test_it_is_built_for_this_kernel(board: Board, module: BuiltModule) -> None:
    assert module.vermagic.split()[0] == board.kernel.release
    assert module.built_on == "host"


def test_counters_open_and_close_on_each_cpu(steps: Steps) -> None:
    for closed in ("before", "unloaded", "unloaded-again"):
        assert access(steps[closed], "cntpct") == ["sigill", "sigill"], closed
        assert access(steps[closed], "pmccntr") == ["sigill", "sigill"], closed
    assert access(steps["loaded"], "cntpct") == ["reads", "reads"]
    assert access(steps["loaded"], "pmccntr") == ["reads", "reads"]


def test_sysfs_tells_each_cpu(steps: Steps, board: Board) -> None:
    loaded = steps["loaded"]
    assert values(loaded, "applied") == ["1", "1"]
    assert values(loaded, "cntkctl_found") == [FOUND, FOUND]
    assert values(loaded, "cntkctl_current") == [OPEN, OPEN]
    assert values(loaded, "pmuserenr_found") == ["0x00000000"] * 2
    assert values(loaded, "pmuserenr_current") == [USER_BITS[board.machine]] * 2
    assert not any("hvcounter" in line or "cpu0/" in line for line in steps["unloaded"])


def test_a_cpu_that_comes_back_is_opened_again(steps: Steps) -> None:
    assert steps["offline"] == ["cat: read error: No such device or address", FOUND]
    again = steps["online"]
    assert access(again, "cntpct") == access(again, "pmccntr") == ["reads", "reads"]
    assert values(again, "applied") == ["1", "2"]
    first, second = map(int, values(again, "last_online_ns"))
    assert second > first
    assert values(steps["replugged-often"], "applied") == ["1", "11"]
    assert access(steps["replugged-often"], "cntpct") == ["reads", "reads"]


def test_a_cpu_that_was_offline_at_loading(steps: Steps) -> None:
    late = steps["loaded-while-offline"]
    assert late[0] == "cat: read error: No data available"
    assert access(late, "cntpct") == ["reads", "reads"]


def test_the_cycle_counter_opens_only_if_asked_for(steps: Steps) -> None:
    late = steps["loaded-while-offline"]
    assert access(late, "pmccntr") == ["sigill", "sigill"]
    assert values(late, "pmcr_found") == []


def test_unloading_puts_back_exactly_what_was_found(steps: Steps) -> None:
    """Each later load finds what the first one found, and nobody else's change was seen."""
    for step in ("loaded-while-offline", "replugged-often"):
        assert values(steps[step], "cntkctl_found") == [FOUND, FOUND]
    changed = [line for line in steps["log"] if "changed by others" in line]
    assert len(changed) == 2  # by the meddler, once on each CPU


def test_unloading_leaves_alone_what_others_changed(steps: Steps) -> None:
    assert values(steps["meddled"], "cntkctl_current") == ["0x000002c5"] * 2
    left = sorted(re.findall(r"meddle: cpu(\d): CNTKCTL (\S+)", "\n".join(steps["log"])))
    assert left == [("0", "000002c4"), ("1", "000002c4")]


def test_a_power_down_loses_nothing(steps: Steps, board: Board) -> None:
    """CNTKCTL comes back by Linux's own doing, the cycle counter's registers by ours."""
    after = steps["powered-down"]
    assert access(after, "cntpct") == access(after, "pmccntr") == ["reads", "reads"]
    assert values(after, "cntkctl_current") == ["0x000002c5"] * 2
    assert values(after, "pmuserenr_current") == [USER_BITS[board.machine]] * 2
    assert values(after, "applied") == ["2", "2"]


def test_the_consoles_own_commands(steps: Steps) -> None:
    """What `CounterModule` runs on a board, with busybox: its state, and its undo, twice."""
    step = steps["as-the-console-does"]
    state = parse_state("\n".join(step))
    assert sorted(state) == [0, 1]
    assert all(cpu.applied == 1 and cpu.last_online_ns for cpu in state.values())
    assert all(set(cpu.found) == {"cntkctl"} for cpu in state.values())
    assert step.count("undone with 0") == 2
    assert access(step, "cntpct") == ["sigill", "sigill"]


def test_opening_nothing_is_refused(steps: Steps) -> None:
    assert "status 22" in steps["nothing-to-open"]


def test_the_kernel_has_nothing_to_complain_about(steps: Steps) -> None:
    assert not [line for line in steps["log"] if re.search(r"Oops|BUG|WARNING", line)]


def test_sparse_and_the_compilers_own_warnings(
    board: Board, tmp_path: Path, require: Require
) -> None:
    require("sparse")
    for name, data in sources().items():
        (tmp_path / name).write_bytes(data)
    done = make(board, tmp_path, "sparse", f"KDIR={board.kernel.headers}")
    assert done.returncode == 0
    assert "CHECK" in done.stdout
    assert not [line for line in done.stderr.splitlines() if "BTF" not in line]
