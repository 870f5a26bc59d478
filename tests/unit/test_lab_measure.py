"""Measurements in virtual time, as far as they need no board."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hvconsole.lab.measure.conditions import CONDITIONS, conditions_named
from hvconsole.lab.measure.debian_tree import DebianTree
from hvconsole.lab.measure.virtual import frames_in
from hvconsole.model.problem import BoardProblem, Problem, UsageProblem

NATIVE, BUSY = CONDITIONS["native"], CONDITIONS["xen-rtds-busy"]
KVM_GUEST = CONDITIONS["kvm-vhe-guest"]
XEN = b"(XEN) Using scheduler: SMP RTDS Scheduler (rtds)\r\n"


def told(frames: bytes, *, between: bytes = b"", newline: bytes = b"\r\n") -> bytes:
    """Return a console on which frames were told, 76 letters a line."""
    lines = base64.encodebytes(frames).splitlines()
    middle = len(lines) // 2
    if between:
        lines.insert(middle, between)
    end = b"measure: end " + hashlib.sha256(frames).hexdigest().encode()
    return newline.join([b"measure: frames", *lines, end, b"reboot: Power down", b""])


@given(st.binary(max_size=600), st.sampled_from([b"\n", b"\r\n", b"\r\r\n"]))
def test_frames_come_back_as_they_were(frames: bytes, newline: bytes) -> None:
    assert frames_in(b"boot\r\n" + told(frames, newline=newline), NATIVE) == frames


def test_a_kernels_line_between_two_lines_does_no_harm() -> None:
    frames = bytes(range(256))
    console = XEN + told(frames, between=b"[    9.1] random: crng init done")
    assert frames_in(console, BUSY) == frames


@pytest.mark.parametrize(
    ("console", "condition", "title"),
    [
        (b"", NATIVE, "native told no frames"),
        (told(b"f" * 300)[:200], NATIVE, "native told no frames"),
        (XEN + told(b"frames"), NATIVE, "native came up in mode xen-rtds"),
        (told(b"frames"), BUSY, "xen-rtds-busy came up in mode native"),
        (XEN + b"measure: no guest\r\n" + told(b"frames"), BUSY, "no guest"),
        (told(b"frames").replace(b"Zn", b"Zm"), NATIVE, "are damaged"),
        (b"host: mode kvm-nvhe\r\n" + told(b"f"), KVM_GUEST, "guest came up in mode kvm-nvhe"),
        (
            b"host: mode kvm-vhe\r\nmeasure: the guest ended with status 1\r\n",
            KVM_GUEST,
            "status 1",
        ),
    ],
)
def test_what_went_wrong_is_named(console: bytes, condition: object, title: str) -> None:
    with pytest.raises(BoardProblem, match=title):
        frames_in(console, condition)  # type: ignore[arg-type]  # one of CONDITIONS


def test_conditions_have_short_names_and_an_order_of_their_own() -> None:
    found = conditions_named(["rtds-busy", "xen-null", "native", "null"])
    assert [one.name for one in found] == ["native", "xen-null", "xen-rtds-busy"]
    found = conditions_named(["vhe-guest", "kvm-nvhe-busy-quota", "kvm-nvhe"])
    assert [one.name for one in found] == ["kvm-nvhe", "kvm-vhe-guest", "kvm-nvhe-busy-quota"]
    with pytest.raises(UsageProblem, match="'lab-virt'"):
        conditions_named(["lab-virt"])


@pytest.fixture
def tree(tmp_path: Path) -> DebianTree:
    """Return a root file system with its folders merged, as Debian's are."""
    path = tmp_path / "root.tar"
    with tarfile.open(path, "w") as tar:
        for name, target in (
            ("./lib", "usr/lib"),
            ("./usr/lib/arm/libx.so.1", "libx.so.1.2"),
            ("./usr/sbin/tool", "/usr/lib/xen/tool"),
            ("./usr/lib/circle", "circle"),
        ):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            tar.addfile(link)
        for name in ("./usr/lib/arm/libx.so.1.2", "./usr/lib/xen/tool"):
            file = tarfile.TarInfo(name)
            file.size = len(name)
            tar.addfile(file, io.BytesIO(name.encode()))
    return DebianTree(path, "readelf")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("usr/lib/arm/libx.so.1", b"./usr/lib/arm/libx.so.1.2"),
        ("lib/arm/libx.so.1", b"./usr/lib/arm/libx.so.1.2"),
        ("usr/sbin/tool", b"./usr/lib/xen/tool"),
    ],
)
def test_links_are_followed_within_the_archive(tree: DebianTree, path: str, found: bytes) -> None:
    assert tree.file(path) == found


@pytest.mark.parametrize("path", ["usr/bin/none", "usr/lib/circle"])
def test_what_is_not_there_is_told(tree: DebianTree, path: str) -> None:
    with pytest.raises(Problem, match=path):
        tree.file(path)
