"""`jailhouse` on the simulated board, held against transcripts of a real one with four CPUs."""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass

import pytest
from hypothesis import given, strategies as st
from simulated_tools import Board, TinyHost

from hvconsole.sim.hypervisor.jailhouse import SimulatedJailhouse, card, card_files
from hvconsole.sim.hypervisor.jailhouse.config import (
    NotAConfigError,
    decode_cell,
    decode_system,
)
from hvconsole.sim.machine import SECOND, Machine, Setup
from hvconsole.sim.machine.changes import SetOnline, StartSampling
from tests.unit import transcripts

_GIC = 0x8000000
_ENTRY = re.compile(
    r"^# (?P<command>.*?)\n----- stdout\n(?P<out>.*?)----- stderr\n(?P<err>.*?)"
    r"----- exit code (?P<status>\w+) .*?\n----- kernel log \(dmesg\)\n(?P<log>.*?)"
    r"----- serial port \(hypervisor \+ kernel console\)\n(?P<serial>.*?)=====",
    re.DOTALL | re.MULTILINE,
)

# What may differ between two boards, and nothing else.
NORMALISERS: dict[str, tuple[str, str]] = {
    "time of the kernel's lines": (r"(?m)^\[ *\d+\.\d+\] ", ""),
    "version of a build with changes": (r"-dirty", ""),
    "how many pages are in use": (r"mem \d+/(\d+)", r"mem N/\1"),
    "in which order CPUs are counted": (r"(?m)(on CPU| CPU|Releasing CPU) \d", r"\1 N"),
    "what an inmate says on its own serial port": (
        r"(?m)^(Timer fired|Initializing the|gap-demo|crash-demo|(?:Hello )?\d+ from).*\n|^Hello ",
        "",
    ),
    "Linux finding the virtual PCI host": (r"(?m)^(pci|PCI: |.*-host-generic).*\n", ""),
    "a taint that comes once a boot": (r"(?m)^jailhouse: loading out-of-tree.*\n", ""),
    "registers of a parked CPU": (r"(?m)^(pc|r\d+)=.*\n", ""),
}


def normal(text: str) -> str:
    for pattern, shape in NORMALISERS.values():
        text = re.sub(pattern, shape, text)
    return text


@dataclass(frozen=True)
class Entry:
    command: str
    out: str
    err: str
    status: int | None
    serial: str


def in_order(name: str) -> list[Entry]:
    """Return all that was run in a transcript."""
    path = transcripts.DATA / "transcripts/jailhouse" / f"{name}.txt"
    if not path.exists():
        path = transcripts.DATA / "jailhouse" / f"{name}.txt"
    found: list[Entry] = []
    for one in _ENTRY.finditer(path.read_text()):
        status = None if one["status"] == "None" else int(one["status"])
        found.append(Entry(one["command"], one["out"], one["err"], status, one["serial"]))
    return found


def entries(name: str) -> dict[str, Entry]:
    """Return a transcript by command; of equal ones the first counts."""
    found: dict[str, Entry] = {}
    for one in in_order(name):
        found.setdefault(one.command, one)
    return found


RAM, RW = 7, 3
COMMS = (0, 0x80000000, 0x1000, 0x23)
SHARED = [(0x7FB00000, 0x7FB00000, 0x1000, 0x81)]


def system(cpus: int = 4) -> bytes:
    regions = [
        *SHARED,
        (0x9000000, 0x9000000, 0x37000000, 0x13),
        (0x40000000, 0x40000000, 0x3FA10000, RAM),
    ]
    mask = (1 << cpus) - 1
    name = f"qemu-arm{cpus}"
    root = card.encode_cell(
        name, mask, regions, root=True, bitmap=[0xFFFFFFFF] * 4, devices=[(0, 0), (8, 0)]
    )
    return card.encode_system(root, 0x7FC00000, 0x400000, _GIC)


def cell(name: str, cpus: int, ram: int = 0x7FA00000, *, pci: bool = False) -> bytes:
    devices = [(0, 1)] if pci else []
    regions = [*SHARED, (ram, 0, 0x10000, RAM | 0x40), COMMS]
    return card.encode_cell(name, cpus, regions, devices=devices)


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


