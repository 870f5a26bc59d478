"""Simulated Xvisor as a whole, without a board around it: boot, output, traps, its guests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from xvisor_sessions import MachineHost

from hvconsole.model.problem import UsageProblem
from hvconsole.sim.hypervisor.xvisor import Guest, GuestSystem, SimulatedXvisor
from hvconsole.sim.hypervisor.xvisor.pieces import Pieces
from hvconsole.sim.options import parse_faults
from hvconsole.sim.xvisor_guest import Talker, firmware


class Board:
    """Xvisor, and all that appeared on its line."""

    def __init__(self) -> None:
        self.said = bytearray()
        self.host = MachineHost(2)
        self.xvisor = SimulatedXvisor(
            self.host,
            self.said.extend,
            self._system,
            seed=1,
            sleep=asyncio.sleep,
            restart=lambda: None,
            power_off=lambda: None,
        )

    def _system(self, guest: Guest) -> GuestSystem:
        return firmware(guest.ports[0].receive)

    async def until(self, wanted: bytes, begin: int = 0) -> bytes:
        async with asyncio.timeout(20):
            while wanted not in self.said[begin:]:
                await asyncio.sleep(0.001)
        return bytes(self.said[begin:])


@contextlib.asynccontextmanager
async def booted() -> AsyncIterator[Board]:
    board = Board()
    await board.xvisor.boot()
    task = asyncio.create_task(board.xvisor.run())
    await board.until(b"XVisor# ")
    try:
        yield board
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_boot_makes_both_guests_and_prints_it() -> None:
    board = Board()
    text = "".join(await board.xvisor.boot())
    assert text.count("guest0: Created\r\n") == text.count("guest1: Created\r\n") == 1
    assert "guest0: Loaded 0x0000000002000000 with 3407872 bytes\r\n" in text
    assert text.endswith("o888o  o88888o       `8'       o888o 8''88888P'   "
                         "`Y8bood8P'  o888o  o888o\r\n\r\n\r\n")  # fmt: skip
    assert [guest.image for guest in board.xvisor.core.guests.values()] == ["linux", "busy"]


async def test_a_guest_without_an_image_traps_when_it_is_kicked_and_runs_with_one() -> None:
    async with booted() as board:
        board.xvisor.feed(b"guest destroy guest0;guest create guest0;guest kick guest0\r")
        said = await board.until(b"do_hyp_trap")
        assert said.index(b"guest0: Kicked\r\n") < said.index(b"\r\ndo_hyp_trap: ec=0x24")
        begin = len(board.said)
        board.xvisor.feed(b"\rvcpu normal_list\r")
        assert b"Halted     guest0/vcpu0" in await board.until(b"guest1/vcpu1", begin)
        images = b"/images/arm32/virt-v7/nor_flash.list"
        board.xvisor.feed(b"guest reset guest0;vfs guest_load_list guest0 " + images + b"\r")
        begin = len(board.said)
        board.xvisor.feed(b"guest kick guest0;vserial dump guest0/uart0\r")
        await board.until(b"[guest0/uart0] basic# ", begin)


async def test_a_trap_in_the_middle_of_an_answer_leaves_the_answer_whole() -> None:
    async with booted() as board:
        board.xvisor.feed(b"guest kick guest0\r")
        await board.until(b"Kicked\r\nXVisor# ")
        board.xvisor.feed(b"help\r")
        whole = (await board.until(b"vfs related commands\r\nXVisor# ")).partition(b"help\r\n")[2]
        begin = len(board.said)
        board.xvisor.trap(inside=True)
        board.xvisor.feed(b"help\r")
        said = (await board.until(b"vfs related commands\r\nXVisor# ", begin)).partition(
            b"help\r\n"
        )[2]
        before, _, rest = said.partition(b"\r\ndo_hyp_trap")
        assert b"" not in (before, rest)
        behind = rest.partition(b"R12=0x00000000\r\n")[2]
        assert before + behind == whole


async def test_what_was_printed_is_out_when_the_board_goes_down() -> None:
    board = Board()
    await board.xvisor.boot()
    board.xvisor.feed(b"x")
    pieces = Pieces(board.said.extend, 1)
    pieces.say("one\ntwo\n")
    pieces.flush()
    assert board.said == b"one\r\ntwo\r\n"
    board.xvisor.stop()
    board.xvisor.trap()
    assert board.xvisor.runs() is None


def test_who_stands_still_answers_later() -> None:
    said = bytearray()
    guest = firmware(said.extend)
    guest.start()
    guest.hold(held=True)
    said.clear()
    guest.feed(b"hi\r")
    assert said == b""
    guest.hold(held=False)
    assert said == b"hi\r\nUnknown command\r\nbasic# "


def test_a_busy_guest_does_not_listen() -> None:
    said = bytearray()
    guest = Talker(said.extend)
    guest.start()
    greeting = bytes(said)
    guest.feed(b"hello?\r")
    assert said == greeting
    assert b"simulated" in greeting


def test_the_faults_are_known() -> None:
    names = [fault.name for fault in parse_faults("guest-trap@2s,guest-trap-inside")]
    assert names == ["guest-trap", "guest-trap-inside"]
    with pytest.raises(UsageProblem):
        parse_faults("guest-trap=3")
