"""The board's serial console beside the measurement: kept as a log, and listened to for alarms.

A parked CPU or a panic takes the network down; then the console is all that still speaks. A
session has one owner of the port, which is this: whoever else reads the line subscribes here, and
whoever types on it does so through here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from hvconsole.link.listeners import Listeners
from hvconsole.link.serial import SerialLink
from hvconsole.link.serial_protocol import ByteSink, SerialPort, SerialState
from hvconsole.model.problem import BoardProblem, Problem
from hvconsole.model.text import plain
from hvconsole.session.parked import explain
from hvconsole.wire.console import Alarm, AlarmFinder, AlarmKind, LineSplitter
from hvconsole.wire.xvisor import fault_words

_BACKLOG = 64 << 10
_SCROLLBACK = 256 << 10

_WHAT = {
    AlarmKind.LINUX_PANIC: ("the board's kernel panicked", "reset the board; its log says where"),
    AlarmKind.LINUX_OOPS: ("the board's kernel met a fault", "what it does from here is uncertain"),
    AlarmKind.LINUX_BUG: ("the board's kernel met a bug", "what it does from here is uncertain"),
    AlarmKind.LINUX_STALL: ("a CPU of the board hangs", "is a real-time task keeping it?"),
    AlarmKind.XEN_PANIC: ("Xen crashed", "the board restarts by itself, or has to be reset"),
    AlarmKind.CPU_PARKED: (
        "Jailhouse parked a CPU",
        "its cell touched what its configuration does not give it; the lines before say what",
    ),
    AlarmKind.CPU_STOPPED: ("Jailhouse stopped a CPU", "the lines before say why"),
    AlarmKind.UNHANDLED_ACCESS: (
        "a cell read or wrote outside its memory",
        "add that region to the cell's configuration",
    ),
    AlarmKind.HYPERVISOR_FATAL: ("the hypervisor gave up", "reset the board"),
    AlarmKind.GUEST_FAULT: (
        "a guest of Xvisor did what it may not, and its vCPU stands still",
        "Xvisor has halted that vCPU: reset the guest, then start it",
    ),
    AlarmKind.REBOOT: (
        "the board restarted",
        "what ran on it is gone; connect again when it is up",
    ),
}


class ConsoleWatch:
    """Owns one serial line for as long as a session lasts.

    Attributes:
        expects_boot: The board is being restarted on purpose: no alarm for that.

    Args:
        address: Where the line is, as `hvconsole.link.serial_url` understands it.
        log: Takes every byte.
        alarm: Is told what went wrong, as a problem; not what was said twice in a row.
        profile: Kind of hardware, for what lies at an address.

    Raises:
        UsageProblem: That is no address of a serial line.
    """

    def __init__(
        self,
        address: str,
        log: Callable[[bytes], None],
        alarm: Callable[[Problem], None],
        profile: str = "",
    ) -> None:
        self.expects_boot = False
        self._log = log
        self._alarm = alarm
        self._profile = profile
        self._lines = LineSplitter()
        self._finder = AlarmFinder()
        self._last = ""
        self._trouble = ""
        self._scrollback = bytearray()
        self._listeners = Listeners()
        self._port = SerialLink(address, self._take)

    @property
    def name(self) -> str:
        """The line's address, as a person writes it."""
        return self._port.name

    @property
    def state(self) -> str:
        """How the line is: ``open``, ``waiting for the adapter``, or why it is not."""
        return self._trouble or self._port.state.value

    @property
    def is_open(self) -> bool:
        """Whether something can be typed now."""
        return self._port.state is SerialState.OPEN

    @property
    def port(self) -> SerialPort:
        """The port, for those who type on it; opening and closing it is not theirs."""
        return self._port

    @property
    def scrollback(self) -> bytes:
        """What the line said last, as it came: the newest 256 KiB."""
        return bytes(self._scrollback)

    def subscribe(self, callback: ByteSink) -> Callable[[], None]:
        """Hand everything that arrives from now on to somebody, on the event loop.

        Args:
            callback: Takes bytes as they came, in any portions. It must not raise.

        Returns:
            What ends that; safe to call twice.
        """
        return self._listeners.add(callback)

    def write(self, data: bytes) -> None:
        """Type something, soon; never blocks.

        Raises:
            LinkProblem: The line is not open, or does not take what was sent before.
        """
        self._port.write(data)

    async def open(self) -> None:
        """Begin to listen. Where the line cannot be opened the session goes on without it."""
        if self.is_open:
            return
        try:
            await self._port.open()
        except Problem as problem:
            self._trouble = problem.title
        else:
            self._trouble = ""

    async def close(self) -> None:
        """Stop listening. Safe to call twice."""
        await self._port.close()

    def _take(self, data: bytes) -> None:
        self._log(data)
        self._scrollback += data
        del self._scrollback[:-_SCROLLBACK]
        self._listeners.tell(data)
        for line in self._lines.feed(data):
            for alarm in self._finder.feed(line):
                self._raise(alarm)

    def _raise(self, alarm: Alarm) -> None:
        # A guest that was started again may fault in the same way again.
        is_news = alarm.text != self._last or alarm.kind is AlarmKind.GUEST_FAULT
        if not is_news or (self.expects_boot and alarm.kind is AlarmKind.REBOOT):
            return
        self._last = alarm.text
        self._alarm(explain(alarm, self._profile) or problem_of(alarm))


def problem_of(alarm: Alarm) -> BoardProblem:
    """Say an alarm as a problem: what happened, the line that says so, what to do."""
    title, hint = _WHAT[alarm.kind]
    where = [
        f"{name} {plain(alarm.details[name], 64)}"
        for name in ("cpu", "cell", "guest")
        if name in alarm.details
    ]
    if "guest" in alarm.details:
        title = title.replace("the board's kernel", "a guest's kernel").replace(
            "a CPU of the board", "a vCPU of a guest"
        )
    if where:
        title = f"{title} ({', '.join(where)})"
    lines = [alarm.details["cause"]] if "cause" in alarm.details else []
    if alarm.kind is AlarmKind.GUEST_FAULT:
        lines.append(fault_words(alarm.details))
    return BoardProblem(title, detail="\n".join([*lines, alarm.text]), hint=hint)


class Backlog:
    """What the console said before there was a recording to keep it: the newest 64 KiB."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(self, data: bytes) -> None:
        """Take bytes; forget the oldest."""
        self._bytes += data
        del self._bytes[:-_BACKLOG]

    def drain(self, into: Callable[[bytes], None]) -> None:
        """Hand over what there is."""
        if self._bytes:
            with contextlib.suppress(Problem):
                into(bytes(self._bytes))
            self._bytes.clear()
