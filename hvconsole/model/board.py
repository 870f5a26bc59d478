"""Boards as a person names them: how to reach one, and what is known of it beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from hvconsole.model.boot import BootMode


class SshAddress(msgspec.Struct, frozen=True, kw_only=True):
    """The way to a board over SSH. What is left empty is up to the user's ssh_config.

    Attributes:
        host: Name or address, or an alias of ssh_config.
        user: Login name.
        port: TCP port.
        identity: Private key file; a leading ``~`` is the user's home.
        proxy_jump: Hosts to go through, as in ssh_config.
        ciphers: Ciphers to offer, best first; on boards without AES instructions
            ``chacha20-poly1305@openssh.com`` disturbs a measurement less.
        keepalive_s: Seconds between keepalives; after three unanswered ones the link is dead.
        known_hosts: A file of host keys that counts beside the usual ones.
    """

    host: str
    user: str | None = None
    port: int | None = None
    identity: str | None = None
    proxy_jump: str | None = None
    ciphers: tuple[str, ...] = ()
    keepalive_s: float = 2.0
    known_hosts: str | None = None

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{user}{host}{f':{self.port}' if self.port else ''}"


class BoardProfile(msgspec.Struct, frozen=True, kw_only=True):
    """One named board.

    Attributes:
        name: What the user calls it: ``bpi``.
        kind: How it is reached: ``local`` is this machine, ``ssh`` another one, ``serial`` one
            that has nothing but its console.
        ssh: The way to it, for kind ``ssh``.
        serial: Its console: a device path or a URL (``serial://``, ``tcp://``, ``rfc2217://``,
            ``unix:``).
        profile: Kind of hardware, for what has to be known beforehand (``bananapi``, ``generic``).
        sudo: Whether commands that need root go through ``sudo -n``.
        labels: Words that every result of this board must carry (``simulated``, …).
        modes: The ways to boot it, by name; the first is the one it boots by itself.
        uboot_prompt: What its U-Boot shows when it waits, the blank at its end included.
        uboot_stop: Keys that stop its autoboot.
        reset: A command of this machine that does what its reset button does (a relay, a power
            switch), in words.
        made: How a board that is made for the occasion is made again: options of the command line
            and their values.
    """

    name: str
    kind: Literal["local", "ssh", "serial"] = "ssh"
    ssh: SshAddress | None = None
    serial: str | None = None
    profile: str = "generic"
    sudo: bool = False
    labels: tuple[str, ...] = ()
    modes: Mapping[str, BootMode] = msgspec.field(default_factory=dict)
    uboot_prompt: str = "=> "
    uboot_stop: str = " "
    reset: tuple[str, ...] = ()
    made: Mapping[str, str] = msgspec.field(default_factory=dict)
