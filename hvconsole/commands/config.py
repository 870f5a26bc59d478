"""``hvconsole config``: settings, and where each value comes from."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from hvconsole.commands.common import add_json_argument, print_json
from hvconsole.commands.config_schema import SCHEMAS, schema
from hvconsole.commands.targets import others
from hvconsole.config import boards, paths
from hvconsole.config.keys import keys_file, load_keys
from hvconsole.config.settings import Settings, load_settings
from hvconsole.config.themes import load_themes
from hvconsole.model.problem import Problem, UsageProblem
from hvconsole.model.text import plain

_WRONG = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add show, path, validate and schema."""
    parser.add_argument(
        "what", choices=["show", "path", "validate", "schema"], nargs="?", default="show"
    )
    parser.add_argument(
        "file",
        choices=list(SCHEMAS),
        nargs="?",
        help="of which file 'schema' prints the JSON Schema (default settings)",
    )
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show settings with their origins, the folders in use, check all files, or describe one.

    Raises:
        UsageProblem: A file was named that nothing is asked about.
    """
    if arguments.what == "schema":
        print_json(schema(arguments.file or "settings"))
        return 0
    if arguments.file is not None:
        raise UsageProblem(
            f"'config {arguments.what}' takes no file",
            hint=f"for the form of one: hvconsole config schema {arguments.file}",
        )
    reports: dict[str, Callable[[], Mapping[str, Any]]] = {
        "show": _show,
        "path": _path,
    }
    status = 0
    if arguments.what == "validate":
        document, status = _validate()
    else:
        document = reports[arguments.what]()
    if arguments.json:
        print_json(document)
        return status
    width = max(len(name) for name in document)
    for name, entry in document.items():
        value = entry if isinstance(entry, str) else f"{entry['value']!s:<12} {entry['origin']}"
        sys.stdout.write(f"{name:<{width}}  {value}\n")
    return status


def _show() -> dict[str, dict[str, object]]:
    sourced = load_settings()
    return {
        name: {"value": getattr(sourced.settings, name), "origin": sourced.origin[name]}
        for name in Settings.__struct_fields__
    }


def _path() -> dict[str, str]:
    return {
        "settings": str(paths.settings_file()),
        "boards": str(paths.boards_file()),
        "keys": str(keys_file()),
        "themes": str(paths.config_dir() / "themes"),
        "plans": str(paths.plans_dir()),
        "sessions": str(paths.sessions_dir()),
        "state": str(paths.state_dir()),
        "cache": str(paths.cache_dir()),
    }


def _validate() -> tuple[Mapping[str, Any], int]:
    """Return what is said of each file, and the exit status."""
    load_settings()
    known = boards.load_boards()
    wrong_keys, themes = _keys(), load_themes()

    def state(exists: bool) -> str:
        return "ok" if exists else "not there, defaults hold"

    document = {
        str(paths.settings_file()): state(paths.settings_file().exists()),
        str(paths.boards_file()): state(paths.boards_file().exists()),
        str(keys_file()): _said(wrong_keys) or state(keys_file().exists()),
        **{str(path): _said([problem]) for path, problem in themes.broken.items()},
        "themes": ", ".join(sorted(themes.files)),
        "boards": ", ".join([*others(), *known]),
    }
    # The console leaves these out and goes on; who asks wants to know.
    return document, _WRONG if wrong_keys or themes.broken else 0


def _keys() -> Sequence[Problem]:
    """Return what is wrong with the user's own keys."""
    from hvconsole.ui.actions import BY_ID  # only a check needs them

    return load_keys(BY_ID).problems


def _said(problems: Iterable[Problem]) -> str:
    """Say in a line what is wrong."""
    return "; ".join(plain(problem.title, 200) for problem in problems)
