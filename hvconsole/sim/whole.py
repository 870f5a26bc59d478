"""The simulated board with all that it is reached by, in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh

from hvconsole.sim.board.board import Board
from hvconsole.sim.button import button
from hvconsole.sim.faults import Faults
from hvconsole.sim.guest import LinuxConsole
from hvconsole.sim.line import PtyLine
from hvconsole.sim.network import Network
from hvconsole.sim.options import SimOptions
from hvconsole.sim.power import Power
from hvconsole.sim.ssh import BoardServer, Corruption
from hvconsole.sim.start import Controls, Started, soon

_ALGORITHM = "ssh-ed25519"


@contextlib.asynccontextmanager
async def whole_board(options: SimOptions, folder: Path) -> AsyncIterator[Started]:
    """Run a board.

    Args:
        options: How it is to be.
        folder: Private; gets the keys.
    """
    async with contextlib.AsyncExitStack() as stack:
        board = Board(seed=options.seed, speed=options.speed)
        board.make_guest = functools.partial(LinuxConsole, board)
        line = PtyLine()
        stack.callback(line.close)
        line.open()
        corruption = Corruption(options.seed)
        host_key = asyncssh.generate_private_key(_ALGORITHM)
        person = asyncssh.generate_private_key(_ALGORITHM)
        server = await _ssh_server(board, corruption, host_key, person)
        stack.push_async_callback(server.wait_closed)
        stack.callback(server.close)
        network = Network(server.get_port())
        power = Power(board, line, network)
        stack.push_async_callback(power.off)
        await power.on(options.mode)
        await stack.enter_async_context(button(folder, power.restart))
        _write_keys(folder, host_key, person, network.port)
        faults = Faults(options.faults, power, network, corruption)
        stack.push_async_callback(faults.stop)
        faults.start()
        yield Started(network.port, line.path, folder, _controls(power, faults), options.words)


async def _ssh_server(
    board: Board, corruption: Corruption, host_key: asyncssh.SSHKey, person: asyncssh.SSHKey
) -> asyncssh.SSHAcceptor:
    return await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=lambda: BoardServer(board, corruption),
        server_host_keys=[host_key],
        authorized_client_keys=asyncssh.import_authorized_keys(person.export_public_key().decode()),
        encoding=None,
        line_editor=False,
    )


def _controls(power: Power, faults: Faults) -> Controls:
    loop = asyncio.get_running_loop()
    return Controls(
        reset=lambda: soon(loop, power.restart),
        fault=lambda fault: soon(loop, lambda: faults.add(fault)),
    )


def _write_keys(
    folder: Path, host_key: asyncssh.SSHKey, person: asyncssh.SSHKey, port: int
) -> None:
    identity = folder / "id"
    identity.touch(mode=0o600)
    identity.write_bytes(person.export_private_key())
    known = f"[127.0.0.1]:{port} {host_key.export_public_key().decode().strip()}\n"
    (folder / "known_hosts").write_text(known)
