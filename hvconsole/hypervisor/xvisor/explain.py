"""What Xvisor's terminal says when something fails, as cause and fix; its words are kept."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hvconsole.hypervisor.failed import LAST_LINES, failed_step
from hvconsole.hypervisor.plan import Step
from hvconsole.link.protocol import Completed
from hvconsole.model.problem import BoardProblem
from hvconsole.model.text import plain
from hvconsole.wire.xvisor import fault_words

_STATES = {
    0x01: "Unknown",
    0x02: "Reset",
    0x04: "Ready",
    0x08: "Running",
    0x10: "Paused",
    0x20: "Halted",
}
_REFUSED = re.compile(
    r"vcpu=(?P<vcpu>\S+) current_state=(?P<now>0x[0-9a-fA-F]{1,4}) to "
    r"new_state=(?P<wanted>0x[0-9a-fA-F]{1,4}) failed"
)
# A trace of calls that follows a refusal: how Xvisor reports it, not that anything is broken.
_TRACE = re.compile(r"0x[0-9A-F]{8,16} \w+\+0x[0-9a-f]+/0x[0-9a-f]+|WARNING: \w+\(\) at .*")
_FAULT = re.compile(r"do_hyp_trap: .*")
_FIELD = re.compile(r"(?P<name>ec|fipa)=(?P<value>0x[0-9A-Fa-f]{1,16})")

_IDLE = (
    "an idle guest waits for an interrupt, and Xvisor calls that Paused, too: its time says "
    "whether it runs (hvconsole hv BOARD stats)"
)

# What is said, what it means, what to do. The first that fits is told.
_CAUSES: Sequence[tuple[str, str, str]] = (
    (
        r"Error: unknown command",
        "this Xvisor does not know the command: it was built without it",
        "build Xvisor with it; 'help' on the Serial screen lists what there is",
    ),
    (
        r"Duplicate Guest (?P<what>\S+) detected",
        "the guest is made already",
        "start it, or destroy it first if it is to be made anew",
    ),
    (
        r"failed to find (?P<what>\S+) node under /guests",
        "the board's device tree has no such guest",
        "'devtree node ls /guests' on the Serial screen lists them; boot with a tree that has it",
    ),
    (
        r"Failed to find guest",
        "no guest of that name is made",
        "create it, or look at the list of guests again",
    ),
    (
        r"Failed to find vcpu",
        "no vCPU has that number: the guest has ended or was made anew",
        "look at the list of guests again",
    ),
    (
        r"Failed to find virtual serial port",
        "there is no such guest console",
        "its guest has ended, or is not made; 'hvconsole hv BOARD list --json' names the consoles",
    ),
    (
        r"Host CPU(?P<what>\d+) not online",
        "the board has no such CPU online",
        "hvconsole hv BOARD list names the CPUs",
    ),
    (
        r"Invalid host CPU(?P<what>\d+)",
        "no board of this Xvisor has such a CPU",
        "hvconsole hv BOARD list names the CPUs",
    ),
    (
        r"Failed to set host CPU(?P<what>\d+)",
        "the vCPU may not run on that CPU, or the CPU is not online",
        "pin the vCPU to it first",
    ),
    (
        r"Cannot find command",
        "this Xvisor has no such command",
        "'help' on the Serial screen lists what there is",
    ),
    (
        r"(?i)failed to (?:open|read|stat)|no such file|not found|failed to load",
        "the file is not in Xvisor's file system, or no file system is mounted",
        "'vfs mplist' and 'vfs ls /' on the Serial screen show what there is",
    ),
    (
        r"code -7\)",
        "Xvisor has not enough memory for it",
        "give the guest less in its device tree, or destroy another",
    ),
    (r"code -9\)", "Xvisor is busy with it", "wait a moment, then try again"),
    (
        r"(?s)^Usage:.*code -1\)",
        "Xvisor does not take these words: another version may want others",
        "'help' with the command's name on the Serial screen shows its words",
    ),
    (
        r"Failed to (?P<what>\w+)",
        "Xvisor refused it",
        "look at the guest's state, and try again",
    ),
)


def cause_of(said: str) -> tuple[str, str]:
    """Return what Xvisor's words mean and what to do; empty where they are unknown."""
    if (refused := _refusal(said)) is not None:
        return refused
    fitting = ((why, how) for pattern, why, how in _CAUSES if re.search(pattern, said))
    return next(fitting, ("", ""))


def explain(step: Step, done: Completed) -> BoardProblem:
    """Turn a failed step into cause and fix; what was said and expected is the detail."""
    said = [line for line in done.text.splitlines() if line.strip()]
    faults = [line for line in done.error_text.splitlines() if _FAULT.fullmatch(line.strip())]
    if faults and done.status == 0:
        cause, fix = _fault(faults[-1])
    else:
        cause, fix = cause_of("\n".join(said)) if done.status != 0 else ("", "")
    if not cause and done.status == 0:
        cause = "Xvisor said it was done, but it was not"
        if "resume" in step.argv:
            cause, fix = "Xvisor said it was done, and the guest has not run since", _IDLE
    kept = [line for line in said if not _TRACE.fullmatch(line)][-LAST_LINES:]
    lines = [plain(line, 200) for line in (*faults, *kept)]
    return failed_step(step, cause or "the command failed", fix, lines)


def _refusal(said: str) -> tuple[str, str] | None:
    """Say a change of state that Xvisor refused: from which state to which, and the way there."""
    match = _REFUSED.search(said)
    if match is None:
        return None
    now = _STATES.get(int(match["now"], 16), match["now"])
    wanted = _STATES.get(int(match["wanted"], 16), match["wanted"])
    vcpu = plain(match["vcpu"], 60)
    why = f"vCPU {vcpu} is {now}, and cannot become {wanted} from there"
    if now == wanted:
        return f"vCPU {vcpu} is {now} already", "look at the guest again: others may be, too"
    how = {
        "Halted": "a Halted vCPU takes only a reset: start the guest, which resets it first",
        "Reset": "start the guest first",
        "Paused": "resume the guest first",
    }.get(now, "pause the guest first")
    if now == "Reset" and wanted == "Paused":
        how = "what ran of the guest is paused by now; a vCPU in Reset does not run anyway"
    return why, how


def _fault(line: str) -> tuple[str, str]:
    fields = {match["name"]: match["value"] for match in _FIELD.finditer(line)}
    return (
        f"a guest did what it may not: {fault_words(fields)}",
        "is its image loaded, and is it one for this guest's memory? Load it, then start again",
    )
