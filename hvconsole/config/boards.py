"""The boards a user can name: those that always exist, and those of boards.toml."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from pathlib import Path

import msgspec

from hvconsole.config.named import named
from hvconsole.config.paths import boards_file
from hvconsole.config.toml import convert, read_toml
from hvconsole.model.board import BoardProfile, SshAddress
from hvconsole.model.boot import BootMode
from hvconsole.model.problem import UsageProblem

LOCAL = BoardProfile(name="local", kind="local", profile="generic")
BUILT_IN = {"local": LOCAL}

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_MODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_HYPERVISORS = ("none", "xen", "jailhouse", "kvm", "xvisor")
_SSH = re.compile(
    r"(?:(?P<user>[^@\s/]+)@)?(?:\[(?P<v6>[0-9A-Fa-f:.%]+)\]|(?P<host>[^\s:/\[\]]+))(?::(?P<port>\d+))?"
)


class BoardEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table of boards.toml, as the user writes it: ``[bpi]`` and these keys."""

    ssh: str | None = None
    identity: str | None = None
    proxy_jump: str | None = None
    ciphers: tuple[str, ...] = ()
    keepalive_s: float = 2.0
    known_hosts: str | None = None
    serial: str | None = None
    profile: str = "generic"
    sudo: bool = False
    uboot_prompt: str = "=> "
    uboot_stop: str = " "
    reset: tuple[str, ...] = ()
    modes: dict[str, BootMode] = {}


def parse_ssh(text: str) -> tuple[str | None, str, int | None]:
    """Take ``user@host:port`` apart; user and port may be missing, ``[…]`` holds an IPv6 address.

    Raises:
        UsageProblem: The text is no such address.
    """
    match = _SSH.fullmatch(text)
    if match is None or (match["host"] or "").startswith("-"):
        raise UsageProblem(
            f"{text!r} is no SSH address",
            hint="write it as USER@HOST or USER@HOST:PORT, an IPv6 host in [brackets]",
        )
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port < 1 << 16:
        raise UsageProblem(f"{port} is no TCP port", hint="choose 1 to 65535; SSH's own is 22")
    return match["user"], match["v6"] or match["host"], port


def check_name(name: str) -> str:
    """Return a board's name if it may be one.

    Raises:
        UsageProblem: It holds other than letters, digits and ``_.-``, or is too long, or taken.
    """
    if not _NAME.fullmatch(name):
        raise UsageProblem(
            f"{name!r} cannot name a board",
            hint="use up to 32 letters, digits, '_', '.' or '-', beginning with a letter or digit",
        )
    if name in BUILT_IN or name == "sim" or name.startswith("lab-"):
        raise UsageProblem(f"'{name}' is a board that always exists", hint="choose another name")
    return name


def load_boards(path: Path | None = None) -> dict[str, BoardProfile]:
    """Return all boards by name: built-in ones first, then those of boards.toml.

    Raises:
        UsageProblem: The file is not as it should be.
    """
    path = path or boards_file()
    boards = dict(BUILT_IN)
    if not path.exists():
        return boards
    for name, table in read_toml(path).items():
        check_name(name)
        if not isinstance(table, dict):
            raise UsageProblem(
                f"{path}: '{name}' stands outside a board's table",
                hint=f'begin a board with its name: [bpi], then its keys, such as {name} = "…"',
            )
        if not {"ssh", "serial"} & set(table) and not set(table) - set(
            BoardEntry.__struct_fields__
        ):
            raise UsageProblem(
                f"{path}: board '{name}' has no way to it",
                hint='add: ssh = "root@ADDRESS", or serial = "/dev/ttyUSB0"',
            )
        entry = convert(table, BoardEntry, source=path)
        for mode in entry.modes:
            _check_mode(mode, entry, f"{path}: [{name}.modes.{mode}]")
        boards[name] = profile_of(name, entry)
    return boards


