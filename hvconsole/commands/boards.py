"""``hvconsole boards``: the boards a user can name."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import msgspec

from hvconsole.commands.common import add_json_argument, print_json, run_async
from hvconsole.commands.targets import others, profile_of, reach
from hvconsole.config.boards import BoardEntry, add_board, check_name, load_boards
from hvconsole.config.paths import boards_file
from hvconsole.model.board import BoardProfile
from hvconsole.model.problem import Cancelled, Problem, UsageProblem
from hvconsole.model.text import plain

if TYPE_CHECKING:
    from hvconsole.link.hostkeys import HostKeyQuestion


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add list, show, add and check."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    listing = actions.add_parser("list", help="all boards, those that always exist first")
    add_json_argument(listing)
    show = actions.add_parser("show", help="everything that is set for one board")
    show.add_argument("name", metavar="NAME")
    add_json_argument(show)
    check = actions.add_parser("check", help="connect, and say what the board is")
    check.add_argument("name", metavar="NAME")
    check.add_argument("--accept-new-host-key", action="store_true", help="trust an unknown key")
    add_json_argument(check)
    add = actions.add_parser("add", help="name a board; shows its host key and asks")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--ssh", metavar="USER@HOST[:PORT]", help="the way to it")
    add.add_argument("--identity", metavar="FILE", help="private key to log in with")
    add.add_argument("--proxy-jump", metavar="HOST", help="host to go through, as in ssh_config")
    add.add_argument("--serial", metavar="URL-OR-TTY", help="its console")
    add.add_argument(
        "--profile", default="generic", metavar="NAME", help="kind of hardware (bananapi)"
    )
    add.add_argument("--sudo", action="store_true", help="use 'sudo -n' where root is needed")
    add.add_argument("--no-check", action="store_true", help="do not connect now")
    add.add_argument("--accept-new-host-key", action="store_true", help="do not ask about the key")
    parser.set_defaults(json=False)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked for; without an action, list."""
    if arguments.action == "show":
        return _show(profile_of(arguments.name), as_json=arguments.json)
    if arguments.action == "check":
        return _check(arguments.name, accept=arguments.accept_new_host_key, as_json=arguments.json)
    if arguments.action == "add":
        return _add(arguments)
    return _list(as_json=arguments.json)


def _list(*, as_json: bool) -> int:
    boards = load_boards()
    if as_json:
        known = [msgspec.to_builtins(board) for board in boards.values()]
        print_json({"boards": known, "others": others()})
        return 0
    there = others()
    width = max(map(len, [*boards, *there]))
    for name, text in there.items():
        sys.stdout.write(f"{name:<{width}}  {text}\n")
    for name, board in boards.items():
        way = str(board.ssh) if board.ssh else "this machine"
        serial = f"  console {board.serial}" if board.serial else ""
        sys.stdout.write(f"{name:<{width}}  {plain(way, 60)}  {board.profile}{serial}\n")
    sys.stdout.write(f"\nyour own boards stand in {boards_file()}\n")
    return 0


def _show(board: BoardProfile, *, as_json: bool) -> int:
    _check_serial(board.serial)
    document = msgspec.to_builtins(board)
    if as_json:
        print_json(document)
        return 0
    address = document.pop("ssh") or {}
    flat = document | {f"ssh {name}": value for name, value in address.items()}
    # The blanks in these two matter.
    flat |= {name: repr(flat[name]) for name in ("uboot_prompt", "uboot_stop")}
    flat |= {f"mode {name}": mode["about"] or "yes" for name, mode in flat.pop("modes").items()}
    for name, value in flat.items():
        if value not in (None, [], (), ""):
            sys.stdout.write(f"{name:<16}  {plain(str(value), 200)}\n")
    return 0


def _check(name: str, *, accept: bool, as_json: bool) -> int:
    from hvconsole.board.facts import BoardFacts, gather
    from hvconsole.commands.sessions import link_maker

    async def look() -> BoardFacts:
        async with reach(name) as board:
            _check_serial(board.serial)
            link = link_maker(board, accept_new_host_key=accept)()
            await link.open()
            try:
                return await gather(link)
            finally:
                await link.close()

    facts = run_async(look())
    if as_json:
        print_json({"board": name, "facts": msgspec.to_builtins(facts)})
        return 0
    cpus = ",".join(map(str, facts.cpus_online))
    for what in (
        facts.model,
        facts.system,
        f"Linux {facts.kernel} {facts.machine}",
        f"CPUs {cpus}",
    ):
        if what:
            sys.stdout.write(plain(what, 120) + "\n")
    sys.stdout.write(f"'{name}' answers; next: hvconsole doctor {name}\n")
    return 0


def _add(arguments: argparse.Namespace) -> int:
    from hvconsole.config.boards import profile_of
    from hvconsole.link.ssh import SshLink

    name = check_name(arguments.name)
    _check_serial(arguments.serial)
    if name in load_boards():
        raise Problem(
            f"a board is named '{name}' already",
            hint=f"change it in {boards_file()}, or choose another name",
        )
    if not (arguments.ssh or arguments.serial):
        raise UsageProblem(
            f"nothing says how '{name}' is reached", hint="--ssh USER@HOST, or --serial URL-OR-TTY"
        )
    entry = BoardEntry(
        ssh=arguments.ssh,
        identity=arguments.identity,
        proxy_jump=arguments.proxy_jump,
        serial=arguments.serial,
        profile=arguments.profile,
        sudo=arguments.sudo,
    )
    address = profile_of(name, entry).ssh
    if address is not None and not arguments.no_check:

        async def meet() -> None:
            decide = (lambda _: True) if arguments.accept_new_host_key else _ask
            link = SshLink(address, decide=decide)
            await link.open()
            await link.close()

        run_async(meet())
    path = add_board(name, entry)
    sys.stdout.write(f"'{name}' stands in {path}; next: hvconsole connect {name}\n")
    return 0


def _check_serial(address: str | None) -> None:
    """Make sure that a console's address can be understood; it is not opened.

    Raises:
        UsageProblem: It cannot.
    """
    from hvconsole.link.serial_url import parse_serial

    if address is not None:
        parse_serial(address)


def _ask(question: HostKeyQuestion) -> bool:
    """Show an unknown host key and ask; no answer is a no."""
    sys.stderr.write(
        f"{plain(question.name, 80)} ({plain(question.address, 60)}) is not known yet.\n"
        f"Its {plain(question.algorithm, 40)} key is {question.fingerprint}\n"
        "Compare it with what the board's console says: ssh-keygen -lf "
        "/etc/ssh/ssh_host_ed25519_key.pub\n"
        "Trust it? [y/N] "
    )
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        raise Cancelled(
            "nobody answered whether to trust the host key", hint="--accept-new-host-key says yes"
        )
    return answer.strip().lower() in {"y", "yes"}
