"""Compilers for the probes: on the board itself, or here for the board."""

from __future__ import annotations

import hashlib
import importlib.util
import platform
import secrets
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from hvconsole.board.facts import BoardFacts
from hvconsole.board.probes import Probes, Program, kind_of
from hvconsole.config.paths import cache_dir
from hvconsole.link.local import LocalLink
from hvconsole.link.protocol import Link
from hvconsole.model.problem import BoardProblem

NATIVE = ("cc", "gcc", "clang")

_COMPILE_TIMEOUT_S = 300.0  # a slow board; or Zig, which builds its C library at first
_ZIG = "ziglang"
# Zig knows these by its target alone, and stumbles over GCC's names.
_TARGET_OPTIONS = ("-march=", "-mfpu=", "-mfloat-abi=")
_ERROR_LINES = 12
# Compilers are started in the folder of the sources, so that options such as -Icommon hold.
_IN_FOLDER = 'cd "$1" && shift && exec "$@"'


class CompileProblem(BoardProblem):
    """A compiler is there but does not build the program."""


@dataclass(frozen=True, slots=True)
class Target:
    """What Debian and Zig call a machine."""

    gcc: str
    packages: str
    zig: str
    zig_cpu: str = ""


# ARMv6 is missing on purpose: it has neither the counter nor the virtualization extensions.
TARGETS = {
    "armv7l": Target(
        "arm-linux-gnueabihf-gcc",
        "gcc-arm-linux-gnueabihf libc6-dev-armhf-cross",
        "arm-linux-musleabihf",
        "cortex_a8",
    ),
    "aarch64": Target(
        "aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu libc6-dev-arm64-cross", "aarch64-linux-musl"
    ),
    "x86_64": Target(
        "x86_64-linux-gnu-gcc", "gcc-x86-64-linux-gnu libc6-dev-amd64-cross", "x86_64-linux-musl"
    ),
}


@dataclass(frozen=True, slots=True)
class Compiler:
    """A compiler that builds for a machine.

    Attributes:
        words: How it is called.
        version: First line of its ``--version``.
        where: ``board`` or ``host``.
        static: Its programs bring their C library along.
    """

    words: tuple[str, ...]
    version: str
    where: str
    static: bool = False

    def __str__(self) -> str:
        place = "on the board" if self.where == "board" else "on this machine"
        return f"{self.version or self.words[0]} {place}"

    def command(self, probes: Probes, program: Program, output: str) -> list[str]:
        """Return the words that compile a program, started in the folder of the sources."""
        options = [*probes.options(program), *(["-static"] if self.static else [])]
        if _ZIG in self.words:
            options = [each for each in options if not each.startswith(_TARGET_OPTIONS)]
        sources = [*probes.sources(program), *probes.libraries(program)]
        return [*self.words, *options, "-o", output, *sources]


def board_compilers(facts: BoardFacts) -> list[Compiler]:
    """Return the compilers that the board has, best first."""
    return [Compiler((each.path,), each.version, "board") for each in facts.compilers]


async def host_compilers(machine: str, *, same_machine: bool) -> list[Compiler]:
    """Return the compilers of this machine that build for a machine, best first.

    Args:
        machine: ``uname -m`` of the board.
        same_machine: The programs will run right here; otherwise they are linked statically, so
            that it does not matter which libraries the board has.
    """
    found: list[Compiler] = []
    for words in _host_words(kind_of(machine)):
        version = await _version(words)
        if version is not None:
            found.append(Compiler(words, version, "host", static=not same_machine))
    return found


def _host_words(machine: str) -> list[tuple[str, ...]]:
    target = TARGETS.get(machine)
    names = NATIVE if kind_of(platform.machine()) == machine else ()
    cross = [target.gcc] if target is not None else []
    words: list[tuple[str, ...]] = []
    words += [(path,) for name in [*names, *cross] if (path := shutil.which(name)) is not None]
    if target is not None and importlib.util.find_spec(_ZIG) is not None:
        cpu = [f"-mcpu={target.zig_cpu}"] if target.zig_cpu else []
        words.append((sys.executable, "-m", _ZIG, "cc", "-target", target.zig, *cpu))
    return list(dict.fromkeys(words))


async def _version(words: tuple[str, ...]) -> str | None:
    """Return the first line of a compiler's version; None if it does not even say that."""
    host = LocalLink()
    await host.open()
    try:
        done = await host.run([*words, "--version"], timeout=60.0)
    except BoardProblem:
        return None
    finally:
        await host.close()
    return done.text.split("\n", 1)[0].strip() if done.status == 0 else None


