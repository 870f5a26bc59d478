"""Commands that make, move and remove files."""

from __future__ import annotations

import errno
import posixpath
import secrets
from typing import Final

from hvconsole.sim.board.commands.getopt import taken
from hvconsole.sim.board.nodes import File, Folder, Live
from hvconsole.sim.board.shell.call import CommandFunction, Invocation
from hvconsole.sim.board.tree import failed

_PAIR: Final = 2


def _mkdir(call: Invocation) -> int:
    options = taken(call, "pv", "m")
    mode = int(options.last("m"), 8) if options.last("m").isdecimal() else 0o777 & ~call.shell.umask
    status = 0
    for name in options.operands:
        try:
            if "p" in options.letters:
                call.tree.make_folders(call.path(name))
            else:
                call.tree.make_folder(call.path(name), mode)
        except OSError as error:
            status = call.fail(f"cannot create directory '{name}': {error.strerror}")
    return status


def _rm(call: Invocation) -> int:
    options = taken(call, "rRfv")
    status = 0
    for name in options.operands:
        path = call.path(name)
        try:
            node = call.tree.find(path, follow=False)
            if isinstance(node, Live):
                raise failed(errno.EPERM, name)
            if isinstance(node, Folder) and options.letters & set("rR"):
                call.tree.remove_all(path)
            else:
                call.tree.remove_file(path)
        except FileNotFoundError as error:
            if "f" not in options.letters:
                status = call.fail(f"cannot remove '{name}': {error.strerror}")
        except OSError as error:
            status = call.fail(f"cannot remove '{name}': {error.strerror}")
    return status


def _rmdir(call: Invocation) -> int:
    status = 0
    for name in taken(call, "p").operands:
        try:
            call.tree.remove_folder(call.path(name))
        except OSError as error:
            status = call.fail(f"failed to remove '{name}': {error.strerror}")
    return status


def _target(call: Invocation, old: str, new: str) -> str:
    """Return where a file goes: into the folder of that name, if it is one."""
    path = call.path(new)
    if call.tree.is_folder(path):
        return posixpath.join(path, posixpath.basename(old.rstrip("/")))
    return path


def _pairs(call: Invocation, names: list[str]) -> list[tuple[str, str]]:
    """Return which file goes where; nothing if that is not said."""
    if len(names) < _PAIR:
        call.fail("missing file operand")
        return []
    *sources, last = names
    if len(sources) > 1 and not call.tree.is_folder(call.path(last)):
        call.fail(f"target '{last}': Not a directory")
        return []
    return [(source, _target(call, source, last)) for source in sources]


def _mv(call: Invocation) -> int:
    pairs = _pairs(call, taken(call, "fnvT").operands)
    status = int(not pairs)
    for name, target in pairs:
        try:
            call.tree.rename(call.path(name), target)
        except OSError as error:
            status = call.fail(f"cannot move '{name}' to '{target}': {error.strerror}")
    return status


def _cp(call: Invocation) -> int:
    options = taken(call, "afrRpv")
    pairs = _pairs(call, options.operands)
    status = int(not pairs)
    for name, target in pairs:
        try:
            node = call.tree.find(call.path(name))
            if isinstance(node, Folder):
                status = call.fail(f"-r not specified; omitting directory '{name}'")
                continue
            mode = node.mode if isinstance(node, File) else 0o644
            call.tree.write(target, call.tree.read(call.path(name)), mode=mode)
        except OSError as error:
            status = call.fail(f"cannot copy '{name}' to '{target}': {error.strerror}")
    return status


def _chmod(call: Invocation) -> int:
    words = [word for word in call.words[1:] if word not in ("-R", "-f", "--")]
    if len(words) < _PAIR:
        return call.fail("missing operand")
    status = 0
    for name in words[1:]:
        try:
            mode = _new_mode(words[0], call.tree.stat(call.path(name)).mode & 0o7777)
            if mode is None:
                return call.fail(f"invalid mode: '{words[0]}'")
            call.tree.set_mode(call.path(name), mode)
        except OSError as error:
            status = call.fail(f"cannot access '{name}': {error.strerror}")
    return status


def _new_mode(text: str, mode: int) -> int | None:
    """Return permissions as ``755`` or ``u+x`` changes them; None if it is neither."""
    if (
        text.isdecimal()
        and text.isascii()
        and len(text) <= len("07777")
        and not set(text) & set("89")
    ):
        return int(text, 8)
    who, sign, bits = text.partition("+") if "+" in text else text.partition("-")
    if not sign or set(who) - set("ugoa") or not bits or set(bits) - set("rwx"):
        return None
    places = {"u": 0o700, "g": 0o070, "o": 0o007, "a": 0o777}
    reach = sum(places[each] for each in set(who) - {"a"}) if who and "a" not in who else 0o777
    meant = sum({"r": 0o444, "w": 0o222, "x": 0o111}[each] for each in set(bits)) & reach
    return mode | meant if sign == "+" else mode & ~meant


def _touch(call: Invocation) -> int:
    status = 0
    for name in taken(call, "acm", "dt").operands:
        try:
            call.tree.open(call.path(name), create=True)
        except OSError as error:
            status = call.fail(f"cannot touch '{name}': {error.strerror}")
    return status


def _ln(call: Invocation) -> int:
    options = taken(call, "sfn")
    if "s" not in options.letters or len(options.operands) != _PAIR:
        return call.fail("only -s TARGET NAME is simulated")
    target, name = options.operands
    path = _target(call, target, name)
    try:
        if "f" in options.letters and call.tree.exists(path):
            call.tree.remove_file(path)
        call.tree.link(path, target)
    except OSError as error:
        return call.fail(f"failed to create symbolic link '{name}': {error.strerror}")
    return 0


def _mktemp(call: Invocation) -> int:
    options = taken(call, "dq", "p")
    template = (options.operands or ["/tmp/tmp.XXXXXXXXXX"])[0]  # noqa: S108  # the simulated board's
    stem = template.rstrip("X")
    path = call.path(stem + secrets.token_hex(10)[: max(len(template) - len(stem), 3)])
    if "d" in options.letters:
        call.tree.make_folder(path, 0o700)
    else:
        call.tree.open(path, create=True, exclusive=True, mode=0o600)
    call.out(path + "\n")
    return 0


FILES: Final[dict[str, CommandFunction]] = {
    "chmod": _chmod,
    "cp": _cp,
    "ln": _ln,
    "mkdir": _mkdir,
    "mktemp": _mktemp,
    "mv": _mv,
    "rm": _rm,
    "rmdir": _rmdir,
    "sync": lambda _call: 0,
    "touch": _touch,
}
