"""What virsh and lkvm say when something fails, as cause and fix; their words are kept."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hvconsole.hypervisor.failed import LAST_LINES, failed_step, lines_of
from hvconsole.hypervisor.plan import Step
from hvconsole.link.protocol import Completed
from hvconsole.model.problem import BoardProblem
from hvconsole.wire.console import shown

_KILLED = (124, 137)

_NO_LIBVIRT = (
    r"Failed to connect socket|Unable to get system bus connection|Connection refused"
    r"|failed to connect to the hypervisor|Cannot recv data|client socket is closed"
)
_DENIED = r"(?i)access denied|authentication (?:failed|unavailable)|polkit|permission denied"

# What is said, what it means, what to do. The first that fits is told.
_CAUSES: Sequence[tuple[str, str, str]] = (
    (
        r"(?s)failed to connect.*(?:access denied|authentication|polkit|[Pp]ermission denied)",
        "libvirt does not let us in",
        "connect as root, or set sudo = true for the board, or join the group libvirt there",
    ),
    (_NO_LIBVIRT, "libvirtd does not answer", "on the board: systemctl start libvirtd"),
    (
        (
            r"Domain requires KVM, but it is not available|Could not access KVM kernel module"
            r"|failed to initialize kvm"
        ),
        "QEMU cannot open /dev/kvm",
        (
            "is it there, and did the kernel start in EL2 (dmesg: kvm [1]: … mode initialized)? "
            "QEMU's user must be in the group kvm"
        ),
    ),
    (
        r"failed to get domain|no domain with matching|Domain not found",
        "the domain is gone",
        "look at the list of domains again",
    ),
    (r"Domain is already active", "it runs already", "pause or stop it, or leave it as it is"),
    (r"domain is already running", "it is not paused: it runs already", ""),
    (r"domain is not running", "the domain is shut off", "start it first"),
    (
        r"domain '.*' (?:already exists|is already defined)",
        "a domain of that name or UUID exists already",
        "choose another name (--name), or undefine that one: destroy it twice",
    ),
    (
        r"exceed the maxcpu (?P<cpus>\d+)",
        "the board has no such CPU",
        "hvconsole hv BOARD list names the CPUs",
    ),
    (
        r"vcpu \d+ is out of range",
        "the domain has no such vCPU",
        "hvconsole hv BOARD list names the vCPUs",
    ),
    (
        (
            r"(?i)cpu hot-?(?:un)?plug|vcpu unplug|does not support .*hotplug"
            r"|doesn't support .*hotplug|hotplugg?able"
        ),
        "this machine type cannot change its vCPUs while it runs",
        "shut it off first; the count then holds from its next start on",
    ),
    (
        r"not supported for backend 'cgroup V2'",
        "libvirt cannot do that with cgroup v2",
        "boot the board with systemd.unified_cgroup_hierarchy=0 if it is needed",
    ),
    (
        (
            r"(?i)cgroup CPU controller is not mounted|cgroups? (?:are|is) not available"
            r"|Unable to (?:write|open|read).*/cgroup"
        ),
        "the board has no cgroup of CPU shares and quotas for it",
        "mount cgroup2 at /sys/fs/cgroup with the controllers cpu and cpuset, and restart libvirtd",
    ),
    (
        r"value of \S+ out of range|Invalid argument|must be in range|out of range \[",
        "the value is out of the board's range",
        "cpu_shares with cgroup v2: 1 to 10000; a period: 1000 to 1000000 µs; a quota: from 1000",
    ),
    (
        r"(?i)cannot (?:allocate|set up guest) memory|out of memory|oom",
        "there is not enough memory for the domain",
        "give it less (<memory> in its XML), or shut another down",
    ),
    (
        (
            r"(?i)Cannot check QEMU binary|emulator .* (?:not found|does not)"
            r"|unable to find any emulator|could not find capabilities"
        ),
        "the QEMU that the XML names is not on the board, or cannot run this guest",
        "on Debian: apt install qemu-system-arm; correct <emulator> and <type> in the XML",
    ),
    (
        (
            r"(?i)could not load (?:kernel|initrd)|cannot access storage file|could not open"
            r"|No such file or directory"
        ),
        "a file that the XML names is not on the board",
        "copy it there, or correct the path",
    ),
    (
        r"no network with matching name|network '.*' is not active",
        "the network that the XML names is not there, or not started",
        "on the board: virsh net-start default; or remove <interface> from the XML",
    ),
    (
        r"cannot acquire state change lock",
        "another command holds the domain",
        "wait until it ends; on the board: virsh domjobinfo NAME",
    ),
    (
        r"managed saved? image",
        "a saved state of the domain is kept",
        "on the board: virsh managedsave-remove NAME",
    ),
    (
        r"nvram",
        "the domain has a file of firmware variables",
        "on the board: virsh undefine --nvram",
    ),
    (
        (
            r"(?i)XML (?:error|document failed)|unsupported configuration|Unknown .* type"
            r"|parser error|Start tag expected|failed to define domain"
        ),
        "libvirt does not take the XML",
        "correct what it names",
    ),
    (
        r"Failed locating instance",
        "lkvm knows no such guest",
        "it ended, or another user runs it: each user's lkvm sees their own",
    ),
    (
        r"thread \d+ is gone",
        "the vCPU's thread is gone",
        "the guest ended or restarted; look again",
    ),
    (_DENIED, "we are not allowed to", "connect as root, or set sudo = true for the board"),
    (
        r"(?:virsh|lkvm|renice|chrt|taskset|timeout)\W.*(?:not found|No such file)",
        "a program is not on the board",
        "on Debian: apt install libvirt-clients util-linux",
    ),
)


def cause_of(said: str) -> tuple[str, str]:
    """Return what virsh's or lkvm's words mean and what to do; empty where they are unknown."""
    fitting = ((why, how) for pattern, why, how in _CAUSES if re.search(pattern, said))
    return next(fitting, ("", ""))


def explain(step: Step, done: Completed) -> BoardProblem:
    """Turn a failed step into cause and fix; what was said and expected is the detail."""
    said = lines_of(done)
    cause, fix = cause_of("\n".join(said))
    if not cause and done.status in _KILLED:
        cause, fix = _silence(step)
    if not cause:
        is_done = done.status == 0
        cause = "it was said to be done, but it was not" if is_done else "the command failed"
    return failed_step(step, cause, fix, [shown(line.encode()) for line in said[-LAST_LINES:]])


def no_answer(said: str, status: int) -> BoardProblem:
    """Say why ``virsh list`` did not work."""
    cause, fix = cause_of(said)
    if not cause and status in _KILLED:
        cause, fix = "libvirtd did not answer in time", "on the board: systemctl restart libvirtd"
    lines = [shown(line.encode()) for line in said.splitlines() if line.strip()]
    return BoardProblem(
        cause or "libvirt does not answer",
        detail="\n".join(lines[-LAST_LINES:]) or f"virsh ended with status {status}",
        hint=fix or "on the board: systemctl status libvirtd",
    )


def _silence(step: Step) -> tuple[str, str]:
    if "lkvm" in step.argv:
        return (
            "lkvm did not come back",
            "the guest does not answer its socket any more; on the board: kill its process",
        )
    return "libvirt did not answer in time", "on the board: systemctl status libvirtd"
