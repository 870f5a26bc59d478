"""What is typed into the form of a board, as a table of boards.toml. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from hvconsole.config.boards import BoardEntry, check_name, parse_ssh
from hvconsole.model.problem import UsageProblem

# Name, label, and what an empty field shows.
FIELDS = (
    ("name", "name", "what you call it: bpi"),
    ("host", "address", "name or address; empty for a board with a serial line alone"),
    ("port", "port", "22"),
    ("user", "user", "who logs in: root"),
    ("identity", "key file", "empty: what ssh would use"),
    ("serial", "serial", "/dev/ttyUSB0, tcp://HOST:PORT, rfc2217://…, unix:PATH"),
    ("profile", "hardware", "generic; bananapi knows more"),
)


def texts_of(name: str, entry: BoardEntry) -> dict[str, str]:
    """Return what stands in the fields for a board."""
    user, host, port = parse_ssh(entry.ssh) if entry.ssh else (None, "", None)
    return {
        "name": name,
        "host": host,
        "port": str(port) if port is not None else "",
        "user": user or "",
        "identity": entry.identity or "",
        "serial": entry.serial or "",
        "profile": "" if entry.profile == BoardEntry().profile else entry.profile,
    }


def entry_of(texts: Mapping[str, str], before: BoardEntry | None = None) -> BoardEntry:
    """Turn the fields into a board.

    Args:
        texts: By field's name.
        before: What the board was, for what no field says.

    Raises:
        UsageProblem: They make no board; says which field.
    """
    given = {name: texts.get(name, "").strip() for name, *_ in FIELDS}
    if not given["host"] and not given["serial"]:
        raise UsageProblem("nothing says how it is reached", hint="an address, or a serial line")
    before = before or BoardEntry()
    return BoardEntry(
        ssh=_ssh(given) if given["host"] else None,
        identity=given["identity"] or None,
        proxy_jump=before.proxy_jump,
        serial=given["serial"] or None,
        profile=given["profile"] or BoardEntry().profile,
        sudo=before.sudo,
    )


def name_of(texts: Mapping[str, str]) -> str:
    """Return the name that was typed.

    Raises:
        UsageProblem: It cannot name a board.
    """
    name = texts.get("name", "").strip()
    if not name:
        raise UsageProblem("it has no name yet", hint="a word to call it by, such as bpi")
    return check_name(name)


def _ssh(given: Mapping[str, str]) -> str:
    host, port, user = given["host"], given["port"], given["user"]
    if port and not port.isdecimal():
        raise UsageProblem(f"{port!r} is no TCP port", hint="1 to 65535; empty means 22")
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    text = f"{user + '@' if user else ''}{host}{':' + port if port else ''}"
    parse_ssh(text)
    return text