def _check_mode(name: str, entry: BoardEntry, where: str) -> None:
    """Make sure that a boot mode makes sense as far as that can be seen without the board."""
    mode = entry.modes[name]
    wanted = mode.proof.hypervisor
    if not _MODE.fullmatch(name):
        raise UsageProblem(
            f"{where}: {name!r} cannot name a mode",
            hint="use up to 32 letters, digits, '_', '.' or '-', beginning with a letter or digit",
        )
    if mode.uboot and entry.serial is None:
        raise UsageProblem(
            f"{where}: U-Boot's lines are typed over the serial console, and the board has none",
            hint='add to the board\'s own table: serial = "/dev/ttyUSB0"',
        )
    if any(not line.strip() for line in mode.uboot) or not all(map(_typeable, mode.uboot)):
        raise UsageProblem(
            f"{where}: 'uboot' holds a line that cannot be typed",
            hint="a line is printable ASCII, as you would type it at the prompt, and not empty",
        )
    if any(not words or not words[0] for words in mode.linux):
        raise UsageProblem(
            f"{where}: 'linux' holds an empty command",
            hint='a command is a list of words: linux = [["fw_setenv", "mode", "xen"]]',
        )
    if wanted and wanted not in _HYPERVISORS:
        near = get_close_matches(wanted, _HYPERVISORS, n=1)
        raise UsageProblem(
            f"{where}: no proof is known for hypervisor '{wanted}'",
            hint=f"did you mean '{near[0]}'?" if near else f"known: {', '.join(_HYPERVISORS)}",
        )
    if not mode.timeout_s > 0:
        raise UsageProblem(
            f"{where}: timeout_s is {mode.timeout_s:g}", hint="give seconds, more than 0"
        )


def _typeable(line: str) -> bool:
    return line.isascii() and line.isprintable()


def profile_of(name: str, entry: BoardEntry) -> BoardProfile:
    """Turn a table of boards.toml into a profile."""
    return BoardProfile(
        name=name,
        kind="ssh" if entry.ssh else "serial",
        ssh=_address(entry) if entry.ssh else None,
        serial=entry.serial,
        profile=entry.profile,
        sudo=entry.sudo,
        modes=entry.modes,
        uboot_prompt=entry.uboot_prompt,
        uboot_stop=entry.uboot_stop,
        reset=entry.reset,
    )


def _address(entry: BoardEntry) -> SshAddress:
    user, host, port = parse_ssh(entry.ssh or "")
    return SshAddress(
        host=host,
        user=user,
        port=port,
        identity=str(named(entry.identity)) if entry.identity else None,
        proxy_jump=entry.proxy_jump,
        ciphers=entry.ciphers,
        keepalive_s=entry.keepalive_s,
        known_hosts=entry.known_hosts,
    )


def find_board(name: str, path: Path | None = None) -> BoardProfile:
    """Return a board by name.

    Raises:
        UsageProblem: There is none of that name; the message says how to add it and which exist.
    """
    path = path or boards_file()
    boards = load_boards(path)
    if name in boards:
        return boards[name]
    near = get_close_matches(name, boards, n=1)
    guess = f"did you mean '{near[0]}'? Otherwise add it:\n" if near else "add it:\n"
    identity = "--identity ~/.ssh/id_ed25519"
    raise UsageProblem(
        f"no board is named '{name}'",
        detail=f"boards that exist: {', '.join(boards)}\nyour own boards stand in {path}",
        hint=f"{guess}hvconsole boards add {_shown(name)} --ssh root@ADDRESS {identity} "
        "--serial /dev/ttyUSB0 --profile bananapi",
    )


def _shown(name: str) -> str:
    return name if _NAME.fullmatch(name) else "NAME"


def add_board(name: str, entry: BoardEntry, path: Path | None = None) -> Path:
    """Write a board into boards.toml, keeping what stands there, comments included.

    Raises:
        UsageProblem: The name cannot be used or is taken, or the file is not as it should be.
    """
    import tomlkit  # noqa: PLC0415  # only adding a board needs it

    path = path or boards_file()
    check_name(name)
    if name in load_boards(path):
        raise UsageProblem(
            f"a board is named '{name}' already",
            hint=f"change it in {path}, or choose another name",
        )
    document = tomlkit.parse(path.read_text()) if path.exists() else tomlkit.document()
    table = tomlkit.table()
    for key, value in msgspec.structs.asdict(entry).items():
        if value != getattr(_DEFAULTS, key):
            table[key] = list(value) if isinstance(value, tuple) else value
    document[name] = table
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(tomlkit.dumps(document))
    temporary.replace(path)
    return path


_DEFAULTS = BoardEntry()
