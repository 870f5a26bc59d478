"""What the doctor says of KVM: can the board run virtual machines, and can we manage them?"""

from __future__ import annotations

from typing import Literal

from hvconsole.board.facts import BoardFacts
from hvconsole.link.protocol import Link
from hvconsole.model.text import plain

_LIMIT_S = 20
_SHOWN = 200
_MISSING = 127  # a shell's and env's word for: no such program

Answer = tuple[Literal["ok", "warning", "failed", "skipped"], str, str]


async def look_at_kvm(link: Link, facts: BoardFacts, *, sudo: bool) -> Answer:
    """Return whether the board's virtual machines can be managed; changes nothing.

    Raises:
        LinkProblem: The link was lost.
    """
    if not facts.kvm:
        return "skipped", "the board's Linux has no /dev/kvm", ""
    words = ["env", "LC_ALL=C", "timeout", "-k", "5", str(_LIMIT_S)]
    words += ["virsh", "-c", "qemu:///system", "list", "--all", "--name"]
    done = await link.run([*(["sudo", "-n"] if sudo else []), *words], timeout=_LIMIT_S + 15.0)
    if done.status == 0:
        count = len([line for line in done.text.splitlines() if line.strip()])
        return "ok", f"/dev/kvm is there, libvirt answers: {count} domains are defined", ""
    if done.status == _MISSING:
        fix = "to manage guests: apt install libvirt-clients libvirt-daemon-system qemu-system-arm"
        return "skipped", "/dev/kvm is there, virsh is not", fix
    said = plain(" ".join(done.error_text.split()), _SHOWN) or f"status {done.status}"
    fix = "on the board: systemctl start libvirtd; connect as root, or join the group libvirt"
    return "warning", f"/dev/kvm is there, but libvirt does not answer: {said}", fix
