"""A cell's whole life from the keyboard, in a real terminal, on the simulated board."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from shutil import which

from walked import ROOT, walk

DEMO = "/usr/local/libexec/jailhouse/demos/gic-demo.bin@0"

SYSTEM = "/etc/jailhouse/bananapi.cell"
UPSTREAM = "/etc/jailhouse/bananapi-inmate-demo.cell"

INMATE = f"{ROOT}/cells/bananapi-inmate.toml"
PATIENCE_S = 90.0

# What is pressed, and what must be seen then.
STEPS: tuple[tuple[tuple[str, ...], str], ...] = (
    ((), r"▸ following(.*\n)+.*CPU 1 +\d"),
    (("F3",), r"jailhouse v0\.12, off"),
    (("Enter", "Enter"), r"system configuration"),
    (("C-a", "C-k"), r"no system configuration is named"),
    ((f"type {SYSTEM}",), rf"enable {SYSTEM}(.*\n)*.*the root cell does not"),
    (("Tab", "Tab", "Enter"), r"✓ enable Jailhouse(.*\n)*.*done: enable Jailhouse"),
    (("Enter", "Enter"), r"create a cell(.*\n)*.*start it"),
    (("C-a", "C-k"), r"no configuration is named"),
    ((f"type {UPSTREAM}",), r"Do it despite that"),
    (("C-a", "C-k"), r"no configuration is named"),
    ((f"type {INMATE}",), r"nothing unsafe found"),
    (("Tab", f"type {DEMO}"), r"cell load 1 \S+ -a 0x0(.*\n)*.*nothing unsafe"),
    (("Tab", "Down", "Down", "Enter"), r"cell start 1(.*\n)*.*CPU 1  Banana-Pi → bananapi-inmate"),
    (("PageDown",), r"0x7be00000 +64KiB +░+ +█+(.*\n)*.*Do it"),
    (("Tab", "Tab", "Enter"), r"✓ load cell 1 *│\n.*✓ start cell 1"),
    ((), r"bananapi-inmate +running +id 1 +CPU 1 +[\d,]+ exits +\d+/s"),
    ((), r"our own: \d+ hypercalls a look"),
    (("Down", "Enter"), r"what shall be done(.*\n)*.*shut 'bananapi-inmate' down"),
    (("click shut 'bananapi",), r"cell shutdown 1"),
    (("Enter",), r"bananapi-inmate +stopped"),
    (("Enter",), r"what shall be done(.*\n)*.*destroy 'bananapi-inmate'"),
    (("click destroy 'bananapi",), r"cell destroy 1"),
    (("Enter",), r"✓ destroy cell 'bananapi-inmate'"),
    (("Enter",), r"what shall be done(.*\n)*.*disable jailhouse"),
    (("click disable jailhouse",), r"\$ jailhouse disable"),
    (("Enter",), r"jailhouse v0\.12, off(.*\n)*.*✓ give the CPUs their governors back"),
    (("F8",), r"hv sim disable|disable Jailhouse"),
    (("q",), r"Pane is dead \(status 0"),
)


def test_a_cells_life_from_the_keyboard(missing: Callable[[str], None]) -> None:
    if which("tmux") is None:
        missing("tmux")
    script = walk()
    with tempfile.TemporaryDirectory(prefix="cells-") as home:
        terminal = script.Terminal(Path(home), (160, 48))
        places = {f"HVCONSOLE_{one}_DIR": f"{home}/{one}" for one in ("STATE", "CONFIG")}
        places |= {"HVCONSOLE_SESSIONS_DIR": f"{home}/sessions", "XDG_RUNTIME_DIR": home}
        words = ["-m", "hvconsole", "connect", "sim", "--mode", "jailhouse"]
        terminal.begin([sys.executable, *words], places)
        try:
            for keys, seen in STEPS:
                terminal.do(keys)
                assert terminal.wait(seen, PATIENCE_S), (
                    f"{keys}: not seen: {seen}\n{terminal.screen()}"
                )
        finally:
            terminal.end()
