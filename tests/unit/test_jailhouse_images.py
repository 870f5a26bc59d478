"""Images for a cell: how they are written, where they lie, and what loads them."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, strategies as st

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.jailhouse.images import load_command, read_images
from hvconsole.hypervisor.jailhouse.plans import plan
from hvconsole.model.hypervisor import Guest, GuestState, Survey
from hvconsole.model.problem import UsageProblem
from hvconsole.ui.view import words
from hvconsole.ui.view.equivalent import hv_words

ROOT = Guest(key="0", name="root", role="control", state="running", cpus=frozenset({0, 1}))
HERE = do.Create(config=b"", source="/etc/x.cell", on_board=True)


def cell(key: str, state: GuestState = "stopped") -> Guest:
    return Guest(key=key, name=f"cell-{key}", state=state, cpus=frozenset({1}))


def seen(*cells: Guest) -> Survey:
    return Survey(system="jailhouse", guests=(ROOT, *cells))


@pytest.mark.parametrize(
    ("word", "image"),
    [
        ("/a.bin", ("/a.bin", None)),
        ("/a.bin@0", ("/a.bin", 0)),
        ("/a.bin@4096", ("/a.bin", 4096)),
        ("/a.bin@0x1000", ("/a.bin", 0x1000)),
        ("/a@b.bin", ("/a@b.bin", None)),
        ("/a@1@0X2", ("/a@1", 2)),
    ],
)
def test_an_image_with_its_address(word: str, image: tuple[str, int | None]) -> None:
    assert read_images([word]) == ((image,), {})


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("", "no image"),
        ("@0", "cannot be read here"),  # a file of that name
        ("none.bin", "cannot be read here"),
        ("/a@18446744073709551616", "no image"),
    ],
)
def test_what_is_no_image(word: str, why: str) -> None:
    with pytest.raises(UsageProblem, match=why) as told:
        read_images([word])
    assert told.value.hint


def test_an_image_of_this_machine_is_there_only_while_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my; demo.bin").write_bytes(b"\x01\x02")
    images, contents = read_images(["my; demo.bin@8", "/there.bin"])
    argv, files = load_command("1", images, contents)
    ((path, content),) = files.items()
    assert content == b"\x01\x02"
    assert shlex.quote(path) == path
    assert argv[4:] == ("jailhouse", "cell", "load", "1", path, "-a", "0x8", "/there.bin")
    copy = tmp_path / "copy"
    copy.write_bytes(content)
    shell = argv[2].replace(path, str(copy))
    # The shell's own words, with a command that fails in jailhouse's place.
    done = subprocess.run(["sh", "-c", shell, "load", "false"], check=False)
    assert (done.returncode, copy.exists()) == (1, False)


@given(st.text(max_size=40))
@example("~0")  # the home of somebody that there is not
def test_any_word_is_an_image_or_refused(text: str) -> None:
    try:
        images, contents = read_images([text])
    except (UsageProblem, ValueError):  # a NUL is in no path
        return
    load_command("1", images, contents)


def test_a_new_cell_is_loaded_and_started_by_the_number_that_it_will_have() -> None:
    life = do.Create(
        config=b"", source="/etc/x.cell", on_board=True, images=(("/a", 0),), start=True
    )
    made = plan(life, seen(cell("1"), cell("3")))
    create, load, start = made.steps
    assert load.argv == ("jailhouse", "cell", "load", "2", "/a", "-a", "0x0")
    assert start.argv == ("jailhouse", "cell", "start", "2")
    assert create.undo == load.undo == start.undo
    assert [step.keep_undo for step in made.steps] == [True, False, False]
    assert create.expect is not None
    assert create.expect.holds(seen(cell("1"), cell("2"), cell("3")))
    # Somebody else's cell took the number: nothing may be loaded into that one.
    assert not create.expect.holds(seen(cell("1"), cell("3"), cell("4")))
    assert not create.expect.holds(seen(cell("1"), cell("2", "running"), cell("3")))
    assert made.title.endswith("load it, start it")


def test_a_cell_alone_is_only_made() -> None:
    assert len(plan(HERE, seen()).steps) == 1


def test_no_image_is_told() -> None:
    with pytest.raises(UsageProblem, match="no image"):
        plan(do.Load(guest="1", images=()), seen(cell("1")))
    with pytest.raises(UsageProblem, match="no whole path"):
        plan(do.Load(guest="1", images=(("a.bin", None),)), seen(cell("1")))


def test_what_was_done_in_the_console_as_a_command() -> None:
    action = words.cell("/etc/x.cell", "/a.bin@0x10 /b.bin", "yes")
    assert hv_words("sim", action)[3:] == (
        "create", "/etc/x.cell", "--on-board", "--load", "/a.bin@0x10", "--load", "/b.bin",
        "--start",
    )  # fmt: skip
    linux = words.linux(
        {"config": "/l.cell", "kernel": "/k", "dtb": "/d", "initrd": "", "cmdline": "a b"}
    )
    assert hv_words("sim", linux)[3:] == (
        "linux", "/l.cell", "/k", "--dtb", "/d", "--cmdline", "a b",
    )  # fmt: skip
    with pytest.raises(UsageProblem, match="kernel"):
        words.linux({"config": "/l", "kernel": " ", "dtb": "", "initrd": "", "cmdline": ""})
