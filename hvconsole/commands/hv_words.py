"""The words of ``hvconsole hv``: which there are, and the action that they ask for."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hvconsole.commands.common import (
    add_board_argument,
    add_host_key_argument,
    add_json_argument,
    cpu_list,
)
from hvconsole.commands.hv_jailhouse import (
    add_jailhouse,
    add_life,
    add_unchecked,
    linux_action,
)
from hvconsole.commands.hv_looks import LOOKS
from hvconsole.commands.hv_xen import add_xen
from hvconsole.commands.targets import add_sim_arguments
from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.jailhouse.images import read_images
from hvconsole.model.problem import UsageProblem
from hvconsole.model.text import plain

_SIMPLE: dict[str, tuple[Callable[..., do.Action], str]] = {
    "start": (do.Start, "let a guest run that is made but does not"),
    "stop": (do.Stop, "ask a guest to shut down"),
    "restart": (do.Restart, "let a guest boot again"),
    "pause": (do.Pause, "let a guest stand still"),
    "resume": (do.Resume, "let a paused guest go on"),
    "destroy": (do.Destroy, "end a guest at once"),
}
# Words that people bring along from xl, virsh and jailhouse.
ALSO = {
    "create": ("define",),
    "stop": ("shutdown",),
    "pause": ("suspend",),
    "resume": ("unpause",),
    "list": ("ls",),
}
_VALUE = re.compile(r"(?P<name>[a-z][a-z0-9_-]*)=(?P<value>-?\d{1,9})")
_WRITTEN = "/… on the board, else on this machine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the board and the actions."""
    add_board_argument(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _action(actions, "list", "guests, vCPUs, pools and schedulers")
    for name, (_, text) in _SIMPLE.items():
        _action(actions, name, text).add_argument("guest", metavar="GUEST")
    create = _action(actions, "create", "make a guest from a configuration")
    create.add_argument("config", type=Path, metavar="FILE", help="on this machine")
    create.add_argument("--on-board", action="store_true", help="FILE lies on the board")
    create.add_argument("--name", default="", help="another name than the configuration's")
    create.add_argument("--paused", action="store_true", help="do not let it run yet")
    add_life(create)
    load = _action(actions, "load", "put images into a guest's memory (Jailhouse)")
    load.add_argument("guest", metavar="GUEST")
    load.add_argument("images", nargs="+", metavar="FILE[@ADDRESS]", help=_WRITTEN)
    enable = _action(actions, "enable", "let Jailhouse take the machine over")
    enable.add_argument(
        "config", metavar="FILE", help="system configuration: on the board, or a .toml here"
    )
    _action(actions, "disable", "let Jailhouse give the machine back")
    add_jailhouse(actions, _action)
    add_xen(actions, _action)
    for one in (create, enable, actions.choices["linux"]):
        add_unchecked(one)
    _add_scheduling(actions)
    _add_pools(actions)


def _add_scheduling(actions: Any) -> None:
    sched = _action(actions, "sched", "set scheduler values, or switch a guest's scheduler")
    sched.add_argument("guest", nargs="?", default="", metavar="GUEST")
    sched.add_argument("values", nargs="*", metavar="NAME=VALUE", help="weight=512 period=10000")
    sched.add_argument("--vcpu", type=int, metavar="N", help="one vCPU only")
    sched.add_argument("--pool", default="", metavar="POOL", help="the pool's own values")
    sched.add_argument("--to", default="", metavar="SCHEDULER", help="switch the guest to it, live")
    sched.add_argument("--cpus", type=cpu_list, default=(), metavar="N[,N…]", help="with --to")
    pin = _action(actions, "pin", "say which CPUs a guest's vCPUs may use and prefer")
    pin.add_argument("guest", metavar="GUEST")
    pin.add_argument("--vcpu", type=int, metavar="N", help="one vCPU only")
    pin.add_argument("--hard", type=cpu_list, metavar="N[,N…]", help="may run on these only")
    pin.add_argument("--soft", type=cpu_list, metavar="N[,N…]", help="prefers these")
    vcpus = _action(actions, "vcpus", "say how many vCPUs a guest uses")
    vcpus.add_argument("guest", metavar="GUEST")
    vcpus.add_argument("count", type=int, metavar="COUNT")


def _add_pools(actions: Any) -> None:
    pool = _action(actions, "pool", "cpupools: create, destroy, add, remove, move", leaf=False)
    steps = pool.add_subparsers(dest="pool_action", metavar="WHAT", required=True)
    create = _action(steps, "create", "make a pool")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--sched", required=True, metavar="SCHEDULER")
    create.add_argument("--cpus", type=cpu_list, default=(), metavar="N[,N…]")
    _action(steps, "destroy", "give its CPUs back to Pool-0").add_argument("name", metavar="NAME")
    for name, text in (("add", "move a CPU into a pool"), ("remove", "take a CPU out of it")):
        one = _action(steps, name, text)
        one.add_argument("name", metavar="NAME")
        one.add_argument("cpu", type=int, metavar="CPU")
    move = _action(steps, "move", "move a guest into a pool")
    move.add_argument("guest", metavar="GUEST")
    move.add_argument("name", metavar="NAME")


def _action(actions: Any, name: str, text: str, *, leaf: bool = True) -> argparse.ArgumentParser:
    one: argparse.ArgumentParser = actions.add_parser(
        name, help=text, description=text, aliases=ALSO.get(name, ())
    )
    if leaf:
        one.add_argument("--dry-run", action="store_true", help="print the commands, do nothing")
        one.add_argument("--yes", action="store_true", help="agree to what it destroys")
        add_host_key_argument(one)
        add_json_argument(one)
        add_sim_arguments(one)
    return one


def action_of(arguments: argparse.Namespace) -> do.Action | None:
    """Return what the words ask for; None for a look.

    Raises:
        UsageProblem: A value or an image is written wrongly, or a file cannot be read.
    """
    if arguments.action == "debug-keys":
        from hvconsole.hypervisor.xen.asking import debug_keys

        debug_keys(arguments.keys)
    if arguments.action in ("list", *LOOKS):
        return None
    if arguments.action == "linux":
        return linux_action(arguments)
    return _action_of(arguments)


def _action_of(arguments: argparse.Namespace) -> do.Action:  # noqa: PLR0911  # a table of cases
    match arguments.action:
        case "create":
            images, contents = read_images(arguments.load)
            return do.Create(
                config=b"" if arguments.on_board else _read(arguments.config),
                on_board=arguments.on_board,
                source=str(arguments.config),
                name=arguments.name,
                paused=arguments.paused,
                images=images,
                contents=contents,
                start=arguments.start,
            )
        case "load":
            images, contents = read_images(arguments.images)
            return do.Load(guest=arguments.guest, images=images, contents=contents)
        case "enable":
            is_here = arguments.config.endswith(".toml")  # a board has only binary ones
            content = _read(Path(arguments.config)) if is_here else b""
            return do.Enable(config=arguments.config, content=content)
        case "disable":
            return do.Disable()
        case "sched":
            return _sched(arguments)
        case "pin":
            return do.Pin(
                guest=arguments.guest,
                vcpu=arguments.vcpu,
                hard=None if arguments.hard is None else frozenset(arguments.hard),
                soft=None if arguments.soft is None else frozenset(arguments.soft),
            )
        case "vcpus":
            return do.SetVcpus(guest=arguments.guest, count=arguments.count)
        case "pool":
            return _pool(arguments)
        case name:
            return _SIMPLE[name][0](guest=arguments.guest)


def _sched(arguments: argparse.Namespace) -> do.Action:
    words = list(arguments.values)
    guest = arguments.guest
    if "=" in guest and arguments.pool:
        words.insert(0, guest)
        guest = ""
    values: dict[str, int] = {}
    for word in words:
        match = _VALUE.fullmatch(word)
        if match is None:
            raise UsageProblem(f"'{plain(word, 60)}' sets nothing", hint="write it as weight=512")
        values[match["name"]] = int(match["value"])
    if bool(guest) == bool(arguments.pool):
        raise UsageProblem("say a GUEST or --pool POOL", hint="hvconsole hv BOARD sched --help")
    if arguments.to:
        cpus = frozenset(arguments.cpus)
        return do.SwitchScheduler(guest=guest, scheduler=arguments.to, cpus=cpus, values=values)
    return do.Schedule(guest=guest, vcpu=arguments.vcpu, pool=arguments.pool, values=values)


def _pool(arguments: argparse.Namespace) -> do.Action:
    match arguments.pool_action:
        case "create":
            cpus = frozenset(arguments.cpus)
            return do.MakePool(name=arguments.name, scheduler=arguments.sched, cpus=cpus)
        case "destroy":
            return do.DestroyPool(name=arguments.name)
        case "add":
            return do.AddCpu(pool=arguments.name, cpu=arguments.cpu)
        case "remove":
            return do.RemoveCpu(pool=arguments.name, cpu=arguments.cpu)
        case _:
            return do.Move(guest=arguments.guest, pool=arguments.name)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageProblem(f"{path} cannot be read", detail=error.strerror or "") from error
