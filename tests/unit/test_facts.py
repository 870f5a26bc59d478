"""What a board says of itself: understood, or left empty; never trusted."""

import os
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, strategies as st

from hvconsole.board.facts import BoardFacts, CpuClock, ThermalZone, parse_cpus, parse_facts
from hvconsole.board.places import Place, parse_mounts, parse_places

HEAD = "5ec2e7"

BANANA_PI = f"""
@{HEAD} machine
armv7l

@{HEAD} kernel
6.1.0-18-armmp

@{HEAD} uid
0
@{HEAD} os_release
NAME="Debian GNU/Linux"
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"

@{HEAD} capabilities
000001ffffffffff
@{HEAD} online
0-1
@{HEAD} allowed
1
@{HEAD} meminfo
MemTotal:         954320 kB
MemFree:          800000 kB
MemAvailable:     850000 kB

@{HEAD} limits

95
@{HEAD} rt_runtime
-1
@{HEAD} model
LeMaker Banana Pi

@{HEAD} compatible
lemaker,bananapi
allwinner,sun7i-a20

@{HEAD} jailhouse
1
@{HEAD} compilers
/usr/bin/cc\tcc (Debian 12.2.0-14) 12.2.0
cc-in-a-function\tnonsense
@{HEAD} clocks
0\tondemand\t960000\t144000\t960000
1\tuserspace\t912000\t912000\t912000
@{HEAD} places
/tmp\tyes\t471096
/var/tmp\tyes\t
/root\tno\t12
@{HEAD} mounts
/dev/root / ext4 rw,relatime 0 0
tmpfs /tmp tmpfs rw,nosuid,nodev,noexec 0 0
"""


def test_a_banana_pi_under_jailhouse() -> None:
    facts = parse_facts(BANANA_PI.encode(), HEAD)
    assert facts.machine == "armv7l"
    assert facts.system == "Debian GNU/Linux 12 (bookworm)"
    assert (facts.model, facts.compatible) == (
        "LeMaker Banana Pi",
        ("lemaker,bananapi", "allwinner,sun7i-a20"),
    )
    assert (facts.cpus_online, facts.cpus_allowed) == ((0, 1), (1,))
    assert facts.hypervisor == "jailhouse"
    assert facts.thermal is None
    assert facts.memory_kib == (954320, 850000)
    assert (facts.locked_kib, facts.rt_priority, facts.rt_runtime_us) == (None, 95, -1)
    assert facts.capabilities == (1 << 41) - 1
    assert [each.path for each in facts.compilers] == ["/usr/bin/cc"]
    assert facts.clocks == (
        CpuClock(0, "ondemand", 960000, 144000, 960000),
        CpuClock(1, "userspace", 912000, 912000, 912000),
    )
    assert [clock.pinned for clock in facts.clocks] == [False, True]
    assert facts.places == (
        Place("/tmp", writable=True, noexec=True, free_kib=471096, filesystem="tmpfs"),
        Place("/var/tmp", writable=True, noexec=False, free_kib=None, filesystem="ext4"),
        Place("/root", writable=False, noexec=False, free_kib=12, filesystem="ext4"),
    )
    assert [place.why_not for place in facts.places] == ["mounted noexec", "", "not writable"]


def test_content_cannot_pass_for_a_section() -> None:
    answer = f"@{HEAD} hostname\nevil\n@0 machine\nfake\n@ machine\nfake\n@{HEAD} machine\nreal\n"
    assert parse_facts(answer.encode(), HEAD).machine == "real"


def test_temperatures_and_signs() -> None:
    answer = f"@{HEAD} thermal\ncpu-thermal\t41200\n\t-5000\nbroken\tx\n".encode()
    expected = (ThermalZone("cpu-thermal", 41200), ThermalZone("", -5000))
    assert parse_facts(answer, HEAD).thermal == expected


@pytest.mark.parametrize(
    ("section", "hypervisor"),
    [
        ("hypervisor\nxen", "xen"),
        ("hypervisor_node\nxen,xen-4.17\nxen,xen", "xen"),
        ("jailhouse\n0", ""),
        ("cpu_flags\nhypervisor", "virtual machine"),
        ("compatible\nlinux,dummy-virt", "virtual machine"),
        ("machine\nx86_64", ""),
    ],
)
def test_what_we_run_under(section: str, hypervisor: str) -> None:
    assert parse_facts(f"@{HEAD} {section}\n".encode(), HEAD).hypervisor == hypervisor


