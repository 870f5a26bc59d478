"""What a running board says of its memory, CPUs and interrupts, for checking cells against it.

One round trip by a POSIX shell script that only reads; its answer is trusted no more than any
other. Nothing is read that a Jailhouse root cell might not have: these files are the kernel's own
books, no registers.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Iterator, Sequence

from hvconsole.board.facts import parse_cpus
from hvconsole.cell.revision import revision_of
from hvconsole.cell.running import Resource, RunningBoard, UsedInterrupt
from hvconsole.cell.spans import Span
from hvconsole.link.protocol import Link
from hvconsole.model.problem import BoardProblem

# Each section is headed by "@TOKEN name". /proc/iomem is all zeros for everyone but root.
SCRIPT = rb"""
t=$1
exec 2>/dev/null
say() { printf '\n@%s %s\n' "$t" "$1"; }
say machine; uname -m
say online; cat /sys/devices/system/cpu/online
say cmdline; cat /proc/cmdline
say iomem; cat /proc/iomem
say interrupts; cat /proc/interrupts
say jailhouse; cat /sys/devices/jailhouse/enabled
say version; command -v jailhouse >/dev/null && jailhouse --version </dev/null
for f in /etc/jailhouse/*.cell; do
  [ -r "$f" ] || continue
  say "head $f"; head -c 8 "$f" | base64
done
for c in address size; do
  say "$c-cells"; base64 "/proc/device-tree/#$c-cells"
done
for f in /proc/device-tree/memory*/reg; do
  [ -r "$f" ] || continue
  say memory; base64 "$f"
done
say end
exit 0
"""

_RAM_NAME = "System RAM"
_NO_DEVICES = (_RAM_NAME, "reserved")  # "System RAM (boot alias)" too
_LONGEST = 1 << 16  # lines of an answer
_ARCHITECTURES = {"aarch64": "arm64", "x86_64": "x86", "i686": "x86"}
_IOMEM = re.compile(
    r"(?P<indent> *)(?P<start>[0-9a-f]{4,16})-(?P<last>[0-9a-f]{4,16}) : (?P<name>.*)"
)
_GIC_LINE = re.compile(
    r"\s*\d+:(?:\s+\d+)+\s+GIC\S*\s+(?P<number>\d{1,4})\s+(?:Level|Edge)\s+(?P<name>.*)"
)
_MEM = re.compile(r"(?:^|\s)mem=(?P<number>\d{1,12})(?P<unit>[KMGkmg]?)(?=\s|$)")
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_WORD_BYTES = 4
_MOST_CELLS = 2


async def memory_facts(link: Link, *, name: str, sudo: bool = False) -> RunningBoard:
    """Ask a board what its memory, CPUs and interrupts are used for. Nothing is changed.

    Args:
        link: An open link.
        name: What to call the board in messages.
        sudo: Whether root's commands go through ``sudo -n``.

    Raises:
        BoardProblem: It has no shell that answers.
        LinkProblem: The link was lost.
    """
    token = secrets.token_hex(8)
    words = ["sudo", "-n", "sh", "-s", token] if sudo else ["sh", "-s", token]
    done = await link.run(words, stdin=SCRIPT, timeout=60.0)
    sections = split(done.stdout, token)
    if "end" not in sections:
        raise BoardProblem(
            f"{link.name} does not say how its memory is used",
            detail=done.error_text or f"its shell ended with status {done.status}",
            hint="a POSIX shell named sh is needed there"
            + (", and sudo without a password" if sudo else ""),
        )
    return make_running(sections, name)


def split(answer: bytes, token: str) -> dict[str, list[str]]:
    """Take the script's answer apart: each section with its lines that are not empty."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    head = f"@{token} "
    for line in answer.decode("utf-8", "replace").split("\n")[:_LONGEST]:
        if line.startswith(head):
            current = sections.setdefault(line[len(head) :], [])
        elif line.strip():
            current.append(line)
    return sections


