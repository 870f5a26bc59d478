"""The way to a board over SSH: ssh_config, keys, jump hosts, and the host key of each machine."""

from __future__ import annotations

import asyncio
import functools
import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import msgspec

from hvconsole.config.named import named
from hvconsole.config.paths import state_dir
from hvconsole.link.hostkeys import Decide, Finding, KnownHosts, Verdict, refusal, remember
from hvconsole.link.ssh_attempt import Attempt, Lost
from hvconsole.link.ssh_auth import describe_try, identity_words
from hvconsole.link.ssh_errors import (
    connect_problem,
    is_authentication,
    not_let_in,
    settings_problem,
)
from hvconsole.model.board import SshAddress
from hvconsole.model.problem import LinkProblem, UsageProblem

KEEPALIVE_COUNT = 3

_JUMP = re.compile(
    r"(?:ssh://)?(?:(?P<user>[^@\s]+)@)?"
    r"(?:\[(?P<v6>[^\]\s]+)\]|(?P<host>[^\s:@\[\]/-][^\s:@\[\]/]*))(?::(?P<port>\d{1,5}))?/?"
)


@dataclass(frozen=True, slots=True)
class SshFiles:
    """The files and the agent that a connection may use.

    Attributes:
        config: ssh_config files; the first that sets an option wins.
        known_hosts: Host keys that others keep; only read.
        accepted: Host keys accepted through hvconsole; read, and appended to.
        agent: Socket of the key agent; None takes ssh_config's or SSH_AUTH_SOCK, "" none at all.
    """

    config: tuple[Path, ...]
    known_hosts: tuple[Path, ...]
    accepted: Path
    agent: str | None = None

    @classmethod
    def usual(cls) -> SshFiles:
        """Return the user's and the system's own files."""
        user, system = Path.home() / ".ssh", Path("/etc/ssh")
        return cls(
            config=(user / "config", system / "ssh_config"),
            known_hosts=(
                user / "known_hosts",
                user / "known_hosts2",
                system / "ssh_known_hosts",
                system / "ssh_known_hosts2",
            ),
            accepted=state_dir() / "known_hosts",
        )


