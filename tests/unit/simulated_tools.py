"""A board of dictionaries around a real machine, and the hypervisors' tools run on it."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field

from hvconsole.sim.hypervisor.host import Hypervisor, ToolCall
from hvconsole.sim.machine import SECOND, Machine
from hvconsole.sim.machine.changes import Change


class TinyHost:
    """A `Host` whose files are bytes or functions, and whose time passes in `sleep` only."""

    def __init__(self, machine: Machine, files: dict[str, bytes] | None = None) -> None:
        self.machine = machine
        self.files: dict[str, bytes] = dict(files or {})
        self.live: dict[str, Callable[[], bytes]] = {}
        self.writers: dict[str, Callable[[bytes], None] | None] = {}
        self.dmesg: list[str] = []
        self.serial = ""
        self.crashed: list[float | None] = []
        self.applied: list[Change] = []

    @property
    def uptime_s(self) -> float:
        return self.machine.now / SECOND

    def apply(self, change: Change) -> None:
        self.machine.apply(change)
        self.applied.append(change)

    def read(self, path: str) -> bytes:
        if path in self.live:
            return self.live[path]()
        if path not in self.files:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return self.files[path]

    def offer(self, path, read, write=None) -> None:
        self.live[path], self.writers[path] = read, write

    def withdraw(self, path: str) -> None:
        for one in [one for one in self.live if one == path or one.startswith(path + "/")]:
            del self.live[one], self.writers[one]

    def guest(self, domain: int, name: str, since_tick: int) -> None:
        """Guests have no Linux here."""
        del domain, name, since_tick

    def kernel(self, line: str) -> None:
        self.dmesg.append(line)
        self.serial += f"{line}\r\n"

    def console(self, text: str) -> None:
        self.serial += text

    def crash(self, *, reboot_after_s: float | None) -> None:
        self.crashed.append(reboot_after_s)

    async def sleep(self, seconds: float) -> None:
        self.machine.advance(self.machine.now + round(seconds * SECOND))
        await asyncio.sleep(0)


@dataclass
class Done:
    """How a script ended."""

    out: str = ""
    err: str = ""
    status: int | None = 0


@dataclass
class Board:
    """Tools on a tiny host. `run` knows as much of a shell as the transcripts need."""

    host: TinyHost
    hypervisor: Hypervisor
    cwd: str = "/root"
    stdin: list[bytes] = field(default_factory=list)

    async def tool(self, *words: str) -> Done:
        """Run one tool; its status is None if it hangs for good."""
        done = Done()

        def out(text: str) -> None:
            done.out += text

        def err(text: str) -> None:
            done.err += text

        async def read() -> bytes:
            return self.stdin.pop(0) if self.stdin else b""

        call = ToolCall(words, self.cwd, out, err, read, self.host.sleep)
        task = asyncio.ensure_future(self.hypervisor.tools[words[0]](call))
        for _ in range(200):
            if task.done():
                break
            await asyncio.sleep(0)
        if not task.done():
            task.cancel()
            done.status = None
            return done
        done.status = task.result()
        return done

    async def run(self, script: str) -> Done:
        """Run commands that are separated by semicolons; stop where one hangs."""
        whole = Done()
        for command in map(str.strip, re.split(r";(?=(?:[^']*'[^']*')*[^']*$)", script)):
            if command == "echo rc=$?":
                whole.out += f"rc={whole.status}\n"
                whole.status = 0
            elif command.startswith("sleep "):
                await self.host.sleep(float(command.split()[1]))
                whole.status = 0
            elif command.startswith("cat "):
                whole.out += "".join(self.host.read(one).decode() for one in command.split()[1:])
                whole.status = 0
            else:
                done = await self.tool(*shlex.split(command))
                whole = Done(whole.out + done.out, whole.err + done.err, done.status)
                if done.status is None:
                    break
        return whole
