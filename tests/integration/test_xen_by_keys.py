"""A domain's whole life from the keyboard, in a real terminal, on the simulated board under Xen.

What must be seen after each action is the state that was read back from the board: the row of the
guest or of the pool, not the word that something was done.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from shutil import which
from types import ModuleType

from hvconsole.config.resources import resource_dir

ROOT = Path(__file__).parents[2]
SHELL = resource_dir("cells") / "xen" / "shell.cfg"
PATIENCE_S = 90.0

# The shell says it by itself: tmux may learn only later that a program has ended.
TOLD = '"$0" "$@"; echo "left with status $?"; exec sleep 600'
MENU = r"what shall be done"

# What is pressed, and what must be seen then.
STEPS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("F3",), r"xen 4\.17(.*\n)+.*Domain-0 \(here\) +running"),
    (("o",), r"dom0's console is the board's own"),
    (("Escape", "Enter"), r"create a guest"),
    (("click create a guest",), r"\$ xl create"),
    ((f"type {SHELL}",), r"shell\.cfg(.*\n)*.*\$ xl create"),
    (("click Do it",), r"▶ shell +running +id \d+ +Pool-0 +weight=256 cap=0"),
    (("click shell ", "o"), r"the console of shell · Ctrl\+\] g leaves it"),
    (("type echo sum-$((40+2))", "Enter"), r"sum-42"),
    (("C-]", "g"), r"left the console of shell"),
    (("C-]", "F3"), r"▶ shell +running"),
    (("Enter",), r"set credit's values of 'shell'"),
    (("click set credit's",), r"nothing is changed yet"),
    # What stands in a field is selected when it gets the focus: what is typed replaces it.
    (("type 512",), r"sched-credit .*-w 512"),
    (("Tab", "type 50"), r"sched-credit .*-w 512.* -c 50"),
    (("click Do it",), r"▶ shell +running +id \d+ +Pool-0 +weight=512 cap=50"),
    (("Enter",), r"make a pool"),
    (("click make a pool",), r"cpupool-create"),
    (("type rt",), r"cpupool-create 'name=.rt"),
    (("Tab", "Enter"), r" credit2 "),
    (("Down", "Down", "Enter"), r"cpupool-create 'name=.rt.' 'sched=.rtds.' 'cpus=..1"),
    (("click Do it",), r"◆ rt +rtds"),
    (("click shell ", "Enter"), r"move 'shell' to another pool"),
    (("click move 'shell' to",), r"\$ xl cpupool-migrate"),
    (("click Do it",), r"▶ shell +running +rt +period=10000 budget=4000"),
    (("Enter",), r"set rtds's values of 'shell'"),
    (("click set rtds's",), r"nothing is changed yet"),
    (("type 20000",), r"sched-rtds .*-p 20000"),
    (("Tab", "type 5000"), r"sched-rtds .*-p 20000.* -b 5000"),
    (("click Do it",), r"▶ shell +running +rt +period=20000 budget=5000"),
    (("Enter",), MENU),
    (("click pin 'shell'",), r"may run on"),
    (("type 1",), r"\$ xl vcpu-pin \d+ all 1"),
    (("click Do it",), r"▶ shell (.*\n)+.*vCPU 0 .*pinned 1"),
    (("click shell ", "Enter"), MENU),
    (("click pause 'shell'",), r"\$ xl pause"),
    (("Enter",), r"▶? *shell +paused"),
    (("Enter",), MENU),
    (("click let 'shell' go on",), r"\$ xl unpause"),
    (("Enter",), r"▶ shell +running"),
    (("Enter",), MENU),
    (("click destroy 'shell'",), r"\$ xl destroy"),
    (("click Do it",), r"\A(?![\s\S]* shell +(running|paused))[\s\S]*0 guests"),
    (("q",), r"left with status 0"),
)


def test_a_domains_life_from_the_keyboard(missing: Callable[[str], None]) -> None:
    if which("tmux") is None:
        missing("tmux")
    walk = _walk()
    with tempfile.TemporaryDirectory(prefix="xen-") as home:
        terminal = walk.Terminal(Path(home), (160, 48))
        places = {f"HVCONSOLE_{one}_DIR": f"{home}/{one}" for one in ("STATE", "CONFIG")}
        places |= {"HVCONSOLE_SESSIONS_DIR": f"{home}/sessions", "XDG_RUNTIME_DIR": home}
        words = ["-m", "hvconsole", "connect", "sim", "--mode", "xen-credit"]
        terminal.begin([sys.executable, *words], places)
        try:
            assert terminal.wait(r"▸ following(.*\n)+.*CPU 1 +\d", PATIENCE_S), terminal.screen()
            for keys, seen in STEPS:
                assert terminal.does(walk.Step("", keys, seen)), (
                    f"{keys}: not seen: {seen}\n{terminal.screen()}"
                )
        finally:
            terminal.end()


def _walk() -> ModuleType:
    spec = importlib.util.spec_from_file_location("walk", ROOT / "docs" / "walk.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["walk"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
