"""``hvconsole serve``: the console in a browser."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import os
import re
import secrets
import sys

from hvconsole.commands.common import run_async
from hvconsole.commands.targets import SIM, profile_of
from hvconsole.model.problem import UsageProblem

DEFAULT_PORT = 8421
TOKEN_VARIABLE = "HVCONSOLE_TOKEN"  # noqa: S105  # the variable's name
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,200}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the board and where to listen."""
    parser.add_argument(
        "board", nargs="?", default="", metavar="BOARD", help="default: the list of boards"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine alone)"
    )
    parser.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        help=f"0 lets the system choose (default {DEFAULT_PORT})",
    )
    parser.add_argument(
        "--public-url", default="", metavar="URL", help="where browsers reach it, behind a proxy"
    )
    parser.add_argument(
        "--read-only", action="store_true", help="measure, but change nothing on the board"
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    if arguments.board and arguments.board != SIM:
        profile_of(arguments.board)  # a wrong name is told now, not in the browser
    if not 0 <= arguments.port < 1 << 16:
        raise UsageProblem(f"--port {arguments.port} is no port", hint="1 to 65535, or 0")
    token = _token()
    words = [sys.executable, "-m", "hvconsole"]
    if arguments.board:
        words += ["connect", arguments.board]
        words += ["--read-only"] if arguments.read_only else []
    elif arguments.read_only:
        raise UsageProblem(
            "--read-only is said of a board", hint="hvconsole serve BOARD --read-only"
        )
    return run_async(_serve(words, arguments, token))


async def _serve(words: list[str], arguments: argparse.Namespace, token: str) -> int:
    from hvconsole.web.server import ConsoleServer

    server = ConsoleServer(
        words,
        host=arguments.host,
        port=arguments.port,
        token=token,
        public_url=arguments.public_url,
    )
    try:
        address = await server.begin()
    except OSError as error:
        raise UsageProblem(
            f"{arguments.host}:{arguments.port} cannot be listened on",
            detail=error.strerror or str(error),
            hint="choose another: --port 0",
        ) from error
    if not _is_loopback(arguments.host):
        sys.stderr.write(
            "note: others on the network can reach this, and what they type travels unencrypted;\n"
            "      better: leave --host out and go through ssh -L\n"
        )
    sys.stdout.write(f"{address}\nCtrl-C ends it; each page has a console of its own\n")
    sys.stdout.flush()
    try:
        await asyncio.Event().wait()
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(server.end())
    return 0


def _token() -> str:
    """Return the secret: from the environment, where others cannot read it, or a fresh one."""
    token = os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        return secrets.token_urlsafe(24)
    if not _TOKEN.fullmatch(token):
        raise UsageProblem(
            f"{TOKEN_VARIABLE} holds no usable token",
            hint="16 letters, digits, '-' and '_' at least",
        )
    return token


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
