"""xentrace's command lines."""

from __future__ import annotations

from typing import Final

Argv = tuple[str, ...]

SCHEDULER_EVENTS: Final = 0x0002F000
"""Event mask of Xen's scheduler class (TRC_SCHED in public/trace.h)."""

BUFFER_PAGES: Final = 32
"""Pages of 4 KiB a physical CPU; a boot's first use decides, and Xen never gives them back."""

POLL_MS: Final = 200
MAX_SECONDS: Final = 24 * 3600

# Without a terminal nobody could type Ctrl-C, so the end of standard input ends the trace; that is
# also what a lost link looks like. SIGTERM makes xentrace switch tracing off and write what is
# left; SIGINT would be ignored in a background job. The watching loop uses the shell's own `read`,
# since a `cat` would outlive it and hold the link's channel open.
_TRACE: Final = (
    '"$@" /proc/self/fd/1 </dev/null 3<&- 4>&- 5>&- & traced=$!; '
    '{ while read -r _; do :; done; kill -TERM "$traced"; } <&3 >/dev/null 2>&1 4>&- 5>&- & '
    "watch=$!; exec 3<&- 4>&-; "
    'wait "$traced"; status=$?; kill "$watch" 2>/dev/null; echo "$status" >&5'
)
# xentrace opens its output by name. That works for a pipe, not for a socket, which an SSH server
# may hand out as standard output, and /dev/stdout need not exist: so a pipe of our own.
_UNTIL_INPUT_ENDS: Final = (
    "exec 3<&0 4>&1; "
    f"status=$({{ {{ {_TRACE}; }} | cat >&4 3<&- 5>&-; }} 5>&1); "
    'exit "${status:-1}"'
)

# A xentrace that was killed leaves tracing on; one that starts and ends properly switches it off.
_SWITCH_OFF: Final = (
    "command -v xentrace >/dev/null || exit 0; "
    "[ -e /proc/xen/capabilities ] || [ -d /sys/hypervisor/properties ] || exit 0; "
    "exec xentrace -D -T 1 /dev/null 2>/dev/null"
)


def capture(seconds: int) -> Argv:
    """Return what traces Xen's scheduler onto standard output until its standard input ends.

    Args:
        seconds: It ends by itself after this, whatever happens to the console.
    """
    bounded = str(min(max(seconds, 1), MAX_SECONDS))
    options = ("-D", "-e", hex(SCHEDULER_EVENTS), "-s", str(POLL_MS), "-S", str(BUFFER_PAGES))
    return ("sh", "-c", _UNTIL_INPUT_ENDS, "trace", "xentrace", *options, "-T", bounded)


def switch_off() -> Argv:
    """Return what switches tracing off; harmless where it is off, or where there is no Xen."""
    return ("sh", "-c", _SWITCH_OFF)


def find() -> Argv:
    """Return what tells where xentrace is; a status other than 0: it is not there."""
    return ("sh", "-c", "command -v xentrace")
