"""Host keys: is the machine that answers the one that was meant?

asyncssh never writes a known_hosts file, and asks its callback about changed and revoked keys just
as about new ones; it also forgets a revocation under ``[host]:port`` when nothing else is known
under that name. So the decision is made here, against the files themselves:

    known     some file has this key for the host (under ``[host]:port``, or the plain name)
    unknown   no file knows the host: refused, unless a person or an option accepts it
    changed   the files know other keys for it: refused, always
    revoked   a file forbids this key: refused, always

Accepted keys go into a file of our own; the user's own files are only read.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import asyncssh

from hvconsole.link.protocol import HostKeyProblem
from hvconsole.model.problem import LinkProblem

SSH_PORT = 22


class Verdict(Enum):
    """What the known_hosts files say about a key that a host showed."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    CHANGED = "changed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Target:
    """The host as known_hosts files name it.

    Attributes:
        host: Name or address that was asked for (or ssh_config's HostKeyAlias).
        port: TCP port.
        address: The peer's address; empty where it says nothing (aliases, jump hosts).
    """

    host: str
    port: int = SSH_PORT
    address: str = ""

    @property
    def name(self) -> str:
        """The name under which a key is written: ``host`` or ``[host]:port``."""
        return _with_port(self.host.lower(), self.port)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that stand for exactly this host and port."""
        address = [_with_port(self.address, self.port)] if self.address else []
        return tuple(dict.fromkeys([self.name, *address]))

    @property
    def portless(self) -> tuple[str, ...]:
        """The names without the port: they vouch for a key, but say nothing against one."""
        bare = [self.host.lower(), *([self.address] if self.address else [])]
        return tuple(name for name in dict.fromkeys(bare) if name not in self.names)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a known_hosts file."""

    path: Path
    line: int
    hosts: asyncssh.SSHKnownHosts

    @property
    def place(self) -> str:
        """Where it stands: ``file:line``."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class HostKeyQuestion:
    """What a person is asked about a host that no file knows."""

    name: str
    address: str
    algorithm: str
    fingerprint: str


Decide = Callable[[HostKeyQuestion], bool | Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Finding:
    """A key that a host showed, what it was taken for, and the lines that say so."""

    target: Target
    key: asyncssh.SSHKey
    verdict: Verdict
    because: tuple[tuple[Entry, asyncssh.SSHKey], ...] = ()

    @property
    def question(self) -> HostKeyQuestion:
        """The question to ask about an unknown key."""
        return HostKeyQuestion(
            self.target.name, self.target.address, _algorithm(self.key), _fingerprint(self.key)
        )


class KnownHosts:
    """All lines of some known_hosts files.

    Args:
        paths: Files to read; missing ones are empty. Lines that cannot be read are skipped (and
            counted in `skipped`), as ssh does: one bad line must not hide the others.

    Raises:
        LinkProblem: A file is there and cannot be read, so that a revocation could be missed.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self.entries: list[Entry] = []
        self.skipped: list[str] = []
        for path in dict.fromkeys(paths):
            self._read(path)

    def judge(self, target: Target, key: asyncssh.SSHKey) -> Finding:
        """Decide what a key is that the target showed."""
        everywhere = [*target.names, *target.portless]
        if revoking := [(entry, k) for entry, k in self._revoked(everywhere) if k == key]:
            return Finding(target, key, Verdict.REVOKED, tuple(revoking))
        for name in target.names:
            if recorded := list(self._keys([name])):
                same = tuple(found for found in recorded if found[1] == key)
                verdict = Verdict.KNOWN if same else Verdict.CHANGED
                return Finding(target, key, verdict, same or tuple(recorded))
        if vouching := [(entry, k) for entry, k in self._keys(target.portless) if k == key]:
            return Finding(target, key, Verdict.KNOWN, tuple(vouching))
        return Finding(target, key, Verdict.UNKNOWN)

    def authorities(self, target: Target) -> list[asyncssh.SSHKey]:
        """Return the keys whose certificates are accepted for the target."""
        names = [*target.names, *target.portless]
        return [key for _, keys in self._matches(names) for key in keys[1]]

    def revoked(self, target: Target) -> list[asyncssh.SSHKey]:
        """Return the keys that are forbidden for the target."""
        return [key for _, key in self._revoked([*target.names, *target.portless])]

    def key_types(self, target: Target) -> list[str]:
        """Return the algorithms of the keys that are known for the target."""
        names = [*target.names, *target.portless]
        return list(dict.fromkeys(_algorithm(key) for _, key in self._keys(names)))

    def _read(self, path: Path) -> None:
        try:
            text = path.read_text(errors="replace")
        except FileNotFoundError:
            return
        except OSError as error:
            raise LinkProblem(
                f"cannot read the host keys in {path}",
                detail=error.strerror or str(error),
                hint="make it readable, so that no changed or revoked key is missed",
            ) from error
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            try:
                self.entries.append(Entry(path, number, _import(line)))
            except ValueError:
                self.skipped.append(f"{path}:{number}")

    def _matches(self, names: Iterable[str]) -> Iterator[tuple[Entry, tuple[_Keys, _Keys, _Keys]]]:
        """Yield lines that name one of the hosts: their plain, authority and revoked keys."""
        for name in names:
            for entry in self.entries:
                plain, authorities, revoked, *_ = entry.hosts.match(name, "", None)
                yield entry, (plain, authorities, revoked)

    def _keys(self, names: Iterable[str]) -> Iterator[tuple[Entry, asyncssh.SSHKey]]:
        return ((entry, key) for entry, keys in self._matches(names) for key in keys[0])

    def _revoked(self, names: Iterable[str]) -> Iterator[tuple[Entry, asyncssh.SSHKey]]:
        return ((entry, key) for entry, keys in self._matches(names) for key in keys[2])


