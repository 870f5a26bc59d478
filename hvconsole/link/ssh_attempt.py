"""One attempt to connect: what asyncssh asks about the host key, and what the server says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import asyncssh

from hvconsole.link.hostkeys import Finding, KnownHosts, Target, Verdict

Lost = Callable[[Exception | None], None]

# Host key algorithms we accept, best first. Signatures by SHA-1 are not among them; who has a
# board that knows nothing better can say so by HostKeyAlgorithms in ssh_config.
_ALGORITHMS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
_RSA = ("rsa-sha2-512", "rsa-sha2-256")
_CERTIFICATE = "-cert-v01@openssh.com"


class Attempt:
    """Answers asyncssh's questions during one connection, and remembers the answers.

    Args:
        known: The files of known hosts.
        options: The connection's options, ssh_config included.
        lost: Called when the connection ends.
        tunnelled: The connection goes through a jump host.
    """

    def __init__(
        self,
        known: KnownHosts,
        options: asyncssh.SSHClientConnectionOptions,
        lost: Lost,
        *,
        tunnelled: bool,
    ) -> None:
        self._known = known
        self._options = options
        self._lost = lost
        # Behind a jump host or a proxy command the peer's address is not the board's.
        self._addressless = tunnelled or bool(options.proxy_command)
        self._client: _Client | None = None
        self.finding: Finding | None = None

    @property
    def words(self) -> dict[str, Any]:
        """The arguments of `asyncssh.connect` that make it ask us."""
        words: dict[str, Any] = {
            "known_hosts": self._certified,
            "client_factory": self._make_client,
        }
        if not self._options.config.get("HostKeyAlgorithms"):
            words["server_host_key_algs"] = self._algorithms()
        return words

    @property
    def methods(self) -> tuple[str, ...]:
        """The ways to get in that the server asked for."""
        return tuple(self._client.methods) if self._client is not None else ()

    def judge(self, key: asyncssh.SSHKey, address: str, port: int) -> bool:
        """Decide on a plain host key; certificates are asyncssh's matter."""
        self.finding = self._known.judge(self._target(address, port), key)
        return self.finding.verdict is Verdict.KNOWN

    def _target(self, address: str, port: int) -> Target:
        if self._options.host_key_alias:
            return Target(self._options.host_key_alias)  # an alias stands for host and port
        return Target(self._options.host, port, "" if self._addressless else address)

    def _certified(
        self, _host: str, address: str, port: int | None
    ) -> tuple[list[asyncssh.SSHKey], list[asyncssh.SSHKey], list[asyncssh.SSHKey]]:
        """Name the authorities to asyncssh, but no plain keys: those are left to `judge`."""
        target = self._target(address or "", port or self._options.port)
        authorities = self._known.authorities(target)
        return [], authorities, self._known.revoked(target) if authorities else []

    def _algorithms(self) -> list[str]:
        """Return the host key algorithms to offer, those of known keys first.

        A server that has several keys must show the one that stands in the file; with another it
        would look as if the key had changed.
        """
        target = self._target("", self._options.port)
        types = self._known.key_types(target)
        known = [name for name in types if name in _ALGORITHMS]
        known += _RSA if "ssh-rsa" in types else ()
        plain = list(dict.fromkeys([*known, *_ALGORITHMS]))
        if not self._known.authorities(target):
            return plain
        return [name + _CERTIFICATE for name in _ALGORITHMS] + plain

    def _make_client(self) -> _Client:
        self._client = _Client(self.judge, self._lost)
        return self._client


class _Client(asyncssh.SSHClient):
    """Passes on what asyncssh asks and tells about one connection."""

    def __init__(self, judge: Callable[[asyncssh.SSHKey, str, int], bool], lost: Lost) -> None:
        self._judge = judge
        self._lost = lost
        self.methods: list[str] = []

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(exc)

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        del host  # the name that counts is known beforehand
        return self._judge(key, addr or "", port)

    def public_key_auth_requested(self) -> None:
        self.methods.append("publickey")

    def password_auth_requested(self) -> None:
        self.methods.append("password")

    def kbdint_auth_requested(self) -> None:
        self.methods.append("keyboard-interactive")
