"""The command line: finds the command's module, parses for it, and runs it.

Only the module of the command that is asked for is imported, so that each starts as fast as it
can. Every failure that a person can do something about ends as a few lines on stderr.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import pairwise
from types import ModuleType
from typing import NoReturn

from hvconsole import __version__
from hvconsole.model.problem import Cancelled, Problem, UsageProblem

# Name and what it does; the module is hvconsole.commands.NAME with add_arguments() and run().
COMMANDS = {
    "connect": "open the console on a board",
    "record": "one measured run without a screen",
    "replay": "a recorded session in the same screens",
    "export": "a session as Parquet, CSV or Arrow",
    "summary": "the table of a session's runs",
    "compare": "conditions side by side, with intervals and verdicts",
    "report": "sessions as one self-contained page",
    "boards": "named boards: list, show, add, check",
    "doctor": "check a board before measuring",
    "boot": "boot a board into a mode, and prove it",
    "lab": "real boards in QEMU: build, list, start, stop, measure",
    "sim": "keep a simulated board running",
    "run": "a campaign: conditions again and again, unattended",
    "hv": "what the hypervisor screen does, scripted",
    "cell": "Jailhouse cell configurations: build, show, check",
    "serve": "the console in a browser",
    "completion": "completion of our words, for bash, zsh or fish",
    "config": "settings, and where each comes from",
}
_THEME = "--theme"


class _Parser(argparse.ArgumentParser):
    """Raises instead of leaving, so that wrong words are told like every other problem."""

    def error(self, message: str) -> NoReturn:
        command = self.prog.removeprefix("hvconsole").strip()
        raise UsageProblem(
            f"{command}: {message}" if command else message, hint=f"{self.prog} --help"
        )


def build_parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser for these words: all commands, the arguments of the one named."""
    parser = _Parser(
        prog="hvconsole",
        description="The measurement console for hypervisors on embedded ARM boards.",
        epilog="'hvconsole COMMAND --help' says more. Without a command: the list of boards.",
    )
    parser.add_argument("--version", action="version", version=f"hvconsole {__version__}")
    parser.add_argument(
        _THEME, dest="first_theme", metavar="NAME", help="colours of the list of boards"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    named = next(
        (
            word
            for before, word in pairwise(["", *words])
            if not word.startswith("-") and before != _THEME
        ),
        None,
    )
    if named is not None and named not in COMMANDS:
        near = get_close_matches(named, COMMANDS, n=1)
        raise UsageProblem(
            f"there is no command '{named}'",
            hint=f"did you mean '{near[0]}'?" if near else f"choose from: {', '.join(COMMANDS)}",
        )
    for name, text in COMMANDS.items():
        one = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == named:
            module = _module(name)
            module.add_arguments(one)
            one.set_defaults(run=module.run)
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status.

    0 success, 1 the work failed, 2 wrong usage or configuration, 130 stopped by the user.
    """
    words = list(sys.argv[1:] if words is None else words)
    try:
        parser = build_parser(words)
        arguments = parser.parse_args(words)
        _check_folder()
        if arguments.command is None:
            return _without_words(parser, arguments.first_theme or "")
        if arguments.first_theme:
            raise UsageProblem(
                f"{_THEME} before a command is for none",
                hint=f"hvconsole {arguments.command} … {_THEME} {arguments.first_theme}",
            )
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except Problem as problem:
        _tell(problem, as_json="--json" in words)
        return problem.exit_code
    except KeyboardInterrupt:
        _tell(Cancelled("stopped"), as_json="--json" in words)
        return Cancelled.exit_code
    except BrokenPipeError:
        # The reader of our output left (| head). Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.filename is None:
            raise  # nothing that was named
        # A closed folder on the way, a name that is too long: wherever a path was looked at.
        _tell(_unusable(error), as_json="--json" in words)
        return Problem.exit_code
    return status


def _check_folder() -> None:
    try:
        os.getcwd()  # noqa: PTH109  # pathlib's does the same, and is not loaded for it
    except FileNotFoundError as error:
        raise UsageProblem(
            "the folder that this was started in is gone", hint="go to one that is there: cd"
        ) from error


def _unusable(error: OSError) -> Problem:
    return Problem(
        f"{error.filename} cannot be used",
        detail=error.strerror or str(error),
        hint="is it the right path, and may you look there?",
    )


def _without_words(parser: argparse.ArgumentParser, theme: str) -> int:
    """Show the boards on a terminal; into a pipe, the help."""
    from hvconsole.commands.common import has_terminal

    if not has_terminal():
        parser.print_help()
        return 0
    from hvconsole.commands.connect import first_run

    return first_run(theme)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"hvconsole.commands.{name}")


def _tell(problem: Problem, *, as_json: bool) -> None:
    """Print a problem: lines on stderr, and on stdout the document that --json promises."""
    with contextlib.suppress(BrokenPipeError):
        if as_json:
            sys.stdout.write(json.dumps({"error": problem.as_dict()}) + "\n")
            sys.stdout.flush()
        first, *rest = problem.lines()
        sys.stderr.write("\n".join([f"hvconsole: {_visible(first)}", *map(_visible, rest)]) + "\n")


def _visible(line: str) -> str:
    """Replace what would steer a terminal; problems quote boards and files."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in line
    )


if __name__ == "__main__":
    sys.exit(main())
