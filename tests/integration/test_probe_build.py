"""Programs for boards: built here, for other machines, and on the board; delivered whole."""

import asyncio
import hashlib
import platform
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from servers import Sshd

from hvconsole.board import compiler as compilers
from hvconsole.board.compiler import (
    CompileProblem,
    Compiler,
    board_compilers,
    build_here,
    host_compilers,
    no_compiler,
)
from hvconsole.board.deploy import Deployment
from hvconsole.board.facts import BoardFacts, FoundCompiler, gather
from hvconsole.board.journal import Journal, pending
from hvconsole.board.places import Place
from hvconsole.board.probes import Probes
from hvconsole.link.local import LocalLink
from hvconsole.link.protocol import Link
from hvconsole.link.ssh import SshLink
from hvconsole.model.problem import BoardProblem, Problem, UsageProblem

pytestmark = pytest.mark.compiler

HERE = platform.machine()


@pytest.fixture
def probes(tmp_path: Path) -> Probes:
    """A folder of programs like the real one, but tiny."""
    folder = tmp_path / "probes"
    (folder / "common").mkdir(parents=True)
    (folder / "tiny").mkdir()
    (folder / "probes.toml").write_text(
        """
version = "1.2"
cflags = ["-O1", "-Icommon"]
ldflags = ["-lm"]

[program.tiny]
description = "says what it is"
sources = ["tiny/*.c", "common/*.c"]

[program.broken]
sources = ["broken.c"]

[program.elsewhere]
sources = ["broken.c"]
machines = ["armv7l"]
load = true
"""
    )
    (folder / "tiny" / "main.c").write_text(
        '#include <stdio.h>\n#include "word.h"\n'
        'int main(void) { printf("%s " HV_VERSION "\\n", word()); return 0; }\n'
    )
    (folder / "common" / "word.c").write_text('const char *word(void) { return "first"; }\n')
    (folder / "common" / "word.h").write_text("const char *word(void);\n")
    (folder / "broken.c").write_text("int main(void) { return nothing; }\n")
    return Probes(folder)


def here(require: Callable[[str], str], *, static: bool = False) -> Compiler:
    return Compiler((require("gcc"),), "gcc, whichever", "host", static=static)


def said(words: list[str]) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


async def test_a_program_is_built_once(probes: Probes, tmp_path: Path, require: Callable) -> None:
    cache, gcc = tmp_path / "cache", here(require)
    built = await build_here(gcc, probes, "tiny", HERE, cache)
    assert said([str(built)]) == "first 1.2\n"
    before = built.stat().st_mtime_ns
    assert await build_here(gcc, probes, "tiny", HERE, cache) == built
    assert built.stat().st_mtime_ns == before
    assert [path.name for path in cache.iterdir()] == [built.parent.name]


@pytest.mark.parametrize("change", ["source", "header", "options", "compiler"])
async def test_whatever_a_build_depends_on_makes_another(
    probes: Probes, tmp_path: Path, require: Callable, change: str
) -> None:
    cache, gcc = tmp_path / "cache", here(require)
    built = await build_here(gcc, probes, "tiny", HERE, cache)
    folder = probes.folder
    if change == "source":
        (folder / "common" / "word.c").write_text('const char *word(void) { return "new"; }\n')
    elif change == "header":
        (folder / "common" / "word.h").write_text("extern const char *word(void);\n")
    elif change == "options":
        text = (folder / "probes.toml").read_text()
        (folder / "probes.toml").write_text(text.replace("-O1", "-O2"))
    else:
        gcc = Compiler(gcc.words, "another version", "host")
    again = await build_here(gcc, Probes(folder), "tiny", HERE, cache)
    assert again != built
    assert said([str(again)]) == ("new 1.2\n" if change == "source" else "first 1.2\n")


async def test_two_at_once_both_get_it(probes: Probes, tmp_path: Path, require: Callable) -> None:
    build = (build_here(here(require), probes, "tiny", HERE, tmp_path / "cache") for _ in range(2))
    first, second = await asyncio.gather(*build)
    assert first == second
    assert said([str(first)]) == "first 1.2\n"
    assert len(list((tmp_path / "cache").iterdir())) == 1


async def test_errors_are_those_of_the_compiler(
    probes: Probes, tmp_path: Path, require: Callable
) -> None:
    with pytest.raises(CompileProblem, match="broken does not compile") as told:
        await build_here(here(require), probes, "broken", HERE, tmp_path / "cache")
    assert "broken.c:1" in told.value.detail
    assert "nothing" in told.value.detail
    assert "-O1 -Icommon" in told.value.hint
    assert list((tmp_path / "cache").iterdir()) == []


