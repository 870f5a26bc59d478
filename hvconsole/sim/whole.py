"""The simulated board with all that it is reached by, in one event loop."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh

from hvconsole.sim.board.board import Board
from hvconsole.sim.faults import Faults
from hvconsole.sim.line import PtyLine
from hvconsole.sim.network import Network
from hvconsole.sim.options import SimOptions
from hvconsole.sim.power import Power
from hvconsole.sim.ssh import BoardServer, Corruption
from hvconsole.sim.start import Started

_ALGORITHM = "ssh-ed25519"


@contextlib.asynccontextmanager
async def whole_board(options: SimOptions, folder: Path) -> AsyncIterator[Started]:
    """Run a board.

    Args:
        options: How it is to be.
        folder: Private; gets the keys.
    """
    board = Board(seed=options.seed, speed=options.speed)
    line = PtyLine()
    line.open()
    corruption = Corruption(options.seed)
    host_key = asyncssh.generate_private_key(_ALGORITHM)
    person = asyncssh.generate_private_key(_ALGORITHM)
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=lambda: BoardServer(board, corruption),
        server_host_keys=[host_key],
        authorized_client_keys=asyncssh.import_authorized_keys(person.export_public_key().decode()),
        encoding=None,
        line_editor=False,
    )
    network = Network(server.get_port())
    power = Power(board, line, network.up, network.down)
    await power.on(options.mode)
    _write_keys(folder, host_key, person, network.port)
    faults = Faults(options.faults, board, power, network, corruption)
    faults.start()
    try:
        yield Started(network.port, line.path, folder)
    finally:
        await faults.stop()
        await power.off()
        server.close()
        await server.wait_closed()
        line.close()


def _write_keys(
    folder: Path, host_key: asyncssh.SSHKey, person: asyncssh.SSHKey, port: int
) -> None:
    identity = folder / "id"
    identity.touch(mode=0o600)
    identity.write_bytes(person.export_private_key())
    known = f"[127.0.0.1]:{port} {host_key.export_public_key().decode().strip()}\n"
    (folder / "known_hosts").write_text(known)
