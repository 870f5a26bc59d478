"""What a measurement in virtual time boots: an initramfs, and nothing but an initramfs.

A disk or a network would bring the host's own timing in. All that runs is in memory from the
start, the same bytes every time.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from hvconsole.board.compiler import build_here, host_compilers, no_compiler
from hvconsole.board.probes import Probes
from hvconsole.config.resources import resource_dir
from hvconsole.lab import cpio
from hvconsole.lab.arch import ARM32, Arch
from hvconsole.lab.kernel import Kernel, built_kernel, modules_for
from hvconsole.lab.measure.debian_tree import DebianTree
from hvconsole.lab.module import build_module
from hvconsole.lab.store import Store, digest
from hvconsole.lab.tools import run

SAMPLER = "hvsampler"
_FILES = Path(__file__).resolve().parent / "files"
_KVM_FILES = _FILES.with_name("files-kvm")
_XEN_MODULES = ("xen-evtchn", "xen-gntdev", "xen-gntalloc", "xen-privcmd", "xenfs")
_XEN_PROGRAMS = ("xl", "xenstored", "xenconsoled", "xen-init-dom0")
_KVM_PROGRAMS = ("usr/bin/qemu-system-aarch64", "usr/bin/chrt")
# What the programs' lists of libraries do not name: the loader, and what ends xl's threads.
_LOADED_LATE = ("usr/lib/*/ld-linux-armhf.so.3", "usr/lib/*/libgcc_s.so.1")


@dataclass(frozen=True, slots=True)
class MeasureImage:
    """What is booted.

    Attributes:
        product: Name of the product that holds it.
        kernel: Linux.
        release: Its ``uname -r``.
        alone: Initramfs with the sampler and the counter module.
        busy: The same with a hypervisor's tools and guests.
        sampler: SHA-256 of the sampler.
        compiler: What built it.
    """

    product: str
    kernel: Path
    release: str
    alone: Path
    busy: Path
    sampler: str
    compiler: str


def measure_image(store: Store, arch: Arch = ARM32) -> MeasureImage:
    """Return the initramfs files, making them if anything that goes into them has changed.

    Raises:
        Problem: The lab is not built, or there is no compiler for the boards.
    """
    debian = built_kernel(store, arch)
    archive = store.latest(f"root{arch.suffix}") / "root.tar"
    sampler, compiler = asyncio.run(_sampler(arch))
    sources = resource_dir("kmod")

    def make(folder: Path) -> None:
        tree = DebianTree(archive, f"{arch.cross}readelf")
        common = _common(tree, sampler, _module(sources, folder, arch))
        busybox = next(one for one in common if one.path == "bin/busybox")
        guest = [*_base(busybox), cpio.file("init", (_FILES / "guest-init").read_bytes())]
        _pack(folder / "guest.gz", guest)
        if arch.xen:
            _pack(folder / "alone.gz", common)
            _pack(folder / "busy.gz", [*common, *_toolstack(debian, tree, folder / "guest.gz")])
            return
        _pack(folder / "sampled.gz", common)
        host = [*common, cpio.file("init", (_KVM_FILES / "host-init").read_bytes())]
        _pack(folder / "alone.gz", host)
        _pack(folder / "busy.gz", [*host, *_kvm_tools(debian, tree, folder, arch)])

    ingredients = {
        "kernel": debian.product,
        "root": archive.parent.name,
        "sampler": digest(sampler),
        "module": digest(*sorted(path for path in sources.iterdir() if path.is_file())),
        "files": digest(*sorted(_FILES.iterdir())),
        "settings": f"{_XEN_MODULES} {_XEN_PROGRAMS} {_LOADED_LATE} no build number",
    }
    if not arch.xen:
        ingredients["settings"] = (
            f"{_KVM_PROGRAMS} no build number {digest(*sorted(_KVM_FILES.iterdir()))}"
        )
    product = store.produce(f"measure{arch.suffix}", ingredients, make)
    return MeasureImage(
        product=product.name,
        kernel=debian.image,
        release=debian.release,
        alone=product / "alone.gz",
        busy=product / "busy.gz",
        sampler=hashlib.sha256(sampler.read_bytes()).hexdigest(),
        compiler=compiler,
    )


async def _sampler(arch: Arch) -> tuple[Path, str]:
    compilers = await host_compilers(arch.uname, same_machine=False)
    if not compilers:
        raise no_compiler(arch.uname)
    return await build_here(compilers[0], Probes(), SAMPLER, arch.uname), str(compilers[0])


def _module(sources: Path, folder: Path, arch: Arch) -> Path:
    built = build_module(sources, folder / "module", arch)
    # Debugging information names the folder in which it was built, and the build's number is a sum
    # over that as well: without both it is the same bytes wherever it is built.
    words = ["-g", "-R", ".note.gnu.build-id"]
    run([f"{arch.cross}strip", *words, str(built)], what="stripping the module")
    return built


def _base(busybox: cpio.Entry) -> list[cpio.Entry]:
    return [*cpio.simple({}, {"bin/sh": "busybox"}), busybox]


def _common(tree: DebianTree, sampler: Path, module: Path) -> list[cpio.Entry]:
    busybox = cpio.file("bin/busybox", tree.file("usr/bin/busybox"))
    return [
        *_base(busybox),
        cpio.file("init", (_FILES / "measure-init").read_bytes()),
        cpio.file(f"bin/{SAMPLER}", sampler.read_bytes()),
        cpio.file(f"modules/99-{module.name}", module.read_bytes(), 0o644),
    ]


def _toolstack(debian: Kernel, tree: DebianTree, guest: Path) -> list[cpio.Entry]:
    """Return Xen's tools, the modules that they need, and a guest."""
    programs = [tree.matching(f"usr/lib/xen-*/bin/{name}") for name in _XEN_PROGRAMS]
    modules = modules_for(_XEN_MODULES, debian.release, debian.modules.parent.parent.parent)
    return [
        *tree.programs([*programs, *map(tree.matching, _LOADED_LATE)]),
        cpio.link("lib", "usr/lib"),
        cpio.link("usr/lib/ld-linux-armhf.so.3", f"/{tree.matching(_LOADED_LATE[0])}"),
        *(
            cpio.file(f"modules/{number:02d}-{path.name}", path.read_bytes(), 0o644)
            for number, path in enumerate(modules)
        ),
        cpio.file("etc/xen/xl.conf", tree.file("etc/xen/xl.conf"), 0o644),
        cpio.file("guest.cfg", (_FILES / "guest.cfg").read_bytes(), 0o644),
        cpio.file("other.cfg", (_FILES / "other.cfg").read_bytes(), 0o644),
        cpio.file("guest.gz", guest.read_bytes(), 0o644),
        cpio.file("vmlinuz", debian.image.read_bytes(), 0o644),
    ]


def _kvm_tools(debian: Kernel, tree: DebianTree, folder: Path, arch: Arch) -> list[cpio.Entry]:
    """Return QEMU with its libraries, and two guests: one that is measured, one that burns."""
    late = [tree.matching(f"usr/lib/*/{name}") for name in (arch.loader, "libgcc_s.so.1")]
    return [
        *tree.programs([*_KVM_PROGRAMS, *late]),
        cpio.link("lib", "usr/lib"),
        cpio.link(f"usr/lib/{arch.loader}", f"/{late[0]}"),
        cpio.file("sampled.gz", (folder / "sampled.gz").read_bytes(), 0o644),
        cpio.file("guest.gz", (folder / "guest.gz").read_bytes(), 0o644),
        cpio.file("vmlinuz", debian.image.read_bytes(), 0o644),
    ]


def _pack(path: Path, entries: list[cpio.Entry]) -> None:
    path.write_bytes(gzip.compress(cpio.archive(entries), 6, mtime=0))
