"""Boot modes in boards.toml: read as they stand, wrong ones told with the place and the fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from hvconsole.cli import main
from hvconsole.config.boards import load_boards
from hvconsole.model.boot import BootMode, BootProof
from hvconsole.model.problem import UsageProblem

BOARD = """
[bpi]
ssh = "root@192.0.2.7"
serial = "/dev/ttyUSB0"
uboot_prompt = "BPI# "
uboot_stop = "s"

[bpi.modes.native]
about = "Linux alone"

[bpi.modes.xen-rtds]
uboot = ["setenv bootargs 'a; b'", "run xen"]
linux = [["fw_setenv", "mode", "xen"]]
proof = {hypervisor = "xen", scheduler = "rtds", cmdline = ["console=hvc0"]}
timeout_s = 90
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "boards.toml"
    path.write_text(text)
    return path


def test_modes_are_read_as_they_stand(tmp_path: Path) -> None:
    board = load_boards(write(tmp_path, BOARD))["bpi"]
    assert (board.uboot_prompt, board.uboot_stop) == ("BPI# ", "s")
    assert list(board.modes) == ["native", "xen-rtds"]
    assert board.modes["native"] == BootMode(about="Linux alone")
    assert board.modes["xen-rtds"] == BootMode(
        uboot=("setenv bootargs 'a; b'", "run xen"),
        linux=(("fw_setenv", "mode", "xen"),),
        proof=BootProof(hypervisor="xen", scheduler="rtds", cmdline=("console=hvc0",)),
        timeout_s=90.0,
    )


def test_a_board_needs_none(tmp_path: Path) -> None:
    board = load_boards(write(tmp_path, '[bpi]\nssh = "root@192.0.2.7"\n'))["bpi"]
    assert board.modes == {}
    assert board.uboot_prompt == "=> "


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("proof = {hypervisor", "prof = {hypervisor", "did you mean 'proof'"),
        ('"rtds", cmdline', '"rtds", comandline', "did you mean 'cmdline'"),
        ('hypervisor = "xen"', 'hypervisor = "xin"', "did you mean 'xen'"),
        ("modes.xen-rtds", 'modes."xen rtds"', "cannot name a mode"),
        ("timeout_s = 90", "timeout_s = 0", "timeout_s is 0"),
        ("timeout_s = 90", 'timeout_s = "long"', "expected a number"),
        ('"run xen"', '"run xen\\n"', "holds a line that cannot be typed"),
        ('"run xen"', '"run\\u0003"', "holds a line that cannot be typed"),
        ('"run xen"', '" "', "holds a line that cannot be typed"),
        ('"run xen"', '"café"', "holds a line that cannot be typed"),
        ('[["fw_setenv", "mode", "xen"]]', "[[]]", "holds an empty command"),
        ('serial = "/dev/ttyUSB0"\n', "", "the board has none"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in BOARD
    with pytest.raises(UsageProblem) as caught:
        load_boards(write(tmp_path, BOARD.replace(old, new)))
    told = "\n".join(caught.value.lines()).lower()
    assert says.lower() in told
    assert "boards.toml" in told


def test_a_console_that_cannot_be_understood_is_told_before_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HVCONSOLE_CONFIG_DIR", str(tmp_path))
    words = ["boards", "add", "bpi", "--ssh", "root@192.0.2.7", "--no-check"]
    assert main([*words, "--serial", "tpc://192.0.2.7:4000"]) == 2
    assert "tpc://192.0.2.7:4000" in capsys.readouterr().err
    assert not (tmp_path / "boards.toml").exists()
    write(tmp_path, BOARD.replace("/dev/ttyUSB0", "ttyUSB0"))
    assert main(["boards", "show", "bpi"]) == 2
    assert "ttyUSB0" in capsys.readouterr().err


def test_modes_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HVCONSOLE_CONFIG_DIR", str(tmp_path))
    write(tmp_path, BOARD)
    assert main(["boards", "show", "bpi"]) == 0
    assert "xen-rtds" in capsys.readouterr().out
