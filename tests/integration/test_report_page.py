"""The report in a real browser: on a desk, on a phone, in the dark and on paper."""

from __future__ import annotations

import re
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from browser import CHROMIUM, QUIET
from sessions import make_session
from values import HZ, heartbeat, hello

from hvconsole.analysis.report.page import write_report
from hvconsole.wire.values import End, HeartbeatFlag, Switches

np = pytest.importorskip("numpy")

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: apt-get install chromium"
)


def session(folder: Path, condition: str, seed: int, median_us: float) -> Path:
    """Record a run of 5 s with 250 switches a second of lognormal length."""
    rng = np.random.default_rng(seed)
    start = (np.arange(1250) * (HZ // 250)).astype(np.uint64)
    length = (rng.lognormal(np.log(median_us), 0.4, 1250) * HZ / 1e6).astype(np.uint64)
    totals = {"detected": 1250, "recorded": 1250, "lost_ticks": int(length.sum())}
    values = [
        hello(1, start=0),
        Switches(1, 0, start, length),
        heartbeat(1, 5 * HZ, flags=HeartbeatFlag.LAST, **totals),
        End(reason="time"),
    ]
    path = folder / f"{seed}.hvs"
    return make_session(
        path, [values], [condition], board="bpi", kind=condition, labels=("simulated",)
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    evil = "<script>document.title='owned'</script>"
    kinds = (("native", 8.0), ("xen-credit", 14.0), (evil, 9.0))
    paths = [
        session(folder, name, 10 * i + place, median)
        for i in range(5)
        for place, (name, median) in enumerate(kinds)
    ]
    out = folder / "report.html"
    write_report(paths, out)
    return out


def browse(page: Path, folder: Path, *options: str) -> str:
    assert CHROMIUM is not None
    words = [
        CHROMIUM,
        "--headless",
        *QUIET,
        f"--user-data-dir={folder / 'profile'}",
        *options,
        page.as_uri(),
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


def pixels(path: Path) -> np.ndarray:
    """Decode an 8-bit PNG of RGB or RGBA, shape (rows, columns, 3)."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    columns, rows, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert depth == 8
    channels = {2: 3, 6: 4}[kind]
    at, packed = 8, b""
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] == b"IDAT":
            packed += data[at + 8 : at + 8 + length]
        at += 12 + length
    raw = np.frombuffer(zlib.decompress(packed), dtype=np.uint8).reshape(rows, -1)
    return _unfiltered(raw, channels).reshape(rows, columns, channels)[:, :, :3]


def _unfiltered(raw: np.ndarray, channels: int) -> np.ndarray:
    """Undo PNG's line filters."""
    lines = np.zeros((raw.shape[0], raw.shape[1] - 1), dtype=np.uint8)
    above = np.zeros(raw.shape[1] - 1, dtype=np.uint8)
    for row in range(raw.shape[0]):
        kind, line = raw[row, 0], raw[row, 1:].copy()
        if kind == 2:
            line += above
        elif kind:
            line = _left_filtered(int(kind), line.tolist(), above.tolist(), channels)
        lines[row] = above = line
    return lines


def _left_filtered(kind: int, line: list[int], above: list[int], channels: int) -> np.ndarray:
    for i, value in enumerate(line):
        left = line[i - channels] if i >= channels else 0
        up, corner = above[i], above[i - channels] if i >= channels else 0
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + up) // 2
        else:
            distances = [abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)]
            guess = (left, up, corner)[distances.index(min(distances))]
        line[i] = (value + guess) & 0xFF
    return np.array(line, dtype=np.uint8)


def test_nothing_of_a_board_runs(page: Path, tmp_path: Path) -> None:
    dom = browse(page, tmp_path, "--dump-dom")
    title = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    assert title is not None
    assert title[1] == "Switches on bpi"
    assert "<script" not in dom
    assert "document.title" in dom
    assert dom.count("<svg") > 20


@pytest.mark.parametrize("width", [390, 1200])
def test_it_is_readable_on_a_phone_and_on_a_desk(page: Path, tmp_path: Path, width: int) -> None:
    shot = tmp_path / "shot.png"
    browse(page, tmp_path, f"--window-size={width},900", f"--screenshot={shot}")
    image = pixels(shot)
    assert image.shape[:2] == (900, width)
    assert (image[:8, :8] == 255).all()
    dark = (image.sum(axis=2) < 250).any(axis=1)
    assert dark.sum() > 100
    # No text runs over the right edge: the last columns are paper.
    assert (image[:, -4:].min(axis=(1, 2)) > 200).all()


def test_it_is_dark_where_people_want_it_dark(page: Path, tmp_path: Path) -> None:
    shot = tmp_path / "shot.png"
    browse(
        page,
        tmp_path,
        "--blink-settings=preferredColorScheme=0",
        "--window-size=600,400",
        f"--screenshot={shot}",
    )
    image = pixels(shot)
    assert image[:8, :8].max() < 60
    assert image.max() > 200


def test_it_prints(page: Path, tmp_path: Path) -> None:
    paper = tmp_path / "paper.pdf"
    browse(page, tmp_path, f"--print-to-pdf={paper}")
    data = paper.read_bytes()
    assert data.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", data)) >= 2
