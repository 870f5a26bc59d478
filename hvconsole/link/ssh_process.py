"""A command on a board: one SSH channel, its output handed on as it arrives."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import asyncssh

from hvconsole.link.output import GuardedSink, Tail
from hvconsole.link.protocol import Sink
from hvconsole.model.problem import LinkProblem


class SshProcess(asyncssh.SSHClientSession[bytes]):
    """The session of one channel. Callbacks instead of streams: one call for each chunk.

    Args:
        sink: Takes standard output.
        lost: Turns the reason of a channel's end without a status into a problem.
        freed: Called when the channel is gone.
    """

    wants: Mapping[str, Any] = MappingProxyType({})
    """What is asked of the server beside the command."""

    def __init__(
        self,
        sink: Sink,
        lost: Callable[[Exception | None], LinkProblem],
        freed: Callable[[], None],
    ) -> None:
        self._sink = GuardedSink(sink)
        self._lost = lost
        self._freed = freed
        self._tail = Tail()
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None
        self._status: int | None = None
        self.begun = False
        self.abandoned = False
        self.ended: asyncio.Future[int | LinkProblem] = asyncio.get_running_loop().create_future()

    @property
    def stderr(self) -> bytes:
        """The last 64 KiB of standard error."""
        return self._tail.data

    def write(self, data: bytes) -> None:
        """Send bytes to its standard input; ignored once that has ended."""
        if self._channel is not None and data:
            with contextlib.suppress(OSError):
                self._channel.write(data)

    def close_stdin(self) -> None:
        """End its standard input."""
        if self._channel is not None:
            with contextlib.suppress(OSError):
                self._channel.write_eof()

    async def wait(self) -> int:
        """Wait until it ended and all output was delivered; return its status."""
        end = await asyncio.shield(self.ended)
        if self._sink.error is not None:
            raise self._sink.error
        if isinstance(end, LinkProblem):
            raise end
        return end

    def abandon(self) -> None:
        """Close the channel without waiting. Safe when it ended.

        sshd closes the command's pipes then and kills nothing: a program that reads its standard
        input ends by itself. The signal reaches commands where sshd passes signals on. Until the
        command ends, sshd counts its session, and so do we.
        """
        # Asked by a flag of our own: asyncssh calls a channel closing once its input has ended.
        if self._channel is not None and not self.abandoned:
            self.abandoned = True
            with contextlib.suppress(OSError):
                self._channel.terminate()
            self._channel.close()
        self.abandoned = True

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        """The channel is open."""
        self._channel = chan
        self.begun = True

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """Output came: standard output, or standard error where `datatype` says so."""
        if datatype == asyncssh.EXTENDED_DATA_STDERR:
            self._tail.add(data)
        elif not self._sink.feed(data):
            self.abandon()

    def eof_received(self) -> bool:
        """Output ended; the channel stays open for the status."""
        return True

    def exit_status_received(self, status: int) -> None:
        """The command ended by itself."""
        self._status = status

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        """The command was ended by a signal."""
        del core_dumped, msg, lang
        self._status = -_signal_number(signal)

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel is gone."""
        self._channel = None
        if not self.ended.done():
            self.ended.set_result(self._status if self._status is not None else self._lost(exc))
        self._freed()


class SshTerminal(SshProcess):
    """A command on a terminal of its own, which passes bytes as they are."""

    wants: Mapping[str, Any] = MappingProxyType(
        {
            "request_pty": "force",  # whatever the user's ssh configuration says
            "term_type": "dumb",
            "term_size": (80, 24),
            "term_modes": dict.fromkeys(
                (
                    asyncssh.PTY_ECHO,
                    asyncssh.PTY_ICANON,
                    asyncssh.PTY_ISIG,
                    asyncssh.PTY_ICRNL,
                    asyncssh.PTY_IXON,
                    asyncssh.PTY_OPOST,
                ),
                0,
            ),
        }
    )

    def close_stdin(self) -> None:
        """Hang up: a terminal has no end of input."""
        self.abandon()


def _signal_number(name: str) -> int:
    """Return the number of a signal by its SSH name (``TERM``); SIGKILL's for unknown names."""
    with contextlib.suppress(KeyError):
        return signal.Signals[f"SIG{name}"]
    return signal.SIGKILL
