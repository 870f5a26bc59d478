"""A board with KVM that plays by a script: the console's own commands run in a real shell on it.

virsh and its like are the programs of `kvm_tools`; everything else is this machine's. Threads of
vCPUs are laid into the survey's answer as Linux would tell them.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import kvm_tools

from hvconsole.link.protocol import Capability, Completed
from hvconsole.link.words import checked_words

_LINUX = ("sh", "env", "timeout", "sed", "grep", "tr", "rm", "dmesg")
_TOOLS = ("virsh", "lkvm", "renice", "chrt", "taskset")
_FIRST_TID = 90_000_000  # Linux gives none above 4,194,304
_CAT = """#!/bin/sh
case $1 in
/proc/9???????/comm) exec {tool} "$1" ;;
*) exec /bin/cat "$@" ;;
esac
"""


class KvmBoard:
    """A link to such a board.

    Args:
        folder: Where its programs and its state lie.
        domains: Names of domains that are there, shut off.
    """

    name = "root@192.0.2.9"
    capabilities = Capability.RUN | Capability.PUT

    def __init__(self, folder: Path, *domains: str, lkvm: Sequence[str] = ()) -> None:
        self._state = folder / "board.json"
        self._tools = folder / "bin"
        self._tools.mkdir()
        self._root = folder
        self.ran: list[tuple[str, ...]] = []
        state: dict[str, Any] = {"said": [], "ids": 0, "made": 100, "clock": 0}
        state |= {"tids": _FIRST_TID, "lkvm": []}
        state["domains"] = [kvm_tools.domain(name, at) for at, name in enumerate(domains)]
        for name in lkvm:
            thread = kvm_tools.new_thread(state)
            one = {"pid": thread["tid"] - 1, "name": name, "state": "running", "thread": thread}
            state["lkvm"].append(one)
        self.state = state
        for tool in (*_TOOLS, "cat-thread/cat"):
            self._install(tool)
        for tool in _LINUX:
            (self._tools / tool).symlink_to(shutil.which(tool) or "")
        cat = self._tools / "cat"
        cat.write_text(_CAT.format(tool=self._tools / "cat-thread/cat"))
        cat.chmod(0o755)

    def _install(self, tool: str) -> None:
        path = self._tools / tool
        path.parent.mkdir(exist_ok=True)
        source = Path(kvm_tools.__file__).read_text()
        path.write_text(f"#!{sys.executable} -SE\n{source}")
        path.chmod(0o755)

    def without(self, tool: str) -> None:
        """Take a program off the board."""
        (self._tools / tool).unlink()

    @property
    def state(self) -> dict[str, Any]:
        """Everything there is on the board now."""
        found: dict[str, Any] = json.loads(self._state.read_text())
        return found

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        self._state.write_text(json.dumps(state))

    def change(self, **changed: Any) -> None:
        """Let the board be otherwise: ``lies=True``, ``down="…"``, ``no_kvm=True``."""
        self.state = self.state | changed

    async def open(self) -> None:
        pass

    async def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 30.0
    ) -> Completed:
        words = checked_words(argv)
        self.ran.append(words)
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=self._root,
            env={"PATH": str(self._tools), "KVM_BOARD": str(self._state)},
        )
        async with asyncio.timeout(timeout):
            out, errors = await process.communicate(stdin)
        if words[:2] == ("sh", "-s"):
            out = self._with_linux(out.decode(), words[2]).encode()
        return Completed(words, process.returncode or 0, out, errors)

    def _with_linux(self, answer: str, marker: str) -> str:
        """Put in what Linux tells: two CPUs, /dev/kvm, and the vCPUs' threads."""
        told = [f"{marker} online\n0-1\n{marker} device\nthere"]
        told.append(f"{marker} log\n[    0.1] kvm [1]: Hyp mode initialized successfully")
        for thread, comm, pid, uuid in kvm_tools.threads(self.state):
            policy = 1 if thread["fifo"] else 0
            fields = ["S", *["0"] * 15, thread["nice"], *["0"] * 19, 1, thread["fifo"], policy]
            stat = f"{thread['tid']} ({comm}) {' '.join(map(str, fields))}"
            told.append(f"{marker} thread {pid} {thread['tid']}\n{stat}\n{thread['allowed']}")
            told.append(f"{marker} process {pid}\n{uuid}")
        head, end, rest = answer.partition(f"\n{marker} end\n")
        return head + "\n" + "\n".join(told) + end + rest

    async def put(self, data: bytes, path: str, *, mode: int = 0o644) -> None:
        assert path.startswith("/tmp/hvconsole-")  # where the driver puts them
        Path(path).write_bytes(data)
        Path(path).chmod(mode)

    async def closed(self) -> Exception | None:
        return None

    async def close(self) -> None:
        pass
