"""What is printed when a vCPU is in no state for what was asked: a line, and a harmless trace."""

from __future__ import annotations

from typing import Final

from hvconsole.sim.hypervisor.xvisor.core import INVALID, RefusedError

SOURCES: Final = "/build/xvisor"
"""Where Xvisor was built."""

_FRAMES: Final = {
    ("guest", "kick"): (
        "0x1003968C vmm_manager_guest_kick+0x5c/0x8c",
        "0x1006737C cmd_guest_exec+0x324/0x73c",
    ),
    ("guest", "pause"): (
        "0x10039704 vmm_manager_guest_pause+0x48/0x88",
        "0x10067428 cmd_guest_exec+0x3d0/0x73c",
    ),
    ("guest", "resume"): (
        "0x1003978C vmm_manager_guest_resume+0x48/0x88",
        "0x100674E0 cmd_guest_exec+0x488/0x73c",
    ),
    ("guest", "halt"): (
        "0x10039814 vmm_manager_guest_halt+0x48/0x88",
        "0x10067490 cmd_guest_exec+0x438/0x73c",
    ),
}
# A single vCPU's, which nobody has recorded, have one frame less.
_VCPU_FRAME: Final = "0x10067F30 cmd_vcpu_exec+0x13c/0x1b0"
_OUTER: Final = (
    "0x100403F8 vmm_cmdmgr_execute_cmd+0x3c/0x98",
    "0x1004054C vmm_cmdmgr_execute_cmdstr+0xf8/0x18c",
    "0x10074824 mterm_main+0xbc/0xd0",
    "0x1003D1D0 vmm_threads_entry+0x34/0x94",
    "0x00000000 _code_start+0xf0000000/0xb0",
)


def refusal(refused: RefusedError, command: str, verb: str) -> list[str]:
    """Return the lines that a refused change of state leaves."""
    return [
        (
            f"vcpu={refused.vcpu.name} current_state=0x{refused.shown:x} "
            f"to new_state=0x{refused.wanted:x} failed (error {INVALID})"
        ),
        f"WARNING: vmm_scheduler_state_change() at {SOURCES}/core/vmm_scheduler.c:696",
        "0x1003BEC8 vmm_scheduler_state_change+0x548/0x948",
        *_FRAMES.get((command, verb), (_VCPU_FRAME,)),
        *_OUTER,
    ]
