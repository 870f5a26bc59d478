"""What a recorded session's console said, at the moment the replay stands at."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from hvconsole.link.replay import Replay
from hvconsole.link.serial_protocol import SerialPort
from hvconsole.model.problem import LinkProblem, RecordProblem
from hvconsole.record.capture import SERIAL
from hvconsole.record.serial_log import Moments, between, log_size, read_spans, read_times, tail

_MOST = 256 << 10
_LOOK_S = 0.05
_ANEW = b"\x1bc\x1b[3J"  # reset, and forget what scrolled out


class RecordedSerial:
    """A session's log of its serial line, as the Serial screen reads a line.

    What was said up to the replay's moment is what can be seen; going back in the replay takes it
    back. Where no times were kept, all of the log can be seen at once.

    Args:
        path: The session's folder.
        playback: The replay whose moment counts.
    """

    name = SERIAL
    is_open = False

    def __init__(self, path: Path, playback: Replay) -> None:
        self._path = path
        self._playback = playback
        begins = [begin for begin, _ in playback.index.runs]
        spans = read_spans(path)
        self._moments = Moments(read_times(path), spans, begins, playback.duration_s)
        self._given = 0

    @property
    def state(self) -> str:
        """How far it can be followed."""
        return "recorded" if self._moments.known else "recorded, without times: all of it"

    @property
    def port(self) -> SerialPort:
        """There is none.

        Raises:
            LinkProblem: Always.
        """
        raise LinkProblem("nothing can be typed into a recording")

    @property
    def scrollback(self) -> bytes:
        """What had been said at the replay's moment, the newest 256 KiB of it."""
        self._given = self._upto()
        with contextlib.suppress(RecordProblem):
            return tail(self._path, _MOST, self._given)
        return b""

    def subscribe(self, callback: Callable[[bytes], None]) -> Callable[[], None]:
        """Hand on what is said as the replay goes by.

        Returns:
            What ends that.
        """
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle | None = None

        def look() -> None:
            nonlocal timer
            timer = loop.call_later(_LOOK_S, look)
            if data := self._news():
                callback(data)

        timer = loop.call_later(_LOOK_S, look)

        def end() -> None:
            timer.cancel()  # the one that is due now: each look makes another

        return end

    def write(self, data: bytes) -> None:  # noqa: ARG002  # the protocol's
        """Refuse: this is a recording.

        Raises:
            LinkProblem: Always.
        """
        raise LinkProblem("nothing can be typed into a recording")

    def _upto(self) -> int:
        """Return how much of the log had been written at the replay's moment, in bytes."""
        known = self._moments.known
        upto = self._moments.offset_at(self._playback.position_s) if known else None
        return log_size(self._path) if upto is None else upto

    def _news(self) -> bytes:
        """Return what is to be shown since the last look, from the beginning after going back."""
        before, upto = self._given, self._upto()
        if upto == before:
            return b""
        if not 0 <= upto - before <= _MOST:
            return _ANEW + self.scrollback
        self._given = upto
        with contextlib.suppress(RecordProblem):
            return between(self._path, before, upto)
        return b""
