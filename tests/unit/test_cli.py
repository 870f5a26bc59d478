"""The command line's manners: exit codes, one clear error, never a traceback."""

import json
from pathlib import Path

import pytest

from hvconsole.cli import COMMANDS, main


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("HVCONSOLE_CONFIG_DIR", str(tmp_path))


def test_without_words_it_helps(capsys):
    assert main([]) == 0
    assert "connect" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    assert command in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["recrod", "local"], "did you mean 'record'"),
        (["record"], "BOARD"),
        (["record", "nowhere", "--seconds", "1"], "no board is named 'nowhere'"),
        (["record", "local", "--seconds", "-3"], "give seconds"),
        (["record", "local", "--cpu", "1,1"], "twice"),
        (["record", "local", "--load", "burn"], "NAME@CPU"),
        (["record", "local", "--threshold", "fast"], "5us"),
        (["export", "nothing.hvs", "-o", "a.parquet"], "nothing.hvs"),
        (["summary", "nothing.hvs"], "nothing.hvs"),
        (["connect", "bpi"], "hvconsole boards add bpi"),
    ],
)
def test_mistakes_get_one_clear_error(words, expected, capsys):
    status = main(words)
    captured = capsys.readouterr()
    assert status in {1, 2}
    assert expected in captured.err
    assert captured.err.startswith("hvconsole: ")
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_json_errors_are_documents(capsys):
    assert main(["summary", "nothing.hvs", "--json"]) in {1, 2}
    captured = capsys.readouterr()
    assert "nothing.hvs" in json.loads(captured.out)["error"]["title"]


def test_a_problem_cannot_steer_the_terminal(capsys):
    main(["record", "x\x1b]0;owned\x07"])
    assert "\x1b" not in capsys.readouterr().err


def test_config_shows_origins(capsys):
    assert main(["config", "show", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["frames_per_second"] == {"value": 10, "origin": "default"}


def test_a_theme_without_a_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("hvconsole.commands.common.has_terminal", lambda: True)
    monkeypatch.setattr("hvconsole.commands.connect.first_run", opened.append)
    main(["--theme", "light"])
    main([])
    assert opened == ["light", ""]
    assert main(["--theme", "light", "connect", "sim"]) == 2
    assert "hvconsole connect … --theme light" in capsys.readouterr().err
    assert main(["--theme", "light", "conect"]) == 2
    assert "there is no command 'conect'" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["summary", "replay", "compare"])
def test_a_name_that_no_file_can_have_is_told(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    name = "x" * 400
    assert main([command, name]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"hvconsole: {name}")
    assert " cannot be used\n  File name too long\n  fix: " in said


def test_a_folder_that_is_gone_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert main(["compare", "a.hvs"]) == 2
    said = "hvconsole: the folder that this was started in is gone\n  fix: "
    assert capsys.readouterr().err.startswith(said)
