"""The modes of the lab's boards: what is asked for, how Linux is told, their proofs."""

from __future__ import annotations

from pathlib import Path

import pytest

from hvconsole.board.boot_proof import Evidence, failures, modes_fitting
from hvconsole.lab.arch import ARM32, ARM64, arch_of
from hvconsole.lab.bootscript import kvm_script, script
from hvconsole.lab.machine import Hardware, Software, direct_words, virt_words
from hvconsole.lab.modes import KVM_MODES, XEN_MODES, check_mode, modes_of, usual_mode
from hvconsole.lab.places import ARM64_BOARD, BANANA_BOARD, BOARDS, VIRT_BOARD
from hvconsole.lab.profiles import kvm_modes
from hvconsole.lab.wish import Wish, check
from hvconsole.model.problem import UsageProblem


def test_each_board_has_modes_of_its_own_and_a_usual_one() -> None:
    for name in BOARDS:
        assert usual_mode(name) in modes_of(name)
    assert modes_of(BANANA_BOARD) == modes_of(VIRT_BOARD) == XEN_MODES
    assert modes_of(ARM64_BOARD) == KVM_MODES
    assert [arch_of(name) for name in BOARDS] == [ARM32, ARM32, ARM64]


@pytest.mark.parametrize(
    ("board", "mode", "hint"),
    [
        (ARM64_BOARD, "kvm-nhve", "did you mean 'kvm-nvhe'?"),
        (ARM64_BOARD, "xen-rtds", "native, kvm-nvhe, kvm-vhe"),
        (VIRT_BOARD, "kvm-vhe", "xen-credit"),
    ],
)
def test_a_mode_of_another_board_is_none(board: str, mode: str, hint: str) -> None:
    with pytest.raises(UsageProblem, match=f"{board} has no mode '{mode}'") as told:
        check_mode(board, mode)
    assert hint in told.value.hint


def test_xen_has_no_place_on_the_board_with_kvm(tmp_path: Path) -> None:
    (tmp_path / "xen").touch()
    for wish in (
        Wish(mode="kvm-vhe", hypervisor=tmp_path / "xen"),
        Wish(mode="kvm-vhe", xen_append="loglvl=all"),
    ):
        with pytest.raises(UsageProblem, match="lab-arm64 starts no Xen"):
            check(ARM64_BOARD, wish)
    check(ARM64_BOARD, Wish(mode="kvm-vhe", append="mem=768M", hardware=Hardware(4, 2048)))


@pytest.mark.parametrize(
    ("mode", "word"),
    [("native", "kvm-arm.mode=none"), ("kvm-nvhe", "kvm-arm.mode=nvhe"), ("kvm-vhe", "")],
)
def test_linux_is_told_what_to_do_with_el2(mode: str, word: str) -> None:
    assert f'"${{mode}}" = {mode}; then setenv known yes; setenv kvm_words "{word}"' in kvm_script()
    software = Software(mode=mode, kernel=Path("k"), initramfs=Path("i"), xen=None, append="x=1")
    *_, line = direct_words(software, "quiet", ARM64)
    assert line.split() == ["console=ttyAMA0", *word.split(), "quiet", "x=1"]


def test_the_boards_differ_in_what_they_boot() -> None:
    assert "booti" in kvm_script()
    assert "/boot/xen" not in kvm_script()
    assert "bootz" in script()
    assert "kvm" not in script()
    words = virt_words(Hardware(), arch=ARM64)
    assert words[1] == "virt,virtualization=on,gic-version=3"
    assert "highmem=off" in virt_words(Hardware(), arch=ARM32)[1]


def test_each_mode_with_kvm_is_proven_by_what_only_it_shows() -> None:
    modes = kvm_modes()
    vhe = Evidence(cmdline="console=ttyAMA0 quiet hvconsole.mode=kvm-vhe", kvm=True)
    nvhe = Evidence(cmdline="kvm-arm.mode=nvhe hvconsole.mode=kvm-nvhe", kvm=True)
    alone = Evidence(cmdline="kvm-arm.mode=none hvconsole.mode=native")
    assert list(modes) == list(KVM_MODES)
    assert modes_fitting(modes, vhe) == ["kvm-vhe"]
    assert modes_fitting(modes, nvhe) == ["kvm-nvhe"]
    assert modes_fitting(modes, alone) == ["native"]
    assert failures(modes["kvm-vhe"].proof, alone)[0] == "wanted Linux with KVM, seen: no /dev/kvm"
