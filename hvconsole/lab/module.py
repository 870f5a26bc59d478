"""Building a kernel module for the boards on this machine."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hvconsole.lab.apt import Apt
from hvconsole.lab.arch import ARM32, Arch
from hvconsole.lab.kernel import KernelTree, headers, kernel
from hvconsole.lab.store import Store
from hvconsole.lab.tools import module_tools, need, run
from hvconsole.model.problem import Problem, UsageProblem


def kernel_tree(arch: Arch = ARM32) -> KernelTree:
    """Return the headers of the boards' kernel, fetching them the first time.

    Raises:
        Problem: They cannot be had.
    """
    store = Store()
    apt = Apt.for_boards(store.folder, arch)
    return headers(store, apt, kernel(store, apt, arch), arch)


def build_module(source: Path, out: Path, arch: Arch = ARM32) -> Path:
    """Build an out-of-tree module for the boards' kernel.

    Args:
        source: Folder with its Kbuild file or Makefile; nothing is written there.
        out: Folder that gets the module.
        arch: The boards' architecture.

    Returns:
        The module.

    Raises:
        UsageProblem: The folder does not say how to build a module.
        Problem: A tool or the headers are missing, or it does not compile.
    """
    if not any((source / name).is_file() for name in ("Kbuild", "Makefile")):
        raise UsageProblem(
            f"{source} says of no module how to build it",
            detail="it has neither a Kbuild file nor a Makefile",
            hint="write one: obj-m := NAME.o",
        )
    need(module_tools(arch), "building a module")
    tree = kernel_tree(arch)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hvconsole-module-") as scratch:
        work = Path(scratch) / "module"
        shutil.copytree(source, work)
        run(
            ["make", "-s", "-C", str(tree.path), f"ARCH={tree.arch}",
             f"CROSS_COMPILE={tree.cross}", f"M={work}", "modules"],
            what=f"building the module in {source}",
        )  # fmt: skip
        built = sorted(work.glob("*.ko"))
        if len(built) != 1:
            raise Problem(
                f"{source} makes {len(built)} modules, not one",
                detail=", ".join(path.name for path in built),
            )
        return Path(shutil.copy2(built[0], out))
