"""What the lab builds, kept by what it was built from.

A product is a folder ``products/NAME-KEY``, the key a hash over all that goes into it. It appears
as a whole, by a rename, when it is finished: a build that is interrupted begins again with the
product that it was at, and finds the ones before it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from hvconsole.lab.places import lab_dir
from hvconsole.model.problem import Problem

_INGREDIENTS = "ingredients.json"
_KEY_DIGITS = 16


class Store:
    """The products of a lab.

    Args:
        folder: The lab; None takes the user's.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or lab_dir()
        self._products = self.folder / "products"

    def produce(
        self, name: str, ingredients: Mapping[str, str], make: Callable[[Path], None]
    ) -> Path:
        """Return a product's folder, making it if it is not there.

        Args:
            name: What it is: ``kernel``.
            ingredients: All that decides how it turns out: versions, hashes, settings.
            make: Called with an empty folder to fill.
        """
        text = json.dumps(dict(ingredients), sort_keys=True, indent=1)
        key = hashlib.sha256(text.encode()).hexdigest()[:_KEY_DIGITS]
        product = self._products / f"{name}-{key}"
        with self._locked(name):
            if product.exists():
                os.utime(product)
                return product
            fresh = self._products / f".{name}.new"
            if fresh.exists():
                shutil.rmtree(fresh)
            fresh.mkdir()
            make(fresh)
            (fresh / _INGREDIENTS).write_text(text)
            fresh.rename(product)
        return product

    def has(self, name: str) -> bool:
        """Return whether a product of that name was ever built."""
        return any(self._made(name))

    def _made(self, name: str) -> Iterator[Path]:
        return (path for path in self._products.glob(f"{name}-*") if _is_product(path, name))

    def latest(self, name: str) -> Path:
        """Return the product of that name that was wanted last.

        Raises:
            Problem: It was never built.
        """
        made = list(self._made(name))
        if not made:
            raise Problem(f"the lab has no {name} yet", hint="hvconsole lab build")
        return max(made, key=lambda path: path.stat().st_mtime)

    @staticmethod
    def ingredients(product: Path) -> dict[str, str]:
        """Return what a product was made from."""
        known: dict[str, str] = json.loads((product / _INGREDIENTS).read_text())
        return known

    def forget_old(self, name: str) -> None:
        """Remove all products of a name but the latest."""
        latest = self.latest(name)
        for path in self._made(name):
            if path != latest:
                shutil.rmtree(path)

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """Let one process at a time build a product; the others wait, and find it done."""
        self._products.mkdir(parents=True, exist_ok=True)
        with (self._products / f".{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _is_product(path: Path, name: str) -> bool:
    """Tell ``xen-KEY`` from ``xen-full-KEY``."""
    return "-" not in path.name.removeprefix(f"{name}-") and (path / _INGREDIENTS).is_file()


def digest(*paths: Path) -> str:
    """Return the SHA-256 over files, as an ingredient."""
    whole = hashlib.sha256()
    for path in paths:
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()
