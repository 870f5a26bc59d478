"""What shows that a board is in a boot mode: evidence read from it, held against the proof."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hvconsole.board.facts import BoardFacts, gather
from hvconsole.link.protocol import Capability, Link
from hvconsole.model.boot import BootMode, BootProof
from hvconsole.model.problem import BoardProblem
from hvconsole.model.text import plain

_SHOWN_ALONE = frozenset({"xen", "jailhouse", "xvisor"})
_RESERVED = "/proc/device-tree/reserved-memory"
_XL_S = 15.0
_SHOWN = 200
# Words by which Linux is kept out of the memory that Jailhouse and its cells will have.
_RESERVING = ("mem=", "memmap=", "reserve_mem=")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a running board says of how it was booted. Texts are untrusted.

    Attributes:
        hypervisor: ``xen``, ``jailhouse``, ``xvisor`` or ``none``.
        scheduler: Xen's, as ``xl info xen_scheduler`` has it.
        xl_said: Why there is no scheduler, where xl was asked in vain.
        cmdline: Linux's command line.
        reserved: Memory is kept free of Linux, as Jailhouse needs it.
        boot_id: Differs after each boot.
        kvm: Linux can run virtual machines: /dev/kvm is there.
        version: Xvisor's, where it is what answers.
    """

    hypervisor: str = "none"
    scheduler: str = ""
    xl_said: str = ""
    cmdline: str = ""
    reserved: bool = False
    boot_id: str = ""
    kvm: bool = False
    version: str = ""

    def as_pairs(self) -> tuple[tuple[str, str], ...]:
        """Return what there is to show, by name, safe to show."""
        pairs = (
            ("hypervisor", "none, with KVM" if self._is_host else self.hypervisor),
            ("version", self.version),
            ("scheduler", self.scheduler),
            ("command line", self.cmdline),
        )
        return tuple((name, plain(value, 1000)) for name, value in pairs if value)

    @property
    def _is_host(self) -> bool:
        return self.kvm and self.hypervisor == "none"


async def read_evidence(link: Link, *, sudo: bool = False) -> Evidence:
    """Ask a running board how it was booted. Changes nothing.

    Raises:
        BoardProblem: It has no shell that answers.
        LinkProblem: The link was lost.
    """
    facts = await gather(link)
    scheduler = said = ""
    if facts.hypervisor == "xen":
        scheduler, said = await _xen_scheduler(link, root=sudo and facts.uid != 0)
    return Evidence(
        hypervisor=facts.hypervisor if facts.hypervisor in _SHOWN_ALONE else "none",
        scheduler=scheduler,
        xl_said=said,
        cmdline=facts.cmdline,
        reserved=facts.hypervisor != "xvisor" and await _is_reserved(link, facts),
        boot_id=facts.boot_id,
        kvm=facts.kvm,
        version=facts.system if facts.hypervisor == "xvisor" else "",
    )


async def settled_evidence(
    link: Link, proof: BootProof, *, within_s: float, again_s: float, sudo: bool = False
) -> Evidence:
    """Ask a board that was just started, again as long as what a proof misses may still come up.

    Args:
        link: To the board.
        proof: What is looked for.
        within_s: How long something may take to come up.
        again_s: Between two looks.
        sudo: Whether root's commands go through sudo.

    Raises:
        BoardProblem: It has no shell that answers.
        LinkProblem: The link was lost.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while True:
        evidence = await read_evidence(link, sudo=sudo)
        if not is_settling(proof, evidence) or loop.time() > end:
            return evidence
        await asyncio.sleep(again_s)


async def read_boot_id(link: Link) -> str:
    """Return what tells one boot of a board from the next; empty where its kernel does not tell.

    Raises:
        LinkProblem: The link was lost.
    """
    if Capability.TERMINAL in link.capabilities:
        return ""
    return (await link.run(["cat", "/proc/sys/kernel/random/boot_id"])).text.strip()


async def _xen_scheduler(link: Link, *, root: bool) -> tuple[str, str]:
    """Return Xen's scheduler, or why xl does not tell it."""
    words = [*(("sudo", "-n") if root else ()), "xl", "info", "xen_scheduler"]
    try:
        done = await link.run(words, timeout=_XL_S)
    except BoardProblem as problem:
        return "", problem.title
    lines = done.text.split()
    if done.status == 0 and lines:
        return lines[-1], ""
    return "", done.error_text.split("\n")[-1] or f"xl info ended with status {done.status}"


