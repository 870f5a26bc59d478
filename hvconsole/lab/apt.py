"""Debian packages without touching the host's own: an apt of the lab, with the host's mirror."""

from __future__ import annotations

import platform
import re
import shutil
import time
from functools import cached_property
from pathlib import Path

from hvconsole.lab.arch import Arch
from hvconsole.lab.tools import run
from hvconsole.model.problem import Problem

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_REFRESH_S = 24 * 3600.0
_BACKPORTS = "-backports"
_ANSWERS = "answers"  # apt-cache takes a second for each
# Containers switch apt's own cache off, and then each question takes seconds. Their setting beats
# that of our configuration file, but not the command line.
_KEEP_CACHE = ("-o", "Dir::Cache::pkgcache=pkgcache.bin")


def host_architecture() -> str:
    """Return Debian's name of this machine's architecture."""
    return run(["dpkg", "--print-architecture"], what="asking for the architecture").strip()


def mirror_in(targets: str, suite: str) -> str | None:
    """Find a Debian suite's address in what ``apt-get indextargets`` prints.

    Args:
        targets: Lines of origin, code name and address, TABs between.
        suite: ``bookworm``.
    """
    for line in targets.splitlines():
        origin, _, rest = line.partition("\t")
        codename, _, address = rest.partition("\t")
        if (origin, codename) == ("Debian", suite) and address:
            return address
    return None


def dependency(depends: str, pattern: str) -> str | None:
    """Find the first package of a Depends field whose name matches a regular expression."""
    for word in re.split(r"[,|]", depends):
        name = word.strip().partition(" ")[0].partition(":")[0]
        if re.fullmatch(pattern, name):
            return name
    return None


def field_in(stanza: str, field: str) -> str | None:
    """Return the first value of a one-line field in what ``apt-cache show`` prints."""
    match = re.search(rf"^{re.escape(field)}: (.*)$", stanza, re.MULTILINE)
    return match[1] if match else None


def of_architecture(package: str, architecture: str) -> str:
    """Return a package's name with its architecture in it, as apt takes it.

    Args:
        package: ``NAME[:ARCHITECTURE][=VERSION]``; the architecture ``all`` marks a package that
            is of none: apt files those under the host's own.
        architecture: For packages that name none.
    """
    name, equals, version = package.partition("=")
    name, _, named = name.partition(":")
    suffix = "" if named == "all" else f":{named or architecture}"
    return f"{name}{suffix}{equals}{version}"


