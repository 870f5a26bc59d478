"""The guests that are sampled beside a board's runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from hvconsole.model.problem import BoardProblem, LinkProblem, Problem
from hvconsole.model.run import RunSettings
from hvconsole.model.text import plain
from hvconsole.session.guest_place import Static
from hvconsole.session.guest_stream import Begin, GuestStream, HostRun
from hvconsole.session.hypervisor import HypervisorDesk
from hvconsole.stream.beside import Beside


class GuestDesk:
    """Samples guests whenever the board is sampled.

    Args:
        board: The board's name.
        desk: Knows the guests, and the way to their consoles.
        read_only: Load no counter module in them.
        trouble: Told what goes wrong without ending the board's run.
        tell: Told what is being done, in words.
        mark: Told what a person began and ended, for the timeline and the recording.
        refuse: Raises a `Problem` where nothing can be sampled beside the board's run.
    """

    def __init__(
        self,
        board: str,
        desk: HypervisorDesk,
        *,
        read_only: bool,
        trouble: Callable[[Problem], None],
        tell: Callable[[str], None],
        mark: Callable[[str], None] = lambda _: None,
        refuse: Callable[[], None] = lambda: None,
    ) -> None:
        self._board, self._desk = board, desk
        self._read_only, self._trouble, self._tell = read_only, trouble, tell
        self._mark, self._refuse = mark, refuse
        self._wanted: tuple[str, ...] = ()
        self._streams: dict[str, GuestStream] = {}
        self._let_go: dict[str, GuestStream] = {}  # ended by a person; shown as long as the run
        self._how: tuple[RunSettings, Static] | None = None
        self._host: tuple[HostRun, Begin] | None = None
        self._one_at_a_time = asyncio.Lock()

    @property
    def wanted(self) -> tuple[str, ...]:
        """Names or keys of the guests that the next run samples as well."""
        return self._wanted

    @property
    def streams(self) -> tuple[GuestStream, ...]:
        """Those that have been prepared, in the order in which they were asked for."""
        return tuple(self._streams.values())

    @property
    def beside(self) -> list[Beside]:
        """The streams of the present run, or of the last one."""
        return [
            Beside(one.name, one.hub.live, one.shift_s)
            for one in (*self._let_go.values(), *self._streams.values())
            if one.hub.live.hello is not None
        ]

    @property
    def labels(self) -> tuple[str, ...]:
        """What a reader of the guests' figures must know: how their clocks stand to the board's."""
        running = (one for one in self._streams.values() if one.is_running)
        return tuple(f"guest {one.name} {one.clock.brief}" for one in running)

    def want(self, guests: Iterable[str]) -> None:
        """Have the runs that follow sample these guests as well, and no others."""
        self._wanted = tuple(dict.fromkeys(guests))

    async def toggle(self, guest: str) -> bool:
        """Sample a guest beside this run and those that follow, or no more; tell which.

        Args:
            guest: Its name.

        Raises:
            Problem: It cannot be sampled, with the reason; all is as before.
        """
        async with self._one_at_a_time:
            if guest in self._wanted:
                self._wanted = tuple(name for name in self._wanted if name != guest)
                if guest in self._streams:
                    self._let_go[guest] = self._streams[guest]
                    await self._drop(guest)
                    self._mark(f"no more samples in guest {plain(guest, 60)}")
                return False
            self._wanted = (*self._wanted, guest)
            try:
                self._refuse()
                await self._begin_beside(guest)
            except BaseException:
                self._wanted = tuple(name for name in self._wanted if name != guest)
                if guest in self._streams:
                    await self._drop(guest)
                raise
            return True

    async def prepare(self, settings: RunSettings, static: Static) -> None:
        """Log in to each guest, and have the sampler there.

        Args:
            settings: The board's run.
            static: Makes the sampler.

        Raises:
            Problem: One of them cannot be sampled; the run should not begin without it.
        """
        self._how = settings, static
        self._let_go.clear()
        for name in [name for name in self._streams if name not in self._wanted]:
            await self._drop(name)
        for name in self._wanted:
            await self._ready(name, settings, static)

    async def begin(self, host: HostRun, begin: Begin) -> None:
        """Begin to sample in all of them.

        Args:
            host: The board's run, which has begun.
            begin: Begins a guest's stream in the recording.

        Raises:
            Problem: One of them cannot be sampled; those that could are ended again.
        """
        self._host = host, begin
        try:
            for stream in self.streams:
                self._tell(f"calibrating in guest {stream.name}")
                await stream.start(host, begin)
        except BaseException:
            await self.end()
            raise

    async def end(self) -> None:
        """End the guests' runs; what ended before its time is told."""
        self._host = None
        streams = self.streams
        ends = await asyncio.gather(*(stream.stop() for stream in streams))
        for stream, end in zip(streams, ends, strict=True):
            if end is not None and not end.clean:
                problem = end.problem
                self._trouble(
                    LinkProblem(
                        f"sampling guest {stream.name} ended before the board's run: {end.reason}",
                        detail=problem.detail,
                        hint=problem.hint,
                    )
                )

    async def close(self) -> None:
        """Leave all guests as they were found, and let go of their consoles."""
        for name in list(self._streams):
            await self._drop(name)

    async def _begin_beside(self, name: str) -> None:
        """Begin in one guest beside the run that goes on; where there is none, the next one will.

        Raises:
            Problem: It cannot be sampled.
        """
        host, how = self._host, self._how
        if host is None or how is None:
            return
        try:
            await self._ready(name, *how)
            if self._host is not host:
                return  # the run has ended meanwhile
            self._tell(f"calibrating in guest {plain(name, 60)}")
            await self._streams[name].start(*host)
            self._let_go.pop(name, None)
        finally:
            self._tell("")
        self._mark(f"sampling in guest {plain(name, 60)}")
        if self._host is not host:
            await self._streams[name].stop()

    async def _ready(self, name: str, settings: RunSettings, static: Static) -> None:
        stream = self._streams.get(name)
        if stream is not None and not stream.is_ready:
            await self._drop(name)
            stream = None
        if stream is None:
            guest, system, console = await self._desk.console(name)
            if self._desk.typing_to == console.name:
                raise BoardProblem(
                    f"somebody types to {plain(console.name, 60)}",
                    detail="the sampler in a guest needs its one console",
                    hint="leave the console on the Serial screen first",
                )
            stream = GuestStream(
                guest, system, console, self._board,
                read_only=self._read_only, trouble=self._trouble,
            )  # fmt: skip
            self._tell(f"a sampler for guest {stream.name}")
        self._streams[name] = stream
        try:
            await stream.prepare(settings, static)
        except BaseException:
            await self._drop(name)  # somebody else may need its console
            raise

    async def _drop(self, name: str) -> None:
        left = await self._streams.pop(name).close()
        if left is not None:
            self._trouble(left)