def make_running(sections: dict[str, list[str]], name: str) -> RunningBoard:
    """Return the board that the sections describe; what makes no sense is left out."""
    resources = list(parse_iomem(sections.get("iomem", [])))
    linux = [one.span for one in resources if one.name == _RAM_NAME]
    ram = _ram(sections)
    limit = parse_mem(" ".join(sections.get("cmdline", [])))
    notes = []
    if not linux and limit and ram:
        linux = [Span(ram[0].start, ram[0].start + limit)]
    if not resources:
        notes.append("/proc/iomem says nothing (only root may read it): taken from mem= alone")
    revision, why = _revision(sections)
    return RunningBoard(
        name=name,
        architecture=_architecture(sections),
        cpus_online=parse_cpus("".join(sections.get("online", [])).strip()),
        linux_ram=tuple(linux),
        ram=tuple(ram),
        devices=tuple(one for one in resources if not one.name.startswith(_NO_DEVICES)),
        interrupts=tuple(parse_interrupts(sections.get("interrupts", []))),
        mem_limit=limit,
        jailhouse_active=sections.get("jailhouse", [])[:1] == ["1"],
        revision=revision,
        notes=(*notes, *([why] if why else [])),
    )


def parse_iomem(lines: Sequence[str]) -> Iterator[Resource]:
    """Yield the resources of /proc/iomem that lie in no other one, without those all zero."""
    for line in lines:
        match = _IOMEM.fullmatch(line.rstrip())
        if match is None or match["indent"]:
            continue
        start, last = int(match["start"], 16), int(match["last"], 16)
        if last and start <= last:
            yield Resource(start, last + 1, match["name"].strip())


def parse_interrupts(lines: Sequence[str]) -> Iterator[UsedInterrupt]:
    """Yield the interrupts of a GIC in /proc/interrupts that drivers have, by GIC ID."""
    for line in lines:
        match = _GIC_LINE.fullmatch(line.rstrip())
        if match is not None:
            yield UsedInterrupt(int(match["number"]), match["name"].strip())


def parse_mem(cmdline: str) -> int:
    """Return the bytes of the last ``mem=`` of a kernel's command line; 0 without one."""
    found = list(_MEM.finditer(cmdline))
    return int(found[-1]["number"]) * _UNITS[found[-1]["unit"].lower()] if found else 0


def _architecture(sections: dict[str, list[str]]) -> str:
    machine = "".join(sections.get("machine", [])[:1]).strip()
    return "arm" if machine.startswith("armv") else _ARCHITECTURES.get(machine, "")


def _ram(sections: dict[str, list[str]]) -> list[Span]:
    """Return the memory that the device tree tells of, which mem= does not change."""
    address = _cells(sections.get("address-cells", []))
    size = _cells(sections.get("size-cells", []))
    data = _decoded(sections.get("memory", []))
    row = _WORD_BYTES * (address + size)
    found = []
    for at in range(0, len(data) - row + 1, row) if row else ():
        middle = at + _WORD_BYTES * address
        start = int.from_bytes(data[at:middle], "big")
        length = int.from_bytes(data[middle : at + row], "big")
        if length:
            found.append(Span(start, start + length))
    return sorted(found)


def _cells(lines: Sequence[str]) -> int:
    number = int.from_bytes(_decoded(lines)[:_WORD_BYTES], "big")
    return number if 1 <= number <= _MOST_CELLS else 0


def _decoded(lines: Sequence[str]) -> bytes:
    try:
        return base64.b64decode("".join(line.strip() for line in lines), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _revision(sections: dict[str, list[str]]) -> tuple[int | None, str]:
    """Return the configuration revision of the board's Jailhouse, and why it is not known."""
    heads = {
        name.removeprefix("head "): _decoded(lines)
        for name, lines in sections.items()
        if name.startswith("head ")
    }
    return revision_of("".join(sections.get("version", [])[:1]), heads)
