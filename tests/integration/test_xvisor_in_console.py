"""A guest's whole life under Xvisor from the keyboard: a real terminal, the simulated board."""

from __future__ import annotations

from collections.abc import Callable

from walking import LEFT, Step, walk

MENU = r"what shall be done"
STARTED_ANEW = r"guest0 +running(.*\n)*.*✓ reset guest 'guest0'(.*\n)*.*✓ start guest 'guest0'"

STEPS: tuple[Step, ...] = (
    ((), r"Xvisor v0\.3\.2"),
    (("F3",), r"guest0 +defined"),
    (("Down", "Enter"), MENU),
    (("click start 'guest0'",), r"\$ guest kick guest0"),
    (("Enter",), r"guest0 +running(.*\n)*.*✓ start guest 'guest0'"),
    # Its console, on the Serial screen: a shell of the guest's answers there.
    (("o",), r"typing to guest0/uart0(.*\n)*.*guest0:~#"),
    (("type echo seen-$((20+22))", "Enter"), r"seen-42"),
    (("C-]", "g"), r"serial · /dev/pts/\d+ ─(.*\n)*XVisor#"),
    (("C-]", "F3"), r"guest0 +running"),
    (("Enter",), MENU),
    (("click pause 'guest0'",), r"\$ vcpu pause 15"),
    (("Enter",), r"guest0 +paused(.*\n)*.*✓ pause vCPU 0"),
    (("Enter",), MENU),
    (("click let 'guest0' go on",), r"\$ vcpu resume 15"),
    (("Enter",), r"guest0 +running(.*\n)*.*✓ let vCPU 0 of guest 'guest0' run"),
    (("Enter",), MENU),
    (("click restart 'guest0'",), r"\$ guest reset guest0(.*\n)*.*\$ guest kick guest0"),
    (("Tab", "Enter"), STARTED_ANEW),
    (("Enter",), MENU),
    (("click shut 'guest0' down",), r"\$ vcpu halt 15"),
    (("Tab", "Enter"), r"guest0 +stopped(.*\n)*.*✓ halt vCPU 0"),
    (("Enter",), MENU),
    (("click start 'guest0'",), r"\$ guest reset guest0"),
    (("Enter",), STARTED_ANEW),
    (("Enter",), MENU),
    (("click destroy 'guest0'",), r"\$ guest destroy guest0"),
    (("Tab", "Enter"), r"✓ destroy guest 'guest0'"),
    (("Enter",), MENU),
    # Made again from what the form offers: its device tree's node, and its images.
    (("click create a guest",), r"guest0\.toml(.*\n)*.*\$ guest create guest0(.*\n)*.*\$ vfs"),
    (("click Do it",), r"guest0 +defined(.*\n)*.*✓ make guest 'guest0'(.*\n)*.*✓ load"),
    (("click guest0 ", "Enter"), MENU),
    (("click start 'guest0'",), r"\$ guest kick guest0"),
    (("Enter",), r"guest0 +running(.*\n)*.*✓ start guest 'guest0'"),
    (("q",), LEFT),
)


def test_a_guests_life_under_xvisor(missing: Callable[[str], None]) -> None:
    walk(STEPS, ["connect", "sim", "--mode", "xvisor"], missing)
