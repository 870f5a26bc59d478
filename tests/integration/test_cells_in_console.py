"""A cell's whole life from the keyboard, in a real terminal, on the simulated board."""

from __future__ import annotations

from collections.abc import Callable

from walking import LEFT, ROOT, Step, walk

DEMO = "/usr/local/libexec/jailhouse/demos/gic-demo.bin@0"

SYSTEM = "/etc/jailhouse/bananapi.cell"
UPSTREAM = "/etc/jailhouse/bananapi-inmate-demo.cell"

INMATE = f"{ROOT}/cells/bananapi-inmate.toml"

STEPS: tuple[Step, ...] = (
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
    (("q",), LEFT),
)


def test_a_cells_life_from_the_keyboard(missing: Callable[[str], None]) -> None:
    walk(STEPS, ["connect", "sim", "--mode", "jailhouse"], missing)