async def build_here(
    compiler: Compiler, probes: Probes, name: str, machine: str, cache: Path | None = None
) -> Path:
    """Build a program on this machine, or find it in the cache; return its path.

    Args:
        compiler: One of `host_compilers`.
        probes: Where the sources are.
        name: The program.
        machine: ``uname -m`` of the board.
        cache: Folder of builds; None takes the user's.

    Raises:
        CompileProblem: It does not compile; the compiler's words are in the detail.
    """
    program = probes.program(name, machine)
    cache = cache or cache_dir() / "probes"
    key = probes.digest(program, [machine, compiler.version, str(compiler.static), *compiler.words])
    built = cache / key / name
    if _is_whole(built):
        return built
    cache.mkdir(parents=True, exist_ok=True)
    fresh = cache / f".{key[:16]}.{secrets.token_hex(4)}"
    fresh.mkdir(mode=0o700)
    host = LocalLink()
    await host.open()
    try:
        folder, output = str(probes.folder.resolve()), str(fresh.resolve() / name)
        await compile_with(host, compiler, probes, program, folder=folder, output=output)
        _seal(fresh / name)
        if not _is_whole(built):  # somebody else may have been faster; theirs is as good
            shutil.rmtree(built.parent, ignore_errors=True)
            fresh.rename(built.parent)
    finally:
        await host.close()
        shutil.rmtree(fresh, ignore_errors=True)
    return built


def _seal(built: Path) -> None:
    """Note a build's hash beside it: after a power failure a file may be there and be empty."""
    _seal_of(built).write_text(hashlib.sha256(built.read_bytes()).hexdigest())


def _is_whole(built: Path) -> bool:
    try:
        return _seal_of(built).read_text() == hashlib.sha256(built.read_bytes()).hexdigest()
    except OSError:
        return False


def _seal_of(built: Path) -> Path:
    return built.with_name(f"{built.name}.sha256")


async def compile_with(
    link: Link, compiler: Compiler, probes: Probes, program: Program, *, folder: str, output: str
) -> None:
    """Compile a program where a link leads to.

    Args:
        link: The way to where the compiler is.
        compiler: The compiler there.
        probes: What the sources are called.
        program: What to build.
        folder: Where the sources lie, there.
        output: Path of the program to make, there.

    Raises:
        CompileProblem: It does not compile; the compiler's first words are in the detail.
    """
    words = compiler.command(probes, program, output)
    call = ["sh", "-c", _IN_FOLDER, "sh", folder, *_zig_cache(words)]
    done = await link.run(call, timeout=_COMPILE_TIMEOUT_S)
    if done.status != 0:
        said = (done.error_text or done.text).splitlines()[:_ERROR_LINES]
        raise CompileProblem(
            f"{Path(output).name} does not compile with {compiler}",
            detail="\n".join(said) or f"the compiler ended with status {done.status}",
            hint="the whole command was: " + " ".join(words),
        )


def no_compiler(machine: str) -> BoardProblem:
    """Return the problem of a board for which there is no compiler, with where we looked."""
    target = TARGETS.get(kind_of(machine))
    looked = [f"on the board: {', '.join(NATIVE)}"]
    fixes = ["on the board: apt install gcc libc6-dev"]
    if kind_of(platform.machine()) == kind_of(machine):
        looked.append(f"on this machine: {', '.join(NATIVE)}")
    if target is not None:
        looked += [f"on this machine: {target.gcc}", "in this Python: ziglang"]
        fixes.append(f"or on this machine (Debian): apt install {target.packages}")
        fixes.append("or in this Python: pip install 'hvconsole[cross]'")
    return BoardProblem(
        f"there is no compiler for {machine}",
        detail="\n".join(f"not found {place}" for place in looked),
        hint="\n".join(fixes),
    )


def all_failed(name: str, tried: list[CompileProblem]) -> CompileProblem:
    """Return the problem of a program that no compiler builds."""
    if len(tried) == 1:
        return tried[0]
    return CompileProblem(
        f"no compiler builds {name}",
        detail="\n".join(line for each in tried for line in [each.title, *_indented(each.detail)]),
        hint="complete one of them; on the board: apt install gcc libc6-dev",
    )


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]


def _zig_cache(words: list[str]) -> list[str]:
    """Keep Zig's own cache within ours, where the user can find and remove it."""
    if _ZIG not in words:
        return words
    cache = cache_dir() / "zig"
    return ["env", f"ZIG_GLOBAL_CACHE_DIR={cache}", f"ZIG_LOCAL_CACHE_DIR={cache}", *words]
