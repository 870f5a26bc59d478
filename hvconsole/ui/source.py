"""What the screens need from the session: the one seam between them.

The screens pull; nothing is pushed at them. A live board, a simulated one and a replay all look
like this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from hvconsole.model.status import LinkState, RunState, Status

if TYPE_CHECKING:
    from hvconsole.hypervisor.actions import Action
    from hvconsole.hypervisor.inquiry import Inquiry
    from hvconsole.hypervisor.plan import Plan
    from hvconsole.hypervisor.state import DeskState
    from hvconsole.link.duplex import Duplex
    from hvconsole.link.serial_protocol import SerialPort
    from hvconsole.model.boot import BootMode, BootProgress
    from hvconsole.model.hypervisor import Survey
    from hvconsole.model.inspection import CellFile, Inspection
    from hvconsole.model.tracing import TraceState
    from hvconsole.stream.snapshot import Snapshot, View
    from hvconsole.stream.vcpu_lane import VcpuLane

__all__ = [
    "Boots",
    "Console",
    "Desk",
    "Guests",
    "LinkState",
    "Playback",
    "RunState",
    "SerialLine",
    "Status",
    "Tracing",
]


class Playback(Protocol):
    """The additional powers of a recorded session."""

    @property
    def position_s(self) -> float:
        """Where it stands, seconds since its beginning."""

    @property
    def duration_s(self) -> float:
        """How long it is in seconds."""

    @property
    def speed(self) -> float:
        """How fast it plays; 1 is as it happened."""

    @property
    def playing(self) -> bool:
        """Whether it moves."""

    def seek(self, position_s: float) -> None:
        """Go to a moment; outside the session means its nearer end."""

    def set_speed(self, speed: float) -> None:
        """Play at this speed from now on."""

    def toggle(self) -> None:
        """Play, or stop playing."""


class Desk(Protocol):
    """The hypervisor of a connected board. `hvconsole.session.hypervisor` has the real one."""

    @property
    def system(self) -> str:
        """The system that runs on the board; empty where none is known. Cheap."""

    @property
    def joined(self) -> Duplex | None:
        """The guest's console that is shown instead of the board's line; None for none."""

    @property
    def state(self) -> DeskState:
        """The state of affairs. Asking says that somebody watches: the board is looked at."""

    def plan(self, action: Action) -> Plan:
        """Say how an action would be done; nothing is asked or changed."""

    async def configurations(self) -> list[CellFile]:
        """Return configurations that lie on the board."""

    async def ask(self, inquiry: Inquiry) -> list[str]:
        """Ask the hypervisor for something; nothing is changed."""

    async def inspect(self, action: Action) -> Inspection | None:
        """Judge the configuration that an action would use; None where there is none."""

    async def do(self, action: Action) -> Survey:
        """Do an action; its danger has been agreed to."""

    async def look(self) -> Survey:
        """Look now."""

    async def join(self, guest: str) -> None:
        """Have what is typed go to a guest's console, by whatever way the system has."""

    async def bind(self, console: str) -> None:
        """Give the hypervisor's terminal to a guest's console: keys on the line go there."""

    async def unbind(self) -> None:
        """Leave the guest's console that is typed to."""


class SerialLine(Protocol):
    """The board's serial console. `hvconsole.session.console_watch` has the real one."""

    @property
    def name(self) -> str:
        """Its address, as a person writes it."""

    @property
    def state(self) -> str:
        """How it is, in words."""

    @property
    def is_open(self) -> bool:
        """Whether something can be typed now."""

    @property
    def port(self) -> SerialPort:
        """Where to type with pauses, and to send BREAK."""

    @property
    def scrollback(self) -> bytes:
        """What it said last."""

    def subscribe(self, callback: Callable[[bytes], None]) -> Callable[[], None]:
        """Hand on what arrives; return what ends that."""

    def write(self, data: bytes) -> None:
        """Type something. Raises `LinkProblem` where the line is not open."""


class Boots(Protocol):
    """The boot modes of a connected board. `hvconsole.session.boot` has the real one."""

    @property
    def modes(self) -> Mapping[str, BootMode]:
        """The modes that the board can be booted into, by name."""

    @property
    def current(self) -> str:
        """The mode that the board was booted into and is still known to be in; empty for none."""

    @property
    def progress(self) -> BootProgress | None:
        """The boot that is being done, or the last one; None before the first."""

    @property
    def is_booting(self) -> bool:
        """Whether one is being done now."""

    async def boot(self, mode: str) -> BootProgress:
        """Boot the board into a mode and prove it; this has been agreed to."""


class Tracing(Protocol):
    """Xen's scheduler traced beside runs. `hvconsole.session.trace_desk` has the real one."""

    @property
    def state(self) -> TraceState:
        """The state of affairs. Cheap: asked for at every frame."""

    @property
    def cost(self) -> str:
        """What tracing costs, in words."""

    async def toggle(self) -> bool:
        """Trace this run and those that follow, or no more; tell which."""


class Guests(Protocol):
    """The guests that are sampled beside runs. `hvconsole.session.guests` has the real one."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """Their names."""

    async def toggle(self, guest: str) -> bool:
        """Sample a guest beside this run and those that follow, or no more; tell which."""


class Console(Protocol):
    """One connected board, or one recorded session, as the screens see it.

    The coroutines raise `Problem`; the screens show it and go on.
    """

    @property
    def status(self) -> Status:
        """The state of affairs. Cheap: asked for at every frame."""

    @property
    def playback(self) -> Playback | None:
        """The controls of a recorded session; None for a board."""

    @property
    def hypervisor(self) -> Desk | None:
        """What is known of the board's hypervisor; None for a recording."""

    @property
    def boots(self) -> Boots | None:
        """The ways to boot the board; None for a recording."""

    @property
    def serial_console(self) -> SerialLine | None:
        """The board's serial line; None for a recording, and where there is none."""

    @property
    def vcpus(self) -> VcpuLane | None:
        """Which vCPU had each physical CPU; None where Xen's scheduler was not traced."""

    @property
    def tracing(self) -> Tracing | None:
        """Xen's scheduler records beside runs; None for a recording."""

    @property
    def guests(self) -> Guests | None:
        """The guests that are sampled beside runs; None for a recording."""

    def snapshot(self, view: View) -> Snapshot:
        """Return what the view shows now. Cheap: called at every frame."""

    async def open(self) -> None:
        """Connect to the board."""

    async def start_run(self) -> None:
        """Begin a measured run; returns once it runs."""

    async def stop_run(self) -> None:
        """End the measured run and keep its record; returns once it ended."""

    async def close(self) -> None:
        """End everything and leave the board as it was found. Safe to call twice."""
