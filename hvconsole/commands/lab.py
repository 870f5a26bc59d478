"""``hvconsole lab``: real boards in QEMU: build, list, start, stop, reset, measure."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hvconsole.commands import lab_measure
from hvconsole.commands.common import add_json_argument, print_json, run_async
from hvconsole.lab.places import BOARDS, VIRT_BOARD
from hvconsole.model.problem import BoardProblem, LinkProblem

if TYPE_CHECKING:
    from hvconsole.lab.inventory import LabBoard
    from hvconsole.link.protocol import Link
    from hvconsole.model.boot import BootProof

_PROOF_S = 90.0
_LOOK_S = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add build, list, start, stop, reset and measure."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    build = actions.add_parser("build", help="make the boards' images; what is there is kept")
    build.add_argument("name", nargs="*", default=list(BOARDS), metavar="NAME", help="which boards")
    build.add_argument(
        "--install",
        action="store_true",
        help="install the Debian packages that are missing here (needs root)",
    )
    listing = actions.add_parser("list", help="the boards, and which run")
    stop = actions.add_parser("stop", help="end a board; what it wrote to its disk is gone")
    stop.add_argument("name", nargs="*", default=[], metavar="NAME")
    stop.add_argument("--all", action="store_true", help="all that run")
    reset = actions.add_parser("reset", help="press a running board's reset button")
    reset.add_argument("name", nargs="?", default=VIRT_BOARD, metavar="NAME")
    start = actions.add_parser("start", help="start a board; return when it can be logged in to")
    _add_start(start)
    measure = actions.add_parser("measure", help="fixed measurements in virtual time, repeatable")
    lab_measure.add_arguments(measure)
    for one in (build, listing, start, stop, reset, measure):
        add_json_argument(one)


def _add_start(start: argparse.ArgumentParser) -> None:
    start.add_argument("name", nargs="?", default=VIRT_BOARD, metavar="NAME")
    start.add_argument(
        "--mode", default="", metavar="MODE", help="native, xen-credit, …; kvm-nvhe, kvm-vhe"
    )
    own = start.add_argument_group("what is your own")
    own.add_argument("--kernel", type=Path, metavar="FILE", help="a Linux kernel")
    own.add_argument("--hypervisor", type=Path, metavar="FILE", help="a Xen")
    own.add_argument("--append", default="", metavar="TEXT", help="words for Linux")
    own.add_argument("--xen-append", default="", metavar="TEXT", help="words for Xen")
    own.add_argument("--overlay", type=Path, metavar="DIR", help="files laid over the disk")
    board = start.add_argument_group("the board")
    board.add_argument("--smp", type=int, default=2, metavar="N", help="CPUs (not lab-bpi)")
    board.add_argument("--mem", type=int, default=1024, metavar="MIB", help="memory (not lab-bpi)")
    board.add_argument(
        "--snapshot",
        action="store_true",
        help="come out of a snapshot of the booted board; the first time, make it",
    )
    board.add_argument("--no-uboot", action="store_true", help="begin with the kernel at once")
    board.add_argument("--hours", type=float, default=12.0, metavar="H", help="ends itself after")
    board.add_argument("--no-wait", action="store_true", help="do not wait until it answers")


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked for."""
    todo: dict[str, Callable[[argparse.Namespace], int]] = {
        "build": _build,
        "list": _list,
        "start": _start,
        "stop": _stop,
        "reset": _reset,
        "measure": lambda arguments: lab_measure.run(arguments, ShownProgress),
    }
    return todo[arguments.action](arguments)


def _build(arguments: argparse.Namespace) -> int:
    from hvconsole.lab.build import build, tidy
    from hvconsole.lab.snapshots import forget_snapshots

    begun = time.monotonic()
    with ShownProgress() as tell:
        images = build(arguments.name, tell, install=arguments.install)
    tidy()
    forget_snapshots()
    seconds = time.monotonic() - begun
    if arguments.json:
        folders = [str(image.folder) for image in images]
        print_json({"images": folders, "seconds": round(seconds, 1)})
    else:
        sys.stdout.write(
            f"built in {seconds:.0f} s, in {images[0].folder.parent}\n"
            f"next: hvconsole lab start {arguments.name[0]}\n"
        )
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from hvconsole.lab.inventory import list_boards

    boards = list_boards()
    if arguments.json:
        print_json({"boards": [_document(one) for one in boards]})
        return 0
    for one in boards:
        state = one.running
        more = f"  mode {state.mode} at its start, SSH on port {state.ssh_port}" if state else ""
        sys.stdout.write(f"{one.name:<9} {one.condition}{more}\n")
    if all(one.condition == "not built" for one in boards):
        sys.stdout.write("next: hvconsole lab build\n")
    return 0


