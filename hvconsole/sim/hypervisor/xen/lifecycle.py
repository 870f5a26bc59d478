"""Domains by xl: begun, paused, ended, renamed, talked to."""

from __future__ import annotations

import asyncio
import errno
import os
from typing import Final

from hvconsole.sim.hypervisor.host import GuestConsole
from hvconsole.sim.hypervisor.words import for_ever, identifier
from hvconsole.sim.hypervisor.xen import guest
from hvconsole.sim.hypervisor.xen.call import Call, Command, RefusedError, number
from hvconsole.sim.hypervisor.xen.config import text_of
from hvconsole.sim.hypervisor.xen.making import FAILED, gone, hypercall, new_domain
from hvconsole.sim.hypervisor.xen.pools import read_config
from hvconsole.sim.hypervisor.xen.state import MIB, Domain
from hvconsole.sim.machine.changes import SetPaused, SetVcpus

_SHUTDOWN_S: Final = 2.0
_NOT_DOM0: Final = (
    "Not destroying domain 0; use -f to force.\n"
    "This can only be done when using a disaggregated hardware domain and toolstack.\n\n"
)


async def _create(call: Call) -> int | None:
    flags = call.options("Fnqf:epcdVA", [
        "defconfig=", "quiet", "pause", "dryrun", "config=", "console", "debug", "vncviewer",
        "ignore-global-affinity-masks",
    ])  # fmt: skip
    path = flags.get("-f") or flags.get("--defconfig")
    words = call.words
    if path is None and words and "=" not in words[0]:
        path, words = words[0], words[1:]
    config, source = read_config(call, path, words)
    if path is not None and not flags.keys() & {"-q", "--quiet"}:
        call.complain(f"Parsing config from {source}")
    if not text_of(config, "name"):
        raise RefusedError("Domain name must be specified.\n", FAILED)
    await hypercall(call)
    domain = new_domain(call, config)
    paused = bool(flags.keys() & {"-p", "--pause"})
    if paused:
        domain.paused = True
        call.state.host.apply(SetPaused(domain.number, paused=True))
    call.log.say(
        f"d{domain.number}v0 Unhandled SMC/HVC: 0x8600ff01",
        f"d{domain.number}v0: vGICD: unhandled word write 0xffffffff to ICACTIVER0",
    )
    if flags.keys() & {"-c", "--console"}:
        return await _talk(call, domain)
    return 0


def _pausing(*, paused: bool) -> Command:
    def run(call: Call) -> int | None:
        call.need(1)
        word = call.words[0]
        domain = call.find(word)
        if domain is None and identifier(word) is not None:
            # xl does not look at what libxl returned.
            verb, doing = ("pause", "Pausing") if paused else ("unpause", "Unpausing")
            call.complain(
                f"libxl: error: libxl_domain.c:574:libxl_domain_{verb}: "
                f"Domain {word}:{doing} domain: No such process"
            )
            return 0
        domain = call.domain(word)
        if domain.number == 0:
            if not paused:
                return 0
            call.state.host.crash(reboot_after_s=None)  # nobody is left to unpause it
            return 0
        domain.paused = paused
        call.state.host.apply(SetPaused(domain.number, paused=paused))
        return 0

    return run


async def _destroy(call: Call) -> int | None:
    call.options("f", ["force"])
    call.need(1)
    word = call.words[0]
    domain = call.find(word)
    if domain is None and identifier(word) is not None:
        for line in gone(word):
            call.complain(f"libxl: error: {line}")
        raise RefusedError("destroy failed (rc=-21)\n")
    domain = call.domain(word)
    if domain.number == 0:
        raise RefusedError(_NOT_DOM0)
    await hypercall(call)
    if domain.number in call.state.domains:
        call.state.destroy(domain)
    return 0


def _ending(*, again: bool) -> Command:
    async def run(call: Call) -> int | None:
        flags = call.options("awF", ["all", "wait"])
        verb = "Rebooting" if again else "Shutting down"
        every = bool(flags.keys() & {"-a", "--all"})
        domains = [one for one in call.state.ordered() if one.number] if every else []
        if not every:
            call.need(1)
            domains = [call.domain(call.words[0])]
        for domain in domains:
            call.complain(f"{verb} domain {domain.number}")
        obedient = [one for one in domains if guest.obeys(one.config) and not one.paused]
        if obedient:
            await call.tool.sleep(_SHUTDOWN_S)
        for domain in obedient:
            if call.state.domains.get(domain.number) is domain:
                call.state.destroy(domain)
                if again:
                    new_domain(call, domain.config)
        return 0

    return run


