"""What a board is, learned in one round trip by a POSIX shell script.

The script only reads. Its answer is a series of sections, each headed by a random word that the
board cannot have known before, so that no file's content can pass for another section. Nothing in
an answer is trusted: whatever cannot be understood is left empty.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from importlib.resources import files

import msgspec

from hvconsole.board.facts_xvisor import ask_xvisor
from hvconsole.board.places import Place, parse_places
from hvconsole.link.protocol import Capability, Link
from hvconsole.model.problem import BoardProblem

_LONGEST = 4096  # characters of one value
_MOST = 4096  # values of one list


class FoundCompiler(msgspec.Struct, frozen=True):
    """A compiler on the board: its path and the first line of its ``--version``."""

    path: str
    version: str = ""


class CpuClock(msgspec.Struct, frozen=True):
    """How one CPU's frequency is governed; frequencies in kHz, 0 where unknown."""

    cpu: int
    governor: str = ""
    current_khz: int = 0
    min_khz: int = 0
    max_khz: int = 0

    @property
    def pinned(self) -> bool:
        """Whether it stays at one frequency."""
        return 0 < self.min_khz == self.max_khz or self.governor in {"performance", "powersave"}


class ThermalZone(msgspec.Struct, frozen=True):
    """A temperature, in thousandths of a degree Celsius."""

    name: str
    millicelsius: int


class BoardFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A board as it describes itself. Texts are untrusted and not yet made safe to show.

    Attributes:
        machine: ``uname -m``.
        kernel: ``uname -r``.
        hostname: ``uname -n``.
        boot_id: Differs after each boot; empty where the kernel does not tell.
        system: PRETTY_NAME of os-release.
        model: Of the device tree, or of the firmware.
        compatible: Of the device tree, most specific first.
        cpus_online: CPU numbers.
        cpus_allowed: CPUs that our processes may use.
        uid: Our user there; 0 is root; None where it is not known.
        user: Its name.
        capabilities: Of our processes, one bit each (CAP_SYS_NICE is 23); None where unknown.
        hypervisor: What we run under: ``xen``, ``jailhouse``, ``virtual machine``; ``xvisor``
            where its own terminal is what answers; empty where nothing shows.
        control_domain: We are Xen's dom0.
        kvm: The board can run virtual machines of its own.
        jailhouse_loaded: Jailhouse's module is loaded, whether or not it is enabled.
        cmdline: The kernel's command line.
        compilers: C compilers, best first.
        clocks: One for each CPU that has a governor.
        thermal: Temperatures; None where they were not read on purpose (see `gather`).
        memory_kib: Total and available.
        counter_module: hvcounter is loaded.
        rt_runtime_us: ``sched_rt_runtime_us``: -1 for no throttling; None where unknown.
        rt_period_us: Of which period.
        rt_priority: Highest SCHED_FIFO priority that ``ulimit -r`` allows us.
        locked_kib: Memory that we may lock; -1 for no limit.
        clocksource: The kernel's.
        load: Processes running or waiting, averaged over a minute.
        places: Folders that could take our programs, best first.
    """

    machine: str = ""
    kernel: str = ""
    hostname: str = ""
    boot_id: str = ""
    system: str = ""
    model: str = ""
    compatible: tuple[str, ...] = ()
    cpus_online: tuple[int, ...] = ()
    cpus_allowed: tuple[int, ...] = ()
    uid: int | None = None
    user: str = ""
    capabilities: int | None = None
    hypervisor: str = ""
    control_domain: bool = False
    kvm: bool = False
    jailhouse_loaded: bool = False
    cmdline: str = ""
    compilers: tuple[FoundCompiler, ...] = ()
    clocks: tuple[CpuClock, ...] = ()
    thermal: tuple[ThermalZone, ...] | None = ()
    memory_kib: tuple[int, int] = (0, 0)
    counter_module: bool = False
    rt_runtime_us: int | None = None
    rt_period_us: int | None = None
    rt_priority: int = 0
    locked_kib: int | None = None
    clocksource: str = ""
    load: float = 0.0
    places: tuple[Place, ...] = ()


async def gather(link: Link) -> BoardFacts:
    """Ask the board what it is. One round trip; nothing is changed.

    Temperatures are not read while Jailhouse is enabled: a root cell that does not cover the
    sensor (the stock one of the Banana Pi does not) would have its CPU parked for touching it.

    Raises:
        BoardProblem: It has no shell that answers.
        LinkProblem: The link was lost.
    """
    if Capability.TERMINAL in link.capabilities:
        return BoardFacts(**await ask_xvisor(link))
    token = secrets.token_hex(8)
    script = files("hvconsole.board").joinpath("facts.sh").read_bytes()
    done = await link.run(["sh", "-s", token], stdin=script, timeout=60.0)
    facts = parse_facts(done.stdout, token)
    if not facts.machine:
        raise BoardProblem(
            f"{link.name} does not say what it is",
            detail=done.error_text or f"its shell ended with status {done.status}",
            hint="a POSIX shell named sh and uname are needed there",
        )
    return facts


def parse_facts(answer: bytes, token: str) -> BoardFacts:
    """Parse the script's answer. Pure; takes anything, and leaves empty what makes no sense.

    Args:
        answer: What the script wrote.
        token: The random word that heads its sections.
    """
    found = _Sections(answer, token)
    return BoardFacts(
        machine=found.line("machine"),
        kernel=found.line("kernel"),
        hostname=found.line("hostname"),
        boot_id=found.line("boot_id"),
        system=_pretty_name(found.lines("os_release")),
        model=found.line("model") or " ".join(found.lines("firmware")),
        compatible=found.lines("compatible"),
        cpus_online=parse_cpus(found.line("online")),
        cpus_allowed=parse_cpus(found.line("allowed")),
        uid=_number(found.line("uid")),
        user=found.line("user"),
        capabilities=_hexadecimal(found.line("capabilities")),
        hypervisor=_hypervisor(found),
        control_domain="control_d" in found.line("xen_capabilities"),
        kvm=found.line("kvm") == "yes",
        jailhouse_loaded=found.line("jailhouse") in {"0", "1"},
        cmdline=found.line("cmdline"),
        compilers=tuple(_compilers(found.lines("compilers"))),
        clocks=tuple(_clocks(found.lines("clocks"))),
        thermal=tuple(_thermal(found.lines("thermal"))) if "thermal" in found else None,
        memory_kib=_memory(found.lines("meminfo")),
        counter_module=found.line("counter_module") == "yes",
        rt_runtime_us=_number(found.line("rt_runtime")),
        rt_period_us=_number(found.line("rt_period")),
        rt_priority=_limit(found.raw("limits", 1)) or 0,
        locked_kib=_limit(found.raw("limits", 0)),
        clocksource=found.line("clocksource"),
        load=_load(found.line("load")),
        places=parse_places(found.lines("places"), found.lines("mounts")),
    )


def parse_cpus(text: str) -> tuple[int, ...]:
    """Parse the kernel's list of CPUs: ``0-2,4``. Parts that are no numbers are left out."""
    cpus: set[int] = set()
    for part in text.split(",")[:_MOST]:
        match = _CPU_RANGE.fullmatch(part.strip())
        if match is not None:
            first, last = int(match[1]), int(match[2] or match[1])
            cpus.update(range(first, min(last, first + _MOST) + 1))
    return tuple(sorted(cpus)[:_MOST])


