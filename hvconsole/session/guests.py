"""The guests that are sampled beside a board's runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from hvconsole.model.problem import LinkProblem, Problem
from hvconsole.model.run import RunSettings
from hvconsole.session.guest_stream import Begin, GuestStream, HostRun, Static
from hvconsole.session.hypervisor import HypervisorDesk


class GuestDesk:
    """Samples guests whenever the board is sampled.

    Args:
        board: The board's name.
        desk: Knows the guests, and the way to their consoles.
        read_only: Load no counter module in them.
        trouble: Told what goes wrong without ending the board's run.
        tell: Told what is being done, in words.
    """

    def __init__(
        self,
        board: str,
        desk: HypervisorDesk,
        *,
        read_only: bool,
        trouble: Callable[[Problem], None],
        tell: Callable[[str], None],
    ) -> None:
        self._board, self._desk = board, desk
        self._read_only, self._trouble, self._tell = read_only, trouble, tell
        self._wanted: tuple[str, ...] = ()
        self._streams: dict[str, GuestStream] = {}

    @property
    def wanted(self) -> tuple[str, ...]:
        """Names or keys of the guests that the next run samples as well."""
        return self._wanted

    @property
    def streams(self) -> tuple[GuestStream, ...]:
        """Those that have been prepared, in the order in which they were asked for."""
        return tuple(self._streams.values())

    def want(self, guests: Iterable[str]) -> None:
        """Have the runs that follow sample these guests as well, and no others."""
        self._wanted = tuple(dict.fromkeys(guests))

    async def prepare(self, settings: RunSettings, static: Static) -> None:
        """Log in to each guest, and have the sampler there.

        Args:
            settings: The board's run.
            static: Makes the sampler.

        Raises:
            Problem: One of them cannot be sampled; the run should not begin without it.
        """
        for name in [name for name in self._streams if name not in self._wanted]:
            await self._drop(name)
        for name in self._wanted:
            stream = self._streams.get(name)
            if stream is not None and not stream.is_ready:
                await self._drop(name)
                stream = None
            if stream is None:
                guest, system, console = await self._desk.console(name)
                stream = GuestStream(
                    guest, system, console, self._board,
                    read_only=self._read_only, trouble=self._trouble,
                )  # fmt: skip
                self._tell(f"a sampler for guest {stream.name}")
            await stream.prepare(settings, static)
            self._streams[name] = stream

    async def begin(self, host: HostRun, begin: Begin) -> None:
        """Begin to sample in all of them.

        Args:
            host: The board's run, which has begun.
            begin: Begins a guest's stream in the recording.

        Raises:
            Problem: One of them cannot be sampled; those that could are ended again.
        """
        try:
            for stream in self.streams:
                self._tell(f"calibrating in guest {stream.name}")
                await stream.start(host, begin)
        except BaseException:
            await self.end()
            raise

    async def end(self) -> None:
        """End the guests' runs; what ended before its time is told."""
        ends = await asyncio.gather(*(stream.stop() for stream in self.streams))
        for stream, end in zip(self.streams, ends, strict=True):
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

    async def _drop(self, name: str) -> None:
        left = await self._streams.pop(name).close()
        if left is not None:
            self._trouble(left)