DEMO = cell("inmate-demo", 2, pci=True)
# Wide as a name can be, and no byte left for its end.
LONG = patched(cell("", 8), 8, b"abcdefghijklmnopqrstuvwxyz01234X")
FILES = {
    **card_files(),
    "/proc/iomem": b"40000000-6fffffff : System RAM\n  40008000-404c9fff : Kernel code\n",
    "/etc/hosts": b"127.0.0.1 localhost\n",
    "/etc/jailhouse/qemu-arm4.cell": system(),
    "/etc/jailhouse/qemu-arm2.cell": system(2),
    "/etc/jailhouse/qemu-arm.cell": system(8),
    "/etc/jailhouse/qemu-arm-inmate-demo.cell": DEMO,
    "/root/wrong/sys-badsig.cell": patched(system(), 0, b"JHSYX"),
    "/root/wrong/sys-rev13.cell": patched(system(), 6, b"\x0d\0"),
    "/root/wrong/qemu-arm64.cell": patched(system(), 5, b"\2"),
    "/root/wrong/cell-badsig.cell": patched(DEMO, 0, b"JHCLX"),
    "/root/wrong/cell-rev13.cell": patched(DEMO, 6, b"\x0d\0"),
    "/root/wrong/cell-truncated.cell": DEMO[:100],
    "/root/wrong/qemu-arm64-inmate-demo.cell": patched(DEMO, 5, b"\2"),
    "/root/wrong/cpu1same.cell": cell("cpu1same", 2),
    "/root/wrong/cpu7.cell": cell("cpu7", 1 << 7),
    "/root/wrong/allcpus.cell": cell("allcpus", 15),
    "/root/wrong/overlap-cpu3.cell": cell("overlap", 8, pci=True),
    "/root/wrong/demo2-cpu3.cell": cell("demo2", 8, 0x7FA20000),
    "/root/wrong/overlap-hv.cell": cell("overlap-hv", 8, 0x7FC00000),
    "/root/wrong/noname.cell": cell("", 8),
    "/root/wrong/longname.cell": LONG,
    "/root/wrong/unaligned.cell": cell("unaligned", 8, 0x7FA00001),
}
ENABLE = "jailhouse enable /etc/jailhouse/qemu-arm4.cell"
CREATE = "jailhouse cell create /etc/jailhouse/qemu-arm-inmate-demo.cell"


def board(*, cpus: int = 4, module: bool = True, files: dict[str, bytes] = FILES) -> Board:
    host = TinyHost(Machine(Setup(cpus=cpus)), files)
    jailhouse = SimulatedJailhouse(host, distributor=_GIC)
    if module:
        jailhouse.module_loaded("jailhouse")
    return Board(host, jailhouse)


def bananapi(*, linux_end: int = 0x78000000) -> Board:
    iomem = f"40000000-{linux_end - 1:x} : System RAM\n".encode()
    host = TinyHost(Machine(Setup()), card_files() | {"/proc/iomem": iomem})
    jailhouse = SimulatedJailhouse(host)
    jailhouse.module_loaded("jailhouse")
    return Board(host, jailhouse)


async def check(one: Board, name: str, *commands: str, serial: bool = True) -> None:
    """Run commands of a transcript; compare all that was said."""
    known = entries(name)
    for command in commands:
        entry = known[command]
        one.host.serial = ""
        done = await one.run(command)
        said = (normal(done.out), done.err, done.status)
        # Where the real board hung, the recorder noted so on standard error.
        err = "" if entry.status is None else entry.err
        assert said == (normal(entry.out), err, entry.status), command
        if serial:
            text = normal(one.host.serial.replace("\r\n", "\n"))
            assert text.strip() == normal(entry.serial).strip(), command


@pytest.mark.parametrize("command", [c for c in entries("02-cli") if c.startswith("jailhouse")])
async def test_words(command: str) -> None:
    await check(board(), "02-cli", command)


async def test_enabled_with_the_root_cell_only() -> None:
    one = board()
    await one.run(ENABLE)
    await check(one, "04-enabled-rootonly", *entries("04-enabled-rootonly"))


# The serial line is full of what the inmate writes.
TALKATIVE = ("jailhouse cell start 1; sleep 4", "jailhouse cell destroy inmate-demo")


async def test_life_of_a_cell() -> None:
    one = board()
    known = entries("08-cell-lifecycle")
    # A list that follows another step is told apart by what stands before it.
    for command in known:
        if command.startswith("jailhouse") and command != "jailhouse cell list":
            await check(one, "08-cell-lifecycle", command, serial=command not in TALKATIVE)
    assert not one.host.crashed