class Apt:
    """Asks for, downloads and unpacks packages of the host's Debian release.

    Its lists and cache lie in a folder of ours; the host's apt configuration (proxies) counts, and
    its mirror is asked for, so neither another architecture nor another suite has to be switched
    on for the host.

    Args:
        folder: Where lists and cache are kept.
        architecture: Debian's name of the boards' architecture.
        backports: Whether the release's backports count as well (they are preferred then).
        sources: Whether source packages can be had.
    """

    def __init__(
        self, folder: Path, architecture: str, *, backports: bool = False, sources: bool = False
    ) -> None:
        self._folder = folder
        self.architecture = architecture
        self._backports = backports
        self._sources = sources

    @classmethod
    def for_boards(cls, lab: Path, arch: Arch) -> Apt:
        """Return the apt for packages and sources of the boards."""
        return cls(lab / "apt" / f"release{arch.suffix}", arch.debian, sources=bool(arch.xen))

    @cached_property
    def suite(self) -> str:
        """The host's Debian release: ``bookworm``."""
        release = platform.freedesktop_os_release()
        if release.get("ID") != "debian" or not release.get("VERSION_CODENAME"):
            raise Problem(
                "the lab's boards are made from Debian packages",
                detail=f"this is {release.get('PRETTY_NAME', 'another system')}",
                hint="build them on Debian 12, in a container for example, and copy the folder",
            )
        return release["VERSION_CODENAME"]

    @cached_property
    def mirror(self) -> str:
        """The address from which the host gets its own packages."""
        shown = run(
            ["apt-get", "indextargets", "--format", "$(ORIGIN)\t$(CODENAME)\t$(REPO_URI)",
             "Created-By: Packages"],
            what="asking apt for its mirror",
        )  # fmt: skip
        if (address := mirror_in(shown, self.suite)) is not None:
            return address
        raise Problem(
            f"apt knows no mirror of Debian {self.suite}",
            hint="apt-get update; its list of sources must name Debian itself",
        )

    @property
    def source_line(self) -> str:
        """The line of a list of sources for the boards' packages."""
        return f"deb [signed-by={KEYRING}] {self.mirror} {self.suite} main"

    @cached_property
    def _environment(self) -> dict[str, str]:
        """Write the configuration and get the lists, if they are old; what apt has to be told."""
        folder = self._folder
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        architectures = dict.fromkeys([self.architecture, host_architecture()])
        settings, wanted = folder / "apt.conf", self._configuration(list(architectures))
        environment = {"APT_CONFIG": str(settings)}
        stamp = folder / f"updated-{'-'.join(architectures)}"
        fresh = stamp.exists() and time.time() - stamp.stat().st_mtime < _REFRESH_S
        if fresh and settings.exists() and settings.read_text() == wanted:
            return environment  # the host's apt needs seconds to tell its mirror
        settings.write_text(wanted)
        (folder / "sources.list").write_text(self._sources_list())
        if not fresh:
            self._update(environment, stamp)
        return environment

    def _update(self, environment: dict[str, str], stamp: Path) -> None:
        try:
            run(["apt-get", "-q", "update"], what="getting the lists of packages", env=environment)
        except Problem:
            if not stamp.exists():
                raise
            return  # no network: older lists still name what was built from them
        shutil.rmtree(self._folder / _ANSWERS, ignore_errors=True)
        stamp.touch()

    def _sources_list(self) -> str:
        suite = self.suite + (_BACKPORTS if self._backports else "")
        kinds = ("deb", "deb-src") if self._sources else ("deb",)
        return "".join(
            f"{kind} [signed-by={KEYRING}] {self.mirror} {suite} main\n" for kind in kinds
        )

    def _configuration(self, architectures: list[str]) -> str:
        folder = self._folder
        named = " ".join(f'"{one}";' for one in architectures)
        return (
            f'Dir::Etc::sourcelist "{folder}/sources.list";\n'
            'Dir::Etc::sourceparts "/dev/null";\n'
            f'Dir::State::lists "{folder}/lists";\n'
            f'Dir::Cache "{folder}/cache";\n'
            'APT::Sandbox::User "root";\n'
            'Acquire::Languages "none";\n'
            f"APT::Architectures {{ {named} }};\n"
        )

    def version(self, package: str) -> str:
        """Return the version that would be downloaded.

        Raises:
            Problem: The release has no such package.
        """
        return self._field(package, "Version")

    def newest(self, package: str, pattern: str) -> str:
        """Return which versioned package another one stands for.

        Args:
            package: One that only depends on others: ``linux-image-armmp-lpae``.
            pattern: Regular expression of the name that is meant.

        Raises:
            Problem: There is no such package, or it does not depend on one of that name.
        """
        depends = self._field(package, "Depends")
        if (name := dependency(depends, pattern)) is not None:
            return name
        raise Problem(f"Debian's {package} stands for no {pattern}", detail=f"it needs {depends}")

    def download(self, packages: list[str], folder: Path) -> None:
        """Download packages into a folder and unpack them there, running nothing of them.

        Args:
            packages: Names, of the boards' architecture unless they say another one
                (``NAME:amd64``, or ``NAME:all`` for those that are of none), ``=VERSION`` behind.
            folder: Where their files go.
        """
        archives = folder / ".packages"
        archives.mkdir(parents=True)
        run(
            ["apt-get", "-q", "download", *map(self._of_board, packages)],
            what=f"downloading {', '.join(packages)}",
            hint="is the mirror reachable? apt-get update",
            cwd=archives,
            env=self._environment,
        )
        for archive in sorted(archives.glob("*.deb")):
            run(["dpkg", "-x", str(archive), str(folder)], what=f"unpacking {archive.name}")
            archive.unlink()
        archives.rmdir()

    def source(self, package: str, folder: Path) -> Path:
        """Download a source package, unpack it in a folder; return where the sources are."""
        run(
            ["apt-get", "-q", "source", f"{package}/{self.suite}"],
            what=f"getting the sources of {package}",
            cwd=folder,
            env=self._environment,
        )
        return next(path for path in folder.iterdir() if path.is_dir())

    def _field(self, package: str, field: str) -> str:
        if (value := field_in(self._stanza(package), field)) is None:
            raise Problem(f"Debian's {package} says nothing of its {field.lower()}")
        return value

    def _stanza(self, package: str) -> str:
        """Return what is known of a package; asked once for each fetch of the lists."""
        environment = self._environment
        kept = self._folder / _ANSWERS / f"{self._of_board(package)}".replace("/", "_")
        if kept.exists():
            return kept.read_text()
        shown = run(
            ["apt-cache", *_KEEP_CACHE, "show", "--no-all-versions", self._of_board(package)],
            what=f"looking for {package}",
            hint=f"Debian {self.suite} has none of that name for {self.architecture}",
            env=environment,
        )
        kept.parent.mkdir(exist_ok=True)
        fresh = kept.with_name(f".{kept.name}")
        fresh.write_text(shown)
        fresh.replace(kept)
        return shown

    def _of_board(self, package: str) -> str:
        return of_architecture(package, self.architecture)