async def _is_reserved(link: Link, facts: BoardFacts) -> bool:
    if any(word.startswith(_RESERVING) for word in facts.cmdline.split()):
        return True
    listed = await link.run(["ls", _RESERVED])
    return any(name.startswith("jailhouse") for name in listed.text.split())


def is_empty(proof: BootProof) -> bool:
    """Return whether a proof asks for nothing, so that nothing can prove or refute it."""
    return proof == BootProof()


def failures(proof: BootProof, evidence: Evidence) -> list[str]:
    """Return each thing that is not as the proof asks: what was wanted, and what was seen."""
    told = [
        *_hypervisor_failures(proof, evidence),
        *_scheduler_failures(proof, evidence),
    ]
    words = evidence.cmdline.split()
    shown = plain(evidence.cmdline, _SHOWN) or "nothing"
    told += [
        f"wanted '{word}' on Linux's command line, seen: {shown}"
        for word in proof.cmdline
        if word not in words
    ]
    told += [
        f"'{word}' must not be on Linux's command line, seen: {shown}"
        for word in proof.no_cmdline
        if word in words
    ]
    return told


def _hypervisor_failures(proof: BootProof, evidence: Evidence) -> list[str]:
    wanted, seen = proof.hypervisor, evidence.hypervisor
    if wanted == "jailhouse":
        if seen in {"xen", "xvisor"}:
            there = "Linux under xen" if seen == "xen" else "Xvisor, and no Linux"
            return [f"wanted Linux with memory kept for Jailhouse, seen: {there}"]
        if seen != "jailhouse" and not evidence.reserved:
            return ["wanted memory kept for Jailhouse, seen: Linux has all of it"]
        return []
    if wanted == "kvm":
        there = f"Linux under {seen}" if seen != "none" else "no /dev/kvm"
        there = "Xvisor, and no Linux" if seen == "xvisor" else there
        fits = seen == "none" and evidence.kvm
        return [] if fits else [f"wanted Linux with KVM, seen: {there}"]
    if not wanted or wanted == seen:
        return []
    return [f"wanted hypervisor {wanted}, seen: {seen}"]


def _scheduler_failures(proof: BootProof, evidence: Evidence) -> list[str]:
    if not proof.scheduler or proof.scheduler == evidence.scheduler:
        return []
    seen = evidence.scheduler or (f"xl: {evidence.xl_said}" if evidence.xl_said else "no Xen")
    return [f"wanted Xen's scheduler {proof.scheduler}, seen: {plain(seen, _SHOWN)}"]


def is_settling(proof: BootProof, evidence: Evidence) -> bool:
    """Return whether a failure may pass by itself: Xen's tools come up after the SSH server."""
    return bool(proof.scheduler and evidence.hypervisor == "xen" and not evidence.scheduler)


def modes_fitting(modes: Mapping[str, BootMode], evidence: Evidence) -> list[str]:
    """Return the modes that a running board may be in, best proven first.

    A mode without a proof fits nothing: it cannot be told. Of those that fit, the ones whose proofs
    ask for the most are kept.
    """
    weights = {
        name: _weight(mode.proof)
        for name, mode in modes.items()
        if not is_empty(mode.proof) and not failures(mode.proof, evidence)
    }
    most = max(weights.values(), default=0)
    return [name for name, weight in weights.items() if weight == most]


def _weight(proof: BootProof) -> int:
    # What must not be there says less than what must.
    positive = bool(proof.hypervisor) + bool(proof.scheduler) + len(proof.cmdline)
    return 2 * positive + len(proof.no_cmdline)


def proof_words(proof: BootProof) -> Sequence[str]:
    """Return a proof in words, one for each thing that is looked at."""
    words = [f"hypervisor {proof.hypervisor}"] if proof.hypervisor else []
    words += [f"scheduler {proof.scheduler}"] if proof.scheduler else []
    words += [f"'{word}' on the command line" for word in proof.cmdline]
    return words + [f"no '{word}' on the command line" for word in proof.no_cmdline]
