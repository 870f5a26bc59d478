"""Jailhouse on the simulated board by the commands that a person types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hvconsole.cli import main
from hvconsole.sim import keep

FOLDER = "/etc/jailhouse"
SYSTEM = f"{FOLDER}/bananapi.cell"
MOVED = f"{FOLDER}/bananapi-inmate-moved.cell"
DEMO = "/usr/local/libexec/jailhouse/demos/gic-demo.bin"


class Typed:
    """What a person types after ``hvconsole hv sim``, and what they see."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: str) -> int:
        """Run a command; keep what it wrote."""
        status = main(["hv", "sim", *words])
        self.out, self.err = self._capsys.readouterr()
        return status


@pytest.fixture
def hv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Typed]:
    for name in ("CONFIG", "STATE", "SESSIONS"):
        monkeypatch.setenv(f"HVCONSOLE_{name}_DIR", str(tmp_path / name.lower()))
    assert main(["sim", "start", "--mode", "jailhouse"]) == 0
    capsys.readouterr()
    yield Typed(capsys)
    keep.stop()


def test_a_cell_made_loaded_and_started_in_one_go(
    hv: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert hv("enable", SYSTEM, "--yes") == 0
    life = ("create", MOVED, "--on-board", "--load", f"{DEMO}@0", "--start")
    assert hv(*life, "--dry-run") == 0
    assert "CPU 1  Banana-Pi → bananapi-inmate-moved" in hv.err
    assert "0x7be00000    64KiB" in hv.err
    assert hv.out.splitlines()[1:] == [
        f"jailhouse cell load 1 {DEMO} -a 0x0", "jailhouse cell start 1",
    ]  # fmt: skip
    assert hv(*life) == 0
    assert "thermal" not in hv.err  # that was told when Jailhouse was enabled
    assert hv("list", "--json") == 0
    cell = json.loads(hv.out)["guests"][1]
    assert (cell["name"], cell["state"]) == ("bananapi-inmate-moved", "running")

    # An image of this machine; its copy does not stay on the board.
    assert main(["hv", "sim", "stop", "1"]) == 0
    (tmp_path / "own.bin").write_bytes(b"\0" * 512)
    assert hv("load", "1", "own.bin@0") == 0
    assert hv("destroy", "1") == 0
    # What fails takes the whole cell back.
    assert hv("create", MOVED, "--on-board", "--load", f"{DEMO}@0x10000000", "--start") == 1
    assert "does not fit" in hv.err
    assert "↺ create" in hv.err
    assert hv("list", "--json") == 0
    assert len(json.loads(hv.out)["guests"]) == 1
    assert hv("load", "0", "none.bin") == 2


def test_a_cells_life(hv: Typed) -> None:
    assert hv("preflight") == 0
    assert "'enable' pins it" in hv.out
    assert hv("stats") == 1
    assert "not enabled" in hv.err
    assert hv("enable", SYSTEM) == 130  # asked, and nobody agreed
    assert "--yes agrees" in hv.err
    assert hv("enable", SYSTEM, "--yes") == 0
    assert "✓ keep one frequency" in hv.err
    assert "thermal" in hv.err  # what the root cell does not have is told

    assert hv("create", f"{FOLDER}/bananapi-inmate-demo.cell", "--on-board") == 1
    assert "kills the root Linux" in hv.err
    assert hv("create", MOVED, "--on-board") == 0
    assert hv("load", "1", DEMO) == 0
    assert hv("load", "1", f"{DEMO}@0x10000000") == 1
    assert "does not fit" in hv.err
    assert hv("start", "1") == 0

    assert hv("stats", "--json") == 0
    told = json.loads(hv.out)
    rows = {(one["cell"], one["cpu"]): one for one in told["cpus"]}
    assert set(rows) == {("0", 0), ("1", 1)}
    # Two cells with a CPU and ten counters each: reading them once is 20 hypercalls by CPU 0.
    assert (told["reader"], told["own_exits"]) == (0, 20)
    assert rows["0", 0]["rates"]["hypercall"] == 0
    assert rows["0", 0]["own"]["hypercall"] > 0
    assert rows["1", 1]["rates"]["virt_irq"] > 0
    assert hv("stats", "1") == 0
    assert "bananapi-inmate-moved" in hv.out
    assert "Banana-Pi" not in hv.out

    assert hv("console") == 0
    assert 'Started cell "bananapi-inmate-moved"' in hv.out
    assert hv("console", "--follow", "0.5", "--json") == 0
    assert any("Started cell" in line for line in json.loads(hv.out)["lines"])
    assert hv("stop", "1") == 0
    assert hv("destroy", "1") == 0
    assert hv("disable", "--yes") == 0
    assert "✓ give the CPUs their governors back" in hv.err
    assert hv("list", "--json") == 0
    survey = json.loads(hv.out)
    assert (survey["active"], set(survey["governors"].values())) == (False, {"schedutil"})


def test_linux_in_a_cell(hv: Typed) -> None:
    words = ("linux", f"{FOLDER}/bananapi-linux-demo.cell", "/boot/vmlinuz", "--cmdline", "quiet")
    assert hv(*words) == 1
    assert "not enabled" in hv.err
    assert hv("enable", SYSTEM, "--yes") == 0
    assert hv(*words, "--dry-run") == 0
    assert hv.out.endswith("bananapi-linux-demo.cell /boot/vmlinuz -c quiet\n")
    assert hv(*words) == 0
    assert hv("list") == 0
    assert "bananapi-linux-demo" in hv.out


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (("stats", "nosuch"), 1, "not enabled"),
        (("console",), 1, "driver is not loaded"),
        (("console", "--follow", "-1"), 2, "--follow"),
        (("enable", "/etc/none.cell", "--yes"), 1, "cannot be read"),
        (("linux", "x.cell", "/boot/vmlinuz"), 1, "not enabled"),
    ],
)
def test_what_cannot_be_done_is_said(
    hv: Typed, words: tuple[str, ...], status: int, why: str
) -> None:
    assert hv(*words) == status
    assert why in hv.err
