"""xenstore's tools over a tree that is made from the domains when somebody looks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hvconsole.sim.hypervisor.host import ToolCall
from hvconsole.sim.hypervisor.xen.state import Domain, State

Tree = dict[str, str]
_CONTROLS: Final = ("feature-poweroff", "feature-reboot", "feature-suspend")


def _tree(state: State) -> Tree:
    """Return every path with its value; folders have empty ones."""
    tree: Tree = {"/tool/xenstored": "", "/local/domain/0/control": ""}
    for control in _CONTROLS:
        tree[f"/local/domain/0/control/{control}"] = "1"
    tree |= {"/local/domain/0/domid": "0", "/local/domain/0/name": "Domain-0"}
    for domain in state.ordered():
        if domain.number:
            tree |= _of(domain)
    return {path: tree.get(path, "") for path in _with_folders(tree)}


def _of(domain: Domain) -> Tree:
    own = f"/local/domain/{domain.number}"
    back = f"/local/domain/0/backend/console/{domain.number}/0"
    return {
        f"{back}/frontend": f"{own}/console",
        f"{back}/frontend-id": str(domain.number),
        f"{back}/online": "1",
        f"{back}/state": "1",
        f"{back}/protocol": "vt100",
        f"{own}/vm": f"/vm/{domain.identity}",
        f"{own}/name": domain.name,
        **{
            f"{own}/cpu/{vcpu}/availability": "online" if vcpu < domain.online else "offline"
            for vcpu in range(len(domain.hard))
        },
        f"{own}/memory/static-max": str(domain.most_kib),
        f"{own}/memory/target": str(domain.memory_kib),
        f"{own}/control/shutdown": "",
        f"{own}/domid": str(domain.number),
        f"{own}/console/limit": "1048576",
        f"{own}/console/type": "xenconsoled",
        f"{own}/console/output": "pty",
        f"{own}/console/tty": f"/dev/pts/{domain.number}",
        f"/vm/{domain.identity}/name": domain.name,
        f"/vm/{domain.identity}/uuid": str(domain.identity),
        f"/libxl/{domain.number}/type": "pvh",
    }


def _with_folders(tree: Tree) -> Iterator[str]:
    seen: set[str] = set()
    for path in tree:
        parts = path.strip("/").split("/")
        for count in range(1, len(parts) + 1):
            whole = "/" + "/".join(parts[:count])
            if whole not in seen:
                seen.add(whole)
                yield whole


def _shown(value: str) -> str:
    """Return a value as xenstore-ls prints it: what is not plain is escaped."""
    return "".join(
        char if char.isascii() and char.isprintable() and char not in '\\"' else
        "".join(f"\\{byte:03o}" for byte in char.encode())
        for char in value
    )  # fmt: skip


def _children(tree: Tree, path: str) -> list[str]:
    prefix = path.rstrip("/") + "/"
    return [one for one in tree if one.startswith(prefix) and "/" not in one[len(prefix) :]]


def _branch(tree: Tree, path: str, depth: int, *, full: bool) -> Iterator[str]:
    for child in _children(tree, path):
        name = child if full else " " * depth + child.rpartition("/")[2]
        yield f'{name} = "{_shown(tree[child])}"\n'
        yield from _branch(tree, child, depth + 1, full=full)


async def ls(state: State, call: ToolCall) -> int:
    """Print a branch."""
    words = [word for word in call.words[1:] if not word.startswith("-")]
    full = "-f" in call.words[1:]
    tree = _tree(state)
    for path in words or ["/"]:
        whole = _whole(path)
        if whole != "/" and whole not in tree:
            call.err(f"{call.words[0]}: xs_directory ({whole}): No such file or directory\n")
            return 1
        call.out("".join(_branch(tree, whole, 0, full=full)))
    return 0


def _whole(path: str) -> str:
    path = path if path.startswith("/") else f"/local/domain/0/{path}"
    return path.rstrip("/") or "/"


async def read(state: State, call: ToolCall) -> int:
    """Print values."""
    words = [word for word in call.words[1:] if word not in ("-s", "-p", "-R")]
    if not words:
        call.err("Usage: xenstore-read [-h] [-p] [-s] [-R] key [...]\n")
        return 1
    tree = _tree(state)
    for path in words:
        if _whole(path) not in tree:
            call.err(f"xenstore-read: couldn't read path {path}\n")
            return 1
        prefix = f"{path}: " if "-p" in call.words else ""
        call.out(f"{prefix}{tree[_whole(path)]}\n")
    return 0


async def names(state: State, call: ToolCall) -> int:
    """Print the names below a path."""
    tree = _tree(state)
    for path in [word for word in call.words[1:] if not word.startswith("-")]:
        whole = _whole(path)
        if whole not in tree:
            call.err(f"xenstore-list: could not list path {path}\n")
            return 1
        call.out("".join(f"{child.rpartition('/')[2]}\n" for child in _children(tree, whole)))
    return 0
