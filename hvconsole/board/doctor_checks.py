"""What the doctor looks at: one short function a check, each with what was seen and the fix."""

from __future__ import annotations

import time

from hvconsole.board.doctor_clocks import (
    look_at_clocksource,
    look_at_cpus,
    look_at_frequency,
    look_at_temperature,
    look_at_throttle,
)
from hvconsole.board.doctor_kvm import look_at_kvm
from hvconsole.board.doctor_sampler import (
    look_at_build,
    look_at_counter,
    look_at_memory_lock,
    look_at_real_time,
    look_at_room,
)
from hvconsole.board.doctor_serial import serial_trouble
from hvconsole.board.doctor_visit import Answer, CannotCheckError, Look, Visit
from hvconsole.board.doctor_xvisor import look_at_xvisor
from hvconsole.board.facts import gather
from hvconsole.board.journal import pending
from hvconsole.link.protocol import HostKeyProblem


async def _link(visit: Visit) -> Answer:
    began = time.monotonic()
    try:
        await visit.link.open()
    except HostKeyProblem as problem:
        visit.host_key = problem
        return "failed", problem.title, problem.hint
    opened = time.monotonic()
    visit.opened = True
    visit.known = await gather(visit.link)
    asked = time.monotonic()
    spent = f"connected in {opened - began:.2f} s, asked in {asked - opened:.2f} s"
    return "ok", f"{visit.link.name}: {spent}", ""


async def _host_key(visit: Visit) -> Answer:
    if visit.is_here:
        return "skipped", "this machine has no host key to check", ""
    if visit.has_no_linux:
        return "skipped", "a serial line has no host key", ""
    if visit.host_key is not None:
        return "failed", f"{visit.host_key.title}\n{visit.host_key.detail}", visit.host_key.hint
    if not visit.opened:
        raise CannotCheckError("there is no connection")
    return "ok", "it is the one that is known", ""


async def _system(visit: Visit) -> Answer:
    facts = visit.facts
    name = facts.model or facts.machine
    if visit.has_no_linux:
        return "ok", f"{name}: {facts.system}, {len(facts.cpus_online)} CPUs", ""
    return "ok", f"{name}: {facts.system or 'unknown system'}, kernel {facts.kernel}", ""


async def _leftovers(visit: Visit) -> Answer:
    left = pending(visit.profile.name, visit.state)
    if not left:
        return "ok", "no earlier console left changes behind", ""
    why = "an earlier console left undone: " + "; ".join(change.text for change in left)
    return "warning", why, "they are undone when a console connects: hvconsole connect"


async def _hypervisor(visit: Visit) -> Answer:
    facts = visit.facts
    if facts.hypervisor == "virtual machine":
        why = "this is a virtual machine: its host takes the CPU away as well"
        return "warning", why, "measure on the board itself, or say so beside the figures"
    if facts.hypervisor == "xvisor":
        return await look_at_xvisor(visit.link)
    if facts.hypervisor:
        role = " (control domain)" if facts.control_domain else ""
        return "ok", f"{facts.hypervisor}{role}", ""
    return "ok", "none shows: this is the native system", ""


async def _kvm(visit: Visit) -> Answer:
    facts = visit.facts
    return await look_at_kvm(visit.link, facts, sudo=visit.profile.sudo and facts.uid != 0)


async def _sudo(visit: Visit) -> Answer:
    if visit.facts.uid == 0:
        return "ok", "we are root there", ""
    if not visit.profile.sudo:
        why = f"we are '{visit.facts.user}', and sudo is not to be used"
        return "skipped", why, "to control hypervisors: connect as root, or sudo = true"
    done = await visit.link.run(["sudo", "-n", "true"])
    if done.status == 0:
        return "ok", f"'{visit.facts.user}' becomes root without a password", ""
    fix = "on the board: allow it with NOPASSWD in /etc/sudoers.d, or connect as root"
    return "failed", done.error_text or "sudo -n true failed", fix


async def _serial(visit: Visit) -> Answer:
    if visit.profile.serial is None:
        return "skipped", "no serial console is configured", ""
    trouble = await serial_trouble(visit.profile.serial)
    if trouble is None:
        return "ok", f"{visit.profile.serial} is there", ""
    return "failed", *trouble


CHECKS: tuple[tuple[str, Look], ...] = (
    ("link", _link),
    ("host key", _host_key),
    ("system", _system),
    ("leftovers", _leftovers),
    ("hypervisor", _hypervisor),
    ("virtual machines", _kvm),
    ("CPUs", look_at_cpus),
    ("root", _sudo),
    ("room", look_at_room),
    ("sampler", look_at_build),
    ("counter", look_at_counter),
    ("real time", look_at_real_time),
    ("memory lock", look_at_memory_lock),
    ("frequency", look_at_frequency),
    ("temperature", look_at_temperature),
    ("throttling", look_at_throttle),
    ("clocksource", look_at_clocksource),
    ("serial console", _serial),
)

# What can be looked at where Xvisor's terminal answers in place of a Linux.
UNDER_XVISOR = frozenset(
    {"link", "host key", "system", "leftovers", "hypervisor", "serial console"}
)