def test_programs_are_refused_with_those_that_exist(probes: Probes) -> None:
    with pytest.raises(BoardProblem, match="elsewhere does not run on aarch64"):
        probes.program("elsewhere", "aarch64")
    with pytest.raises(BoardProblem, match="no program is named 'none'") as told:
        probes.program("none", "armv8l")
    assert "elsewhere" in told.value.hint
    (probes.folder / "broken.c").unlink()
    with pytest.raises(Problem, match="is missing"):
        probes.sources(probes.programs["broken"])
    (probes.folder / "probes.toml").write_text('version = "1"\n[program.x]\nsourcez = []\n')
    with pytest.raises(UsageProblem, match="sourcez"):
        Probes(probes.folder)


@pytest.mark.cross
@pytest.mark.parametrize(
    ("machine", "gcc", "qemu"),
    [
        ("armv7l", "arm-linux-gnueabihf-gcc", "qemu-arm-static"),
        ("aarch64", "aarch64-linux-gnu-gcc", "qemu-aarch64-static"),
    ],
)
async def test_programs_for_arm_boards(
    tmp_path: Path, machine: str, gcc: str, qemu: str, require: Callable
) -> None:
    """The real ones, by Debian's cross compilers, run by user-mode emulation."""
    path, emulator = require(gcc), require(qemu)
    (first, *_) = await host_compilers(machine, same_machine=False)
    assert first.words == (path,)
    assert first.static
    probes = Probes()
    for name, program in probes.programs.items():
        if program.runs_on(machine):
            built = await build_here(first, probes, name, machine, tmp_path / "cache")
            assert said([emulator, str(built), "--version"]) == f"{name} {probes.version}\n"


@pytest.mark.cross
async def test_zig_builds_for_the_banana_pi_too(tmp_path: Path) -> None:
    pytest.importorskip("ziglang", reason="hvconsole[cross] is not installed")
    found = await host_compilers("armv7l", same_machine=False)
    (zig,) = (each for each in found if "ziglang" in each.words)
    probes = Probes()
    for name in ("hvsampler", "cpuburn-a8"):
        built = await build_here(zig, probes, name, "armv7l", tmp_path / "cache")
        assert built.read_bytes()[:4] == b"\x7fELF"


async def test_compilers_of_this_machine(require: Callable) -> None:
    require("gcc")
    found = await host_compilers(HERE, same_machine=True)
    assert found
    assert not found[0].static
    assert found[0].version
    assert await host_compilers("vax", same_machine=False) == []


def test_what_to_do_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilers.platform, "machine", lambda: "x86_64")
    problem = no_compiler("armv7l")
    assert problem.title == "there is no compiler for armv7l"
    assert "arm-linux-gnueabihf-gcc" in problem.detail
    assert "apt install gcc-arm-linux-gnueabihf libc6-dev-armhf-cross" in problem.hint
    assert "pip install 'hvconsole[cross]'" in problem.hint
    assert "ziglang" not in no_compiler("vax").detail
    assert "cc, gcc, clang" in no_compiler("x86_64").detail.splitlines()[1]


async def test_here_programs_run_from_the_cache(
    probes: Probes, tmp_path: Path, require: Callable
) -> None:
    require("gcc")
    link = LocalLink()
    await link.open()
    journal = Journal("local", folder=tmp_path / "journal")
    deployment = Deployment(
        link, await gather(link), journal, probes=probes, cache=tmp_path / "cache"
    )
    probe = (await deployment.programs(["tiny"]))["tiny"]
    assert (await link.run([probe.path])).text == "first 1.2\n"
    assert probe.path.startswith(str(tmp_path / "cache"))
    assert probe.sha256 == hashlib.sha256(Path(probe.path).read_bytes()).hexdigest()
    assert journal.standing == ()
    for damage in (lambda path: path.write_bytes(b""), Path.unlink):
        damage(Path(probe.path))
        again = (await deployment.programs(["tiny"]))["tiny"]
        assert again.path == probe.path
        assert (await link.run([again.path])).text == "first 1.2\n"
    await link.close()


def places_in(tmp_path: Path) -> tuple[Place, ...]:
    for name in ("closed", "full", "good"):
        (tmp_path / name).mkdir(exist_ok=True)
    return (
        Place(str(tmp_path / "closed"), writable=True, noexec=True),
        Place(str(tmp_path / "full"), writable=True, free_kib=12),
        Place(str(tmp_path / "good"), writable=True, free_kib=1 << 20),
    )


async def facts_of(link: Link, tmp_path: Path, **changes: object) -> BoardFacts:
    facts = await gather(link)
    return msgspec.structs.replace(facts, places=places_in(tmp_path), **changes)