_Keys = Iterable[asyncssh.SSHKey]


def remember(path: Path, name: str, key: asyncssh.SSHKey) -> None:
    """Append an accepted key to our own known_hosts file, in one write, made for the owner alone.

    Raises:
        LinkProblem: The file cannot be written.
    """
    algorithm, encoded, *_ = key.export_public_key().decode().split()
    line = f"{name} {algorithm} {encoded}\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            os.write(handle, (_missing_newline(handle) + line).encode())
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise LinkProblem(
            f"cannot note the host key of {name}",
            detail=f"{path}: {error.strerror}",
            hint="make the file and its folder writable",
        ) from error


def refusal(finding: Finding, ours: Path) -> HostKeyProblem:
    """Return the problem of a key that is not accepted, with fingerprints and the fix."""
    shown = f"{_fingerprint(finding.key)} ({_algorithm(finding.key)})"
    name = finding.target.name
    if finding.verdict is Verdict.REVOKED:
        places = ", ".join(dict.fromkeys(entry.place for entry, _ in finding.because))
        return HostKeyProblem(
            f"the host key of {name} is revoked",
            detail=f"it shows    {shown}\nrevoked in  {places}",
            hint="do not connect; give the board a new host key (ssh-keygen -A) on its console",
        )
    if finding.verdict is Verdict.CHANGED:
        return _changed(finding, shown)
    return HostKeyProblem(
        f"the host key of {name} is not known",
        detail=f"it shows {shown}\nno file of known hosts has the host; an accepted key would go "
        f"to {ours}",
        hint="compare the fingerprint with the board's own:\n"
        "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub (on its console)\n"
        "then connect with --accept-new-host-key",
    )


def _changed(finding: Finding, shown: str) -> HostKeyProblem:
    old = [
        f"known       {_fingerprint(key)} ({_algorithm(key)}) in {entry.place}"
        for entry, key in finding.because
    ]
    name = finding.target.name
    removals = [
        f"ssh-keygen -R '{_recorded_as(entry, finding.target)}' -f '{entry.path}'"
        for entry, _ in finding.because
    ]
    return HostKeyProblem(
        f"the host key of {name} has changed",
        detail="\n".join([f"it shows    {shown}", *dict.fromkeys(old)])
        + "\nanother machine may have taken its place, or its system was installed anew",
        hint="if you know why, compare the fingerprint on its console, remove the old key:\n"
        + "\n".join(dict.fromkeys(removals)),
    )


def _recorded_as(entry: Entry, target: Target) -> str:
    """Return under which of the target's names a line knows it."""
    for name in target.names:
        with contextlib.suppress(ValueError):
            if entry.hosts.match(name, "", None)[0]:
                return name
    return target.name


def _import(line: str) -> asyncssh.SSHKnownHosts:
    """Parse one line; names in it count in lower case, as for ssh (asyncssh takes them as is)."""
    parts = line.split(None, 2 if line.lstrip().startswith("@") else 1)
    names = len(parts) - 2
    if names >= 0 and not parts[names].startswith("|"):
        parts[names] = parts[names].lower()
    return asyncssh.import_known_hosts(" ".join(parts))


def _missing_newline(handle: int) -> str:
    """Return a newline if the file's last line was left open (by hand, say)."""
    size = os.fstat(handle).st_size
    return "\n" if size and os.pread(handle, 1, size - 1) != b"\n" else ""


def _with_port(host: str, port: int) -> str:
    return host if port == SSH_PORT else f"[{host}]:{port}"


def _fingerprint(key: asyncssh.SSHKey) -> str:
    return key.get_fingerprint()


def _algorithm(key: asyncssh.SSHKey) -> str:
    return key.get_algorithm()
