"""Keys offered to a board: which, and in words for when none of them was taken."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from hvconsole.config.named import named


@dataclass(frozen=True, slots=True)
class AuthenticationTry:
    """What was offered to a board, for the message when it let nobody in.

    Attributes:
        user: Login name.
        keys: Key files that were offered, with their fingerprints.
        agent: What the key agent had to offer, in words.
        methods: What the server asked for: ``publickey``, ``password``, …
        locked: Key files that need a passphrase and so were not offered.
    """

    user: str
    keys: tuple[str, ...]
    agent: str
    methods: tuple[str, ...]
    locked: tuple[str, ...]


def identity_words(path: Path) -> dict[str, Any]:
    """Return the arguments of asyncssh that make one key file the only key offered.

    A key without a passphrase is read, and the agent left alone: a server that allows three tries
    must not spend them on keys of other machines. For one with a passphrase the agent is asked,
    for that key only where its public half lies beside it.

    Raises:
        OSError: The file cannot be read.
        ValueError: It holds no private key.
    """
    words: dict[str, Any] = {"client_keys": [str(path)], "ignore_encrypted": True}
    if not is_locked(path):
        return words | {"agent_path": None}
    public = path.with_name(f"{path.name}.pub")
    return words | ({"agent_identities": [str(public)]} if public.is_file() else {})


def is_locked(path: Path) -> bool:
    """Return whether a private key needs a passphrase.

    Raises:
        OSError: The file cannot be read.
        ValueError: It holds no private key.
    """
    try:
        asyncssh.read_private_key(path)
    except asyncssh.KeyImportError as error:
        if str(error).startswith("Passphrase"):
            return True
        raise
    return False


async def describe_try(
    options: asyncssh.SSHClientConnectionOptions,
    identity: str | None,
    methods: Sequence[str],
) -> AuthenticationTry:
    """Collect what was offered under these options."""
    configured = options.config.get("IdentityFile")
    files = [identity] if identity else configured if isinstance(configured, list) else []
    return AuthenticationTry(
        user=options.username,
        keys=tuple(_described(pair) for pair in options.client_keys or ()),
        agent=await _agent_state(options),
        methods=tuple(methods),
        locked=tuple(str(name) for name in files if _is_locked_file(str(name))),
    )


def _is_locked_file(name: str) -> bool:
    try:
        return is_locked(named(name))
    except (OSError, ValueError):
        return False


def _described(pair: asyncssh.SSHKeyPair) -> str:
    digest = hashlib.sha256(pair.key_public_data).digest()
    fingerprint = "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
    return f"{fingerprint} ({pair.get_algorithm()}) {pair.get_comment()}".rstrip()


async def _agent_state(options: asyncssh.SSHClientConnectionOptions) -> str:
    if not options.agent_path:
        return "no key agent was asked"
    try:
        async with asyncssh.connect_agent(options.agent_path) as agent:
            count = len(await agent.get_keys(options.agent_identities))
    except (OSError, ValueError, asyncssh.Error):
        return f"the key agent at {options.agent_path} does not answer"
    return f"the key agent at {options.agent_path} has {count} that may be offered"