def _start(arguments: argparse.Namespace) -> int:
    from hvconsole.lab.modes import usual_mode
    from hvconsole.lab.places import check_name
    from hvconsole.lab.start import start

    mode = arguments.mode or usual_mode(check_name(arguments.name))
    begun = answered = time.monotonic()

    def prove() -> None:
        nonlocal answered
        answered = time.monotonic()
        if mode != "native":
            run_async(_prove(arguments.name, mode))

    with ShownProgress() as tell:
        one = start(
            arguments.name,
            mode=mode,
            kernel=arguments.kernel,
            hypervisor=arguments.hypervisor,
            append=arguments.append,
            xen_append=arguments.xen_append,
            overlay=arguments.overlay,
            smp=arguments.smp,
            mem=arguments.mem,
            snapshot=arguments.snapshot,
            uboot=not arguments.no_uboot,
            hours=arguments.hours,
            wait=not arguments.no_wait,
            prove=prove,
            tell=tell,
        )
    seconds = time.monotonic() - begun
    if arguments.json:
        document = _document(one) | {
            "seconds": round(seconds, 1),
            "ssh_after_s": round(answered - begun, 1),
        }
        print_json(document)
    else:
        sys.stdout.write(f"{one.name} answers after {seconds:.1f} s, in mode {mode}\n")
        sys.stdout.write(f"next: hvconsole connect {one.name}\n")
    return 0


async def _prove(name: str, mode: str) -> None:
    """Wait until the board shows that it is in the mode: hypervisors' tools come up after SSH."""
    from hvconsole.commands.sessions import link_maker
    from hvconsole.lab.profiles import lab_profile

    profile = lab_profile(name)
    end = time.monotonic() + _PROOF_S
    link = await _logged_in(link_maker(profile), end)
    try:
        while told := await _unproven(link, profile.modes[mode].proof):
            if time.monotonic() > end:
                raise BoardProblem(
                    f"{name} is up, but not in mode {mode}",
                    detail="\n".join(told),
                    hint=f"its console: {profile.serial}",
                )
            await asyncio.sleep(_LOOK_S)
    finally:
        await link.close()


async def _logged_in(make: Callable[[], Link], end: float) -> Link:
    """Log in, again and again: where many boards are emulated, one may take long to let us in."""
    while True:
        link = make()
        try:
            await link.open()
        except LinkProblem:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(_LOOK_S)
        else:
            return link


async def _unproven(link: Link, proof: BootProof) -> list[str]:
    """Return what is not yet as the mode has it."""
    from hvconsole.board.boot_proof import failures, read_evidence
    from hvconsole.board.doctor_kvm import look_at_kvm
    from hvconsole.board.facts import gather

    told = failures(proof, await read_evidence(link))
    if not told and proof.hypervisor == "kvm":
        state, said, _ = await look_at_kvm(link, await gather(link), sudo=False)
        told = [] if state == "ok" else [said]
    return told


def _reset(arguments: argparse.Namespace) -> int:
    from hvconsole.lab import monitor
    from hvconsole.lab.inventory import board, profile

    profile(arguments.name)  # says what to do where it does not run
    monitor.command(board(arguments.name).folder / "monitor.sock", "system_reset")
    if arguments.json:
        print_json({"name": arguments.name, "reset": True})
    else:
        sys.stdout.write(f"{arguments.name} was reset\n")
    return 0


def _stop(arguments: argparse.Namespace) -> int:
    from hvconsole.lab.inventory import list_boards, stop

    names = arguments.name
    if arguments.all or not names:
        names = [one.name for one in list_boards() if one.running]
    done = {name: stop(name) for name in names}
    if arguments.json:
        print_json({"stopped": done})
        return 0
    for name, ran in done.items():
        sys.stdout.write(f"{name} {'stopped' if ran else 'did not run'}\n")
    if not done:
        sys.stdout.write("no board of the lab runs\n")
    return 0


def _document(one: LabBoard) -> dict[str, Any]:
    state = one.running
    known: dict[str, Any] = {"name": one.name, "condition": one.condition}
    if state is not None:
        known |= {
            "mode_at_start": state.mode,
            "ssh": f"root@127.0.0.1:{state.ssh_port}",
            "identity": str(one.identity),
            "known_hosts": str(one.known_hosts),
            "serial": f"unix:{one.serial}",
            "pid": state.pid,
            "qemu": state.qemu,
        }
    return known


class ShownProgress:
    """Steps on stderr: a bar on a terminal, a line each elsewhere."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._last = ""

    def __enter__(self) -> Callable[[str, float], None]:
        if not sys.stderr.isatty():
            return self._line
        from rich.console import Console  # only a terminal needs it
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description:<32}"), BarColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._bar.__enter__()
        task = self._bar.add_task("", total=1.0)

        def tell(step: str, share: float) -> None:
            self._bar.update(task, description=step, completed=share)

        return tell

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.__exit__(*error)

    def _line(self, step: str, share: float) -> None:
        if step != self._last:
            self._last = step
            sys.stderr.write(f"{share:4.0%}  {step}\n")
            sys.stderr.flush()