SECTIONS = [
    *("machine", "uid", "online", "allowed", "meminfo", "limits", "rt_runtime", "load"),
    *("clocks", "thermal", "places", "mounts", "compilers", "capabilities", "os_release"),
]
names = st.sampled_from(SECTIONS)
bodies = st.one_of(
    st.binary(max_size=60), st.text("0123456789-\t\n.,/ unlimited", max_size=60).map(str.encode)
)


@given(st.lists(st.tuples(names, bodies)))
def test_whatever_comes_makes_facts(sections: list[tuple[str, bytes]]) -> None:
    answer = b"".join(b"\n@%s %s\n%s" % (HEAD.encode(), n.encode(), b) for n, b in sections)
    facts = parse_facts(answer, HEAD)
    assert msgspec.json.decode(msgspec.json.encode(facts), type=BoardFacts) == facts


@given(st.binary())
def test_without_the_token_nothing_is_believed(answer: bytes) -> None:
    facts = parse_facts(answer, "token that is not in it")
    assert facts == BoardFacts(thermal=None)


@given(st.sets(st.integers(0, 999)))
def test_cpu_lists_of_the_kernel(cpus: set[int]) -> None:
    assert parse_cpus(",".join(map(str, sorted(cpus)))) == tuple(sorted(cpus))


def test_cpu_ranges() -> None:
    assert parse_cpus("0-2,5,7-8") == (0, 1, 2, 5, 7, 8)
    assert parse_cpus("3-1,x,,-4,9-") == ()
    assert len(parse_cpus("0-99999")) <= 4096


paths = st.lists(st.sampled_from(["a", "b", "c d", "e\\f"]), max_size=3).map(
    lambda parts: "/" + "/".join(parts)
)


@given(paths, st.lists(st.tuples(paths, st.sampled_from(["rw", "rw,noexec", "ro"]))))
def test_the_mount_that_counts_is_the_deepest_and_newest(
    path: str, mounts: list[tuple[str, str]]
) -> None:
    lines = [f"d {_escaped(where)} ext4 {options} 0 0" for where, options in mounts]
    assert [mount.path for mount in parse_mounts(lines)] == [where for where, _ in mounts]
    over = [each for each in mounts if each[0] == "/" or f"{path}/".startswith(f"{each[0]}/")]
    over.sort(key=lambda each: len(each[0]))  # stable: the newest of the deepest is the last
    options = over[-1][1] if over else "rw"
    (place,) = parse_places([f"{path}\tyes\t1"], lines)
    assert place.noexec == ("noexec" in options)
    assert place.writable == (options != "ro")


def _escaped(path: str) -> str:
    return path.replace("\\", "\\134").replace(" ", "\\040")


def run_script(words: list[str], path: str) -> bytes:
    script = files("hvconsole.board").joinpath("facts.sh").read_bytes()
    environment = {"PATH": path, "HOME": "/"}
    done = subprocess.run(
        [*words, "-s", HEAD], input=script, capture_output=True, check=True, env=environment
    )
    assert done.stderr == b""
    assert done.stdout.rstrip().endswith(f"@{HEAD} end".encode())
    return done.stdout


def check_this_machine(facts: BoardFacts) -> None:
    system = os.uname()
    assert (facts.machine, facts.kernel) == (system.machine, system.release)
    assert set(facts.cpus_allowed) == os.sched_getaffinity(0)
    assert facts.uid == os.geteuid()
    assert facts.memory_kib[0] > 0
    assert any(place.path == "/tmp" and place.free_kib for place in facts.places)


@pytest.mark.parametrize("shell", ["sh", "bash", "dash"])
def test_the_script_in_the_shells_there_are(shell: str, require: Callable[[str], str]) -> None:
    check_this_machine(parse_facts(run_script([require(shell)], os.defpath), HEAD))


def test_the_script_where_there_is_nothing_but_busybox(
    require: Callable[[str], str], tmp_path: Path
) -> None:
    busybox = require("busybox")
    listed = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    for applet in listed.stdout.split():
        (tmp_path / applet).symlink_to(busybox)
    answer = run_script([str(tmp_path / "sh")], str(tmp_path))
    check_this_machine(parse_facts(answer, HEAD))
