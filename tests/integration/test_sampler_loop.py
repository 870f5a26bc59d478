"""What the compiler made of the sampling loop: reads, a comparison, and nothing else."""

import platform
import re
import subprocess
from pathlib import Path

import pytest
from probe_runs import cross_build

pytestmark = pytest.mark.compiler

# Reading the counter, by machine; jumps; and what must not be there, stores and loads above all.
READ = {"x86_64": r"rdtsc", "armv7l": r"mrrc\s+15, [01]", "aarch64": r"mrs\s.*cnt[pv]ct_el0"}
JUMP = {"x86_64": r"j[a-z]+\s+([0-9a-f]+)", "armv7l": r"b[a-z.]*\s+([0-9a-f]+)"}
JUMP["aarch64"] = r"(?:b(?:\.[a-z]+)?|cbn?z\s+\w+,)\s+([0-9a-f]+)"
MEMORY = {"x86_64": r"\(%|call|div|push|pop", "armv7l": r"\[|push|pop|stm|ldm|bl\s|div"}
MEMORY["aarch64"] = r"\[|bl\s|div"


def loops(objdump: str, program: Path, machine: str) -> dict[str, list[list[str]]]:
    """Return the instructions of each loop around a read, for each function that reads a chunk."""
    words = [objdump, "-d", "--no-show-raw-insn", str(program)]
    listing = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found = {}
    for name, body in re.findall(r"<(chunk_\w+)>:\n((?:.+\n)+)", listing):
        lines = [line.strip().partition(":") for line in body.splitlines()]
        code = [(int(address, 16), text.strip()) for address, _, text in lines]
        reads = [at for at, text in code if re.match(READ[machine], text)]
        around = [loop_around(read, code, machine) for read in reads]
        # The first read of a chunk stands before the loop; and a compiler may make two of the
        # loop: one before the first switch, one after.
        found[name] = [loop for loop in around if loop]
    return found


def loop_around(read: int, code: list[tuple[int, str]], machine: str) -> list[str]:
    """Return the instructions of the shortest loop around a read; none if it is in no loop."""
    around = []
    for address, text in code:
        jump = re.match(JUMP[machine], text)
        if jump and address > read and code[0][0] <= (to := int(jump[1], 16)) <= read:
            around.append([text for at, text in code if to <= at <= address])
    return min(around, key=len, default=[])


def check(found: dict[str, list[list[str]]], machine: str, names: set[str]) -> None:
    assert set(found) == names
    for around in found.values():
        assert around
        for loop in around:
            assert len(loop) <= 16
            assert not [text for text in loop if re.search(MEMORY[machine], text)]


def test_on_x86_64(programs: Path, require) -> None:
    objdump = require("objdump")
    if platform.machine() != "x86_64":
        pytest.skip("this machine is no x86-64")
    found = loops(objdump, programs / "hvsampler", "x86_64")
    check(found, "x86_64", {"chunk_tsc", "chunk_tsc_fenced"})


@pytest.mark.cross
@pytest.mark.parametrize(
    ("machine", "objdump"),
    [("armv7l", "arm-linux-gnueabihf-objdump"), ("aarch64", "aarch64-linux-gnu-objdump")],
)
def test_on_arm(tmp_path: Path, require, machine: str, objdump: str) -> None:
    tool = require(objdump)
    cross_build(require, tmp_path, machine)
    names = {"chunk_cntpct", "chunk_cntpct_fenced", "chunk_cntvct", "chunk_cntvct_fenced"}
    check(loops(tool, tmp_path / "hvsampler", machine), machine, names)
