"""The console's own driver on the simulated board with Jailhouse."""

from __future__ import annotations

from simulated_board import BoardLink, run, running

from hvconsole.hypervisor.jailhouse.driver import JailhouseDriver
from hvconsole.sim.board.board import Board
from hvconsole.sim.hypervisor.jailhouse import SimulatedJailhouse, card, card_files

ENABLE = f"modprobe jailhouse && jailhouse enable {card.FOLDER}/bananapi.cell"


def with_jailhouse(board: Board) -> Board:
    for path, data in card_files().items():
        board.tree.make_folders(path.rpartition("/")[0])
        board.tree.write(path, data)
    board.attach(SimulatedJailhouse(board.host))
    return board


async def test_a_survey_sees_cells() -> None:
    async with running("jailhouse") as plain:
        board = with_jailhouse(plain)
        made = await run(
            board, f"{ENABLE} && jailhouse cell create {card.FOLDER}/bananapi-inmate-moved.cell"
        )
        assert made.status == 0, made.error_text
        seen = await JailhouseDriver(BoardLink(board)).survey()
        online = await run(board, "cat /sys/devices/system/cpu/online")
        log = await run(board, "dmesg | tail -n 1")
    assert (seen.active, online.text) == (True, "0\n")
    cells = [(one.key, one.name, one.state, one.cpus) for one in seen.guests]
    assert cells == [
        ("0", "Banana-Pi", "running", {0}),
        ("1", "bananapi-inmate-moved", "stopped", {1}),
    ]
    assert log.text.endswith('] Created Jailhouse cell "bananapi-inmate-moved"\n')


async def test_without_reserved_memory_it_says_why_in_the_log() -> None:
    async with running("native") as plain:
        board = with_jailhouse(plain)
        done = await run(board, ENABLE)
        log = await run(board, "dmesg | tail -n 2")
        seen = await JailhouseDriver(BoardLink(board)).survey()
    assert (done.status, done.error_text) == (1, "JAILHOUSE_ENABLE: Invalid argument")
    assert "request_mem_region failed for hypervisor memory." in log.text
    assert not seen.active
