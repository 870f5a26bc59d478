"""KVM's driver on a board that answers as real libvirt does: it looks, acts and reads back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from kvm_board import KvmBoard

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.carry_out import carry_out
from hvconsole.hypervisor.kvm.driver import KvmDriver
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.model.problem import BoardProblem, Problem

CELLS = Path(__file__).parents[2] / "cells/kvm"


async def act(board: KvmBoard, *actions: do.Action) -> Survey:
    """Do some actions, each from what is there then; return the last state."""
    driver = KvmDriver(board)
    seen = await driver.survey()
    for action in actions:
        seen = await carry_out(driver.plan(action, seen), driver, board, tell=lambda _: None)
    return seen


def only(seen: Survey) -> Guest:
    [guest] = [one for one in seen.guests if one.role == "guest"]
    return guest


async def test_a_guests_life(tmp_path: Path) -> None:
    board = KvmBoard(tmp_path)
    busy = (CELLS / "busy.xml").read_bytes()
    made = do.Create(config=busy, source="busy.xml")
    seen = await act(board, made)
    assert (only(seen).name, only(seen).state) == ("busy", "defined")
    seen = await act(board, do.Start(guest="busy"), do.Pin(guest="busy", hard=frozenset({1})))
    assert (only(seen).state, only(seen).cpus) == ("running", {1})
    seen = await act(board, do.Schedule(guest="busy", values={"vcpu_quota": 20_000}))
    assert only(seen).values["vcpu_quota"] == 20_000
    seen = await act(board, do.Pause(guest="busy"))
    assert (only(seen).state, only(seen).words) == ("paused", "paused (user)")
    seen = await act(board, do.Resume(guest="busy"), do.Destroy(guest="busy"))
    assert only(seen).state == "defined"
    seen = await act(board, do.Destroy(guest="busy"))
    assert [one.role for one in seen.guests] == ["control"]
    assert not Path("/tmp/hvconsole-busy.xml").exists()  # the board's


async def test_the_survey_tells_threads_counters_and_versions(tmp_path: Path) -> None:
    seen = await act(KvmBoard(tmp_path, "vg1"), do.Start(guest="vg1"))
    assert seen.version == "QEMU 7.2.22, libvirt 9.0.0, nVHE"
    assert seen.incomplete == ()
    guest = only(seen)
    assert guest.values == {
        "cpu_shares": 100,
        "vcpu_period": 100_000,
        "vcpu_quota": -1,
        "nice": 0,
        "fifo": 0,
    }
    assert guest.counters["vcpu0 hvc"] == guest.counters["hvc"] == 34
    assert {"total", "wfi", "mmio user"} <= guest.counters.keys()
    assert "halt wait ns" not in guest.counters
    assert guest.vcpus[0].thread is not None
    assert (guest.vcpus[0].cpu, guest.vcpus[0].time_s, guest.memory_kib) == (1, 11.22, 131_072)


async def test_threads_priorities_are_set_read_back_and_undone(tmp_path: Path) -> None:
    board = KvmBoard(tmp_path, "vg1")
    seen = await act(board, do.Start(guest="vg1"))
    driver = KvmDriver(board)
    plan = driver.plan(do.Schedule(guest="vg1", values={"nice": 19, "fifo": 20}), seen)
    assert "5 %" in plan.danger
    seen = await carry_out(plan, driver, board, tell=lambda _: None)
    assert (only(seen).values["nice"], only(seen).values["fifo"]) == (19, 20)
    for step in plan.steps:
        assert (await board.run(step.undo)).status == 0
    seen = await driver.survey()
    assert (only(seen).values["nice"], only(seen).values["fifo"]) == (0, 0)


async def test_a_thread_that_is_another_now_is_left_alone(tmp_path: Path) -> None:
    board = KvmBoard(tmp_path, "vg1")
    seen = await act(board, do.Start(guest="vg1"))
    plan = KvmDriver(board).plan(do.Schedule(guest="vg1", values={"nice": 5}), seen)
    await act(board, do.Destroy(guest="vg1"))
    with pytest.raises(Problem, match="thread is gone"):
        await carry_out(plan, KvmDriver(board), board, tell=lambda _: None)
    assert (await board.run(plan.steps[0].undo)).status == 0  # nothing to take back
    assert all(words[0] != "renice" for words in board.state["said"])


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (do.Pause(guest="vg1"), "it was said to be done, but it was not"),
        (do.Schedule(guest="vg1", values={"cpu_shares": 512}), "said to be done"),
    ],
)
async def test_what_is_said_to_be_done_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: do.Action, said: str
) -> None:
    monkeypatch.setattr("hvconsole.hypervisor.kvm.expect._STATE_S", 0.1)
    board = KvmBoard(tmp_path, "vg1")
    await act(board, do.Start(guest="vg1"))
    board.change(lies=True)
    with pytest.raises(BoardProblem, match=said):
        await act(board, action)


async def test_a_quota_is_undone_only_while_it_stands(tmp_path: Path) -> None:
    board = KvmBoard(tmp_path, "vg1")
    seen = await act(board, do.Start(guest="vg1"))
    plan = KvmDriver(board).plan(do.Schedule(guest="vg1", values={"vcpu_quota": 5000}), seen)
    await carry_out(plan, KvmDriver(board), board, tell=lambda _: None)
    before = len(board.state["said"])
    await act(board, do.Destroy(guest="vg1"))
    assert (await board.run(plan.steps[0].undo)).status == 0
    words = [one for one in board.state["said"][before:] if "schedinfo" in one]
    assert words == []  # it ended with the domain


async def test_lkvms_guests_are_shown_paused_pinned_and_stopped(tmp_path: Path) -> None:
    board = KvmBoard(tmp_path, lkvm=["busy 1"])
    seen = await act(board)
    guest = only(seen)
    assert (guest.key, guest.name, guest.state) == ("lkvm:busy 1", "busy 1", "running")
    seen = await act(board, do.Pause(guest="busy 1"), do.Pin(guest="busy 1", hard=frozenset({0})))
    assert (only(seen).state, only(seen).cpus) == ("paused", {0})
    seen = await act(board, do.Resume(guest="busy 1"), do.Stop(guest="busy 1"))
    assert [one.role for one in seen.guests] == ["control"]
    with pytest.raises(BoardProblem, match="lkvm cannot do that"):
        await act(KvmBoard(_folder(tmp_path), lkvm=["b"]), do.Destroy(guest="b"))


async def test_without_virsh_it_says_so_and_offers_nothing(tmp_path: Path) -> None:
    board = KvmBoard(tmp_path)
    board.without("virsh")
    board.without("lkvm")
    seen = await act(board)
    assert any("virsh is not on the board" in note for note in seen.notes)
    assert "virsh is not on the board" in seen.abilities["create"]


async def test_without_libvirtd_it_says_how_to_start_it(tmp_path: Path) -> None:
    board = KvmBoard(tmp_path)
    board.without("lkvm")
    board.change(down="internal error: Unable to get system bus connection: Could not connect")
    with pytest.raises(BoardProblem, match="libvirtd does not answer") as caught:
        await act(board)
    assert "systemctl start libvirtd" in caught.value.hint


async def test_a_start_without_kvm_says_what_is_missing(tmp_path: Path) -> None:
    board = KvmBoard(tmp_path, "vg1")
    board.change(no_kvm=True)
    with pytest.raises(BoardProblem, match="cannot open /dev/kvm"):
        await act(board, do.Start(guest="vg1"))


@pytest.mark.parametrize("name", ["7", "-c", "a b;$(x)", "26aa9b9d39cb45daacce2d64ff4c2666", "ü"])
async def test_a_misleading_name_goes_by_its_uuid(tmp_path: Path, name: str) -> None:
    board = KvmBoard(tmp_path, name)
    seen = await act(board, do.Start(guest=name))
    assert (only(seen).name, only(seen).state) == (name, "running")
    assert only(seen).key.startswith("26aa9b9d-")
    started = [words for words in board.state["said"] if "start" in words]
    assert started == [["virsh", "-c", "qemu:///system", "start", only(seen).key]]


async def test_lkvm_is_not_asked_again_once_it_hangs(tmp_path: Path) -> None:
    board = KvmBoard(tmp_path)
    hang = tmp_path / "bin/lkvm"
    hang.write_text("#!/bin/sh\nexit 124\n")  # what timeout makes of it
    driver = KvmDriver(board)
    first, second = await driver.survey(), await driver.survey()
    assert any("lkvm list does not come back" in one for one in first.incomplete)
    assert second.incomplete == ()
    assert [words[-1] for words in _looks(board.ran)] == ["lkvm", "-"]


def _looks(ran: Sequence[Any]) -> list[Any]:
    return [words for words in ran if words[:2] == ("sh", "-s")]


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "other"
    folder.mkdir()
    return folder
