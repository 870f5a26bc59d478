"""Sampling in a real domU beside dom0, through its console: emulated board, real Xen, real xl."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from hvconsole.board.deploy import Deployment
from hvconsole.board.facts import BoardFacts
from hvconsole.board.journal import Journal
from hvconsole.cli import main
from hvconsole.commands.sessions import link_maker
from hvconsole.lab import cpio
from hvconsole.lab.boards import LabBoard
from hvconsole.lab.measure.image import measure_image
from hvconsole.lab.places import VIRT_BOARD
from hvconsole.lab.profiles import lab_profile
from hvconsole.lab.store import Store
from hvconsole.record.reader import SessionReader

pytestmark = pytest.mark.lab
SHELL = Path(__file__).parents[2] / "cells" / "xen" / "shell.cfg"
_RAMDISK = "/boot/initramfs-virt.gz"


async def put_guest(folder: Path, name: str = "shell", module: Path | None = None) -> Path:
    """Have a ramdisk with the sampler on the board, and return a configuration that uses it.

    A module is loaded there before the shell begins.

    The product sends the sampler over the console where it is not there; that is tested on the
    simulated board, and takes an emulated one minutes.
    """
    link = link_maker(lab_profile(VIRT_BOARD))()
    await link.open()
    facts = BoardFacts(machine="armv7l")
    journal = Journal("guest", folder=folder / "journal")
    sampler, _ = await Deployment(link, facts, journal).static("hvsampler")
    files = [cpio.file("bin/hvsampler", sampler)]
    if module is not None:
        files.append(cpio.file("counter.ko", module.read_bytes(), 0o644))
    more = cpio.archive(files)
    ramdisk = (await link.run(["cat", _RAMDISK])).stdout + gzip.compress(more)
    await link.put(ramdisk, f"/boot/{name}.gz")
    await link.close()
    text = SHELL.read_text().replace(_RAMDISK, f"/boot/{name}.gz").replace('"shell"', f'"{name}"')
    if module is not None:
        text = text.replace("while :;", "insmod /counter.ko; while :;")
    config = folder / f"{name}.cfg"
    config.write_text(text)
    return config


def test_a_domu_is_sampled_beside_dom0(
    xen_board: LabBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = asyncio.run(put_guest(tmp_path))
    assert main(["hv", VIRT_BOARD, "create", str(config)]) == 0
    out = tmp_path / "a.hvs"
    words = ["record", VIRT_BOARD, "--guest", "shell", "--cpu", "0", "--counter", "cntvct"]
    capsys.readouterr()
    assert main([*words, "--seconds", "15", "--out", str(out), "--json"]) == 0
    host, guest = json.loads(capsys.readouterr().out)["runs"]
    assert (host["guest"], guest["guest"]) == ("", "shell")
    for row in (host, guest):
        assert row["detected"] == row["recorded"] + row["dropped"] > 0
        assert row["lost_on_link"] == 0
    [reader] = SessionReader(out).guests()
    run = reader.guest_run(0)
    assert run is not None
    # A domU's CNTVCT began with it: never the board's own, and some seconds behind.
    assert run.clock.relation == "constant offset"
    assert run.clock.lowest_ticks is not None
    assert run.clock.lowest_ticks > 0
    table = tmp_path / "a.parquet"
    assert main(["export", str(out), "-o", str(table)]) == 0
    seen = pl.read_parquet(table).filter(pl.col("guest") == "shell")
    assert seen.height == guest["switches"]
    assert seen["t_ns"].min() > 0  # type: ignore[operator]  # there are some
    # The console is free again, and nothing of ours is left in dom0.
    capsys.readouterr()
    assert main(["hv", VIRT_BOARD, "list"]) == 0
    assert asyncio.run(consoles()) == ""


def test_a_domu_that_may_read_cntpct_is_on_the_boards_own_clock(
    xen_board: LabBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The counter module opens it in the domU; the answers of both samplers agree with no offset.

    What they bound it to depends on the machine, some ten milliseconds: that is no part of it.
    """
    module = measure_image(Store()).alone.parent / "module" / "hvcounter.ko"
    config = asyncio.run(put_guest(tmp_path, "counts", module))
    assert main(["hv", VIRT_BOARD, "create", str(config)]) == 0
    out = tmp_path / "a.hvs"
    words = ["record", VIRT_BOARD, "--guest", "counts", "--cpu", "0", "--counter", "cntpct"]
    capsys.readouterr()
    assert main([*words, "--seconds", "10", "--out", str(out), "--json"]) == 0
    host, guest = json.loads(capsys.readouterr().out)["runs"]
    assert (host["counter"], guest["counter"]) == ("cntpct", "cntpct")
    assert guest["clock"] == "same counter"
    [reader] = SessionReader(out).guests()
    run = reader.guest_run(0)
    assert run is not None
    clock = run.clock
    assert (clock.offset_ticks, clock.uncertainty_ticks) == (0, 0)
    assert clock.lowest_ticks is not None
    assert clock.highest_ticks is not None
    assert clock.lowest_ticks <= 0 <= clock.highest_ticks
    assert main(["hv", VIRT_BOARD, "destroy", "counts", "--yes"]) == 0


async def consoles() -> str:
    link = link_maker(lab_profile(VIRT_BOARD))()
    await link.open()
    done = await link.run(["pidof", "xenconsole"])
    await link.close()
    return done.text.strip()
