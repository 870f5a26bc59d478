"""A domain's whole life from the keyboard, in a real terminal, on the simulated board under Xen.

What must be seen after each action is the state that was read back from the board: the row of the
guest or of the pool, not the word that something was done.
"""

from __future__ import annotations

from collections.abc import Callable

from walking import LEFT, Step, walk

from hvconsole.config.resources import resource_dir

SHELL = resource_dir("cells") / "xen" / "shell.cfg"
MENU = r"what shall be done"

STEPS: tuple[Step, ...] = (
    ((), r"▸ following(.*\n)+.*CPU 1 +\d"),
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
    (("q",), LEFT),
)


def test_a_domains_life_from_the_keyboard(missing: Callable[[str], None]) -> None:
    walk(STEPS, ["connect", "sim", "--mode", "xen-credit"], missing)