async def test_lists_while_a_cell_lives() -> None:
    one = board()
    await one.run(ENABLE)
    text = (transcripts.DATA / "jailhouse/08-cell-lifecycle.txt").read_text()
    wanted = [m["out"] for m in _ENTRY.finditer(text) if m["command"] == "jailhouse cell list"]
    demo = "/usr/local/libexec/jailhouse/demos/gic-demo.bin"
    steps = (
        CREATE,
        f"jailhouse cell load inmate-demo {demo}",
        "jailhouse cell start inmate-demo",
        "jailhouse cell shutdown inmate-demo",
        "jailhouse cell start inmate-demo",
        "jailhouse cell destroy inmate-demo",
    )
    seen = []
    for step in steps:
        assert (await one.run(step)).status == 0
        seen.append((await one.run("jailhouse cell list")).out)
    assert seen == wanted


async def test_what_enable_refuses() -> None:
    one = board()
    known = entries("07-enable-errors")
    names = ["sys-badsig", "sys-rev13", "qemu-arm64.cell", "inmate-demo", "/etc/hosts"]
    commands = [c for c in known if any(name in c for name in names)]
    assert len(commands) == 5
    await check(one, "07-enable-errors", *commands, "jailhouse enable /etc/jailhouse/qemu-arm.cell")
    # Fewer CPUs than are there: the whole board hangs without a word.
    await check(one, "07-enable-errors", "jailhouse enable /etc/jailhouse/qemu-arm2.cell")
    assert one.host.crashed == [None]


async def test_firmware_and_memory_have_to_be_there() -> None:
    one = board()
    del one.host.files[card.FIRMWARE]
    done = await one.run(ENABLE)
    entry = next(e for e in in_order("07-enable-errors") if "No such file" in e.err)
    assert (done.err, done.status) == (entry.err, entry.status)
    assert normal(entry.serial) == one.host.serial.replace("\r\n", "\n")

    one = board(files=FILES | {"/proc/iomem": b"40000000-7fffffff : System RAM\n"})
    done = await one.run(ENABLE)
    entry = next(e for e in entries("16-memory-not-reserved").values() if e.err)
    assert (done.err, done.status) == (entry.err, entry.status)
    assert normal(entry.serial) == one.host.serial.replace("\r\n", "\n")
    await check(one, "16-memory-not-reserved", "jailhouse console")


async def test_another_boards_configuration_hangs_this_one() -> None:
    one = board()
    done = await one.run("jailhouse enable /etc/jailhouse/bananapi.cell")
    assert (done.status, one.host.crashed) == (None, [None])
    assert one.host.dmesg == [" jailhouse: firmware: direct-loading firmware jailhouse.bin"]


async def test_disabled_and_without_the_module() -> None:
    one = board()
    await one.run(ENABLE)
    # The first 'disable' is followed by a warning of Linux's, with its calls.
    assert (await one.run("jailhouse disable")).status == 0
    assert one.host.dmesg[-1] == "The Jailhouse was closed."
    await check(one, "06-disable", "jailhouse cell list", CREATE)
    done = await one.run("jailhouse disable")
    assert done.err == "JAILHOUSE_DISABLE: Invalid argument\n"
    one.hypervisor.module_unloaded("jailhouse")
    assert not one.host.live
    await check(one, "06-disable", ENABLE, "jailhouse console")
    done = await one.run("jailhouse disable")
    assert done.err == "opening /dev/jailhouse: No such file or directory\n"


async def test_what_create_refuses() -> None:
    one = board()
    await one.run(f"{ENABLE}; {CREATE}; jailhouse cell start 1")
    known = entries("10-create-errors")
    outside = ("cpu/online", "overlap-hv", "outside")
    commands = [c for c in known if not any(word in c for word in outside)]
    await check(one, "10-create-errors", *commands)
    assert "/root/wrong/qemu-arm64-inmate-demo.cell" in " ".join(commands)


async def test_hostile_names_and_places() -> None:
    one = board()
    await one.run(f"{ENABLE}; {CREATE}; jailhouse cell start 1")
    known = entries("11-create-overlap")
    nameless, long = (next(c for c in known if word in c) for word in ("noname", "longname"))
    await check(one, "11-create-overlap", nameless, long)
    assert (
        one.host.read("/sys/devices/jailhouse/cells/2/name") == b"abcdefghijklmnopqrstuvwxyz01234\n"
    )


