"""The simulated board's shell and commands against the real ones of this machine."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from simulated_board import run, run_really, running

from hvconsole.sim.board.board import Board

FILES = {
    "one.txt": b"alpha beta\ngamma\n\n  delta  epsilon\n",
    "two.txt": b"1:root:x\n2:daemon:y z\n3:none",
    "odd name": b"\x00\xff\n",
    ".hidden": b"h\n",
    "folder/inner": b"i\n",
}

_DATA = Path(__file__).parent / "data"
LONG_SCRIPTS = _DATA.joinpath("board_long_scripts.txt").read_text().split("\n\n")
SCRIPTS = [*_DATA.joinpath("board_scripts.txt").read_text().splitlines(), *LONG_SCRIPTS]


def _shown(value: object) -> str:
    """Name a script in a test's id by its beginning."""
    return ascii(value)[1:-1][:40]


def _lay(folder: Path) -> None:
    for name, data in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


async def _both(
    script: str, folder: Path, shell: tuple[str, ...] = ("dash",)
) -> tuple[tuple[int, bytes, bool], tuple[int, bytes, bool]]:
    """Run a script here and on the board; return status, output and whether it complained."""
    folder.mkdir(exist_ok=True)
    _lay(folder)
    really = run_really(script, folder, "a b", "c", shell=shell)
    async with running() as board:
        for name, data in FILES.items():
            board.tree.make_folders("/root/" + str(Path(name).parent))
            board.tree.write(f"/root/{name}", data)
        simulated = await run(board, script, b"", "a b", "c")
    return (
        (really.status, really.stdout, bool(really.stderr)),
        (simulated.status, simulated.stdout, bool(simulated.stderr)),
    )


@pytest.mark.skipif(shutil.which("busybox") is None, reason="busybox is not here")
@pytest.mark.parametrize("script", LONG_SCRIPTS, ids=_shown)
async def test_long_scripts_do_as_in_busybox(script: str, tmp_path: Path):
    async with asyncio.timeout(20):
        really, simulated = await _both(script, tmp_path / "home", ("busybox", "sh"))
    assert simulated == really


@pytest.mark.skipif(shutil.which("dash") is None, reason="dash is not here to compare with")
@pytest.mark.parametrize("script", SCRIPTS, ids=_shown)
async def test_scripts_do_as_in_dash(script: str, tmp_path: Path):
    async with asyncio.timeout(20):
        really, simulated = await _both(script, tmp_path / "home")
    assert simulated == really


_WORDS = st.sampled_from(
    ["a", "'b  c'", '"$x"', "$x", "$1", '"$@"', "$*", "$#", "${x:-d e}", "${y-'q r'}", "${x%b*}",
     "${x#* }", "$(echo s_  t_)", '"$(echo u_  v_)"', "$((n + 2))", "*.txt", '"*"', "\\$x", "~",
     "''", "${#x}", '"${y:+z}"', "$?", "x=1", "[a-z]*", "`echo w_`"]
)  # fmt: skip
_SIMPLE = st.builds(
    lambda command, words: " ".join([command, *words]),
    st.sampled_from(["echo", "printf '<%s>'", "set --", "f", "false", "y=", "for w in"]),
    st.lists(_WORDS, max_size=4),
).map(lambda text: f'{text}; do echo "$w"; done' if text.startswith("for ") else text)
_LISTS = st.recursive(
    _SIMPLE,
    lambda inner: st.one_of(
        st.builds("{} && {}".format, inner, inner),
        st.builds("{} || {}".format, inner, inner),
        st.builds("{}; {}".format, inner, inner),
        st.builds("! {{ {}; }}".format, inner),
        st.builds("( {} )".format, inner),
        st.builds("{{ {}; }} | cat".format, inner),
        st.builds("if {}; then {}; else {}; fi".format, inner, inner, inner),
        st.builds('case "$x" in a*) {} ;; *) {} ;; esac'.format, inner, inner),
        st.builds("y=$( {} )".format, inner),
        st.builds("{{ {}; }} 2>/dev/null".format, inner),
        st.builds("while [ $n -lt 3 ]; do n=$((n + 1)); {}; done".format, inner),
    ),
    max_leaves=5,
)
_BEFORE = "x='ab c b'; n=1; f() { echo \"f:$#:$1\"; return 4; }; "


@pytest.mark.skipif(shutil.which("dash") is None, reason="dash is not here to compare with")
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(script=_LISTS)
def test_made_up_scripts_do_as_in_dash(script: str, tmp_path: Path):
    whole = f'{_BEFORE}{script}; echo "end:$?:$#:$n:$y"'

    async def compared() -> None:
        async with asyncio.timeout(20):
            really, simulated = await _both(whole, tmp_path / "home")
        home = str(tmp_path / "home").encode()
        assert simulated[:2] == (really[0], really[1].replace(home, b"/root"))

    asyncio.run(compared())


@settings(max_examples=150, deadline=None)
@given(
    script=st.one_of(
        st.binary(max_size=200), st.text("$`'\"\\(){}<>|&;#*?[]!~= \nabif1", max_size=80)
    )
)
def test_any_bytes_are_only_a_script(script: bytes | str):
    text = script if isinstance(script, str) else script.decode("utf-8", "surrogateescape")

    async def ends() -> None:
        board = Board()
        board.boot()
        try:
            async with asyncio.timeout(1):
                done = await run(board, text)
        except TimeoutError:
            return  # a loop without end
        assert 0 <= done.status <= 255

    asyncio.run(ends())


@pytest.mark.parametrize(
    ("script", "status", "complaint"),
    [
        ("f() { f; }; f", 2, "recursion"),
        ("f() { echo $(f); }; f", 0, "recursion"),
        ("echo './s' >s; chmod +x s; ./s", 2, "Cannot fork"),
        ("x=ab; while :; do x=$x$x; done", 2, "Out of space"),
        ("(" * 5000, 2, "nested too deeply"),
        ("$(" * 5000, 2, "nested too deeply"),
        ("{ " * 5000, 2, "nested too deeply"),
        ("if " * 5000, 2, "nested too deeply"),
        ("echo $((" + "(" * 5000 + "1" + ")" * 5000 + "))", 2, "nested too deeply"),
        ("echo " + "'x' " * 50_000, 0, ""),
        ("cat /dev/zero >f; echo $?", 0, "No space left"),
        ("while :; do echo y; done | head -n 1", 0, ""),
        ("tr a b </dev/zero | head -c 1; timeout 60 cat /dev/zero | head -c 1", 0, ""),
    ],
    ids=_shown,
)
async def test_scripts_that_want_everything_get_an_error(script: str, status: int, complaint: str):
    async with running() as board, asyncio.timeout(20):
        board.tree.room = 32 << 20
        done = await run(board, script)
    assert done.status == status
    assert complaint in done.error_text


async def test_a_loop_without_end_lets_others_run():
    async with running() as board:
        busy = asyncio.create_task(run(board, "while :; do :; done"))
        async with asyncio.timeout(10):
            assert (await run(board, "echo still here | cat")).text == "still here\n"
        busy.cancel()
