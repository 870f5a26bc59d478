"""Everything the lab's boards need, built in order and kept."""

from __future__ import annotations

from hvconsole.lab import tools
from hvconsole.lab.apt import Apt
from hvconsole.lab.image import image, kernel, root_archive
from hvconsole.lab.keys import lab_keys
from hvconsole.lab.places import Tell, quiet
from hvconsole.lab.store import Store

ARCHITECTURE = "armhf"


def build(tell: Tell = quiet, *, install: bool = False) -> None:
    """Build what is missing.

    Args:
        tell: Called at each step.
        install: Install the Debian packages that are missing on this machine (needs root).

    Raises:
        Problem: Something is missing, or a step failed; what was finished is kept.
    """
    wanted = tools.IMAGE_TOOLS | tools.QEMU_TOOLS
    if install:
        tell("packages of this machine", 0.0)
        tools.install(tools.missing(wanted))
    tools.need(wanted, "the lab")
    store = Store()
    apt = Apt(store.folder / "apt" / "release", ARCHITECTURE, sources=True)
    tell("lists of packages", 0.02)
    keys = lab_keys(store.folder)
    tell("kernel", 0.08)
    debian = kernel(store, apt)
    tell("Debian for the boards (about two minutes the first time)", 0.12)
    archive = root_archive(store, apt)
    tell("disk image", 0.6)
    image(store, apt, keys, debian, archive)
    tell("done", 1.0)