async def test_config_check() -> None:
    command = next(c for c in entries("11-create-overlap") if "check" in c and "overlap-hv" in c)
    regions = [(0, 0, 0, 0)] * 6 + [(0x7FC00000, 0, 0x10000, RAM | 0x40)]
    one = board()
    one.host.files["/root/wrong/overlap-hv.cell"] = card.encode_cell("overlap-hv", 8, regions)
    await check(one, "11-create-overlap", command)


async def test_a_cell_in_the_hypervisors_memory_ends_the_board_at_disable() -> None:
    one = board()
    await one.run(ENABLE)
    create = "jailhouse cell create /root/wrong/overlap-hv.cell"
    assert (await one.run(f"{create}; jailhouse cell destroy 1")).status == 0
    await check(one, "13-disable-variants", "jailhouse disable")
    assert one.host.crashed == [None]


async def test_a_cell_that_reads_outside_its_memory_fails_alone() -> None:
    one = board()
    await one.run(ENABLE)
    known = list(entries("14a-load-outside-root-memory"))
    crash = next(c for c in known if "crash-demo" in c)
    await check(one, "14a-load-outside-root-memory", crash, "jailhouse cell list")
    folder = "/sys/devices/jailhouse/cells/1"
    entry = entries("14a-load-outside-root-memory")[next(c for c in known if c.startswith("cd "))]
    names = "name state cpus_assigned cpus_assigned_list cpus_failed cpus_failed_list"
    text = "".join(f"{n}: {one.host.read(f'{folder}/{n}').decode()}" for n in names.split())
    assert text == entry.out
    assert not one.host.crashed
    # This one lies where the root cell has no memory: loading it is Linux's end.
    await check(one, "14a-load-outside-root-memory", next(c for c in known if "demo2" in c))
    assert one.host.crashed == [None]


async def test_the_bananapis_own_cells() -> None:
    """Upstream's demo lies in memory that the root cell may only read; moved, it runs."""
    one = bananapi()
    text = transcripts.DATA / "transcripts/jailhouse/26-bananapi-cells-moved-and-linux-demo.txt"
    real = text.read_text()
    begin = real.index("\nInitializing Jailhouse", real.index("@@ # jailhouse enable"))
    wanted = real[begin : real.index("Activating hypervisor", begin)]
    await one.run("jailhouse enable /etc/jailhouse/bananapi.cell")
    said = one.host.serial.replace("\r\n", "\n").replace("ge57d1eff)", "ge57d1eff-dirty)")
    assert wanted in said
    moved = "jailhouse cell create /etc/jailhouse/bananapi-inmate-moved.cell"
    await one.run(f"{moved}; jailhouse cell destroy 1")
    done = await one.run("jailhouse cell create /etc/jailhouse/bananapi-linux-demo.cell")
    assert done.status == 0
    for line in ("after cell creation: mem 79/", "destruction: mem 68/", "creation: mem 82/"):
        assert line in one.host.serial
    await one.run("jailhouse cell destroy 1")
    create = "jailhouse cell create /etc/jailhouse/bananapi-inmate-demo.cell"
    done = await one.run(f"{create}; jailhouse cell load 1 {card.DEMOS}/gic-demo.bin")
    assert done.status is None
    assert "Unhandled data write at 0x7bfe0000(1)" in one.host.serial
    assert one.host.crashed == [None]


async def test_linux_loses_what_a_cell_takes_from_its_memory() -> None:
    one = bananapi(linux_end=0x7A400000)
    await one.run("jailhouse enable /etc/jailhouse/bananapi.cell")
    done = await one.run("jailhouse cell create /etc/jailhouse/bananapi-linux-demo.cell")
    assert (done.status, one.host.crashed) == (None, [None])
    assert "FATAL: instruction abort at 0x78" in one.host.serial
    assert 'Parking CPU 0 (Cell: "Banana-Pi")' in one.host.serial


async def test_devices_that_the_root_cell_lacks_must_not_be_touched() -> None:
    one = bananapi()
    jailhouse = one.hypervisor
    sensor, uart = (0x1C25014, 4), (0x1C28014, 4)
    jailhouse.touched(*sensor)
    await one.run("jailhouse enable /etc/jailhouse/bananapi.cell")
    jailhouse.touched(*uart)
    assert not one.host.crashed
    jailhouse.touched(*sensor)
    assert one.host.crashed == [None]
    assert "Unhandled data read at 0x1c25014(4)\r\nFATAL: unhandled trap" in one.host.serial
    assert one.host.machine.bare.online == {1}


