"""The form of our TOML files as JSON Schema, for editors that check while one types."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

_ATTRIBUTE = re.compile(r"^ {8}(\w+): (.*(?:\n {12}.*)*)", re.MULTILINE)


def _settings() -> Any:
    from hvconsole.config.settings import Settings

    return Settings


def _boards() -> Any:
    from hvconsole.config.boards import BoardEntry

    return dict[str, BoardEntry]


def _theme() -> Any:
    from hvconsole.config.themes import ThemeFile

    return ThemeFile


def _plan() -> Any:
    from hvconsole.campaign.plan import PlanFile

    return PlanFile


SCHEMAS: dict[str, Callable[[], Any]] = {
    "settings": _settings,
    "boards": _boards,
    "theme": _theme,
    "plan": _plan,
}


def schema(name: str) -> dict[str, Any]:
    """Return a file's form, draft 2020-12.

    Args:
        name: One of `SCHEMAS`.
    """
    found = msgspec.json.schema(SCHEMAS[name]())
    for form in found.get("$defs", {}).values():
        _tell(form)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"hvconsole: {name}",
        **found,
    }


def _tell(form: dict[str, Any]) -> None:
    """Give each key the line that its class has on it."""
    about = form.get("description", "")
    if about:
        form["description"] = about.partition("\n")[0]
    for key, text in _ATTRIBUTE.findall(about):
        if key in form.get("properties", {}):
            entry = form["properties"][key]
            # What stands beside a reference is heard from draft 2019-09 on.
            entry["description"] = " ".join(text.replace("``", "").split())
