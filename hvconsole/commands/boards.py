"""``hvconsole boards``: the boards a user can name."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import msgspec

from hvconsole.commands.common import add_json_argument, print_json, run_async
from hvconsole.config.boards import BoardEntry, add_board, check_name, find_board, load_boards
from hvconsole.config.paths import boards_file
from hvconsole.model.board import BoardProfile
from hvconsole.model.problem import Cancelled, Problem
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
    add.add_argument("--ssh", required=True, metavar="USER@HOST[:PORT]", help="the way to it")
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
        return _show(find_board(arguments.name), as_json=arguments.json)
    if arguments.action == "check":
        profile = find_board(arguments.name)
        return _check(profile, accept=arguments.accept_new_host_key, as_json=arguments.json)
    if arguments.action == "add":
        return _add(arguments)
    return _list(as_json=arguments.json)


def _list(*, as_json: bool) -> int:
    boards = load_boards()
    if as_json:
        print_json({"boards": [msgspec.to_builtins(board) for board in boards.values()]})
        return 0
    width = max(map(len, boards))
    for name, board in boards.items():
        way = str(board.ssh) if board.ssh else "this machine"
        serial = f"  console {board.serial}" if board.serial else ""
        sys.stdout.write(f"{name:<{width}}  {plain(way, 60)}  {board.profile}{serial}\n")
    sys.stdout.write(f"\nyour own boards stand in {boards_file()}\n")
    return 0


def _show(board: BoardProfile, *, as_json: bool) -> int:
    document = msgspec.to_builtins(board)
    if as_json:
        print_json(document)
        return 0
    address = document.pop("ssh") or {}
    flat = document | {f"ssh {name}": value for name, value in address.items()}
    for name, value in flat.items():
        if value not in (None, [], ""):
            sys.stdout.write(f"{name:<16}  {plain(str(value), 200)}\n")
    return 0


def _check(board: BoardProfile, *, accept: bool, as_json: bool) -> int:
    from hvconsole.board.facts import BoardFacts, gather
    from hvconsole.commands.sessions import link_maker

    async def look() -> BoardFacts:
        link = link_maker(board, accept_new_host_key=accept)()
        await link.open()
        try:
            return await gather(link)
        finally:
            await link.close()

    facts = run_async(look())
    if as_json:
        print_json({"board": board.name, "facts": msgspec.to_builtins(facts)})
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
    sys.stdout.write(f"'{board.name}' answers; next: hvconsole doctor {board.name}\n")
    return 0


def _add(arguments: argparse.Namespace) -> int:
    from hvconsole.config.boards import profile_of
    from hvconsole.link.ssh import SshLink

    name = check_name(arguments.name)
    if name in load_boards():
        raise Problem(
            f"a board is named '{name}' already",
            hint=f"change it in {boards_file()}, or choose another name",
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