async def test_sysfs_has_the_real_files() -> None:
    one = board()
    await one.run(ENABLE)
    text = (transcripts.DATA / "jailhouse/05-sysfs-rootonly.txt").read_text()
    real = {line for line in text.splitlines() if re.match(r"\./[a-z_]+(/|$)", line)}
    folders = {one.rpartition("/")[0] for one in real}
    files = real - folders - {"./core", "./module"}
    prefix = "/sys/devices/jailhouse"
    assert {f".{path.removeprefix(prefix)}" for path in one.host.live if prefix in path} == files
    for name, value in re.findall(r"== (\w+): (\d+)", text):
        if name != "uevent":
            assert one.host.read(f"{prefix}/{name}").decode().strip() == value, name
    for name, value in re.findall(r"== \./0/(\w+): (.*)", text):
        assert one.host.read(f"{prefix}/cells/0/{name}").decode() == f"{value}\n"


async def test_the_module_stays_while_jailhouse_is_enabled() -> None:
    one = board()
    await one.run(ENABLE)
    with pytest.raises(OSError, match="busy"):
        one.hypervisor.module_unloaded("jailhouse")


async def test_counters_follow_the_machine() -> None:
    one = board()
    one.host.apply(StartSampling(cpu=0))
    await one.run(f"{ENABLE}; {CREATE}; jailhouse cell load 1 {card.DEMOS}/gic-demo.bin")
    await one.run("jailhouse cell start 1")
    folder = "/sys/devices/jailhouse/cells"

    def counter(path: str) -> int:
        return int(one.host.read(f"{folder}/{path}"))

    def both() -> tuple[int, int]:
        return (
            counter("0/statistics/cpu0/vmexits_virt_irq"),
            counter("1/statistics/cpu1/vmexits_virt_irq"),
        )

    before = both()
    one.host.machine.advance(one.host.machine.now + SECOND)
    root, inmate = (now - then for now, then in zip(both(), before, strict=True))
    assert 245 <= root <= 255
    assert 9 <= inmate <= 11
    names = [
        "cp15",
        "hypercall",
        "maintenance",
        "management",
        "mmio",
        "psci",
        "smccc",
        "virt_irq",
        "virt_sgi",
    ]
    # Each reading of a root CPU's counter costs a hypercall of its own: read it last.
    parts = {n: counter(f"0/statistics/cpu2/vmexits_{n}") for n in names}
    assert counter("0/statistics/cpu2/vmexits_total") == sum(parts.values())
    asked = counter("0/statistics/cpu0/vmexits_hypercall")
    assert counter("0/statistics/cpu0/vmexits_hypercall") == asked + 1
    assert counter("0/statistics/vmexits_hypercall") >= asked + 1 + 3


async def test_cells_act_on_the_machine() -> None:
    one = board()
    bare = one.host.machine.bare
    await one.run(ENABLE)
    assert bare.jailhouse
    await one.run(f"{CREATE}; jailhouse cell load 1 {card.DEMOS}/uart-demo.bin")
    assert bare.online == {0, 2, 3}
    assert not bare.cells["1"].running
    await one.run("jailhouse cell start 1")
    assert bare.cells["1"].busy
    await one.run("jailhouse cell shutdown 1")
    assert not bare.cells["1"].running
    await one.run("jailhouse cell destroy 1; jailhouse disable")
    assert (bare.online, bare.jailhouse) == ({0, 1, 2, 3}, False)


async def test_disable_wants_every_cpu_back() -> None:
    one = board()
    await one.run(f"{ENABLE}; {CREATE}")
    one.host.apply(SetOnline(2, online=False))
    done = await one.run("jailhouse disable")
    assert done.err == "JAILHOUSE_DISABLE: Device or resource busy\n"
    assert len((await one.run("jailhouse cell list")).out.splitlines()) == 2  # the cell is gone
    one.host.apply(SetOnline(2, online=True))
    assert (await one.run("jailhouse disable")).status == 0


