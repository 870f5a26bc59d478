"""What the tests on emulated boards share: a lab of their own, on the products that are built."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hvconsole.cli import main
from hvconsole.lab.boards import LabBoard, board, stop
from hvconsole.lab.places import BOARDS, VIRT_BOARD, lab_dir


@pytest.fixture(scope="session")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where booted boards are kept: each way of booting is waited for once in all the tests."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return tmp_path_factory.mktemp("snapshots")
    shared = tmp_path_factory.getbasetemp().parent / "snapshots"  # by all that test at once
    shared.mkdir(exist_ok=True)
    return shared


@pytest.fixture(scope="module")
def own_lab(
    tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], None], snapshots: Path
) -> Iterator[Path]:
    """Give a file's tests a lab without boards, and end those that they start.

    One that a person has running is left alone, as is what a person's boards have changed.
    """
    if board(VIRT_BOARD).condition == "not built":
        missing("the lab is not built: hvconsole lab build")
    built, own = lab_dir(), tmp_path_factory.mktemp("lab")
    for name in ("products", "keys"):
        (own / name).symlink_to(built / name)
    (own / "snapshots").symlink_to(snapshots)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HVCONSOLE_LAB_DIR", str(own))
        patch.setenv("HVCONSOLE_STATE_DIR", str(own / "state"))
        yield own
        for name in BOARDS:
            stop(name)


@pytest.fixture(scope="module")
def xen_board(own_lab: Path) -> LabBoard:
    """A board that runs real Xen with the Credit scheduler, for all tests of a file."""
    words = ["start", VIRT_BOARD, "--mode", "xen-credit", "--snapshot", "--hours", "1"]
    assert main(["lab", *words]) == 0
    return board(VIRT_BOARD)
