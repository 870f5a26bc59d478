"""``hvconsole cell``: exit codes, documents, lines of text; nothing half written."""

import json

import pytest
from cell_values import CELLS, document

from hvconsole.cell import decode, encode
from hvconsole.cli import main

ROOT = str(CELLS / "bananapi.toml")
DEMO = str(CELLS / "bananapi-inmate-demo.toml")
INMATE = str(CELLS / "bananapi-inmate.toml")
LINUX = str(CELLS / "bananapi-linux-demo.toml")


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("HVCONSOLE_CONFIG_DIR", str(tmp_path / "config"))


def test_build_and_show_are_each_others_way_back(tmp_path, capsys):
    first, text, second = (tmp_path / name for name in ("a.cell", "a.toml", "b.cell"))
    assert main(["cell", "build", ROOT, "-o", str(first)]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "1224 bytes, revision 14" in captured.err
    assert main(["cell", "show", str(first)]) == 0
    text.write_text(capsys.readouterr().out)
    assert main(["cell", "build", str(text), "-o", str(second)]) == 0
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes() == encode(document("bananapi").configuration)


def test_build_for_another_revision(tmp_path, capsys):
    made = tmp_path / "old.cell"
    words = ["cell", "build", ROOT, "-o", str(made), "--revision", "12", "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out) == {
        "file": str(made),
        "bytes": 1222,
        "revision": 12,
    }
    assert decode(made.read_bytes(), architecture="arm").revision == 12


def test_build_tells_what_is_wrong_with_the_file_itself(tmp_path, capsys):
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(f'name = "{"n" * 32}"\narchitecture = "arm"\ncpus = [1]\n')
    assert main(["cell", "build", str(wrong), "-o", str(tmp_path / "a.cell")]) == 0
    assert f"{wrong}:1: ✗ error: the name" in capsys.readouterr().err


def test_a_mistake_in_the_toml_leaves_nothing(tmp_path, capsys):
    wrong, made = tmp_path / "wrong.toml", tmp_path / "wrong.cell"
    wrong.write_text('name = "a"\narchitecture = "arm"\ncpus = [1]\nmemroy = []\n')
    assert main(["cell", "build", str(wrong), "-o", str(made)]) == 2
    error = capsys.readouterr().err
    assert f"{wrong}:4: unknown key 'memroy'" in error
    assert "did you mean 'memory'?" in error
    assert list(tmp_path.glob("*.cell")) == []


def test_a_place_that_cannot_be_written_is_told(tmp_path, capsys):
    assert main(["cell", "build", ROOT, "-o", str(tmp_path / "no" / "a.cell")]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_told(tmp_path, capsys):
    damaged = tmp_path / "damaged.cell"
    damaged.write_bytes(encode(document("bananapi").configuration)[:700])
    assert main(["cell", "show", str(damaged)]) == 1
    captured = capsys.readouterr()
    assert "damaged" in captured.err
    assert captured.out == ""


def test_show_as_json(capsys):
    assert main(["cell", "show", INMATE, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["cell"]["name"] == "bananapi-inmate"
    assert shown["cell"]["memory"][3] == {
        "name": "ram",
        "phys_start": 0x7BE00000,
        "virt_start": 0,
        "size": 0x10000,
        "flags": 0x47,
        "flag_names": ["read", "write", "execute", "loadable"],
    }


def test_show_a_map(capsys):
    assert main(["cell", "show", "--map", DEMO, "--root", ROOT]) == 0
    lines = capsys.readouterr().out.splitlines()
    [clash] = [line for line in lines if line.startswith("!")]
    assert "0x7bfe0000-0x7bfeffff  64KiB   bananapi-inmate-demo  ram" in clash
    assert main(["cell", "show", "--map", ROOT, "--with", INMATE, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["map"]
    assert {"start", "size", "owner", "flags", "clash"} <= set(rows[0])
    assert not any(row["clash"] for row in rows)


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        ([ROOT, INMATE], 0, "nothing unsafe found, 2 warnings"),
        ([INMATE, ROOT], 0, "nothing unsafe found"),
        ([INMATE, "--root", ROOT], 0, "nothing unsafe found"),
        ([ROOT, DEMO], 1, "not safe: 1 error, 2 warnings"),
        ([INMATE, "--root", ROOT, "--with", LINUX], 1, "both want CPU 1"),
    ],
)
def test_check(words, status, expected, capsys):
    assert main(["cell", "check", *words]) == status
    captured = capsys.readouterr()
    assert expected in captured.out
    assert captured.err == ""


def test_check_takes_either_form(tmp_path, capsys):
    root, cell = tmp_path / "root.cell", tmp_path / "demo.cell"
    root.write_bytes(encode(document("bananapi").configuration))
    cell.write_bytes(encode(document("bananapi-inmate-demo").configuration))
    assert main(["cell", "check", str(root), str(cell)]) == 1
    assert f"{cell}: ✗ error: 'bananapi-inmate-demo' region 3" in capsys.readouterr().out


def test_check_as_json(capsys):
    assert main(["cell", "check", ROOT, DEMO, "--json"]) == 1
    checked = json.loads(capsys.readouterr().out)
    assert checked["safe"] is False
    assert checked["findings"][0]["code"] == "loadable-outside-root"
    assert checked["findings"][0]["place"].startswith(f"{DEMO}:")


def test_check_needs_a_root_cell(capsys):
    assert main(["cell", "check", INMATE]) == 2
    assert "none of these is a root cell's" in capsys.readouterr().err


def test_a_name_cannot_steer_the_terminal(tmp_path, capsys):
    evil = tmp_path / "evil.cell"
    data = encode(document("bananapi-inmate").configuration)
    evil.write_bytes(data.replace(b"bananapi-inmate", b"a\x1b]0;own\x07\xc2\x9b2J__"))
    assert main(["cell", "check", str(evil), "--root", ROOT]) == 1
    assert main(["cell", "show", str(evil)]) == 0
    assert main(["cell", "show", "--map", str(evil)]) == 0
    captured = capsys.readouterr()
    assert all(char.isprintable() or char == "\n" for char in captured.out + captured.err)


def test_check_against_this_machine(capsys):
    """Whatever it is, it is no Banana Pi with two CPUs and this memory map."""
    assert main(["cell", "check", ROOT, "--board", "local", "--json"]) in {0, 1}
    assert "findings" in json.loads(capsys.readouterr().out)
