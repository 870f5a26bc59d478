"""xl and its siblings on the simulated board, held against transcripts of a real one."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given, settings, strategies as st
from simulated_tools import Board, TinyHost

from hvconsole.sim.hypervisor.xen import SimulatedXen, tools_without_xen
from hvconsole.sim.hypervisor.xen.config import ConfigError, parse
from hvconsole.sim.hypervisor.xen.simulated import STOCK
from hvconsole.sim.machine import Machine, Setup
from hvconsole.sim.machine.changes import StartSampling
from hvconsole.sim.machine.ticks import MS, SECOND, US
from tests.unit import transcripts

CONFIG = (
    'name = "{name}"\ntype = "pvh"\nkernel = "/root/{kernel}"\nramdisk = "/root/domu.gz"\n'
    'extra = "console=hvc0 quiet{more}"\nmemory = {memory}\nvcpus = 1\non_crash = "destroy"\n'
)
DOMAINS = {
    "dom1": ("vmlinuz", 64, ""),
    "dom2": ("vmlinuz", 64, ""),
    "dombusy": ("vmlinuz", 64, " busy=1"),
    "dombig": ("vmlinuz", 4000, ""),
    "domnok": ("nofile", 64, ""),
    "domdisk": ("vmlinuz", 64, " root=/dev/xvda"),
}
FILES = {
    "/root/vmlinuz": b"kernel",
    "/root/domu.gz": b"ramdisk",
    "/proc/version": b"Linux version 6.1.0-50-armmp-lpae (simulated) #1 SMP Debian 6.1.176-1\n",
    **{
        f"/root/{name}.cfg": CONFIG.format(
            name=name, kernel=kernel, memory=memory, more=more
        ).encode()
        for name, (kernel, memory, more) in DOMAINS.items()
    },
}

# What may differ between two boards, and nothing else. Each keeps its width.
NORMALISERS: dict[str, tuple[str, str]] = {
    "a domain's state, but for 'paused', and its CPU time": (
        r"(?m)(?<=     )[r-][b-]([p-]---) +\d+\.\d$",
        r"..\1 TIME",
    ),
    "where a vCPU is, whether it runs, its time": (
        r"(?m) +\d+   [r-][b-]- +\d+\.\d  (?=\S+ / )",
        r" CPU STATE TIME  ",
    ),
    "xentop: state, CPU time and its share": (
        r"--[b-]-([p-])[r-] +\d+ +\d+\.\d(?= )",
        r"--.-\1. TIME SHARE",
    ),
    "uptime": (r" \d:\d\d:\d\d", " UP"),
    "what board and build it is": (
        r"(?m)^(host|release|version|cpu_mhz|xen_commandline|cc_\w+|build_id) +: .*$",
        r"\1 : BOARD",
    ),
}
# Commands of the transcripts that are not replayed, and why.
ELSEWHERE: dict[str, str] = {
    r"\./cnt|insmod": "a program of the board",
    r"\|": "a pipe: what it filters is compared below",
    r"^time |timeout": "how long it took, or a console that is cut off; tested below",
    r"which a653sched": "a command of the board",
}


def normal(text: str) -> str:
    for pattern, shape in NORMALISERS.values():
        text = re.sub(pattern, shape, text)
    return text


def skipped(command: str, status: int) -> bool:
    # Where the real command never returned, there is nothing to compare.
    return status in {124, 255} or any(re.search(pattern, command) for pattern in ELSEWHERE)


def board(scheduler: str = "credit", *, stock: bool = False, panics: bool = True) -> Board:
    machine = Machine(Setup(hypervisor="xen", scheduler=scheduler))
    host = TinyHost(machine, FILES)
    more = {"schedulers": STOCK, "asked": "rtds"} if stock else {}
    return Board(host, SimulatedXen(host, panics=panics, **more))


async def with_domains(one: Board, count: int) -> Board:
    """Let domains have come and gone, so that ids go on as in a transcript."""
    for _ in range(count):
        await one.run("xl create -q dom1.cfg; xl destroy dom1")
    return one


async def replay(one: Board, entries: list[transcripts.Entry]) -> int:
    compared = 0
    for entry in entries:
        if skipped(entry.command, entry.status):
            continue
        done = await one.run(entry.command)
        said = (normal(done.out), done.err, done.status)
        assert said == (normal(entry.stdout), entry.stderr, entry.status), entry.command
        compared += 1
    return compared


async def test_credit() -> None:
    assert await replay(board(), transcripts.read("xen/xen-credit")) == 12


async def test_domains() -> None:
    one = await with_domains(board(), 1)
    assert (await one.run("xl create -q dom1.cfg")).status == 0
    assert await replay(one, transcripts.read("xen/xen-domu")) == 26


async def test_pools() -> None:
    entries = transcripts.read("xen/xen-cpupool")
    crash = next(at for at, entry in enumerate(entries) if entry.status == 255)
    one = await with_domains(board(), 6)
    assert await replay(one, entries[:crash]) == 13
    # The board has rebooted.
    assert await replay(board(), entries[crash + 1 :]) == 10


async def test_rtds() -> None:
    assert await replay(board("rtds"), transcripts.read("xen/xen-rtds")) == 16


async def test_debians_build_lacks_schedulers() -> None:
    one = board("credit2", stock=True)
    assert await replay(one, transcripts.read("xen/xen-debian-stock")) == 17


async def test_a_repaired_xen_survives_the_end_of_an_rtds_pool() -> None:
    one = board(panics=False)
    assert await replay(one, transcripts.read("xen/xen-rtds-pool-fixed")) == 5
    assert not one.host.crashed


@pytest.mark.parametrize("last", ["xl cpupool-destroy prt", "xl cpupool-cpu-remove prt 1"])
async def test_the_end_of_an_rtds_pool_is_xens_end(last: str) -> None:
    one = board()
    first, *_ = transcripts.read("xen/xen-rtds-pool-destroy")
    await replay(one, [first])
    one.host.serial = ""
    done = await one.run(f"{last}; echo rc=$?")
    assert (done.out, done.err, done.status) == ("", "", None)
    assert one.host.crashed == [5.0]
    said = one.host.serial.replace("\r\n", "\n").splitlines()
    real = (transcripts.DATA / "transcripts/xen/xen-rtds-pool-destroy-serial.log").read_text()
    begin = real.index("(XEN) Data Abort Trap")
    wanted = real[begin : real.index("(XEN) Reboot in five seconds")].splitlines()
    assert said[-1] == "(XEN) Reboot in five seconds..."
    assert set(said[:-1]) <= set(wanted)
    assert "(XEN) Panic on CPU 0:" in said


async def test_without_xen() -> None:
    host = TinyHost(Machine(Setup()))

    class Nothing:
        tools = tools_without_xen()

    one = Board(host, Nothing())
    for entry in transcripts.read("xen/native-xl"):
        if entry.command.startswith(("xl", "xen")):
            done = await one.run(entry.command)
            assert (done.out, done.err, done.status) == (entry.stdout, entry.stderr, entry.status)


def shape(line: str) -> str:
    """Return a line without its figures, CPUs and domains."""
    line = re.sub(r"current=.*", "current=", line)
    return re.sub(r"[0-9A-Fa-f-]*\d[0-9A-Fa-f-]*", "N", line).rstrip()


@pytest.mark.parametrize(
    ("name", "command", "scheduler"),
    [
        ("xen-domu", "xl debug-keys r; echo rc=$?; xl dmesg | tail -40", "credit"),
        ("xen-rtds", "xl debug-keys r; xl dmesg | tail -40", "rtds"),
    ],
)
async def test_run_queues_are_dumped_into_the_log(name: str, command: str, scheduler: str) -> None:
    entry = transcripts.answer(f"xen/{name}", command)
    one = board(scheduler)
    await one.run("xl create -q dombusy.cfg; xl debug-keys r")
    said = (await one.run("xl dmesg -c")).out.splitlines()
    dump = said[said.index("(XEN) Online Cpus: 0-1") + 1 :]
    real = {shape(line) for line in entry.stdout.splitlines()}
    missing = {shape(line) for line in dump} - real - {"(XEN) Cpupool N:", "(XEN) Cpus: N"}
    assert not missing
    assert len(dump) > 10
    assert (await one.run("xl dmesg")).out == ""


async def test_boot_lines_follow_the_real_ones() -> None:
    entry = transcripts.answer("xen/xen-credit", "xl dmesg | head -60")
    ours = [shape(line) for line in board().hypervisor.boot_lines()]
    real = [shape(line) for line in entry.stdout.splitlines()]
    common = [line for line in real if line in ours]
    assert len(common) > 40
    assert [line for line in ours if line in set(common)][: len(common)] == common


async def test_what_the_stock_build_says_at_boot() -> None:
    entry = transcripts.answer("xen/xen-debian-stock", 'xl dmesg | grep -i -E "sched|Xen version"')
    ours = board("credit2", stock=True).hypervisor.boot_lines()
    wanted = [line for line in entry.stdout.splitlines() if "cheduler" in line]
    assert [line for line in ours if line in wanted] == wanted


class TestOnTheMachine:
    """Everything that is set acts on the machine at once."""

    async def test_weight_cap_slice_and_ratelimit(self) -> None:
        one = board()
        await one.run("xl create -q dombusy.cfg")
        await one.run("xl sched-credit -d dombusy -w 512 -c 30; xl sched-credit -s -t 10 -r 500")
        xen = one.host.machine.xen
        unit = xen.domains[1][0]
        assert (unit.weight, unit.cap) == (512, 30)
        scheduler = xen.pools["Pool-0"].scheduler
        assert (scheduler.tslice, scheduler.ratelimit) == (10 * MS, 500 * US)

    async def test_a_reservation(self) -> None:
        one = board("rtds")
        await one.run("xl create -q dombusy.cfg")
        await one.run("xl sched-rtds -d dombusy -v 0 -p 20000 -b 5000 -e 0")
        unit = one.host.machine.xen.domains[1][0]
        assert (unit.period, unit.budget, unit.extratime) == (20 * MS, 5 * MS, False)

    async def test_a_busy_neighbour_on_the_samplers_cpu_shows_and_a_pause_ends_it(self) -> None:
        one = board()
        one.host.apply(StartSampling(cpu=0))
        await one.run("xl vcpu-pin 0 0 0; xl create -q dombusy.cfg; xl vcpu-pin dombusy 0 0")
        machine = one.host.machine

        def longest() -> int:
            machine.advance(machine.now + SECOND // 2)
            return int(machine.advance(machine.now + SECOND)[0].length.max())

        assert longest() > 20 * MS
        await one.run("xl pause dombusy")
        assert longest() < 2 * MS
        await one.run("xl unpause dombusy; xl vcpu-pin dombusy 0 1")
        assert longest() < 2 * MS

    async def test_pools_and_their_domains(self) -> None:
        one = board()
        await one.run("xl create -q dombusy.cfg; xl cpupool-cpu-remove Pool-0 1")
        await one.run("""xl cpupool-create 'name="p"' 'sched="null"' 'cpus=["1"]'""")
        await one.run("xl cpupool-migrate dombusy p")
        xen = one.host.machine.xen
        assert xen.pools["p"].cpus == [1]
        assert xen.pool_of[1].name == "p"
        done = await one.run("xl cpupool-migrate 1 Pool-0; xl cpupool-destroy p")
        assert (done.status, list(xen.pools)) == (0, ["Pool-0"])

    async def test_a_domain_of_a_pool_with_parameters_of_its_own(self) -> None:
        one = board()
        text = FILES["/root/dombusy.cfg"] + b'cpus = "1"\ncpu_weight = 1024\ncap = 50\n'
        one.host.files["/root/own.cfg"] = text
        await one.run("xl create -q -p own.cfg")
        unit = one.host.machine.xen.domains[1][0]
        assert (unit.affinity, unit.weight, unit.cap) == (frozenset({1}), 1024, 50)
        assert unit.paused
        assert unit.burning


async def test_a_new_pool_begins_with_its_own_parameters_and_masks() -> None:
    one = board()
    await one.run("xl create -q dom1.cfg; xl sched-credit -d 1 -w 512; xl vcpu-pin 1 0 0")
    await one.run("xl cpupool-cpu-remove Pool-0 1")
    await one.run("""xl cpupool-create 'name="p"' 'sched="credit2"' 'cpus=["1"]'""")
    await one.run("xl cpupool-migrate 1 p")
    row = (await one.run("xl sched-credit2 -d 1")).out.splitlines()[-1]
    assert row.split() == ["dom1", "1", "256", "0"]
    assert (await one.run("xl vcpu-list 1")).out.endswith("  all / all\n")
    assert one.host.machine.xen.domains[1][0].affinity is None


async def test_a_mask_breaks_when_its_last_cpu_leaves_the_pool() -> None:
    one = board()
    await one.run("xl create -q dom1.cfg; xl vcpu-pin 1 0 1; xl cpupool-cpu-remove Pool-0 1")
    assert (await one.run("xl vcpu-list 1")).out.endswith("  all / all\n")


async def test_a_pool_from_a_file_and_without_a_list_of_cpus() -> None:
    one = board()
    one.host.files["/root/pool.cfg"] = b'name = "filed"\nsched = "null"\n'
    assert (await one.run("xl cpupool-create pool.cfg")).err == "no free cpu found\n"
    await one.run("xl cpupool-cpu-remove Pool-0 1")
    done = await one.run("xl cpupool-create pool.cfg; xl cpupool-list filed")
    assert done.out == (
        'Using config file "pool.cfg"\ncpupool name:   filed\nscheduler:      null\n'
        "number of cpus: 1\n"
        "Name               CPUs   Sched     Active   Domain count\n"
        "filed                1      null       y          0\n"
    )
    taken = await one.run("xl cpupool-create pool.cfg")
    assert taken.err == 'Pool name "filed" already exists\n'
    await one.run("xl create -q dom1.cfg; xl cpupool-migrate dom1 filed")
    assert (await one.run("xl cpupool-destroy filed")).err == "Can't destroy cpupool 'filed'\n"
    busy = await one.run("xl cpupool-cpu-remove filed 1")
    assert (busy.status, "Error removing cpu 1" in busy.err) == (0, True)


async def test_memory_and_names() -> None:
    one = board()
    await one.run("xl create -q dom1.cfg; xl create -q dom2.cfg; xl mem-set dom1 32")
    assert (await one.run("xl rename dom1 first; xl list first")).out.split()[-5:-3] == ["1", "32"]
    done = await one.run("xl rename dom2 first")
    assert done.status == 1
    assert 'Domain with name "first" already exists.' in done.err


async def test_very_short_reservations_starve_dom0() -> None:
    one = board("rtds")
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    one.host.sleep = sleep
    await one.run("xl create -q dombusy.cfg; xl sched-rtds -d 1 -v all -p 50 -b 20 -e 0")
    slept.clear()
    await one.run("xl destroy dombusy")
    assert sum(slept) > 60


async def test_dom0_stays_where_and_what_it_is() -> None:
    one = board()
    await one.run("xl cpupool-cpu-remove Pool-0 1")
    await one.run("""xl cpupool-create 'name="p"' 'sched="credit2"' 'cpus=["1"]'""")
    done = await one.run("xl cpupool-migrate Domain-0 p")
    assert done.status == 1
    assert "Error moving domain to cpupool" in done.err
    assert (await one.run("xl destroy 0")).err.startswith("Not destroying domain 0;")
    missing = await one.run("xl pause 99")  # xl does not look at what libxl returned
    assert missing.err.endswith("Domain 99:Pausing domain: No such process\n")
    assert missing.status == 0
    unpinned = await one.run("xl vcpu-pin 0 all 7")
    assert unpinned.err.endswith("Failed to set affinity for 1\nCould not set affinity.\n")
    removed = await one.run("xl cpupool-cpu-remove Pool-0 0")
    assert (removed.status, "Error removing cpu 0" in removed.err) == (0, True)
    assert one.host.machine.xen.pool_of[0].name == "Pool-0"


async def test_a_guest_without_a_disk_is_deaf_one_with_a_disk_obeys() -> None:
    one = board()
    await one.run("xl create -q dom1.cfg; xl create -q domdisk.cfg")
    done = await one.run("xl shutdown dom1; xl shutdown domdisk; sleep 3; xl list")
    assert done.err == "Shutting down domain 1\nShutting down domain 2\n"
    assert [line.split()[0] for line in done.out.splitlines()] == ["Name", "Domain-0", "dom1"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("cap = -1\n", "cannot (re-)build domain: -3"),
        ("budget = 20000\n", "cannot (re-)build domain: -3"),
        ("memory = -5\n", "Out of memory"),
        ("memory = 012\n", ""),
        ('pool = "nosuch"\n', "cannot make domain: -3"),
        ('cpus = "9"\n', "cannot make domain: -3"),
        ('cpus = ["x"]\n', "Invalid range"),
        ("vcpus = 99999\n", ""),
        ('name = ""\n', "Domain name must be specified."),
        ("kernel = 7\n", "failed to open file '7'"),
        ("name = [\n", "config parsing error near"),
    ],
)
async def test_a_configuration_that_makes_no_sense_leaves_nothing(more: str, said: str) -> None:
    one = board()
    one.host.files["/root/odd.cfg"] = FILES["/root/dom1.cfg"] + more.encode()
    done = await one.run("xl create -q odd.cfg")
    assert done.status == (3 if said else 0)
    assert said in done.err
    count = 2 if not said else 1
    assert len(one.host.machine.xen.domains) == count
    assert len((await one.run("xl list")).out.splitlines()) == 1 + count


async def test_console() -> None:
    one = board()
    await one.run("xl create -q dombusy.cfg")
    one.stdin = [b"echo hel", b"lo\nls\n", b"\x1d"]
    done = await one.run("xl console dombusy")
    assert done.status == 0
    assert "domu: busy" in done.out
    assert "hello\r\n/ # ls\r\nsh: ls: not found\r\n/ # " in done.out
    again = await one.run("xl console dombusy")
    assert again.status is None  # it stays at the end of input
    assert again.out == "", "what one has read is not there for the next"


async def test_a_console_is_one_programs_at_a_time() -> None:
    one = board()
    await one.run("xl create -q dombusy.cfg")
    first = asyncio.create_task(one.run("xl console dombusy"))
    for _ in range(9):
        await asyncio.sleep(0)  # it has begun
    done = await one.run("xl console dombusy")
    assert done.status == 11
    assert done.out == ""
    assert done.err == (
        "xenconsole: Could not lock /var/lock/xenconsole.1: Resource temporarily unavailable\n"
    )
    await first  # its end lets go of it
    one.stdin = [b"\x1d"]
    assert (await one.run("xl console dombusy")).status == 0


async def test_xenstore() -> None:
    one = await with_domains(board(), 1)
    await one.run("xl create -q dom1.cfg; xl create -q dom2.cfg")
    entry = transcripts.answer("xen/xen-domu", "xenstore-ls /local/domain/0 | head -20")
    done = await one.run("xenstore-ls /local/domain/0")
    assert done.out.splitlines()[:20] == entry.stdout.splitlines()
    assert (await one.run("xenstore-read /local/domain/2/name")).out == "dom1\n"
    missing = await one.run("xenstore-read /local/domain/9/name")
    assert (missing.status, missing.out) == (1, "")


async def test_files() -> None:
    host = board().host
    assert host.read("/sys/hypervisor/type") == b"xen\n"
    assert host.read("/proc/xen/capabilities") == b"control_d\n"


async def test_the_builds_schedulers_can_be_asked_for() -> None:
    done = await board("credit2", stock=True).run("xenhypfs cat /buildinfo/config")
    assert "CONFIG_SCHED_CREDIT2=y\n# CONFIG_SCHED_RTDS is not set\n" in done.out


async def test_listing_with_pools_and_one_value_of_info() -> None:
    one = board()
    header, row = (await one.run("xl list -c")).out.splitlines()
    assert header.endswith("Time(s)         Cpupool")
    assert row.endswith(f"{'Pool-0':>16}")
    assert (await one.run("xl info xen_scheduler")).out == "credit\n"
    assert (await one.run("xl list 99")).err == "Error: Domain '99' does not exist.\n"


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("xl", 1),
        ("xl help", 0),
        ("xl nonsense", 1),
        ("xl sched-arinc653", 1),
        ("xl create", 3),
        ("xl list -Q", 2),
        ("xl vcpu-pin 0 0 x", 1),
        ("xl vcpu-pin 0 all 7", 0),
        ("xl sched-credit -d 0 -w x", 1),
        ("xl sched-credit -d 0 -w 0", 1),
        ("xl sched-credit -s -t 0", 1),
        ("xl sched-credit -s -r 99", 1),
        ("xl sched-credit -d 0 -p Pool-0", 1),
        ("xl sched-rtds -v 1", 1),
        ("xl sched-rtds -d 0 -v all -p 5 -b 5 -e 0", 1),
        ("xl cpupool-create", 2),
        ("xl cpupool-cpu-add Pool-0 99", 0),
        ("xl cpupool-numa-split", 1),
        ("xl rename 0", 2),
        ("xl mem-set 0 -1", 1),
        ("xl vcpu-set 0 9", 1),
        (f"xl list {'1' * 5000}", 1),
        (f"xl sched-credit -d 0 -w {'1' * 5000}", 1),
        ("xentop -b -d nan", 1),
        ("xentop", 1),
        ("xentop -b -i x", 1),
    ],
)
async def test_wrong_words_end_well(command: str, status: int) -> None:
    done = await board().run(command)
    assert done.status == status
    assert bool(done.err) == (command not in {"xl", "xl help"})


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\n\0"), min_size=1))
async def test_any_name_is_a_name(name: str) -> None:
    one = board()
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    text = FILES["/root/dom1.cfg"].decode().replace('"dom1"', f'"{quoted}"')
    one.host.files["/root/named.cfg"] = text.encode()
    assert (await one.tool("xl", "create", "-q", "named.cfg")).status == 0
    assert (await one.tool("xl", "domname", "1")).out == f"{name}\n"
    assert f"{name:<40} {1:>5}" in (await one.tool("xl", "list")).out
    assert (await one.tool("xl", "domid", name)).out == "1\n"
    assert (await one.tool("xl", "destroy", "1")).status == 0


@given(st.text())
def test_any_text_is_a_configuration_or_told_where_it_is_not(text: str) -> None:
    wrong: ConfigError | None = None
    try:
        config = parse(text)
    except ConfigError as error:
        wrong = error
    if wrong is not None:
        assert wrong.said("x").startswith(f"x:{wrong.line}: config parsing error near")
    else:
        assert all(isinstance(value, str | list) for value in config.values())


def test_configurations() -> None:
    text = '# all\nname = \'a"b\'; memory=0x40\ncpus = ["0",\n \'1\',]\nextra = "x # y" # z\n'
    wanted = {"name": 'a"b', "memory": "0x40", "cpus": ["0", "1"], "extra": "x # y"}
    assert parse(text) == wanted


def test_it_needs_a_machine_under_xen() -> None:
    with pytest.raises(ValueError, match="not booted under Xen"):
        SimulatedXen(TinyHost(Machine(Setup())))
