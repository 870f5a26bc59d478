"""The console's own code against the simulated board: what it asks is understood."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from simulated_board import BoardLink, run, running

from hvconsole.board import compiler
from hvconsole.board.deploy import Deployment
from hvconsole.board.doctor import checks
from hvconsole.board.facts import CpuClock, FoundCompiler, gather
from hvconsole.board.journal import Journal
from hvconsole.board.module import CounterModule
from hvconsole.board.module_build import provide
from hvconsole.link.protocol import Link
from hvconsole.link.upload import upload_by_command
from hvconsole.model.board import BoardProfile
from hvconsole.model.problem import BoardProblem
from hvconsole.model.run import LoadRequest, RunSettings
from hvconsole.session.hub import Hub
from hvconsole.session.run import SAMPLER, MeasuredRun
from hvconsole.sim.board.modes import KERNEL


async def test_the_facts_are_those_of_an_a20():
    async with running() as board:
        facts = await gather(BoardLink(board))
    assert facts.machine == "armv7l"
    assert facts.kernel == KERNEL
    assert facts.hostname == "bananapi"
    assert facts.model == "LeMaker Banana Pi"
    assert facts.compatible == ("lemaker,bananapi", "allwinner,sun7i-a20")
    assert facts.cpus_online == facts.cpus_allowed == (0, 1)
    assert (facts.uid, facts.user) == (0, "root")
    assert facts.hypervisor == ""
    assert not facts.counter_module
    assert facts.compilers == (
        FoundCompiler(
            "/usr/bin/cc", "cc (simulated: hands out the simulated board's own programs) 12.2.0"
        ),
    )
    assert facts.clocks == tuple(
        CpuClock(cpu, "schedutil", 960_000, 144_000, 960_000) for cpu in (0, 1)
    )
    assert [zone.name for zone in facts.thermal or ()] == ["cpu-thermal"]
    assert 38_000 <= (facts.thermal or ())[0].millicelsius < 39_000
    assert (facts.rt_runtime_us, facts.rt_period_us) == (950_000, 1_000_000)
    assert (facts.rt_priority, facts.locked_kib) == (99, -1)
    assert [place.path for place in facts.places] == ["/tmp", "/var/tmp", "/root"]
    assert all(place.writable and not place.noexec for place in facts.places)


async def test_facts_tell_the_modes_apart():
    async with running("xen-rtds") as board:
        xen = await gather(BoardLink(board))
    assert xen.hypervisor == "xen"
    assert xen.control_domain
    assert xen.clocks == ()
    async with running("jailhouse") as board:
        jailhouse = await gather(BoardLink(board))
        iomem = (await run(board, "grep 'System RAM' /proc/iomem")).text
    assert "mem=896M" in jailhouse.cmdline
    assert iomem == "40000000-77ffffff : System RAM\n"


async def test_each_boot_has_an_id_of_its_own():
    async with running() as board:
        ids = []
        for _ in range(3):
            ids.append((await gather(BoardLink(board))).boot_id)
            board.boot("native")
    assert len(set(ids)) == 3


@pytest.fixture
def no_host_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr(compiler.importlib.util, "find_spec", lambda _name: None)


@pytest.mark.usefixtures("no_host_compiler")
async def test_programs_are_built_on_the_board_and_run(tmp_path: Path):
    async with running() as board:
        link = BoardLink(board)
        journal = Journal("sim", folder=tmp_path / "journal")
        deployment = Deployment(link, await gather(link), journal, cache=tmp_path / "cache")
        programs = await deployment.programs([SAMPLER, "burn", "cpuburn-a8"])
        for probe in programs.values():
            assert probe.sha256 == hashlib.sha256(board.tree.read(probe.path)).hexdigest()
        assert "simulated" in programs[SAMPLER].built_by
        hub = Hub()
        settings = RunSettings(
            seconds=30.0, cpus=(0,), loads=(LoadRequest("cpuburn-a8", 1), LoadRequest("burn", 1))
        )
        paths = {name: probe.path for name, probe in programs.items()}
        measured = MeasuredRun(link, hub, paths, settings, pytest.fail)
        hello = await measured.start()
        assert {
            process.words[0].rpartition("/")[2] for process in board.processes.running.values()
        } == {
            SAMPLER,
            "cpuburn-a8",
            "burn",
        }
        end = await measured.wait()
        assert (end.reason, end.detail) == ("time", "")
        assert hello.counter == "cntvct"
        assert "simulated" in hello.sampler
        assert hub.live.ended == "time"
        assert board.processes.running == {}
        assert board.machine.celsius > 38.5
        assert await journal.undo_all(link) == []
        journal.close()
        assert board.tree.names("/tmp") == []


@pytest.mark.usefixtures("no_host_compiler")
async def test_the_doctor_finds_a_board_in_order(tmp_path: Path):
    async with running() as board:
        found = await checks(
            BoardLink(board), BoardProfile(name="sim"), state=tmp_path, cache=tmp_path
        )
    states = {check.name: check.state for check in found}
    assert "failed" not in states.values(), found
    assert states["sampler"] == states["CPUs"] == states["room"] == "ok"
    assert states["counter"] == "warning"  # no module is loaded


async def _module(link: Link, tmp_path: Path) -> tuple[CounterModule, str]:
    await link.run(["mkdir", "-p", "/tmp/kmod"])
    built = await provide(link, machine="armv7l", folder="/tmp/kmod")
    assert built.built_on == "board"
    assert built.vermagic.split()[0] == KERNEL
    return CounterModule(link, Journal("sim", folder=tmp_path)), built.path


def _give_sampler(link: BoardLink) -> None:
    """A cross-compiled sampler, as far as its file's head tells."""
    elf = b"\x7fELF\x01\x01\x01".ljust(18, b"\0") + b"\x28\0" + b"machine code"
    link.board.tree.write("/tmp/hvsampler", elf, mode=0o700)


