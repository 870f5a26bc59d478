"""A board reached over SSH, with nothing installed on it but an SSH server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import asyncssh

from hvconsole.link.hostkeys import Decide
from hvconsole.link.local import too_long, too_slow
from hvconsole.link.output import Collector, OutputTooLongError
from hvconsole.link.protocol import Capability, Completed, Sink
from hvconsole.link.ssh_connect import KEEPALIVE_COUNT, Connector, SshFiles
from hvconsole.link.ssh_errors import lost_problem, session_problem
from hvconsole.link.ssh_process import SshProcess, SshTerminal
from hvconsole.link.upload import upload_by_command, upload_by_sftp
from hvconsole.link.words import checked_path, command_line
from hvconsole.model.board import SshAddress
from hvconsole.model.problem import LinkProblem

# sshd allows ten sessions on a connection unless told otherwise; two are left for mishaps.
MAX_CHANNELS = 8

_GRACE_S = 2.0
_PAUSES_S = (0.02, 0.05, 0.1, 0.2)

# Without a handler of its own, Python writes this logger's warnings across the screen.
logging.getLogger("asyncssh").addHandler(logging.NullHandler())


class SshLink:
    """A link over one SSH connection.

    Args:
        address: The board.
        decide: Asked about a host key that no file knows (it may be a coroutine function); None
            refuses such keys. Changed and revoked keys are always refused, without asking.
        files: Which files and which agent count; None means the user's own.
        timeout_s: Seconds that each machine on the way has to let us in.
    """

    def __init__(
        self,
        address: SshAddress,
        *,
        decide: Decide | None = None,
        files: SshFiles | None = None,
        timeout_s: float = 15.0,
    ) -> None:
        self._address = address
        self._connector = Connector(address, files or SshFiles.usual(), decide, timeout_s)
        self._connections: list[asyncssh.SSHClientConnection] = []
        self._channels = asyncio.Semaphore(MAX_CHANNELS)
        self._processes: set[SshProcess] = set()
        self._closed: asyncio.Future[Exception | None] | None = None
        self._closing = False
        self._has_sftp = True

    @property
    def name(self) -> str:
        """The address as a person writes it: ``root@192.0.2.7``."""
        return str(self._address)

    @property
    def capabilities(self) -> Capability:
        """Run, stream and put."""
        return Capability.RUN | Capability.STREAM | Capability.PUT

    async def open(self) -> None:
        """Connect.

        Raises:
            LinkProblem: The board cannot be reached, is not the one it should be, or lets us not
                in; with what was tried, and the fix.
        """
        self._closed = asyncio.get_running_loop().create_future()
        try:
            self._connections = await self._connector.open(self._lost)
        except BaseException:
            self._end(None)
            raise

    async def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 30.0
    ) -> Completed:
        """Run a command to its end.

        Raises:
            BoardProblem: It did not end in time, or wrote more than 64 MiB; it was given up.
            LinkProblem: The link was lost, or the server begins no other session.
        """
        output = Collector()
        process: SshProcess | None = None
        try:
            async with asyncio.timeout(timeout):
                process = await self.stream(argv, output)
                process.write(stdin)
                process.close_stdin()
                status = await process.wait()
        except TimeoutError:
            raise too_slow(argv, self.name, timeout) from None
        except OutputTooLongError:
            raise too_long(argv, self.name) from None
        finally:
            if process is not None:
                process.abandon()
        return Completed(tuple(argv), status, output.data, process.stderr)

    async def stream(self, argv: Sequence[str], sink: Sink) -> SshProcess:
        """Start a command; hand its standard output to `sink` as it arrives.

        At most `MAX_CHANNELS` run at a time; a further one waits for its turn.

        Raises:
            LinkProblem: The link was lost, or the server begins no other session.
        """
        return await self._start(argv, sink, SshProcess)

    async def terminal(self, argv: Sequence[str], sink: Sink) -> SshProcess:
        """Start a command on a terminal of its own; closing its input hangs that up.

        Raises:
            LinkProblem: The link was lost, or the server begins no other session.
        """
        return await self._start(argv, sink, SshTerminal)

    async def _start(self, argv: Sequence[str], sink: Sink, kind: type[SshProcess]) -> SshProcess:
        command = command_line(argv)
        await self._channels.acquire()
        slot = _Slot(self._channels)
        process = kind(sink, self._reason, slot.free)
        try:
            await self._begin(process, command)
        except (OSError, asyncssh.Error) as error:
            slot.free()
            raise self._refused(error) from error
        except BaseException:
            process.abandon()
            slot.free()
            raise
        self._processes.add(process)
        process.ended.add_done_callback(lambda _: self._processes.discard(process))
        return process

    async def put(self, data: bytes, path: str, *, mode: int = 0o644) -> None:
        """Write a file on the board: whole or not at all.

        Raises:
            BoardProblem: It cannot be written; the reason is in the detail.
            LinkProblem: The link was lost.
        """
        checked_path(path)
        async with self._channels:
            try:
                if self._has_sftp:
                    self._has_sftp = await upload_by_sftp(
                        self._connection(), self.name, data, path, mode
                    )
            except (OSError, asyncssh.Error) as error:
                raise self._refused(error) from error
        if not self._has_sftp:
            await upload_by_command(self, data, path, mode)

    async def closed(self) -> Exception | None:
        """Wait until the link is closed; return why, or None if we closed it."""
        if self._closed is None:
            return None
        return await asyncio.shield(self._closed)

    async def close(self) -> None:
        """End our programs by their standard input, then the connections. Safe to call twice."""
        self._closing = True
        for process in self._processes:
            process.close_stdin()
        if awaited := [each.ended for each in self._processes if not each.abandoned]:
            await asyncio.wait(awaited, timeout=_GRACE_S)
        connections, self._connections = self._connections, []
        for connection in reversed(connections):
            connection.close()
            try:
                async with asyncio.timeout(_GRACE_S):
                    await connection.wait_closed()
            except TimeoutError:
                connection.abort()  # a dead link takes no more bytes; nothing to wait for
        self._end(None)

    async def _begin(self, process: SshProcess, command: str) -> None:
        """Open a channel for a command, trying again for a moment.

        sshd counts a session until it has collected the ended command, a little longer than its
        channel lasts; one that is full right now may have room at once.
        """
        pauses = iter(_PAUSES_S)
        while True:
            try:
                await self._connection().create_session(
                    lambda: process, command, encoding=None, **process.wants
                )
            except asyncssh.ChannelOpenError:
                pause = next(pauses, None)
                if process.begun or pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                return

    def _connection(self) -> asyncssh.SSHClientConnection:
        """Return the connection to the board.

        Raises:
            LinkProblem: There is none any more; the reason is that of the loss.
        """
        if self._closed is None or self._closing:
            raise LinkProblem(f"{self.name} is not connected", hint="open the link first")
        if self._closed.done() or not self._connections:
            raise self._reason(None)
        return self._connections[-1]

    def _lost(self, error: Exception | None) -> None:
        """The board's connection ended, or never came about."""
        if self._closing or not self._connections:
            return
        keepalive = self._address.keepalive_s
        self._end(lost_problem(error, self.name, keepalive, KEEPALIVE_COUNT))

    def _end(self, reason: LinkProblem | None) -> None:
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(reason)

    def _reason(self, error: Exception | None) -> LinkProblem:
        """Return why the link, or a channel of it, ended: the link's own reason if it has one."""
        if self._closed is not None and self._closed.done():
            reason = self._closed.result()
            if isinstance(reason, LinkProblem):
                return reason
        if self._closing:
            return LinkProblem(f"the link to {self.name} was closed", hint="connect again")
        return lost_problem(error, self.name, self._address.keepalive_s, KEEPALIVE_COUNT)

    def _refused(self, error: Exception) -> LinkProblem:
        """Return the problem of a channel that did not open."""
        if self._closing or (self._closed is not None and self._closed.done()):
            return self._reason(error)
        if isinstance(error, asyncssh.ChannelOpenError):
            return session_problem(error, self.name)
        return self._reason(error)


class _Slot:
    """One channel's place among those that may be open; given back once, by whoever is first."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places: asyncio.Semaphore | None = places

    def free(self) -> None:
        places, self._places = self._places, None
        if places is not None:
            places.release()