@pytest.mark.sshd
@pytest.mark.parametrize("where", ["board", "host"])
async def test_programs_on_a_board(
    link: SshLink, probes: Probes, tmp_path: Path, require: Callable, where: str
) -> None:
    require("gcc")
    changes = {} if where == "board" else {"compilers": ()}
    facts = await facts_of(link, tmp_path, **changes)
    journal = Journal("bpi", folder=tmp_path / "journal")
    deployment = Deployment(link, facts, journal, probes=probes, cache=tmp_path / "cache")
    probe = (await deployment.programs(["tiny"]))["tiny"]
    assert (await link.run([probe.path])).text == "first 1.2\n"
    assert probe.sha256 == hashlib.sha256(Path(probe.path).read_bytes()).hexdigest()
    assert probe.built_by.endswith("on the board" if where == "board" else "on this machine")
    (folder,) = (tmp_path / "good").iterdir()
    assert Path(probe.path).parent == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    assert (await deployment.programs(["tiny"]))["tiny"] == probe
    Path(probe.path).write_bytes(b"swapped")
    again = (await deployment.programs(["tiny"]))["tiny"]
    assert again.path != probe.path
    assert (await link.run([again.path])).text == "first 1.2\n"

    assert journal.standing[0].text == f"remove the folder {folder}"
    assert await journal.undo_all(link) == []
    journal.close()
    assert list((tmp_path / "good").iterdir()) == []
    assert pending("bpi", tmp_path / "journal") == []


@pytest.mark.sshd
async def test_a_compiler_that_fails_is_not_the_last(
    link: SshLink, probes: Probes, tmp_path: Path, require: Callable
) -> None:
    require("gcc")
    bare = (FoundCompiler("/bin/false", "a compiler without headers"),)
    facts = await facts_of(link, tmp_path, compilers=bare)
    assert str(board_compilers(facts)[0]) == "a compiler without headers on the board"
    journal = Journal("bpi", folder=tmp_path / "journal")
    deployment = Deployment(link, facts, journal, probes=probes, cache=tmp_path / "cache")
    probe = (await deployment.programs(["tiny"]))["tiny"]
    assert probe.built_by.endswith("on this machine")
    with pytest.raises(CompileProblem, match="no compiler builds broken") as told:
        await deployment.programs(["broken"])
    assert "a compiler without headers" in told.value.detail
    assert "broken.c:1" in told.value.detail
    await journal.undo_all(link)
    journal.close()


@pytest.mark.sshd
async def test_no_place_is_told_with_all_reasons(
    link: SshLink, probes: Probes, tmp_path: Path
) -> None:
    facts = await facts_of(link, tmp_path)
    facts = msgspec.structs.replace(facts, places=facts.places[:2])
    journal = Journal("bpi", folder=tmp_path / "journal")
    deployment = Deployment(link, facts, journal, probes=probes, cache=tmp_path / "cache")
    with pytest.raises(BoardProblem, match="can take our programs") as told:
        await deployment.programs(["tiny"])
    assert told.value.detail.splitlines() == [
        f"{tmp_path}/closed: mounted noexec",
        f"{tmp_path}/full: 12 KiB free, 16384 are needed",
    ]
    assert journal.standing == ()


@pytest.mark.sshd
async def test_a_board_without_sha256sum_is_read_back(
    link: SshLink,
    probes: Probes,
    tmp_path: Path,
    require: Callable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require("gcc")
    run = link.run

    async def without(argv: list[str], **more: object) -> object:
        return await run(["/no/sha256sum", *argv[1:]] if argv[0] == "sha256sum" else argv, **more)

    monkeypatch.setattr(link, "run", without)
    facts = await facts_of(link, tmp_path, compilers=())
    journal = Journal("bpi", folder=tmp_path / "journal")
    deployment = Deployment(link, facts, journal, probes=probes, cache=tmp_path / "cache")
    probe = (await deployment.programs(["tiny"]))["tiny"]
    assert probe.sha256 == hashlib.sha256(Path(probe.path).read_bytes()).hexdigest()
    await journal.undo_all(link)
    journal.close()


@pytest.mark.sshd
async def test_the_real_sampler_over_ssh(sshd: Sshd, tmp_path: Path, require: Callable) -> None:
    require("gcc")
    link = SshLink(sshd.address, files=sshd.files())
    await link.open()
    facts = await facts_of(link, tmp_path)
    journal = Journal("bpi", folder=tmp_path / "journal")
    deployment = Deployment(link, facts, journal, cache=tmp_path / "cache")
    sampler = (await deployment.programs(["hvsampler"]))["hvsampler"]
    reply = msgspec.json.decode((await link.run([sampler.path, "--probe"])).stdout)
    assert reply["machine"] == HERE
    assert await journal.undo_all(link) == []
    journal.close()
    assert not Path(sampler.path).exists()
    await link.close()
