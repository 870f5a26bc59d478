"""The `jailhouse` command: words in, ioctls, words out. Its exit status is 0 or 1."""

from __future__ import annotations

import errno
import os
import posixpath
from collections.abc import Callable, Sequence
from typing import Final

from hvconsole.sim.hypervisor.cpus import ranges
from hvconsole.sim.hypervisor.host import Host, ToolCall
from hvconsole.sim.hypervisor.jailhouse import words
from hvconsole.sim.hypervisor.jailhouse.cell_calls import Image
from hvconsole.sim.hypervisor.jailhouse.cells import COUNTERS, Cell
from hvconsole.sim.hypervisor.jailhouse.check import check
from hvconsole.sim.hypervisor.jailhouse.driver import Driver
from hvconsole.sim.hypervisor.jailhouse.sysfs import DEVICE
from hvconsole.sim.hypervisor.words import for_ever, identifier

_POLL_S: Final = 0.1
_IOCTL_S: Final = 0.15
_NO_FILE: Final = os.strerror(errno.ENOENT)


class WrongUseError(Exception):
    """The words make no command: the usage is shown."""


class Failure(Exception):  # noqa: N818  # perror and exit, not a fault of ours
    """The command ends with a line on standard error."""


class Cli:
    """`jailhouse` on one board.

    Args:
        host: The board.
        driver: What its ioctls reach.
    """

    def __init__(self, host: Host, driver: Driver) -> None:
        self._host, self._driver = host, driver

    async def __call__(self, call: ToolCall) -> int:
        """Run one call."""
        try:
            status = await self._run(call, list(call.words[1:]))
        except WrongUseError:
            call.out(words.USAGE)
            return 1
        except Failure as failed:
            call.err(f"{failed}\n")
            return 1
        if self._driver.stuck:
            await for_ever()
        return status

    async def _run(self, call: ToolCall, rest: list[str]) -> int:
        match rest:
            case ["--help"]:
                call.out(words.USAGE)
            case ["--version"]:
                call.out(f"Jailhouse management tool {words.VERSION}\n")
            case ["enable", path]:
                data = self._read(call, path)
                self._ioctl("ENABLE", lambda: self._driver.enable(data))
            case ["disable"]:
                self._ioctl("DISABLE", self._driver.disable)
            case ["console", *flags] if flags in ([], ["-f"], ["--follow"]):
                await self._console(call, follow=bool(flags))
            case ["cell", action, *more]:
                return await self._cell(call, action, more)
            case ["config", "check", *more]:
                return check(call, lambda path: self._read(call, path), more)
            case ["config", "collect" | "create", *_]:
                raise Failure(f"execvp: {_NO_FILE}")
            case ["hardware", "check"]:
                raise Failure("Unsupported architecture")
            case _:
                raise WrongUseError
        await call.sleep(_IOCTL_S)
        return 0

    async def _cell(self, call: ToolCall, action: str, more: list[str]) -> int:
        match action, more:
            case "create", [path]:
                data = self._read(call, path)
                self._ioctl("CELL_CREATE", lambda: self._driver.create(data))
            case "list", []:
                self._list(call)
            case "load", _:
                cell, images = self._cell_word(more)
                loads = self._images(call, images)
                self._ioctl("CELL_LOAD", lambda: self._driver.load(cell(), loads))
            case "start", _:
                cell = self._only(more)
                self._ioctl("CELL_START", lambda: self._driver.start(cell()))
            case "shutdown", _:
                cell = self._only(more)
                self._ioctl("CELL_LOAD", lambda: self._driver.load(cell(), ()))
            case "destroy", _:
                cell = self._only(more)
                self._ioctl("CELL_DESTROY", lambda: self._driver.destroy(cell()))
            case "stats", _:
                return await self._stats(call, more)
            case "linux", _:
                return self._linux(call, more)
            case _:
                raise WrongUseError
        await call.sleep(_IOCTL_S)
        return 0

    def _ioctl(self, name: str, run: Callable[[], object]) -> None:
        self._open_device()
        try:
            run()
        except OSError as error:
            raise Failure(f"JAILHOUSE_{name}: {error.strerror}") from None

    def _open_device(self) -> None:
        try:
            self._host.read(DEVICE)
        except OSError as error:
            raise Failure(f"opening {DEVICE}: {error.strerror}") from None

    def _read(self, call: ToolCall, path: str) -> bytes:
        try:
            return self._host.read(posixpath.normpath(posixpath.join(call.cwd, path)))
        except OSError as error:
            raise Failure(f"opening {path}: {error.strerror}") from None

    def _cell_word(self, more: list[str]) -> tuple[Callable[[], Cell | None], list[str]]:
        """Take a cell's id or name from the words; it is looked up when the device is open."""
        named = more[:1] == ["--name"]
        if len(more) < 1 + named:
            raise WrongUseError
        word, rest = more[named], more[named + 1 :]
        return (lambda: self._find(word, named=named)), rest

    def _only(self, more: list[str]) -> Callable[[], Cell | None]:
        cell, rest = self._cell_word(more)
        if rest:
            raise WrongUseError
        return cell

    def _find(self, word: str, *, named: bool) -> Cell | None:
        cells = self._driver.cells
        number = identifier(word or "0")  # strtol makes 0 of nothing
        if not named and number is not None:
            return cells.get(number)
        return next((cell for cell in cells.values() if cell.name == word), None)

    def _images(self, call: ToolCall, rest: Sequence[str]) -> list[Image]:
        if not rest:
            raise WrongUseError
        images: list[Image] = []
        at = 0
        while at < len(rest):
            word = rest[at]
            if word in ("-s", "--string", "-a", "--address"):
                at += 1
                if at >= len(rest):
                    raise WrongUseError
            value = rest[at]
            if word in ("-a", "--address"):
                images = self._moved(images, value)
            elif word in ("-s", "--string"):
                images.append(Image("a string", value.encode() + b"\0", 0))
            else:
                images.append(Image(value, self._read(call, value), 0))
            at += 1
        return images

    @staticmethod
    def _moved(images: list[Image], word: str) -> list[Image]:
        try:
            address = int(word, 0)
        except ValueError:
            raise WrongUseError from None
        if not images or address < 0:
            raise WrongUseError
        *others, last = images
        return [*others, Image(last.source, last.data, address)]

    def _list(self, call: ToolCall) -> None:
        cells = sorted(self._driver.cells.values(), key=lambda cell: cell.key)
        if not cells:
            return
        rows = [("ID", "Name", "State", "Assigned CPUs", "Failed CPUs")]
        rows += [
            (cell.key, cell.name, cell.state, ranges(cell.cpus), ranges(cell.failed))
            for cell in cells
        ]
        for number, name, state, cpus, failed in rows:
            call.out(f"{number:<8}{name:<24}{state:<18}{cpus:<24}{failed:<24}\n")

    async def _console(self, call: ToolCall, *, follow: bool) -> None:
        self._open_device()
        ring = self._driver.ring
        if not ring.written:
            raise Failure(f"read(console): {os.strerror(errno.EAGAIN)}")
        seen = 0
        while True:
            text, missed = ring.read(seen)
            if missed and seen:
                call.out(f"<missed {missed} bytes of console log>\n")
            call.out(text)
            seen = ring.written
            if not follow:
                return
            await call.sleep(_POLL_S)

    async def _stats(self, call: ToolCall, more: list[str]) -> int:
        try:
            cell = self._only(more)()
        except WrongUseError:
            call.out(words.STATS_USAGE)
            return 1
        if cell is None:
            raise Failure(f"reading stats: {_NO_FILE}")
        before = self._counts(cell)
        while True:
            await call.sleep(1.0)
            now = self._counts(cell)
            rows = sorted(
                now, key=lambda name: (name != "total", before[name] - now[name], -now[name], name)
            )
            lines = [f"Statistics for {cell.name} cell", ""]
            lines.append(f"{'COUNTER (All CPUs)':<30}{'SUM':>10}{'PER SEC':>10}")
            lines += [
                f"{'vmexits_' + name:<30}{now[name]:>10}{now[name] - before[name]:>10}"
                for name in rows
            ]
            call.out("\n".join([*lines, "", " Q - Quit | C - Toggle CPU | A - All CPUs", ""]))
            before = now
            key = await call.read()
            if not key or b"q" in key.lower():
                return 0

    def _counts(self, cell: Cell) -> dict[str, int]:
        cpus = sorted(cell.cpus)
        return {name: self._driver.read_counter(cell, cpus, name) for name in COUNTERS}

    def _linux(self, call: ToolCall, more: list[str]) -> int:
        if set(more) & {"-h", "--help"}:
            call.out(words.LINUX_HELP)
            return 0
        files: list[str] = []
        rest = iter(more)
        for word in rest:
            if word.startswith("-"):
                next(rest, None)
            else:
                files.append(word)
        if len(files) != 2:  # noqa: PLR2004  # a configuration and a kernel
            call.err(words.LINUX_USAGE)
            call.err("jailhouse cell linux: error: the following arguments are required: "
                     "CELLCONFIG, KERNEL\n")  # fmt: skip
            return 2
        config, kernel = (self._read(call, path) for path in files)
        made: list[Cell] = []
        self._ioctl("CELL_CREATE", lambda: made.extend(filter(None, [self._driver.create(config)])))
        for cell in made:
            regions = [one for one in cell.config.regions if one.flags & 0x40]
            largest = max(regions, key=lambda one: one.size, default=None)
            images = [Image(files[1], kernel, largest.virt)] if largest is not None else []
            self._ioctl("CELL_LOAD", lambda one=cell, load=images: self._driver.load(one, load))  # type: ignore[misc]  # bound now
            self._ioctl("CELL_START", lambda one=cell: self._driver.start(one))  # type: ignore[misc]  # bound now
        return 0