async def test_loading_over_a_running_cell_kills_it_silently() -> None:
    one = board()
    regions = [(0x7FA00000, 0, 0x10000, RAM | 0x40), COMMS]
    one.host.files["/root/over.cell"] = card.encode_cell("over", 8, regions)
    demo = f"{card.DEMOS}/gic-demo.bin"
    await one.run(f"{ENABLE}; {CREATE}; jailhouse cell load 1 {demo}; jailhouse cell start 1")
    await one.run(f"jailhouse cell create /root/over.cell; jailhouse cell load over {demo}")
    path = "/sys/devices/jailhouse/cells/1"
    assert one.host.read(f"{path}/state") == b"running\n"
    before = one.host.read(f"{path}/statistics/cpu1/vmexits_virt_irq")
    one.host.machine.advance(one.host.machine.now + SECOND)
    assert one.host.read(f"{path}/statistics/cpu1/vmexits_virt_irq") == before


async def test_a_locked_cell_forbids_all_but_itself() -> None:
    one = board()
    await one.run(f"{ENABLE}; {CREATE}; jailhouse cell load 1 {card.DEMOS}/lock-demo.bin")
    await one.run("jailhouse cell start 1")
    assert one.host.read("/sys/devices/jailhouse/cells/1/state") == b"running/locked\n"
    done = await one.run("jailhouse cell create /root/wrong/demo2-cpu3.cell")
    assert done.err == "JAILHOUSE_CELL_CREATE: Operation not permitted\n"
    assert (await one.run("jailhouse disable")).status == 1


@pytest.mark.parametrize(
    ("inmate", "state"), [("abi-demo", "Comm ABI mismatch"), ("odd-demo", "invalid")]
)
async def test_states_that_nobody_documents(inmate: str, state: str) -> None:
    one = board()
    await one.run(f"{ENABLE}; {CREATE}; jailhouse cell load 1 {card.DEMOS}/{inmate}.bin")
    row = (await one.run("jailhouse cell start 1; jailhouse cell list")).out.splitlines()[-1]
    assert row == f"{1:<8}{'inmate-demo':<24}{state:<18}{1:<24}{'':<24}"
    assert one.host.read("/sys/devices/jailhouse/cells/1/state") == f"{state}\n".encode()


async def test_one_cpu_is_not_enough() -> None:
    one = board(cpus=1)
    one.host.files["/etc/jailhouse/qemu-arm1.cell"] = system(1)
    done = await one.run("jailhouse enable /etc/jailhouse/qemu-arm1.cell")
    assert (done.err, done.status) == ("JAILHOUSE_ENABLE: No such device\n", 1)
    assert not one.host.machine.bare.jailhouse


async def test_a_kernel_that_was_not_started_in_hyp_mode() -> None:
    host = TinyHost(Machine(Setup(cpus=4)), FILES)
    jailhouse = SimulatedJailhouse(host, hyp=False, distributor=_GIC)
    jailhouse.module_loaded("jailhouse")
    done = await Board(host, jailhouse).run(ENABLE)
    assert done.err == "JAILHOUSE_ENABLE: No such device\n"
    assert host.dmesg == ["jailhouse: HYP mode not available"]


async def test_linux_in_a_cell() -> None:
    one = bananapi()
    one.host.files["/root/zImage"] = b"kernel" * 100
    await one.run("jailhouse enable /etc/jailhouse/bananapi.cell")
    done = await one.run(f"jailhouse cell linux {card.FOLDER}/bananapi-linux-demo.cell zImage")
    assert (done.status, done.err) == (0, "")
    row = (await one.run("jailhouse cell list")).out.splitlines()[-1]
    assert row.split() == ["1", "bananapi-linux-demo", "running", "1"]


async def test_the_console_can_be_followed() -> None:
    one = board()
    await one.run(ENABLE)
    done = await one.run("jailhouse console -f")
    assert done.status is None
    assert done.out.endswith("Activating hypervisor\n")


