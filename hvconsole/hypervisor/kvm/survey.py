"""Reading the state of every virtual machine with one command, and making the one picture of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hvconsole.hypervisor.kvm import text
from hvconsole.hypervisor.kvm.abilities import NO_VIRSH, abilities
from hvconsole.hypervisor.kvm.command import LKVM
from hvconsole.hypervisor.kvm.explain import no_answer
from hvconsole.hypervisor.kvm.guests import domain, lkvm_guest
from hvconsole.hypervisor.kvm.schedulers import NAME, POOL, SCHEDULERS
from hvconsole.hypervisor.masks import parse_mask
from hvconsole.model.hypervisor import Guest, Pool, Survey
from hvconsole.model.problem import BoardProblem

# Two virsh processes in all: each takes a tenth of a second, or seconds on a slow board.
# Within one, commands are parted by semicolons, and one that fails does not end the others.
# $1 is random, so that nothing on the board can pass for the head of a section; $2 says whether to
# ask for what does not change, $3 whether to ask lkvm, which hangs where one of its guests does.
SCRIPT = r"""
m=$1
LC_ALL=C; export LC_ALL
say() { printf '\n%s %s\n' "$m" "$1"; }
ended() { printf '\n%s = %s\n' "$m" "$1"; }
ask() { timeout -k 5 30 virsh -c qemu:///system "$1" </dev/null 2>&1; }
say online; cat /sys/devices/system/cpu/online
say memory; sed -n 's/^MemTotal:[^0-9]*\([0-9]*\).*/\1/p' /proc/meminfo
say tools; command -v virsh lkvm perf timeout
say device; [ -c /dev/kvm ] && echo there
if command -v virsh >/dev/null; then
  all=$(ask 'list --all --uuid'); status=$?
  say list; printf '%s\n' "$all"; ended $status
  b="echo $m batch" n=0
  if [ $status = 0 ]; then
    for u in $all; do
      case $u in *[!0-9a-f-]*) continue ;; esac
      [ ${#u} = 36 ] && [ $n -lt 64 ] || continue
      n=$((n + 1))
      b="$b; echo $m info $u; dominfo $u; echo $m state $u; domstate $u --reason"
      b="$b; echo $m stats $u; domstats $u --state --vcpu --nowait; echo $m sched $u; schedinfo $u"
      b="$b; echo $m pin $u; vcpupin $u; echo $m emulator $u; emulatorpin $u"
    done
    [ "$2" = all ] && b="$b; echo $m version; version"
    [ "$b" = "echo $m batch" ] || ask "$b"
  fi
fi
if [ "$3" = lkvm ] && command -v lkvm >/dev/null; then
  say lkvm; timeout -k 2 5 lkvm list </dev/null 2>&1; ended $?
fi
seen=
for f in $(grep -lsE '^(CPU [0-9]+/(KVM|TCG)|kvm-vcpu-[0-9]+)$' /proc/[0-9]*/task/[0-9]*/comm); do
  d=${f%/comm} p=${f#/proc/}
  p=${p%%/*}
  say "thread $p ${d##*/}"; cat "$d/stat" 2>/dev/null
  sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "$d/status" 2>/dev/null
  case $seen in *" $p "*) continue ;; esac
  seen="$seen $p "
  say "process $p"; tr '\0' '\n' <"/proc/$p/cmdline" 2>/dev/null | sed -n '/^-uuid$/{n;p;}'
done
say debug; grep -s . /sys/kernel/debug/kvm/*-*/*exit* </dev/null
if [ "$2" = all ]; then
  say log; dmesg 2>/dev/null | grep -E 'kvm \[[0-9]+\]: '
fi
say end
exit 0
"""

_MODE = re.compile(r"kvm \[\d+\]: (?P<words>.*(?:mode initialized|HYP mode not available).*)")
_MODES = (("VHE mode initialized", "VHE"), ("Hyp mode initialized", "nVHE"), ("rotected", "pKVM"))
_MOST_DOMAINS = 64

Answers = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Constant:
    """What does not change while the board is up: read once.

    Attributes:
        version: QEMU's and libvirt's.
        mode: ``nVHE``, ``VHE``, ``pKVM``; empty where the kernel's log does not tell.
    """

    version: str = ""
    mode: str = ""


def split(output: str, marker: str) -> dict[str, list[str]]:
    """Take the script's output apart: lines by section; a command's status stands in ``NAME =``."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in output.splitlines():
        word, _, rest = line.partition(" ")
        if word != marker:
            found.setdefault(name, []).append(line)
        elif rest.startswith("= "):
            found[f"{name} ="] = [rest[2:]]
        else:
            name = rest
            found[name] = []
    return found


def constant(answers: Answers) -> Constant:
    """Return what need not be asked again."""
    said = text.fields(answers.get("version", []))
    qemu = said.get("Running hypervisor", "")
    libvirt = said.get("Using library", "")
    log = [match["words"] for line in answers.get("log", []) if (match := _MODE.search(line))]
    mode = next((mode for words, mode in _MODES for line in log if words in line), "")
    told = ", ".join(filter(None, (qemu, libvirt, mode)))
    return Constant(told, mode)


def make_survey(answers: Answers, known: Constant) -> Survey:
    """Return the state that the answers describe.

    Raises:
        BoardProblem: Neither libvirt nor lkvm answers; nothing is known then.
    """
    if "end" not in answers:
        raise BoardProblem("the board did not tell its virtual machines", hint="try again")
    tools = {line.rpartition("/")[2] for line in answers.get("tools", [])}
    cpus = parse_mask(",".join(answers.get("online", [])).strip(",")) or frozenset()
    incomplete = _not_read(answers)
    if "virsh" in tools and not _worked(answers, "list") and "lkvm" not in answers:
        raise no_answer("\n".join(answers.get("list", [])), _status(answers, "list"))
    guests = (_host(answers, cpus), *_domains(answers, cpus), *_lkvm_guests(answers, cpus))
    return Survey(
        system="kvm",
        version=known.version,
        active="there" in answers.get("device", []),
        cpus=cpus,
        guests=guests,
        pools=(Pool(name=POOL, scheduler=NAME, cpus=cpus),),
        schedulers=SCHEDULERS,
        abilities=abilities(guests, has_virsh="virsh" in tools),
        notes=tuple(_notes(answers, guests, tools, cpus)),
        incomplete=tuple(incomplete),
    )


def lkvm_hangs(answers: Answers) -> bool:
    """Whether ``lkvm list`` did not come back: it will not while that guest lives."""
    return "lkvm" in answers and _status(answers, "lkvm") != 0


def _host(answers: Answers, cpus: frozenset[int]) -> Guest:
    memory = "".join(answers.get("memory", [])).strip()
    return Guest(
        key="0",
        name="host",
        role="control",
        state="running",
        cpus=cpus,
        pool=POOL,
        memory_kib=int(memory) if re.fullmatch(r"[0-9]{1,12}", memory) else None,
    )


def _domains(answers: Answers, cpus: frozenset[int]) -> list[Guest]:
    threads = _threads(answers)
    pids = {uuid: pid for pid, uuid in _processes(answers).items()}
    debug = text.debug_counters(answers.get("debug", []))
    found = []
    for name, lines in answers.items():
        word, _, uuid = name.partition(" ")
        if word != "info" or not text.UUID.fullmatch(uuid) or "Name" not in text.fields(lines):
            continue  # it went while we looked
        pid = pids.get(uuid, -1)
        said = {
            what: answers.get(f"{what} {uuid}", [])
            for what in ("info", "state", "stats", "sched", "pin")
        }
        own = [one for one in threads if one.pid == pid]
        found.append(domain(uuid, said, own, debug.get(pid, {}), cpus))
    return sorted(found, key=lambda guest: guest.name)


def _lkvm_guests(answers: Answers, cpus: frozenset[int]) -> list[Guest]:
    threads = _threads(answers)
    debug = text.debug_counters(answers.get("debug", []))
    rows = text.lkvm_rows(answers.get("lkvm", []))
    return [
        lkvm_guest(
            row, [one for one in threads if one.pid == row.pid], debug.get(row.pid, {}), cpus
        )
        for row in sorted(rows, key=lambda row: row.name)
    ]


def _threads(answers: Answers) -> list[text.Thread]:
    found = []
    for name, lines in answers.items():
        word, _, rest = name.partition(" ")
        pid, _, tid = rest.partition(" ")
        if word == "thread" and (one := text.thread(pid, tid, lines)) is not None:
            found.append(one)
    return found


def _processes(answers: Answers) -> dict[int, str]:
    """Return the domain's UUID of each process that runs one."""
    found = {}
    for name, lines in answers.items():
        word, _, pid = name.partition(" ")
        uuid = next((line.strip() for line in lines if line.strip()), "")
        if word == "process" and pid.isdecimal() and text.UUID.fullmatch(uuid):
            found[int(pid)] = uuid
    return found


def _worked(answers: Answers, name: str) -> bool:
    return _status(answers, name) == 0


def _status(answers: Answers, name: str) -> int:
    word = "".join(answers.get(f"{name} =", []))
    return int(word) if re.fullmatch(r"[0-9]{1,3}", word) else -1


def _not_read(answers: Answers) -> list[str]:
    told = []
    if "list" in answers and not _worked(answers, "list"):
        told.append(f"libvirt: {_last(answers['list'])}")
    if lkvm_hangs(answers):
        told.append(
            "lkvm's guests: lkvm list does not come back; one of them does not answer "
            "(asking one without a balloon for its memory hangs it for good)"
        )
    listed = [line for line in answers.get("list", []) if text.UUID.fullmatch(line.strip())]
    if len(listed) > _MOST_DOMAINS:
        told.append(f"{len(listed) - _MOST_DOMAINS} of {len(listed)} domains: too many for a look")
    for name, lines in answers.items():
        errors = [line for line in lines if line.startswith("error: ")]
        word, _, uuid = name.partition(" ")
        if errors and word in {"info", "state", "stats", "sched", "pin"} and uuid:
            who = text.fields(answers.get(f"info {uuid}", [])).get("Name", uuid)
            told.append(f"{who}: {errors[-1].removeprefix('error: ')}")
    return told


def _last(lines: Sequence[str]) -> str:
    said = [line for line in lines if line.strip()]
    return said[-1].removeprefix("error: ") if said else "no answer"


def _notes(
    answers: Answers, guests: Sequence[Guest], tools: set[str], cpus: frozenset[int]
) -> list[str]:
    notes = []
    if "there" not in answers.get("device", []):
        notes.append("/dev/kvm is not there: the kernel was not started in EL2, or has no KVM")
    if "virsh" not in tools:
        notes.append(
            f"{NO_VIRSH}; on Debian: apt install libvirt-clients libvirt-daemon-system "
            "qemu-system-arm"
        )
    for guest in guests:
        reason = guest.words.partition("(")[2].rstrip(")")
        if guest.state == "defined" and reason in {"crashed", "failed"}:
            notes.append(f"domain '{guest.name}' {reason} the last time it was started")
        elif guest.state == "paused" and reason not in {"", "user"}:
            notes.append(f"domain '{guest.name}' is paused: {reason}")
    for name, lines in answers.items():
        word, _, uuid = name.partition(" ")
        held = text.pins(lines).get(-1)
        if word == "emulator" and held and held != cpus:
            who = text.fields(answers.get(f"info {uuid}", [])).get("Name", uuid)
            listed = ",".join(map(str, sorted(held)))
            notes.append(f"QEMU's own threads of '{who}' run on CPU {listed} only")
    if any(guest.key.startswith(LKVM) for guest in guests):
        notes.append("lkvm's guests are those of one user: each user's lkvm sees their own only")
    return notes
