"""The lab's own keys: one to log in with, and the one by which its boards are known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hvconsole.lab.tools import run


@dataclass(frozen=True, slots=True)
class Keys:
    """Key files; each private one has its public one beside it, with ``.pub``.

    Attributes:
        identity: Logs in to every lab board.
        host: The boards' host key. They share it; they answer on loopback alone.
    """

    identity: Path
    host: Path

    def known_hosts(self, port: int) -> str:
        """Return the line by which a board on a loopback port is known."""
        algorithm, key = self.host.with_suffix(".pub").read_text().split()[:2]
        return f"[127.0.0.1]:{port} {algorithm} {key}\n"


def lab_keys(lab: Path) -> Keys:
    """Return the lab's keys, making them the first time."""
    folder = lab / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = Keys(folder / "id", folder / "host")
    for path in (keys.identity, keys.host):
        if not path.with_suffix(".pub").exists():
            path.unlink(missing_ok=True)
            run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(path)],
                what="making the lab's keys",
            )
    return keys
