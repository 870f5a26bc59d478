"""Settings and boards: right ones are read, wrong ones are told with file, line and fix."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hvconsole.cli import main
from hvconsole.config import boards
from hvconsole.config.settings import load_settings
from hvconsole.model.problem import UsageProblem

BPI = """\
# my desk
[bpi]
ssh = "root@192.0.2.7:2222"
identity = "~/.ssh/bpi"
serial = "/dev/ttyUSB0"
profile = "bananapi"
"""


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HVCONSOLE_CONFIG_DIR", str(tmp_path))
    for name in ("THEME", "FRAMES_PER_SECOND", "RECORD"):
        monkeypatch.delenv(f"HVCONSOLE_{name}", raising=False)
    return tmp_path


def write(folder: Path, text: str, name: str = "boards.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_board_is_read(tmp_path: Path) -> None:
    write(tmp_path, BPI)
    board = boards.find_board("bpi")
    assert board.kind == "ssh"
    assert board.ssh is not None
    assert (board.ssh.user, board.ssh.host, board.ssh.port) == ("root", "192.0.2.7", 2222)
    assert board.ssh.identity == str(Path.home() / ".ssh/bpi")
    assert board.serial == "/dev/ttyUSB0"


def test_local_always_exists() -> None:
    assert boards.find_board("local").kind == "local"


@pytest.mark.parametrize(
    ("text", "title", "hint"),
    [
        (BPI.replace("identity", "identiy"), "boards.toml:4: unknown key 'identiy'", "'identity'"),
        (BPI.replace('"bananapi"', "3"), "boards.toml:6: profile", ""),
        (BPI + "[", "not valid TOML", "correct that line"),
        ('[bpi]\nprofile = "bananapi"\n', "no way to it", 'ssh = "root@ADDRESS"'),
        (BPI.replace("2222", "99999"), "99999 is no TCP port", "1 to 65535"),
        ('ssh = "x"\n' + BPI, "stands outside a board's table", "[bpi]"),
        (BPI.replace("[bpi]", "[local]"), "always exists", "another name"),
        (BPI.replace("[bpi]", '["a b"]'), "cannot name a board", "letters"),
    ],
)
def test_mistakes_are_told_with_their_place(
    tmp_path: Path, text: str, title: str, hint: str
) -> None:
    write(tmp_path, text)
    with pytest.raises(UsageProblem) as caught:
        boards.find_board("bpi")
    assert title in caught.value.title
    assert hint in caught.value.hint
    assert caught.value.exit_code == 2


def test_an_unknown_board_explains_how_to_add_it() -> None:
    with pytest.raises(UsageProblem) as caught:
        boards.find_board("bpi")
    text = "\n".join(caught.value.lines())
    assert "no board is named 'bpi'" in text
    assert "hvconsole boards add bpi --ssh" in text
    assert "local" in text


def test_a_slip_of_the_pen_is_recognised(tmp_path: Path) -> None:
    write(tmp_path, BPI)
    with pytest.raises(UsageProblem) as caught:
        boards.find_board("bip")
    assert "did you mean 'bpi'" in caught.value.hint


def test_adding_keeps_what_stands_there(tmp_path: Path) -> None:
    path = write(tmp_path, BPI)
    boards.add_board("two", boards.BoardEntry(ssh="me@host", identity="~/key"))
    text = path.read_text()
    assert text.startswith("# my desk\n")
    assert set(boards.load_boards()) == {"local", "bpi", "two"}
    assert "keepalive" not in text
    with pytest.raises(UsageProblem, match="already"):
        boards.add_board("two", boards.BoardEntry(ssh="me@host"))


@given(st.text(max_size=40))
def test_any_address_is_parsed_or_refused(text: str) -> None:
    try:
        user, host, port = boards.parse_ssh(text)
    except UsageProblem:
        return
    shown = f"[{host}]" if ":" in host else host
    again = f"{user + '@' if user else ''}{shown}{f':{port}' if port else ''}"
    assert boards.parse_ssh(again) == (user, host, port)
    assert not host.startswith("-")


def test_settings_come_from_file_and_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, 'theme = "light"\nframes_per_second = 5\n', "settings.toml")
    monkeypatch.setenv("HVCONSOLE_THEME", "mono")
    sourced = load_settings()
    assert sourced.settings.theme == "mono"
    assert sourced.settings.frames_per_second == 5
    assert sourced.origin["theme"] == "$HVCONSOLE_THEME"
    assert sourced.origin["frames_per_second"].endswith("settings.toml")
    assert sourced.origin["record"] == "default"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("fps = 3", "unknown key 'fps'"), ("record = 3", "record"), ("frames_per_second = 99", "99")],
)
def test_wrong_settings_are_refused(tmp_path: Path, text: str, expected: str) -> None:
    write(tmp_path, text, "settings.toml")
    with pytest.raises(UsageProblem) as caught:
        load_settings()
    assert expected in caught.value.title


def test_a_wrong_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HVCONSOLE_FRAMES_PER_SECOND", "many")
    with pytest.raises(UsageProblem, match="HVCONSOLE_FRAMES_PER_SECOND"):
        load_settings()


def test_a_board_with_nothing_but_its_serial_line(tmp_path: Path) -> None:
    write(tmp_path, '[bpi]\nserial = "/dev/ttyUSB0"\n')
    profile = boards.find_board("bpi", tmp_path / "boards.toml")
    assert (profile.kind, profile.ssh, profile.serial) == ("serial", None, "/dev/ttyUSB0")


def test_what_the_console_leaves_out_is_told_beforehand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "validate"]) == 0
    assert "colour-blind, dark" in capsys.readouterr().out
    write(tmp_path, '"view.paws" = "z"\n', "keys.toml")
    (tmp_path / "themes").mkdir()
    write(tmp_path / "themes", "ramp = [", "mine.toml")
    assert main(["config", "validate"]) == 2
    told = capsys.readouterr().out
    assert "no action has the id 'view.paws'" in told
    assert "mine.toml is not valid TOML" in told
