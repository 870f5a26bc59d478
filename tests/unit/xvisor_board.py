"""Xvisor's terminal by a script: echo, prompt, guests and their states, as recorded sessions show.

It answers in pieces, and breaks in with a fault where it is told to. What it refuses and in which
words follows the sessions in data/xvisor.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

PROMPT = b"XVisor# "
FAULT = (
    b"\r\ndo_hyp_trap: ec=0x24, il=0x0, iss=0x46, fipa=0x4401AFF010B98F64, error=0\r\n"
    b"\r\nCore Registers\r\n"
    b"      SP=0x10b98fe0      LR=0x00000000      PC=0x000000d4\r\n    CPSR=0x800001d3\r\n"
    b"General Purpose Registers\r\n"
    b"     R00=0x0001aff0     R01=0x4401b000     R02=0x0001b000\r\n"
    b"     R03=0x00000000     R04=0x00000000     R05=0x00000000\r\n"
    b"     R12=0x00000000\r\n"
)
BOOT = (
    b"\r\r\nXvisor v0.3.2-56-g8713a802 (Nov 23 2026 07:10:35)\r\r\n\r\r\n"
    b"INIT: host address space\r\r\nINIT: vapool: base=0x10000000 size=67108864\r\r\n"
    b"INIT: CPU0 online\r\nINIT: bootcmd: vfs run /boot.xscript\r\n\r\n"
)
_RULE = "-" * 79
_LONGEST = 256
_CODES = {"Reset": 0x2, "Ready": 0x4, "Running": 0x8, "Paused": 0x10, "Halted": 0x20}
_USAGE = "Usage:\n   guest help\n   guest list\n   guest create  <guest_name>"


@dataclass
class Vcpu:
    id: int
    name: str
    cpu: int
    state: str = "Reset"
    prio: int = 3
    affinity: list[int] = field(default_factory=lambda: [0, 1])
    ran_ms: int = 0
    resets: int = 0


@dataclass
class Node:
    """A guest in the device tree; it is a guest once it is made."""

    name: str
    count: int
    vcpus: list[Vcpu] = field(default_factory=list)
    loaded: bool = False
    output: bytes = b""


class RefusedError(Exception):
    def __init__(self, said: str, code: int = 1) -> None:
        super().__init__(said)
        self.said, self.code = said, code


class XvisorTerminal:
    """The terminal: `key` takes what is typed, `say` gets what it writes.

    Args:
        made: Guests that are made, with how many vCPUs.
        nodes: Guests that could be made.

    Attributes:
        lines: Commands that were carried out.
        fault_after: A fault breaks in after so many bytes more; below zero, none does.
        keys_lost: So many keys more are not heard.
        faulty: A guest that is started faults at once.
    """

    def __init__(
        self,
        say: Callable[[bytes], None],
        *,
        made: dict[str, int] | None = None,
        nodes: dict[str, int] | None = None,
    ) -> None:
        self._say = say
        self._next = 2
        self.orphans = [
            Vcpu(0, "idle/0", 0, "Ready", 0, [0]),
            Vcpu(1, "mterm", 0, "Running", 3),
        ]
        self.nodes = {name: Node(name, count) for name, count in (nodes or {"guest1": 1}).items()}
        self.guests: list[Node] = []
        for name, count in (made or {"guest0": 1}).items():
            self.nodes[name] = Node(name, count)
            self._make(self.nodes[name])
            self.nodes[name].loaded = True
        self.lines: list[str] = []
        self.fault_after = -1
        self.keys_lost = 0
        self.faulty = False
        self.prompt = PROMPT
        self.bound: Node | None = None
        self._line = b""
        self._swallow = 0
        self._escape = b""

    def key(self, data: bytes) -> None:
        """Take what is typed."""
        for byte in data:
            if self.keys_lost:
                self.keys_lost -= 1
            elif self.bound is not None:
                self._to_guest(bytes([byte]))
            else:
                self._key(bytes([byte]))

    def say(self, data: bytes) -> None:
        """Write, with a fault in between where one is due."""
        if 0 <= self.fault_after <= len(data):
            at, self.fault_after = self.fault_after, -1
            data = data[:at] + FAULT + data[at:]
        elif self.fault_after > 0:
            self.fault_after -= len(data)
        for start in range(0, len(data), 61):
            self._say(data[start : start + 61])

    def boot(self) -> None:
        """Restart: all guests are made anew."""
        self._line = b""
        self.bound = None
        self.say(b"Stopping Hypervisor Timer\r\nIssuing System Reset\r\n" + BOOT)
        self.say(self.prompt)

    def _key(self, key: bytes) -> None:
        if self._swallow:
            self._swallow -= 1
        elif key == b"\x1b":
            self._swallow = 2
        elif key in b"\r\n":
            line, self._line = self._line.decode("ascii", "replace"), b""
            self.say(b"\r\n")
            self._carry_out(line)
            if self.bound is None:
                self.say(self.prompt)
        elif key in b"\x7f\b":
            if self._line:
                self._line = self._line[:-1]
                self.say(b"\x1b[D \x1b[D")
        elif key >= b" " or key == b"\t":
            if len(self._line) >= _LONGEST:
                self._line = self._line[:-1]
                self.say(b"\x1b[D \x1b[D")
            self._line += key
            self.say(key)

    def _to_guest(self, key: bytes) -> None:
        if self._escape + key == b"\x1bxq":
            self.bound, self._escape = None, b""
            self.say(b"\r\n" + self.prompt)
        elif b"\x1bxq".startswith(self._escape + key):
            self._escape += key
        else:
            keys, self._escape = self._escape + key, b""
            self._write_tagged(keys.replace(b"\r", b"\r\nbasic# "))

    def _write_tagged(self, output: bytes) -> None:
        if self.bound is not None:
            tag = f"[{self.bound.name}/uart0] ".encode()
            written = re.sub(rb"[\r\n]", lambda m: (m[0] if m[0] == b"\r" else b"\r\n") + tag,
                             output)  # fmt: skip
            self.say(written)

    def _carry_out(self, line: str) -> None:
        for part in line.split(";"):
            words = part.split()
            if not words:
                continue
            self.lines.append(" ".join(words))
            try:
                said = self._command(words)
            except RefusedError as refused:
                text = refused.said
                if text:
                    self.say(text.replace("\n", "\r\n").encode() + b"\r\n")
                if refused.code:
                    failed = f"Error: command {words[0]} failed (code -{refused.code})\r\n"
                    self.say(failed.encode())
                return
            if said:
                self.say(said.replace("\n", "\r\n").encode() + b"\r\n")

    def _command(self, words: list[str]) -> str:  # noqa: C901, PLR0911  # a table of cases
        match words:
            case ["version"]:
                return "Xvisor v0.3.2-56-g8713a802 (Nov 23 2026 07:10:35)"
            case ["echo", *rest]:
                return "".join(f"{word} " for word in rest)
            case ["reset", *_]:
                self.boot()
                return ""
            case ["host", "info"]:
                return (
                    "Host Name                : linux,dummy-virt\n"
                    "Boot CPU Hardware ID     : 0x0\nTotal Online CPUs        : 2\n"
                    "Total VAPOOL             : 64 MB\nTotal RAM                : 1024 MB"
                )
            case ["host", "cpu", "info"]:
                return "CPU Type                 : arm32ve\nCPU Present Count        : 2"
            case ["host", "cpu", "stats"]:
                return _CPU_STATS
            case ["host", "irq", "stats"]:
                return _IRQ_STATS
            case ["guest", *rest]:
                return self._guest(rest)
            case ["vcpu", *rest]:
                return self._vcpu(rest)
            case ["vserial", *rest]:
                return self._vserial(rest)
            case ["vfs", "guest_load_list", name, path]:
                self._guest_named(name).loaded = True
                return f"{name}: Parsing {path}\n{name}: Loaded 0x0 with 110336 bytes"
            case [name, *_]:
                raise RefusedError(f"Error: unknown command {name}", 0)
        raise AssertionError(words)

    def _guest(self, words: list[str]) -> str:
        match words:
            case ["list"]:
                rows = [f" {at:<6d} {one.name:<17s} {'little':<13s} {'/guests/' + one.name:<39s}"
                        for at, one in enumerate(self.guests)]  # fmt: skip
                head = f" {'ID':<6} {'Name':<17} {'Endianness':<13} {'Device Path':<39}"
                return "\n".join([_RULE, head, _RULE, *rows, _RULE])
            case ["create", name]:
                if name not in self.nodes:
                    raise RefusedError(f"Error: failed to find {name} node under /guests")
                if self.nodes[name] in self.guests:
                    raise RefusedError(
                        f"vmm_manager_guest_create: Duplicate Guest {name} detected\n"
                        f"{name}: Failed to create"
                    )
                self._make(self.nodes[name])
                return f"{name}: Created"
            case ["destroy", name]:
                node = self._guest_named(name)
                self.guests.remove(node)
                node.vcpus.clear()
                return f"{name}: Destroyed"
            case [("kick" | "pause" | "resume" | "halt" | "reset") as turn, name]:
                node = self._guest_named(name)
                vcpus = node.vcpus[:1] if turn == "kick" else node.vcpus
                self._turn(turn, vcpus, name)
                if turn == "kick" and (self.faulty or not node.loaded):
                    self.say(FAULT)
                    vcpus[0].state = "Halted"
                elif turn == "kick":
                    node.output += b"ARM Virt-v7 Basic Firmware\r\n\r\nbasic# "
                return f"{name}: {_DONE[turn]}"
        raise RefusedError(_USAGE)

    def _vcpu(self, words: list[str]) -> str:
        match words:
            case ["list"] | ["normal_list"] | ["orphan_list"]:
                shown = {"list": [*self.orphans, *self._vcpus], "normal_list": [*self._vcpus],
                         "orphan_list": self.orphans}[words[0]]  # fmt: skip
                rows = [f" {v.id:<6d} {v.cpu:<6d} {v.prio:<7d} {v.state:<10s} {v.name:<17s} "
                        f"{{{','.join(map(str, v.affinity))}}}" for v in shown]  # fmt: skip
                head = " ID     CPU    Prio    State      Name              Affinity"
                return "\n".join([_RULE, head + " " * 26, _RULE, *rows, _RULE])
            case ["dumpstat", number]:
                one = self._numbered(number)
                one.ran_ms += 10 if one.state in {"Running", "Ready"} else 0
                ran = f"0:00:{one.ran_ms // 1000:02d}:{one.ran_ms % 1000:03d}"
                return (
                    f"Name             : {one.name}\nState            : {one.state}\n"
                    f"Priority         : {one.prio}\nHost CPU         : {one.cpu}\n\n"
                    f"Ready Time       : 0:00:00:012\nRunning Time     : {ran}\n"
                    "Paused Time      : 0:00:00:314\nHalted Time      : 0:00:00:000\n"
                    "Total Time       : 0:01:11:605\nSystem Time      : 0:00:38:457\n\n"
                    f"Reset Count      : {one.resets}\nLast Reset Since : 0:01:13:039\n"
                )
            case ["set_affinity", number, *cpus]:
                one = self._numbered(number)
                for cpu in map(int, cpus):
                    if cpu > 7:
                        raise RefusedError(f"Invalid host CPU{cpu} (>= 8)", 5)
                    if cpu > 1:
                        raise RefusedError(f"Host CPU{cpu} not online", 5)
                one.affinity = sorted(map(int, cpus))
                if one.cpu not in one.affinity:
                    one.cpu = one.affinity[0]
                return f"{one.name}: Set affinity done"
            case [("kick" | "pause" | "resume" | "halt" | "reset") as turn, number]:
                one = self._numbered(number)
                self._turn(turn, [one], one.name)
                return f"{one.name}: {_DONE[turn]}"
        raise RefusedError("Usage:\n   vcpu help\n   vcpu list")

    def _vserial(self, words: list[str]) -> str:
        match words:
            case ["list"]:
                rows = [f" {one.name + '/uart0':<39s}" for one in self.guests]
                return "\n".join(["-" * 40, f" {'Name':<39s}", "-" * 40, *rows, "-" * 40])
            case ["dump", port]:
                node = self._port(port)
                output, node.output = node.output, b""
                tag = f"[{port}] "
                text = re.sub(r"[\r\n]", lambda m: m[0] + tag, output.decode())
                return f"{tag}{text}"
            case ["bind", port]:
                self.bound = self._port(port)
                self.say(f"[{port}] ".encode())
                self._write_tagged(self.bound.output)
                self.bound.output = b""
                return ""
        raise RefusedError("Usage:\n   vserial bind <name>\n   vserial dump <name> [<byte_count>]")

    def _turn(self, turn: str, vcpus: list[Vcpu], who: str) -> None:
        """Change states one after the other; what is refused leaves those before changed."""
        to = {"kick": "Ready", "resume": "Ready", "pause": "Paused", "halt": "Halted",
              "reset": "Reset"}[turn]  # fmt: skip
        for one in vcpus:
            bad = {
                "Ready": one.state == "Halted",
                "Paused": one.state in {"Reset", "Halted", "Paused"},
                "Halted": one.state == "Halted",
                "Reset": False,
            }[to]
            if bad:
                raise RefusedError(
                    f"vcpu={one.name} current_state={_CODES[one.state]:#x} to "
                    f"new_state={_CODES[to]:#x} failed (error -5)\n"
                    "WARNING: vmm_scheduler_state_change() at core/vmm_scheduler.c:696\n"
                    "0x1003BEC8 vmm_scheduler_state_change+0x548/0x948\n"
                    f"{who}: Failed to {turn}",
                    5,
                )
            one.state = "Running" if to == "Ready" else to
            if to == "Reset":
                one.resets += 1
                one.ran_ms = 0

    def _make(self, node: Node) -> None:
        node.vcpus = [Vcpu(self._next + at, f"{node.name}/vcpu{at}", at % 2)
                      for at in range(node.count)]  # fmt: skip
        self._next += node.count
        node.loaded = False
        self.guests.append(node)

    @property
    def _vcpus(self) -> Iterator[Vcpu]:
        return (vcpu for node in self.guests for vcpu in node.vcpus)

    def _numbered(self, text: str) -> Vcpu:
        number = int(match[0]) if (match := re.match(r"\d+", text)) else 0  # atoi
        for one in (*self.orphans, *self._vcpus):
            if one.id == number:
                return one
        raise RefusedError("Failed to find vcpu")

    def _guest_named(self, name: str) -> Node:
        for one in self.guests:
            if one.name == name:
                return one
        raise RefusedError("Failed to find guest", 3)

    def _port(self, port: str) -> Node:
        for one in self.guests:
            if f"{one.name}/uart0" == port:
                return one
        raise RefusedError("Failed to find virtual serial port")


_CPU_STATS = f"""{"-" * 80}
 CPU#           HWID     Speed (MHz)     Util. (%)     IRQs (%)     Active VCPUs
{"-" * 80}
    0            0x0        1194.764          26.6          1.4               2 @
    1            0x1        1770.888          24.8          0.5               2 @
{"-" * 80}""".replace("@", "")
_IRQ_STATS = f"""{"-" * 76}
 IRQ#    HWIRQ#  Name                 Chip             CPU0       CPU1      @
{"-" * 76}
 0       0       IPI                  GIC              0          13        @
 26      26      gen-hyp-timer        GIC              156        42        @
 33      33      pl011@9000000        GIC              121        0         @
{"-" * 76}""".replace("     @", "     ").replace("@\n", "\n")
_DONE = {"kick": "Kicked", "pause": "Paused", "resume": "Resumed", "halt": "Halted",
         "reset": "Reset"}  # fmt: skip


class XvisorLine:
    """A serial line with that terminal at its end (a `SharedLine`), without a device.

    Attributes:
        terminal: The terminal.
        typed: All that was typed.
    """

    name = "/dev/ttyUSB7"
    state = "open"

    def __init__(self, **options: dict[str, int]) -> None:
        self.terminal = XvisorTerminal(self._hear, **options)
        self.typed = b""
        self.is_open = True
        self.scrollback = b""
        self._listeners: list[Callable[[bytes], None]] = []

    def subscribe(self, callback: Callable[[bytes], None]) -> Callable[[], None]:
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback) if callback in self._listeners else None

    def write(self, data: bytes) -> None:
        self.typed += data
        self.terminal.key(data)

    async def open(self) -> None:
        self.is_open = True

    async def close(self) -> None:
        self.is_open = False

    def _hear(self, data: bytes) -> None:
        self.scrollback += data
        for listener in tuple(self._listeners):
            listener(data)