class Connector:
    """Opens connections: through jump hosts, each of them checked as the board itself is.

    Args:
        address: The board.
        files: Which files count.
        decide: Asked about a host key that no file knows; None refuses it.
        timeout_s: Seconds for each machine on the way, from TCP to the end of authentication.
    """

    def __init__(
        self, address: SshAddress, files: SshFiles, decide: Decide | None, timeout_s: float
    ) -> None:
        self._address = address
        self._files = files
        self._decide = decide
        self._timeout_s = timeout_s

    async def open(self, lost: Lost) -> list[asyncssh.SSHClientConnection]:
        """Connect; return the connections to the jump hosts and, last, to the board.

        Args:
            lost: Called when the board's connection ends, with asyncssh's reason.

        Raises:
            LinkProblem: With the reason and the fix.
        """
        opened: list[asyncssh.SSHClientConnection] = []
        try:
            for hop in await self._hops():
                opened.append(await self._connect(hop, opened[-1] if opened else None, _ignore))
            opened.append(await self._connect(self._address, opened[-1] if opened else None, lost))
        except BaseException:
            for connection in reversed(opened):
                connection.abort()
            raise
        return opened

    async def _hops(self) -> list[SshAddress]:
        """Return the jump hosts: the board's own settings, else those of ssh_config."""
        text = self._address.proxy_jump
        if text is None:
            tunnel = (await self._options(self._address)).tunnel
            text = tunnel if isinstance(tunnel, str) else ""
        board = msgspec.structs.replace(
            self._address, user=None, port=None, identity=None, ciphers=()
        )
        return [msgspec.structs.replace(board, **jump) for jump in parse_jumps(text)]

    async def _connect(
        self, address: SshAddress, tunnel: asyncssh.SSHClientConnection | None, lost: Lost
    ) -> asyncssh.SSHClientConnection:
        """Connect to one machine; ask about its key between two attempts if need be.

        The question is not asked inside the key exchange: the server would give up waiting for
        the answer, and the second attempt checks that the key is still the one accepted.
        """
        options = await self._options(address, tunnel=tunnel)
        paths = self._known_hosts(address, options)
        for last in (False, True):
            known = await asyncio.to_thread(KnownHosts, paths)
            attempt = Attempt(known, options, lost, tunnelled=tunnel is not None)
            words = self._words(address) | attempt.words | {"tunnel": tunnel}
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await asyncssh.connect(address.host, **words)
            except (OSError, ValueError, asyncssh.Error) as error:
                finding = attempt.finding
                if finding is None or finding.verdict is Verdict.KNOWN:
                    raise await self._problem(error, address, options, attempt) from error
                if last or not await self._accepts(finding):
                    raise refusal(finding, self._files.accepted) from error
                remember(self._files.accepted, finding.target.name, finding.key)
        raise AssertionError("the last attempt returns or raises")

    async def _problem(
        self,
        error: Exception,
        address: SshAddress,
        options: asyncssh.SSHClientConnectionOptions,
        attempt: Attempt,
    ) -> LinkProblem:
        if not is_authentication(error):
            return connect_problem(error, address, options, self._timeout_s)
        tried = await describe_try(options, address.identity, attempt.methods)
        return not_let_in(error, address, tried)

    async def _accepts(self, finding: Finding) -> bool:
        """Ask about a key, if it is one that can be asked about."""
        if finding.verdict is not Verdict.UNKNOWN or self._decide is None:
            return False
        answer = self._decide(finding.question)
        return await answer if inspect.isawaitable(answer) else answer

    async def _options(
        self, address: SshAddress, **more: Any
    ) -> asyncssh.SSHClientConnectionOptions:
        """Return what ssh_config and the address make of the connection; reads the keys."""
        try:
            make = functools.partial(asyncssh.SSHClientConnectionOptions, host=address.host)
            return await asyncio.to_thread(lambda: make(**self._words(address), **more))
        except (OSError, ValueError, asyncssh.Error) as error:
            raise settings_problem(error, address) from error

    def _words(self, address: SshAddress) -> dict[str, Any]:
        """Return the arguments of `asyncssh.connect` that come from the address and the files.

        What the address leaves open is not passed, so that ssh_config decides it.
        """
        words: dict[str, Any] = {
            "config": [str(path) for path in self._files.config if path.is_file()] or None,
            "keepalive_interval": address.keepalive_s,
            "keepalive_count_max": KEEPALIVE_COUNT,
            "login_timeout": self._timeout_s,
            "request_pty": False,
            "x11_forwarding": False,
            "agent_forwarding": False,
        }
        if address.user is not None:
            words["username"] = address.user
        if address.port is not None:
            words["port"] = address.port
        if address.ciphers:
            words["encryption_algs"] = list(address.ciphers)
        if self._files.agent is not None:
            words["agent_path"] = self._files.agent or None
        if address.identity is not None:
            words |= identity_words(named(address.identity))
        return words

    def _known_hosts(
        self, address: SshAddress, options: asyncssh.SSHClientConnectionOptions
    ) -> list[Path]:
        """Return all files of known hosts.

        Those that ssh_config names are added to the usual ones. ``UserKnownHostsFile none`` makes
        asyncssh check nothing at all; here it merely adds no file.
        """
        configured = options.known_hosts if isinstance(options.known_hosts, list) else []
        own = [address.known_hosts] if address.known_hosts else []
        more = [named(str(name)) for name in [*own, *configured]]
        return [*more, *self._files.known_hosts, self._files.accepted]


def parse_jumps(text: str) -> list[dict[str, Any]]:
    """Take ProxyJump apart: ``user@host:port`` with commas between, or ``none``.

    Returns:
        User, host and port of each jump host, in order; what is not given is None.

    Raises:
        UsageProblem: A part is no such address.
    """
    if text.strip().lower() in {"", "none"}:
        return []
    parts: list[dict[str, Any]] = []
    for part in map(str.strip, text.split(",")):
        match = _JUMP.fullmatch(part)
        if match is None:
            raise UsageProblem(
                f"{part!r} is no jump host",
                hint="write it as USER@HOST or USER@HOST:PORT, an IPv6 host in [brackets]",
            )
        port = int(match["port"]) if match["port"] else None
        parts.append({"user": match["user"], "host": match["v6"] or match["host"], "port": port})
    return parts


def _ignore(_reason: Exception | None) -> None:
    """A jump host that is lost takes the board's connection with it, and that one tells."""
