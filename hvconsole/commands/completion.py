"""``hvconsole completion``: what a shell needs to complete our words, made from the parsers."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType

from hvconsole import commands as package
from hvconsole.model.problem import Problem

_PROGRAM = "hvconsole"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the shell."""
    parser.add_argument(
        "shell",
        choices=["bash", "zsh", "fish", "boards"],
        metavar="bash|zsh|fish",
        help='whose script is printed; bash: eval "$(hvconsole completion bash)"',
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the script, or the boards' names that the scripts ask for."""
    if arguments.shell == "boards":
        sys.stdout.write("".join(f"{name}\n" for name in _boards()))
        return 0
    make = {"bash": bash, "zsh": zsh, "fish": fish}[arguments.shell]
    sys.stdout.write(make(commands()))
    return 0


@dataclass(frozen=True, slots=True)
class Command:
    """What can follow one command.

    Attributes:
        name: The command.
        about: What it does.
        options: Its options with what they do.
        words: Actions that follow; empty where none do.
        takes_board: A board's name comes first.
    """

    name: str
    about: str
    options: tuple[tuple[str, str], ...]
    words: tuple[str, ...] = ()
    takes_board: bool = False


def commands() -> list[Command]:
    """Return all commands with what can follow them; a module of that name has its parser."""
    names = sorted(found.name for found in pkgutil.iter_modules(package.__path__))
    modules = {name: importlib.import_module(f"{package.__name__}.{name}") for name in names}
    return [
        _command(name, module)
        for name, module in modules.items()
        if (module.__doc__ or "").startswith(f"``{_PROGRAM} {name}``")
    ]


def bash(known: Iterable[Command]) -> str:
    """Return the script for bash."""
    known = list(known)
    cases = "\n".join(
        f"    {one.name}) options={shlex.quote(' '.join(name for name, _ in one.options))} "
        f"words={shlex.quote(' '.join(one.words))} board={'yes' if one.takes_board else ''} ;;"
        for one in known
    )
    names = " ".join(one.name for one in known)
    return f"""# hvconsole: completion for bash
_hvconsole() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} options='' words='' board=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W {shlex.quote(names + " --help --version --theme")} -- "$current"))
    return
  fi
  case ${{COMP_WORDS[1]}} in
{cases}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
    return
  fi
  if [ -n "$board" ] && [ "$COMP_CWORD" -eq 2 ]; then
    words=$({_PROGRAM} completion boards 2>/dev/null)
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _hvconsole {_PROGRAM}
"""


def zsh(known: Iterable[Command]) -> str:
    """Return the script for zsh."""
    known = list(known)
    cases = "\n".join(
        f"    {one.name}) options=({' '.join(shlex.quote(name) for name, _ in one.options)}) "
        f"words_=({' '.join(map(shlex.quote, one.words))}) "
        f"board={'yes' if one.takes_board else ''} ;;"
        for one in known
    )
    names = "\n".join(
        f"    {shlex.quote(one.name + ':' + one.about.replace(':', chr(92) + ':'))}"
        for one in known
    )
    return f"""#compdef {_PROGRAM}
# hvconsole: completion for zsh
_hvconsole() {{
  local board=''
  local -a names options words_
  names=(
{names}
  )
  if (( CURRENT == 2 )); then
    _describe command names
    return
  fi
  case $words[2] in
{cases}
  esac
  if [[ $PREFIX == -* ]]; then
    compadd -- $options
    return
  fi
  if [[ -n $board ]] && (( CURRENT == 3 )); then
    words_=(${{(f)"$({_PROGRAM} completion boards 2>/dev/null)"}})
  fi
  (( $#words_ )) && compadd -- $words_ || _files
}}
compdef _hvconsole {_PROGRAM}
"""


def fish(known: Iterable[Command]) -> str:
    """Return the script for fish."""
    lines = ["# hvconsole: completion for fish"]
    for one in known:
        first = f"complete -c {_PROGRAM} -n __fish_use_subcommand -f"
        lines.append(f"{first} -a {one.name} -d {_quoted(one.about)}")
        seen = f'-n "__fish_seen_subcommand_from {one.name}"'
        for option, about in one.options:
            flag = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
            lines.append(f"complete -c {_PROGRAM} {seen} {flag} -d {_quoted(about)}")
        if one.takes_board:
            boards = f'"({_PROGRAM} completion boards 2>/dev/null)"'
            lines.append(f"complete -c {_PROGRAM} {seen} -f -a {boards}")
        if one.words:
            lines.append(f'complete -c {_PROGRAM} {seen} -f -a "{" ".join(one.words)}"')
    return "\n".join(lines) + "\n"


def _command(name: str, module: ModuleType) -> Command:
    parser = argparse.ArgumentParser(prog=f"{_PROGRAM} {name}")
    module.add_arguments(parser)
    # Such a docstring begins: ``hvconsole NAME``: what it does.
    first = (module.__doc__ or "").split("\n", 1)[0]
    about = first.partition("``: ")[2].rstrip(".") or name
    options: dict[str, str] = {}
    words: list[str] = []
    board = False
    for action in parser._actions:  # noqa: SLF001  # argparse tells it in no other way
        for option in action.option_strings:
            options[option] = (action.help or "").split(";")[0] % {"default": action.default}
        if not action.option_strings and action.choices:
            words += [str(choice) for choice in action.choices]
        board = board or action.metavar == "BOARD"
    return Command(name, about, tuple(options.items()), tuple(words), takes_board=board)


def _boards() -> list[str]:
    from hvconsole.commands.targets import others
    from hvconsole.config.boards import BUILT_IN, load_boards

    try:
        known = list(load_boards())
    except Problem:
        known = list(BUILT_IN)
    return [*others(), *known]


def _quoted(text: str) -> str:
    """Quote a word as fish reads it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
