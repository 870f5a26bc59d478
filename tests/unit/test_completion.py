"""Completion scripts: made from the parsers, and understood by the shells that are here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hvconsole.cli import COMMANDS, main
from hvconsole.commands.completion import bash, commands, fish, zsh


def complete(tmp_path: Path, *words: str) -> set[str]:
    """Complete the last word in a real bash."""
    program = tmp_path / "hvconsole"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hvconsole.cli "$@"\n')
    program.chmod(0o755)
    script = bash(commands()) + (
        'COMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n_hvconsole\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "-c", script, "bash", "hvconsole", *words],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "HVCONSOLE_CONFIG_DIR": str(tmp_path)},
    )
    assert done.stderr == ""
    return set(done.stdout.split())


def test_every_command_is_there() -> None:
    assert {one.name for one in commands()} >= set(COMMANDS)


def test_bash_completes_commands_options_actions_and_boards(tmp_path: Path) -> None:
    assert complete(tmp_path, "") >= set(COMMANDS)
    assert complete(tmp_path, "con") == {"connect", "config"}
    assert "--read-only" in complete(tmp_path, "connect", "bpi", "--r")
    assert complete(tmp_path, "boards", "a") == {"add"}
    (tmp_path / "boards.toml").write_text('[bpi]\nssh = "root@192.0.2.7"\n')
    assert complete(tmp_path, "connect", "") >= {"sim", "local", "bpi"}


def test_boards_are_listed_even_from_a_broken_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HVCONSOLE_CONFIG_DIR", str(tmp_path))
    (tmp_path / "boards.toml").write_text("[bpi\n")
    assert main(["completion", "boards"]) == 0
    assert {"sim", "local"} <= set(capsys.readouterr().out.split())


@pytest.mark.parametrize(("shell", "make"), [("bash", bash), ("zsh", zsh), ("fish", fish)])
def test_the_shell_finds_nothing_wrong(shell: str, make: object) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    script = make(commands())
    done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_scripts_name_every_option() -> None:
    known = commands()
    record = next(one for one in known if one.name == "record")
    assert record.takes_board
    assert "--seconds" in dict(record.options)
    assert record.words == ()
    for text in (bash(known), zsh(known)):
        assert "--accept-new-host-key" in text
    assert "-l accept-new-host-key" in fish(known)


def test_an_unknown_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "tcsh"]) == 2
    assert "tcsh" in capsys.readouterr().err
