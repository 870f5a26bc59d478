"""A link over nothing but a console: of a board, or of a guest on one."""

from __future__ import annotations

import asyncio
import contextlib
import posixpath
import secrets
import shlex
import zlib
from collections.abc import Mapping, Sequence

from hvconsole.link.duplex import Duplex
from hvconsole.link.link_end import LinkEnd
from hvconsole.link.local import cannot_write
from hvconsole.link.protocol import Capability, Completed, Sink
from hvconsole.link.serial_name import link_name
from hvconsole.link.serial_shell_login import Ear, Login, reach_shell
from hvconsole.link.serial_shell_loop import ShellLoop
from hvconsole.link.serial_shell_process import SerialProcess
from hvconsole.model.problem import BoardProblem, LinkProblem
from hvconsole.wire import shell
from hvconsole.wire.console import AlarmFinder, AlarmKind, LineSplitter

TEXT_FORMAT: Mapping[str, Sequence[str]] = {"hvsampler": ("--format", "text")}
_WATCH_S = 0.5
_SILENT_S = 15.0
"""The sampler sends a heartbeat a second over a line; a busy board may be late with it."""


class SerialShellLink:
    """A `Link` over a shell on a console: one command at a time, one process at a time.

    Lines of the sampler's text framing become the frames that it would write over another link.

    Args:
        line: The line. It stays its owner's; if it is not open, it is opened and closed here.
        login: Who logs in.
        text_format: Words by program that make it write lines instead of binary frames.
    """

    def __init__(
        self,
        line: Duplex,
        login: Login | None = None,
        *,
        text_format: Mapping[str, Sequence[str]] = TEXT_FORMAT,
    ) -> None:
        self._line = line
        self._login = login or Login()
        self._text_format = text_format
        self._loop: ShellLoop | None = None
        self._logged_in = self._opened_line = False
        self._turn = asyncio.Lock()
        self._process: SerialProcess | None = None
        self._end = LinkEnd()
        self._watch: asyncio.Task[None] | None = None
        self._console = LineSplitter()
        self._finder = AlarmFinder()

    @property
    def name(self) -> str:
        """What a person calls the other end."""
        return link_name(self._line.name)

    @property
    def capabilities(self) -> Capability:
        """What this link can do."""
        return Capability.RUN | Capability.STREAM | Capability.PUT

    async def open(self) -> None:
        """Find a shell on the line, logging in where it is asked for.

        Raises:
            BoardProblem: U-Boot answers, or the login is refused.
            LinkProblem: The line cannot be opened, or nothing answers.
        """
        if not self._line.is_open:
            await self._line.open()
            self._opened_line = self._line.is_open
            if not self._line.is_open:
                raise LinkProblem(f"{self._line.name} is not open", detail=self._line.state)
        try:
            await self._begin()
        except BaseException:
            if self._opened_line:
                await self._line.close()
            raise
        self._end.begin()
        self._watch = asyncio.create_task(self._watch_line(), name=f"watch {self.name}")

    async def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 30.0
    ) -> Completed:
        """Run a command to its end; the time it may take is counted without the transfers.

        Raises:
            BoardProblem: It did not end in time, or a process is streaming.
            LinkProblem: The board no longer answers.
        """
        self._refuse_beside_process(argv)
        async with self._turn:
            loop = self._ready()
            await self._put_input(loop, stdin)
            await loop.send(shell.assignments("c", "exec " + shlex.join(argv)))
            reply = await loop.finish("X", timeout)
            if reply is None:
                loop.type(b"\x03\x1c")
                await loop.wait_for("s", 3.0)
                raise BoardProblem(
                    f"{self.name}: {argv[0]} did not end within {timeout:g} s",
                    detail=shlex.join(argv)[:200],
                )
            status, *sums = (int(word) for word in reply.body.split())
            out = await loop.fetch("o", sums[0], sums[1])
            err = await loop.fetch("e", sums[2], sums[3])
        return Completed(tuple(argv), status, out, err)

    async def stream(self, argv: Sequence[str], sink: Sink) -> SerialProcess:
        """Start a command in the foreground of the line.

        Raises:
            BoardProblem: Another process has the line.
            LinkProblem: The board no longer answers.
        """
        self._refuse_beside_process(argv)
        extra = self._text_format.get(posixpath.basename(argv[0]), ())
        async with self._turn:
            loop = self._ready()
            await loop.send(shell.assignments("c", "exec " + shlex.join([*argv, *extra])))
            self._process = SerialProcess(self.name, loop, sink, frames=bool(extra))
            await self._process.start()
            return self._process

    async def put(self, data: bytes, path: str, *, mode: int = 0o644) -> None:
        """Write a file: compressed on its way, checked by its sum, then renamed into place.

        Raises:
            BoardProblem: It cannot be written there.
            LinkProblem: The board no longer answers, or the bytes do not arrive as sent.
        """
        beside = posixpath.join(
            posixpath.dirname(path), f".{posixpath.basename(path)[:200]}.{secrets.token_hex(4)}"
        )
        zipped = zlib.compress(data, 9, 31) if self._ready().gzip else data
        is_crc = self._ready().checksum is shell.posix_crc
        count, cut = ("cksum", '-d" " -f1') if is_crc else ("sha256sum", "-c1-8")
        crc = self._ready().checksum(data)
        wanted = str(crc) if is_crc else f"{crc:08x}"
        unpack = "gzip -dc" if self._ready().gzip else "cat"
        script = (
            f'umask 077; [ ! -d "$3" ] || {{ echo "is a folder" >&2; exit 1; }}; '
            f'{unpack} > "$1" && [ "$({count} < "$1" | cut {cut})" = "$4" ] '
            '&& chmod "$2" "$1" && mv -f -- "$1" "$3" || { rm -f -- "$1"; exit 1; }'
        )
        words = ["sh", "-c", script, "sh", beside, f"{mode:o}", path, wanted]
        done = await self.run(words, stdin=zipped, timeout=60.0)
        if done.status != 0:
            raise cannot_write(path, self.name, done.error_text or "it did not arrive as sent")

    async def closed(self) -> Exception | None:
        """Wait until the link is closed; return why, or None if we closed it."""
        return await self._end.wait()

    async def close(self) -> None:
        """End what runs, and leave the line as it was found. Safe to call twice."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        process, loop = self._process, self._loop
        with contextlib.suppress(LinkProblem):
            if process is not None and not process.ended:
                process.close_stdin()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(3.0):
                        await process.wait()
        self._loop = None
        if loop is not None:
            await loop.end()
            if self._logged_in:
                with contextlib.suppress(LinkProblem):
                    self._line.write(b"exit\n")
        if self._opened_line:
            self._opened_line = False
            await asyncio.sleep(0.1)
            await self._line.close()
        self._end.reach(None)

    async def _begin(self) -> None:
        ear = Ear(self._line)
        try:
            self._logged_in = await reach_shell(self._line, ear, self._login)
        finally:
            ear.close()
        self._loop = ShellLoop(self._line, self._heard)
        try:
            await self._loop.start()
        except BaseException:
            await self._loop.end()
            self._loop = None
            raise

    def _heard(self, data: bytes, replies: list[tuple[shell.Reply, int]]) -> None:
        process = self._process
        text = process.take(data, replies) if process is not None and not process.ended else data
        for line in self._console.feed(text):
            for alarm in self._finder.feed(line):
                if alarm.kind is AlarmKind.REBOOT:
                    self._lose(LinkProblem(f"{self.name}: the board restarted", detail=alarm.text))

    async def _put_input(self, loop: ShellLoop, stdin: bytes) -> None:
        await loop.send(
            shell.file_texts(stdin, hexadecimal=loop.hexadecimal) if stdin else [': >"$d/i"']
        )

    def _ready(self) -> ShellLoop:
        if self._loop is None:
            raise LinkProblem(f"{self.name} is not open")
        return self._loop

    def _refuse_beside_process(self, argv: Sequence[str]) -> None:
        if self._process is not None and not self._process.ended:
            raise BoardProblem(
                f"{self.name}: one program at a time",
                detail=f"{posixpath.basename(argv[0])} would share the line with the one that runs",
                hint="end the run first; with a load, measure over SSH",
            )

    async def _watch_line(self) -> None:
        """Notice that the adapter is gone, or that the board restarted under us."""
        while self._line.is_open:
            await asyncio.sleep(_WATCH_S)
            process = self._process
            if process is not None and process.silent_s > _SILENT_S:
                self._lose(
                    LinkProblem(
                        f"{self.name}: the sampler has been silent for {_SILENT_S:g} s",
                        detail="over a serial line it speaks once a second at least",
                        hint="does the board still run? the Serial screen shows what it says",
                    )
                )
                return
        self._lose(LinkProblem(f"{self._line.name} was lost", detail=self._line.state))

    def _lose(self, problem: LinkProblem) -> None:
        """The shell is gone: nothing more is typed, not even to tidy up."""
        if self._process is not None and not self._process.ended:
            self._process.fail(problem)
        loop, self._loop = self._loop, None
        self._logged_in = False
        if loop is not None:
            loop.abandon(problem)
        self._end.reach(problem)
