"""The counter module's sources, and everything about it that needs no ARM board."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from hvconsole.board.journal import Journal
from hvconsole.board.module import CounterModule
from hvconsole.board.module_build import CROSS, build, headers_on, provide, sources, version
from hvconsole.board.module_text import MODULE
from hvconsole.link.local import LocalLink
from hvconsole.link.protocol import Completed
from hvconsole.model.problem import BoardProblem, LinkProblem

CPU = max(os.sched_getaffinity(0))


@pytest.fixture
def link(local: LocalLink) -> LocalLink:
    return local


@pytest.fixture
def on_one_cpu() -> Iterator[int]:
    """Keep this process, and so its children, on one CPU."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CPU})
    yield CPU
    os.sched_setaffinity(0, before)


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_every_object_has_its_source() -> None:
    files = sources()
    objects = re.findall(r"(\w+)\.o\b", files["Kbuild"].decode())
    assert {f"{name}.c" for name in objects if name != MODULE} == {
        name for name in files if name.endswith(".c")
    }


def test_every_file_says_its_licence() -> None:
    files = sources()
    assert b"Version 2, June 1991" in files.pop("LICENSE")
    files.pop("dkms.conf")
    for name, text in files.items():
        assert b"SPDX-License-Identifier: GPL-2.0-only" in text.splitlines()[0], name


def test_dkms_and_the_module_agree_on_the_version() -> None:
    files = {name: data.decode() for name, data in sources().items()}
    assert f'MODULE_VERSION("{version()}")' in files["main.c"]
    assert f'BUILT_MODULE_NAME[0]="{MODULE}"' in files["dkms.conf"]


async def test_a_kernel_tree_that_is_none_is_told(
    link: LocalLink, tmp_path: Path, require: Callable[[str], str]
) -> None:
    require("make")
    tree = tmp_path / "headers"
    with pytest.raises(BoardProblem, match="does not build") as caught:
        await build(link, folder=str(tmp_path), tree=str(tree), cross=CROSS["armv7l"])
    assert "holds no kernel headers" in caught.value.hint
    tree.mkdir()
    with pytest.raises(BoardProblem, match="does not build") as caught:
        await build(link, folder=str(tmp_path), tree=str(tree))
    assert "holds no kernel headers" in caught.value.hint


async def test_a_board_that_cannot_be_built_for_is_told(link: LocalLink, tmp_path: Path) -> None:
    with pytest.raises(BoardProblem, match="no counter module for riscv64"):
        await provide(link, machine="riscv64", folder=str(tmp_path), tree=str(tmp_path))
    if await headers_on(link) is None:
        with pytest.raises(BoardProblem) as caught:
            await provide(link, machine="armv7l", folder=str(tmp_path))
        assert "linux-headers" in caught.value.hint


async def test_headers_are_found_or_not(link: LocalLink) -> None:
    tree = f"/lib/modules/{os.uname().release}/build"
    there = (Path(tree) / "Makefile").exists()
    assert await headers_on(link) == (tree if there else None)


async def test_a_refused_module_leaves_nothing_to_undo(
    link: LocalLink, journal: Journal, tmp_path: Path
) -> None:
    module = CounterModule(link, journal)
    with pytest.raises(BoardProblem) as caught:
        await module.load(str(tmp_path / "missing.ko"))
    assert caught.value.hint
    assert journal.standing == ()
    await module.unload()


class DyingLink(LocalLink):
    """Dies at the command that loads: what was written down before is all that is left."""

    async def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 30.0
    ) -> Completed:
        if "insmod" in argv:
            raise LinkProblem("the link was lost")
        return await super().run(argv, stdin=stdin, timeout=timeout)


async def test_what_was_written_down_is_undone_without_harm(
    link: LocalLink, journal: Journal
) -> None:
    dying = DyingLink()
    await dying.open()
    with pytest.raises(LinkProblem):
        await CounterModule(dying, journal).load("/nowhere/hvcounter.ko")
    await dying.close()
    assert [change.text for change in journal.standing] == ["unload the counter module"]
    assert await journal.undo_all(link) == []  # harmless, though nothing was loaded
    assert journal.standing == ()


async def test_a_module_that_is_not_loaded_has_no_state(link: LocalLink, journal: Journal) -> None:
    module = CounterModule(link, journal)
    assert not await module.loaded()
    assert await module.state([0, 1]) == {}


async def test_the_sampler_must_answer_from_the_cpu_it_was_asked_for(
    link: LocalLink, journal: Journal, tmp_path: Path
) -> None:
    module = CounterModule(link, journal)
    answer = '{"machine":"armv7l","nominal_hz":24000000,"cpu":0,"cntpct":true}'
    sampler = script(tmp_path / "hvsampler", f"echo '{answer}'")
    assert [reply.cntpct for reply in await module.verify([0], sampler)] == [True]
    with pytest.raises(BoardProblem, match="did not bind itself to CPU 1"):
        await module.verify([0, 1], sampler)
    with pytest.raises(BoardProblem, match="does not run on CPU 1"):
        await module.verify([1], script(tmp_path / "broken", "echo offline >&2; exit 2"))


@pytest.mark.compiler
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="CNTPCT exists on ARM only")
async def test_a_closed_counter_is_told_by_the_real_sampler(
    link: LocalLink,
    journal: Journal,
    tmp_path: Path,
    require: Callable[[str], str],
    on_one_cpu: int,
) -> None:
    require("cc")
    probes = Path(__file__).parents[2] / "probes"
    made = await link.run(["make", "-s", "-C", str(probes), f"BUILD={tmp_path}"], timeout=120)
    assert made.status == 0, made.error_text
    module = CounterModule(link, journal)
    with pytest.raises(BoardProblem, match=f"closed to user space on CPU {on_one_cpu}"):
        await module.require([on_one_cpu], str(tmp_path / "hvsampler"))
