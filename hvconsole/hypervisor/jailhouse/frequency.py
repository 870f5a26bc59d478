"""One frequency while Jailhouse has the machine.

A governor that changes the frequency changes the voltage too, through the power chip on an I2C bus
(Banana Pi: AXP209 on I2C0). A root cell that does not cover that bus, and the stock one does not,
has its CPU parked for it. So all CPUs get a governor that stays where it is before Jailhouse is
enabled. What they had is written down on the board, so that whoever disables it can give it back.
"""

from __future__ import annotations

from collections.abc import Mapping

# /run is root's and gone at the next boot, as the governors are.
KEPT = "/run/hvconsole-governors"
# These choose a frequency once; the others follow the load.
STEADY = frozenset({"performance", "powersave", "userspace"})
GOVERNOR = "performance"

_FILES = "/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor"
# One line each: a word of a command holds no newline.
_PIN = (
    f"umask 077; [ -e {KEPT} ] || "
    f'{{ for f in {_FILES}; do echo "$(cat "$f") $f"; done >{KEPT}.new && mv {KEPT}.new {KEPT}; }} '
    f'&& for f in {_FILES}; do echo {GOVERNOR} >"$f" || exit 1; done'
)
# Never while Jailhouse is enabled: that is what parks the CPU.
_GIVE_BACK = (
    f"[ -e {KEPT} ] || exit 0; "
    'if [ "$(cat /sys/devices/jailhouse/enabled 2>/dev/null)" = 1 ]; then '
    'echo "Jailhouse is still enabled: the governors stay" >&2; exit 1; fi; '
    'while read -r name file; do [ ! -e "$file" ] || echo "$name" >"$file" || exit 1; '
    f"done <{KEPT}; rm -f {KEPT}"
)

PIN = ("sh", "-c", _PIN)
GIVE_BACK = ("sh", "-c", _GIVE_BACK)


def is_steady(governors: Mapping[int, str]) -> bool:
    """Whether no CPU's frequency follows its load; so too where nothing governs them."""
    return all(name in STEADY for name in governors.values())