def _rename(call: Call) -> int | None:
    call.need(2)
    domain, name = call.domain(call.words[0]), call.words[1]
    other = call.state.named(name)
    if other is not None and other is not domain:
        call.complain(
            f"libxl: error: libxl_domain.c:81:libxl__domain_rename: Domain {domain.number}:"
            f'Domain with name "{name}" already exists.'
        )
        raise RefusedError(f"Can't rename domain '{call.words[0]}'.\n")
    domain.name = name
    return 0


async def _console(call: Call) -> int | None:
    call.options("t:n:", ["type=", "num="])
    call.need(1)
    return await _talk(call, call.domain(call.words[0]))


async def _talk(call: Call, domain: Domain) -> int | None:
    """Show a guest's console; it stays until the program is ended or Ctrl-] comes.

    One xenconsole at a time (tools/console/client/main.c, `console_lock`). It reads the guest's
    terminal: what one has read is not there for the next.
    """
    if domain.number == 0:
        raise RefusedError("Unable to attach console\n")
    if domain.console_locked:
        said = f"xenconsole: Could not lock /var/lock/xenconsole.{domain.number}"
        raise RefusedError(f"{said}: {os.strerror(errno.EAGAIN)}\n", errno.EAGAIN)
    domain.console_locked = True
    try:
        return await _joined(call, domain)
    finally:
        domain.console_locked = False


async def _joined(call: Call, domain: Domain) -> int:
    call.tool.out("\r\n".join(domain.console))
    domain.console.clear()
    if guest.has_shell(domain.config):
        domain.linux = domain.linux or call.state.host.guest(
            domain.number, domain.name, domain.since_tick
        )
    if domain.linux is not None:
        return await _talk_to(call, domain.linux)
    held = b""
    while data := await call.tool.read():
        if b"\x1d" in data:
            return 0
        *lines, held = (held + data).replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            call.tool.out(guest.answer(line.decode("utf-8", "replace")))
    await for_ever()
    return 0


async def _talk_to(call: Call, linux: GuestConsole) -> int:
    """Pass bytes both ways until the input ends, Ctrl-] comes alone, or the guest is gone."""

    async def typed() -> None:
        if not call.tool.on_terminal:  # xenconsole reads nothing then, not even the end
            await for_ever()
        while (data := await call.tool.read()) not in {b"", b"\x1d"}:
            linux.feed(data)

    def said(data: bytes) -> None:
        call.tool.out(data.decode("utf-8", "surrogateescape"))

    stop = linux.attach(said)
    waits = {asyncio.ensure_future(typed()), asyncio.ensure_future(linux.ended())}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop()
        for each in waits:
            each.cancel()
    return 0


def _memory(*, most: bool) -> Command:
    def run(call: Call) -> int | None:
        call.need(2)
        domain = call.domain(call.words[0])
        word = call.words[1].lower()
        scale = {"k": 1, "m": MIB, "g": MIB * MIB}.get(word[-1:])
        kib = number(word[:-1]) * scale if scale else number(word) * MIB
        if most:
            domain.most_kib = kib
        elif kib - domain.memory_kib > call.state.free_mib * MIB or not 0 < kib <= domain.most_kib:
            raise RefusedError(
                f"libxl: error: libxl_mem.c:302:libxl_set_memory_target: "
                f"memory_dynamic_max must be less than or equal to memory_static_max\n"
                f"cannot set domid {domain.number} dynamic max memory to : {call.words[1]}\n"
            )
        else:
            domain.memory_kib = kib
        return 0

    return run


def _vcpu_set(call: Call) -> int | None:
    call.options("i", ["ignore-host"])
    call.need(2)
    domain, count = call.domain(call.words[0]), number(call.words[1], "VCPU count")
    if not 1 <= count <= len(domain.hard):
        raise RefusedError(
            f"libxl: error: libxl_domain.c:1787:libxl_set_vcpuonline: Domain {domain.number}:"
            f"Requested {count} VCPUs, however maxcpus is {len(domain.hard)}!: Invalid argument\n"
            f"libxl_set_vcpuonline failed domid={domain.number} max_vcpus={count}, rc: -6\n"
        )
    domain.online = count
    call.state.host.apply(SetVcpus(domain.number, count))
    return 0


COMMANDS: Final[dict[str, Command]] = {
    "create": _create,
    "pause": _pausing(paused=True),
    "unpause": _pausing(paused=False),
    "destroy": _destroy,
    "shutdown": _ending(again=False),
    "reboot": _ending(again=True),
    "rename": _rename,
    "console": _console,
    "mem-set": _memory(most=False),
    "mem-max": _memory(most=True),
    "vcpu-set": _vcpu_set,
}