async def test_linuxs_last_cpu_is_not_given_away() -> None:
    one = bananapi()
    await one.run("jailhouse enable /etc/jailhouse/bananapi.cell")
    one.host.apply(SetOnline(0, online=False))
    moved = "jailhouse cell create /etc/jailhouse/bananapi-inmate-moved.cell"
    assert (await one.run(moved)).err == "JAILHOUSE_CELL_CREATE: Device or resource busy\n"
    assert one.host.machine.bare.online == {1}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("jailhouse cell load nosuch /etc/hosts", "JAILHOUSE_CELL_LOAD: No such file or directory"),
        ("jailhouse cell start 9", "JAILHOUSE_CELL_START: No such file or directory"),
        ("jailhouse cell shutdown 0", "JAILHOUSE_CELL_LOAD: Invalid argument"),
        ("jailhouse cell destroy 0", "JAILHOUSE_CELL_DESTROY: Invalid argument"),
        ("jailhouse cell start qemu-arm4", "JAILHOUSE_CELL_START: Invalid argument"),
        ("jailhouse cell load qemu-arm4 /etc/hosts", "JAILHOUSE_CELL_LOAD: Invalid argument"),
        ("jailhouse cell load 1 /etc/hosts -a 0x20000", "JAILHOUSE_CELL_LOAD: Invalid argument"),
        ("jailhouse cell load 1 /none", "opening /none: No such file or directory"),
        ("jailhouse cell stats 5", "reading stats: No such file or directory"),
    ],
)
async def test_wrong_cells(command: str, said: str) -> None:
    one = board()
    await one.run(f"{ENABLE}; {CREATE}")
    done = await one.run(command)
    assert (done.err, done.status) == (f"{said}\n", 1)


async def test_statistics_on_the_screen() -> None:
    one = board()
    demo = f"{card.DEMOS}/gic-demo.bin"
    await one.run(f"{ENABLE}; {CREATE}; jailhouse cell load 1 {demo}; jailhouse cell start 1")
    real = (transcripts.DATA / "transcripts/jailhouse/09-stats.txt").read_text()
    screen = real[real.index("Statistics for inmate-demo cell") :].split("\n\n\n")[0].splitlines()
    said = (await one.run("jailhouse cell stats inmate-demo")).out.splitlines()

    def figures(lines: list[str]) -> list[str]:
        return [re.sub(r" +\d+ +\d+$", "", line) for line in lines]

    assert figures(said)[:13] == figures(screen)[:13]
    assert [len(line) for line in said[3:13]] == [len(line) for line in screen[3:13]]


async def test_the_console_keeps_two_kilobytes() -> None:
    one = board()
    await one.run(ENABLE)
    for _ in range(40):
        await one.run(f"{CREATE}; jailhouse cell destroy 1")
    text = one.host.read("/sys/devices/jailhouse/console")
    assert len(text) == 2048
    assert text.endswith(b"remap 5/131072\n")
    assert (await one.run("jailhouse console")).out.endswith(text.decode())


def test_the_cards_configurations_are_upstreams() -> None:
    wanted = {
        "bananapi": "5430136c0e0fd0803fa0307cc64d3e31b6eb4cf0bb0383c4747f941dc5f4da61",
        "bananapi-inmate-demo": "caf241dd3675ba258ff66f8490a007c55fe8d28f21e2633c97937045b4f3b34d",
        "bananapi-linux-demo": "a3b7367a7b8be14d9d33f750017ad1aa1432e4b186ef9e3719ad781114999338",
    }
    files = card_files()
    for name, digest in wanted.items():
        assert hashlib.sha256(files[f"{card.FOLDER}/{name}.cell"]).hexdigest() == digest


def test_their_fields_are_read() -> None:
    banana = decode_system(card.system())
    assert (banana.phys, banana.size, banana.root.cpus) == (0x7C000000, 0x4000000, {0, 1})
    assert (len(banana.root.regions), banana.root.devices[0].slot) == (20, "00:01.0")
    demo = decode_cell(card.linux())
    assert (demo.name, demo.cpus, len(demo.regions)) == ("bananapi-linux-demo", {1}, 9)


@given(st.binary(max_size=700), st.integers(0, 600), st.sampled_from([card.system(), card.linux()]))
def test_any_bytes_are_read_or_refused(noise: bytes, at: int, real: bytes) -> None:
    for data in (noise, real[:at], patched(real, at, noise), b"JHCLL\1\x0e\0" + noise):
        for decode in (decode_cell, decode_system):
            try:
                config = decode(data)
            except NotAConfigError:
                continue
            assert len(getattr(config, "root", config).name) <= 31 * 4


def test_counts_that_claim_too_much_are_refused() -> None:
    data = patched(card.linux(), 52, struct.pack("<I", 0xFFFFFFFF))
    with pytest.raises(NotAConfigError, match="Not a cell configuration"):
        decode_cell(data)
