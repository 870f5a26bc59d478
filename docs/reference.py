"""Write the reference of all commands from their parsers: ``python docs/reference.py``.

``commands.md`` to read here, ``hvconsole.1`` for man. Both say what ``--help`` says, for nothing
else is asked. With ``--check`` nothing is written; the status is 1 where one of them is outdated.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hvconsole.cli import COMMANDS, build_parser

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Entry:
    """One command, or one action of a command.

    `words` and `options` are (how it is written, what it does) in the order of the parser.
    """

    name: str
    about: str
    words: Sequence[tuple[str, str]]
    options: Sequence[tuple[str, str]]

    @property
    def usage(self) -> str:
        """How it is called, in one line."""
        options = ["[option…]"] if self.options else []
        return " ".join(["hvconsole", self.name, *options, *(word for word, _ in self.words)])


def entries() -> Iterator[Entry]:
    """Yield all commands and their actions, in the order of ``--help``."""
    for name in COMMANDS:
        parser = build_parser([name])
        inner = _inner(parser)
        assert inner is not None
        yield from _entries(name, COMMANDS[name], inner.choices[name])


def _entries(name: str, about: str, parser: argparse.ArgumentParser) -> Iterator[Entry]:
    inner = _inner(parser)
    actions = [action for action in parser._actions if action is not inner]
    options = [_option(action) for action in actions if action.option_strings]
    words = [(_word(action), _help(action)) for action in actions if not action.option_strings]
    options = [(how, what) for how, what in options if not how.startswith("-h")]
    more = [("ACTION …", "one of those below")] if inner is not None else []
    yield Entry(name, parser.description or about, [*words, *more], options)
    if inner is None:
        return
    path = " ".join([name, *(word for word, _ in words)])
    seen: set[int] = set()
    about_of = {choice.dest: choice.help or "" for choice in inner._choices_actions}
    for choice, below in inner.choices.items():
        if id(below) in seen:  # another name of the one before
            continue
        seen.add(id(below))
        told = next((text for dest, text in about_of.items() if dest.split()[0] == choice), "")
        yield from _entries(f"{path} {choice}", told, below)


def _inner(parser: argparse.ArgumentParser) -> argparse._SubParsersAction | None:
    """Return what holds the commands or actions below, if there are any."""
    found = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    return found[0] if found else None


def _word(action: argparse.Action) -> str:
    name = action.metavar or (
        "|".join(map(str, action.choices)) if action.choices else action.dest.upper()
    )
    text = " ".join(name) if isinstance(name, tuple) else name
    return {"?": f"[{text}]", "*": f"[{text}…]", "+": f"{text}…"}.get(str(action.nargs), text)


def _option(action: argparse.Action) -> tuple[str, str]:
    value = "" if action.nargs == 0 else f" {_word(action)}"
    return ", ".join(action.option_strings) + value, _help(action)


def _help(action: argparse.Action) -> str:
    return (action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%")


def markdown(all_of_them: Sequence[Entry]) -> str:
    """Return the page."""
    out = [
        "# Commands",
        "What `hvconsole COMMAND --help` says, on one page; written by `docs/reference.py`.",
    ]
    for one in all_of_them:
        nested = " " in one.name
        out.append(f"\n{'###' if nested else '##'} {one.name}")
        out.append(f"{one.about[:1].upper()}{one.about[1:].rstrip('.')}.")
        out.append(f"```\n{one.usage}\n```")
        rows = [(how, what) for how, what in (*one.words, *one.options) if what]
        if rows:
            out += ["| | |", "|---|---|"]
            out += [f"| `{_cell(how)}` | {_cell(what)} |" for how, what in rows]
    return "\n".join(out) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def manual(all_of_them: Sequence[Entry]) -> str:
    """Return the page for man (the macros of man(7))."""
    out = [
        '.TH HVCONSOLE 1 "" hvconsole "User Commands"',
        ".SH NAME",
        r"hvconsole \- measurement console for hypervisors on embedded ARM boards",
        ".SH SYNOPSIS",
        r".B hvconsole",
        r"[\fICOMMAND\fR …]",
        ".SH DESCRIPTION",
        "Connects to a board, reads its counter back to back, and shows each moment in which the",
        "CPU was taken away. Without a command it opens on the list of boards.",
        ".SH COMMANDS",
    ]
    for one in all_of_them:
        out += [f".SS {_roff(one.usage)}", _roff(one.about.rstrip(".") + ".")]
        for how, what in (*one.words, *one.options):
            if what:
                out += [".TP", rf"\fB{_roff(how)}\fR", _roff(what)]
    out += [
        ".SH EXIT STATUS",
        "0 success, 1 the work failed, 2 wrong usage or configuration, 130 stopped by the user.",
        ".SH FILES",
        r"\fBhvconsole config path\fR tells where settings, boards, keys and recordings are.",
    ]
    return "\n".join(out) + "\n"


def _roff(text: str) -> str:
    safe = text.replace("\\", r"\e").replace("-", r"\-")
    return r"\&" + safe if safe.startswith((".", "'")) else safe


def main() -> int:
    """Write both, or compare both."""
    known = list(entries())
    pages = {HERE / "commands.md": markdown(known), HERE / "hvconsole.1": manual(known)}
    if "--check" in sys.argv[1:]:
        old = [path.name for path, text in pages.items() if path.read_text() != text]
        if old:
            print(f"outdated: {', '.join(old)}; python docs/reference.py writes them")
        return bool(old)
    for path, text in pages.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
