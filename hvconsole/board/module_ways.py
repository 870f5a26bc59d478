"""The ways in which a board can come by the counter module, quickest first."""

from __future__ import annotations

import asyncio
import posixpath
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hvconsole.board.facts import BoardFacts
from hvconsole.board.journal import Journal
from hvconsole.board.module import CounterModule
from hvconsole.board.module_build import CROSS, BuiltModule, headers_on, provide
from hvconsole.board.module_headers import fetch_headers, found_headers
from hvconsole.board.module_text import FALLBACK, MODULE
from hvconsole.board.places import usable_place
from hvconsole.link.protocol import Link
from hvconsole.model.problem import BoardProblem

Kind = Literal["installed", "built here", "built on the board", "fetched and built here"]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the module.

    Attributes:
        kind: What would be done.
        quick: Whether it takes seconds, and fetches nothing.
        tree: Headers on this machine, for ``built here``.
    """

    kind: Kind
    quick: bool
    tree: Path | None = None


async def find_way(link: Link, facts: BoardFacts) -> Way | None:
    """Return the best way to the module on a board; None where there is none. Only reads."""
    if facts.machine not in CROSS:
        return None
    installed = await link.run(["modinfo", "-F", "vermagic", MODULE])
    if installed.status == 0 and installed.text.split()[:1] == [facts.kernel]:
        return Way("installed", quick=True)
    tree = await asyncio.to_thread(found_headers, facts.kernel)
    cross = shutil.which(f"{CROSS[facts.machine].prefix}gcc") and shutil.which("make")
    if tree is not None and cross:
        return Way("built here", quick=True, tree=tree)
    if facts.compilers and await headers_on(link) is not None:
        return Way("built on the board", quick=False)
    if cross and shutil.which("apt-get"):
        return Way("fetched and built here", quick=False)
    return None


@dataclass(frozen=True, slots=True)
class LoadedModule:
    """How a module came to be in the kernel.

    Attributes:
        ours: We loaded it; otherwise it was there before, and stays.
        how: In words.
        sha256: Of its file, in hexadecimal; empty where that is not known.
    """

    ours: bool
    how: str
    sha256: str = ""


async def load_by(
    way: Way, module: CounterModule, link: Link, facts: BoardFacts, journal: Journal
) -> LoadedModule:
    """Have the module on the board and load it; its unloading is in the journal before.

    Raises:
        BoardProblem: It cannot be built, or the kernel refuses it; with the fix.
    """
    if way.kind == "installed":
        path = (await link.run(["modinfo", "-F", "filename", MODULE])).text.strip()
        digest = (await link.run(["sha256sum", "--", path])).text.split()[:1] if path else []
        return LoadedModule(
            await module.load_installed(), "installed on the board", "".join(digest).lstrip("\\")
        )
    tree = way.tree
    if way.kind == "fetched and built here":
        tree = await fetch_headers(facts.kernel, facts.machine)
    built = await provide(
        link,
        machine=facts.machine,
        folder=await _folder(link, facts, journal),
        tree=None if tree is None else str(tree),
    )
    return LoadedModule(await module.load(built.path), _how(built, tree), built.sha256)


def _how(built: BuiltModule, tree: Path | None) -> str:
    return "built on the board" if tree is None else f"built here for {built.vermagic}"


async def _folder(link: Link, facts: BoardFacts, journal: Journal) -> str:
    """Make a folder of our own on the board, once its removal is written down."""
    place = usable_place(facts.places, link.name)
    folder = posixpath.join(place.path, f"hvconsole.{secrets.token_hex(6)}")
    await journal.record(["rm", "-rf", "--", folder], f"remove the folder {folder}")
    made = await link.run(["mkdir", "-m", "700", "--", folder])
    if made.status != 0:
        raise BoardProblem(
            f"cannot make a folder for the counter module on {link.name}",
            detail=made.error_text,
            hint=f"make room there;\n{FALLBACK}",
        )
    return folder
