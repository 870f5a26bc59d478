"""What the counter module's tools and the kernel say, understood: text in, values and problems out.

The kernel tells insmod one errno and puts the reason into its log, so both are read together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from hvconsole.model.learned import learned
from hvconsole.model.problem import BoardProblem
from hvconsole.wire.console import shown

MODULE = "hvcounter"
SYSFS = f"/sys/kernel/{MODULE}"
FALLBACK = "or measure with CNTVCT, which needs no module: --counter cntvct"

_SHORT = 200  # cells of a line from the board in a message
_MODINFO = re.compile(rb"(?:^|\0)vermagic=([^\0]{1,200})\0")
_TIMESTAMP = re.compile(r"^\[\s*\d+\.\d+\]\s*")
_MACHINES = {"3": "x86", "40": "32-bit ARM", "62": "x86-64", "183": "64-bit ARM", "243": "RISC-V"}


def vermagic(module: bytes) -> str | None:
    """Return which kernel a module was built for (its file's ``vermagic``), or None."""
    found = _MODINFO.search(module)
    return found[1].decode("ascii", "backslashreplace").strip() if found else None


def new_lines(before: str, after: str) -> str:
    """Return the kernel log's lines that `after` has beyond `before`."""
    last = before.rstrip("\n").rpartition("\n")[2]
    _, found, rest = after.rpartition(f"{last}\n") if last else ("", "", "")
    return rest if found else after


@dataclass(frozen=True, slots=True)
class _Refusal:
    """One way in which loading fails: how it shows, and what to tell."""

    sign: re.Pattern[str]
    title: str
    hint: str = FALLBACK
    detail: str = ""


def _refusal(sign: str, title: str, *, hint: str = FALLBACK, detail: str = "") -> _Refusal:
    return _Refusal(re.compile(sign), title, hint, detail)


_SIGNING = (
    f"sign {MODULE}.ko with a key the kernel knows (DKMS does, with the machine's own key, which\n"
    f"`mokutil --import` makes known), or boot without enforcement;\n{FALLBACK}"
)
_REBUILD = (
    f"build it against the headers of the kernel that runs (`uname -r` on the board);\n{FALLBACK}"
)

# The kernel's own reasons first: they say more than the errno that insmod turns into words.
_REFUSALS = (
    _refusal(
        r"version magic '(?P<module>[^']*)' should be '(?P<board>[^']*)'",
        "the counter module was built for another kernel",
        detail="module: {module}\nboard:  {board}",
        hint=_REBUILD,
    ),
    _refusal(
        r"disagrees about version of symbol (?P<symbol>\S+)",
        "the counter module was built against another build of the board's kernel",
        detail="the kernels have one name, but their '{symbol}' differ",
        hint=_REBUILD,
    ),
    _refusal(
        r"Unknown symbol (?P<symbol>\S+) \(err (?P<number>-\d+)\)",
        "the board's kernel lacks what the counter module needs",
        detail="symbol '{symbol}' is unknown to it (error {number})",
        hint=_REBUILD,
    ),
    _refusal(
        r"Invalid architecture in ELF header: (?P<number>\d+)",
        "the counter module was built for another kind of machine",
        detail="it is for {machine}",
        hint="build it for this board's machine (`uname -m` on the board)",
    ),
    _refusal(
        r"Invalid ELF (?P<what>.+)",
        "the counter module's file is damaged",
        detail="kernel: invalid ELF {what}",
        hint="build and deliver it again; is the board's disk full?",
    ),
    _refusal(
        r"Lockdown: .*module loading is restricted",
        "the board's kernel is locked down: it loads signed modules only",
        hint=_SIGNING,
    ),
    _refusal(
        r"unsigned module is rejected|Key was rejected by service|[Rr]equired key not available",
        "the board's kernel loads signed modules only",
        hint=_SIGNING,
    ),
    _refusal(
        rf"{MODULE}: this CPU has no generic timer",
        "this CPU has no generic timer, so there is no CNTPCT to open",
        hint="a CPU with ARMv7's virtualization extensions is needed (Cortex-A7, A15, …)",
    ),
    _refusal(
        rf"{MODULE}: this CPU has no performance monitor",
        "there is no cycle counter to open",
        detail="the CPU has no performance monitor, or a hypervisor hides it",
        hint="load the module without pmccntr=1",
    ),
    _refusal(
        rf"{MODULE}: cpu(?P<cpu>\d+): (?P<register>\S+) does not keep what is written",
        "a hypervisor hides the counter from this kernel",
        detail="CPU {cpu}: {register} does not keep what is written",
    ),
    _refusal(
        rf"{MODULE}: nothing to open",
        "the counter module was told to open nothing",
        hint="leave cntpct=1, or ask for pmccntr=1",
    ),
    _refusal(
        r"File exists",
        "the counter module is loaded already",
        hint=f"unload it first if it should be another one: rmmod {MODULE}",
    ),
    _refusal(
        r"a (?:terminal|password) is (?:required|needed)|not in the sudoers",
        "sudo on the board asks for a password",
        hint="allow it without one for this user (NOPASSWD in sudoers), or log in as root",
    ),
    _refusal(
        r"(?:insmod|modprobe|sudo): (?:(?:command )?not found|No such file or directory$)",
        "the board has no insmod",
        hint="install kmod (or busybox) on it",
    ),
    _refusal(
        r"No such file or directory",
        "the counter module is not on the board",
        hint="deliver it first",
    ),
    _refusal(
        r"Operation not permitted",
        "loading the counter module needs root",
        detail="or loading modules was switched off until reboot (kernel.modules_disabled=1)",
        hint=f"log in as root, or set sudo = true for the board;\n{FALLBACK}",
    ),
    _refusal(
        r"[Ii]nvalid module format|Exec format error",
        "the board's kernel does not take the counter module's file",
        detail="its log, which holds the reason, cannot be read",
        hint=_REBUILD,
    ),
)


def explain_insmod(status: int, stderr: str, dmesg: str = "") -> BoardProblem:
    """Return why loading the counter module failed, as a problem with its fix.

    Args:
        status: Exit status of insmod (kmod's or busybox's).
        stderr: What it wrote.
        dmesg: The kernel log's lines since then; empty where it cannot be read.
    """
    heard = [*_log_lines(dmesg), *(shown(line.encode(), _SHORT) for line in stderr.splitlines())]
    for refusal in _REFUSALS:
        for line in heard:
            found = refusal.sign.search(line)
            if found:
                return BoardProblem(
                    refusal.title, detail=_fill(refusal.detail, found, line), hint=refusal.hint
                )
    return BoardProblem(
        f"the board did not load the counter module (insmod ended with {status})",
        detail="\n".join(heard),
        hint=FALLBACK,
    )


def _fill(detail: str, found: re.Match[str], line: str) -> str:
    """Put what was found into the detail; without one, the line itself is the detail."""
    values = {name: (value or "").strip() for name, value in found.groupdict().items()}
    number = values.get("number", "")
    values["machine"] = _MACHINES.get(number, f"ELF machine {number}")
    return detail.format_map(values) if detail else line.strip()


def _log_lines(dmesg: str) -> Iterator[str]:
    for line in reversed(dmesg.splitlines()[-50:]):
        yield _TIMESTAMP.sub("", shown(line.encode(), 2 * _SHORT))


@dataclass(frozen=True, slots=True)
class CpuState:
    """What the module did on one CPU; see kmod/sysfs.c.

    Attributes:
        applied: How often the counters were opened there.
        last_online_ns: CLOCK_MONOTONIC of the last load or hotplug, nanoseconds.
        found: Registers as they were before, by name.
    """

    applied: int = 0
    last_online_ns: int | None = None
    found: dict[str, int] = field(default_factory=dict)


_STATE_LINE = re.compile(
    rf"{SYSFS}/cpu(?P<cpu>\d{{1,4}})/(?P<name>[a-z_]{{1,40}}):(?P<value>0x[0-9a-f]{{1,16}}|\d{{1,20}})"
)


def state_files(cpus: Iterable[int]) -> list[str]:
    """Return the sysfs files that can be read without disturbing the CPUs."""
    names = ("applied", "last_online_ns", "cntkctl_found")
    return [f"{SYSFS}/cpu{cpu}/{name}" for cpu in cpus for name in names]


def parse_state(text: str) -> dict[int, CpuState]:
    """Read ``file:value`` lines of the module's sysfs folder (``grep -H ''``), by CPU."""
    values: dict[int, dict[str, int]] = {}
    for line in text.splitlines():
        found = _STATE_LINE.fullmatch(line)
        if found:
            values.setdefault(int(found["cpu"]), {})[found["name"]] = int(found["value"], 0)
    return {cpu: _cpu_state(of) for cpu, of in sorted(values.items())}


def _cpu_state(values: dict[str, int]) -> CpuState:
    found = {
        name.removesuffix("_found"): value
        for name, value in values.items()
        if name.endswith("_found")
    }
    return CpuState(values.get("applied", 0), values.get("last_online_ns"), found)


class ProbeReply(msgspec.Struct, frozen=True):
    """What ``hvsampler --probe`` says of the CPU it ran on."""

    machine: str
    nominal_hz: int
    cpu: int
    cntpct: bool = False
    cntvct: bool = False
    tsc: bool = False


def parse_probe(output: bytes) -> ProbeReply:
    """Read the sampler's answer.

    Raises:
        BoardProblem: It is none.
    """
    try:
        return msgspec.json.decode(output, type=learned(ProbeReply))
    except msgspec.MsgspecError as error:
        raise BoardProblem(
            "the sampler's answer cannot be understood",
            detail=f"{error}\nit said: {shown(output[:_SHORT], _SHORT)}",
            hint="deliver the sampler again: versions of console and sampler may differ",
        ) from error