async def test_the_counter_module_opens_the_counter(tmp_path: Path):
    for mode in ("native", "xen-credit"):
        async with running(mode) as board:
            link = BoardLink(board)
            _give_sampler(link)
            module, path = await _module(link, tmp_path / mode)
            assert not any(r.cntpct for r in await module.verify([0, 1], "/tmp/hvsampler"))
            assert await module.load(path)
            await module.require([0, 1], "/tmp/hvsampler")
            state = await module.state([0, 1])
            assert state[1].applied == 1
            assert state[1].found == {"cntkctl": 0xC6}
            await module.unload()
            assert await module.state([0, 1]) == {}
            with pytest.raises(BoardProblem, match="closed to user space"):
                await module.require([0], "/tmp/hvsampler")


async def test_the_module_opens_the_counter_again_after_hotplug(tmp_path: Path):
    async with running() as board:
        link = BoardLink(board)
        _give_sampler(link)
        module, path = await _module(link, tmp_path)
        await module.load(path, pmccntr=True)
        cpu1 = "/sys/devices/system/cpu/cpu1/online"
        done = await run(board, f"echo 0 >{cpu1}; cat /sys/kernel/hvcounter/cpu1/cntkctl_current")
        assert "No such device or address" in done.error_text
        done = await run(board, f"cat /sys/devices/system/cpu/online; echo 1 >{cpu1}; cat {cpu1}")
        assert done.text == "0\n1\n"
        assert (await module.state([1]))[1].applied == 2
        await module.require([0, 1], "/tmp/hvsampler")


async def test_refused_modules_are_explained(tmp_path: Path):
    async with running() as board:
        link = BoardLink(board)
        module, path = await _module(link, tmp_path)
        board.refuse_modules = True
        with pytest.raises(BoardProblem) as signed:
            await module.load(path)
        assert signed.value.title == "the board's kernel loads signed modules only"
        board.refuse_modules = False
        data = board.tree.read(path)
        board.tree.write(path, data.replace(b"vermagic=6.1.0-28", b"vermagic=6.1.0-27"))
        with pytest.raises(BoardProblem) as other:
            await module.load(path)
        assert other.value.title == "the counter module was built for another kernel"
        board.tree.write(path, data.replace(b"\x28\0", b"\xb7\0", 1))
        with pytest.raises(BoardProblem) as machine:
            await module.load(path)
        assert "64-bit ARM" in machine.value.detail
        board.tree.write(path, b"nothing")
        with pytest.raises(BoardProblem):
            await module.load(path)
        assert board.modules == {}


async def test_files_arrive_by_command_as_well():
    async with running() as board:
        link = BoardLink(board)
        await upload_by_command(link, b"\x00\xff\n", "/tmp/an odd 'name'", 0o750)
        assert board.tree.read("/tmp/an odd 'name'") == b"\x00\xff\n"
        assert board.tree.stat("/tmp/an odd 'name'").mode & 0o777 == 0o750
        with pytest.raises(BoardProblem, match="cannot write"):
            await upload_by_command(link, b"", "/nowhere/x", 0o600)
