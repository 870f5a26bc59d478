"""The script that walks through the console (docs/walk.py), for tests that type into a terminal."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]


def walk() -> ModuleType:
    """Return the script as a module."""
    spec = importlib.util.spec_from_file_location("walk", ROOT / "docs" / "walk.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["walk"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