_CPU_RANGE = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,18}", re.ASCII)


class _Sections:
    """The script's answer, taken apart."""

    def __init__(self, answer: bytes, token: str) -> None:
        self._lines: dict[str, list[str]] = {}
        head = f"@{token} "
        current: list[str] = []
        for line in answer.decode("utf-8", "replace").split("\n"):
            if line.startswith(head):
                current = self._lines.setdefault(line[len(head) :], [])
            elif len(current) < _MOST:
                current.append(line[:_LONGEST].rstrip())

    def __contains__(self, name: str) -> bool:
        return name in self._lines

    def raw(self, name: str, index: int) -> str:
        """Return one line of a section, empty ones counted."""
        lines = self._lines.get(name, [])
        return lines[index] if index < len(lines) else ""

    def lines(self, name: str) -> tuple[str, ...]:
        """Return a section's lines that are not empty."""
        return tuple(line for line in self._lines.get(name, []) if line.strip())

    def line(self, name: str) -> str:
        """Return a section's first line that is not empty."""
        return next(iter(self.lines(name)), "").strip()


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text.strip()) else None


def _hexadecimal(text: str) -> int | None:
    return int(text, 16) if re.fullmatch(r"[0-9a-f]{1,16}", text) else None


def _limit(text: str) -> int | None:
    """Parse what ulimit says; -1 is no limit, None not known."""
    return -1 if text.strip() == "unlimited" else _number(text)


def _pretty_name(lines: tuple[str, ...]) -> str:
    for line in lines:
        name, _, value = line.partition("=")
        if name == "PRETTY_NAME":
            return value.strip("\"'")
    return ""


def _hypervisor(found: _Sections) -> str:
    if found.line("hypervisor") == "xen" or "xen,xen" in found.lines("hypervisor_node"):
        return "xen"
    if found.line("jailhouse") == "1":
        return "jailhouse"
    if found.line("cpu_flags") or "linux,dummy-virt" in found.lines("compatible"):
        return "virtual machine"
    return ""


def _compilers(lines: tuple[str, ...]) -> Iterator[FoundCompiler]:
    for line in lines:
        path, _, version = line.partition("\t")
        if path.startswith("/"):
            yield FoundCompiler(path, version.strip())


def _clocks(lines: tuple[str, ...]) -> Iterator[CpuClock]:
    for line in lines:
        cpu, governor, *frequencies = (field.strip() for field in (line + "\t" * 4).split("\t"))
        number = _number(cpu)
        if number is not None and number >= 0:
            current, low, high = (max(0, _number(text) or 0) for text in frequencies[:3])
            yield CpuClock(number, governor, current, low, high)


def _thermal(lines: tuple[str, ...]) -> Iterator[ThermalZone]:
    for line in lines:
        name, _, temperature = line.rpartition("\t")
        value = _number(temperature)
        if value is not None:
            yield ThermalZone(name.strip(), value)


def _memory(lines: tuple[str, ...]) -> tuple[int, int]:
    values = dict.fromkeys(("MemTotal", "MemAvailable"), 0)
    for line in lines:
        name, _, rest = line.partition(":")
        if name in values:
            values[name] = max(0, _number(rest.removesuffix("kB")) or 0)
    return values["MemTotal"], values["MemAvailable"]


def _load(text: str) -> float:
    match = re.match(r"\d{1,9}\.\d{1,9}", text, re.ASCII)
    return float(match[0]) if match else 0.0
