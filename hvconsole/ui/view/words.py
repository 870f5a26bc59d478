"""What a person types into a form, as values. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hvconsole.config.named import content_of, is_there, named
from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.jailhouse.images import WRITTEN, read_images
from hvconsole.model.hypervisor import Parameter
from hvconsole.model.problem import UsageProblem
from hvconsole.model.text import plain

Values = Mapping[str, str]

_CPUS = re.compile(r"\d{1,4}(?:[,-]\d{1,4})*")
_MOST_CPUS = 4096
_MOST_BYTES = 16 << 20  # of a configuration


def numbers(
    values: Values, parameters: Sequence[Parameter], held: Mapping[str, int]
) -> dict[str, int]:
    """Return what differs from what is set already.

    Raises:
        UsageProblem: Something is no number, or nothing differs.
    """
    given = {
        one.name: number(values[one.name], one.name, signed=one.low < 0)
        for one in parameters
        if values[one.name].strip()
    }
    changed = {name: value for name, value in given.items() if held.get(name) != value}
    if given and not changed:
        raise UsageProblem("nothing is changed yet")
    return changed


def number(text: str, what: str, *, signed: bool = False) -> int:
    """Read a number, with a sign where that makes sense.

    Raises:
        UsageProblem: It is none.
    """
    if not re.fullmatch(r"\s*-?\d{1,9}\s*" if signed else r"\s*\d{1,9}\s*", text):
        raise UsageProblem(f"'{plain(text, 20)}' is no number for {what}")
    return int(text)


def cpus(text: str) -> frozenset[int] | None:
    """Read CPU numbers; None where nothing stands.

    Raises:
        UsageProblem: These are no CPU numbers.
    """
    text = text.replace(" ", "")
    if not text:
        return None
    if not _CPUS.fullmatch(text):
        raise UsageProblem(f"'{plain(text, 20)}' names no CPUs", hint="write them as 1 or 0,2-3")
    cpus: set[int] = set()
    for part in text.split(","):
        low, _, high = part.partition("-")
        cpus.update(range(int(low), min(int(high or low), _MOST_CPUS) + 1))
    return frozenset(cpus)


def images(text: str) -> tuple[do.Images, dict[str, bytes]]:
    """Read images with their addresses, and those of them that lie on this machine.

    Raises:
        UsageProblem: None is named, or one cannot be read.
    """
    words = text.split()
    if not words:
        raise UsageProblem("no image is named", hint=WRITTEN)
    return read_images(words)


def loading(guest: str, text: str) -> do.Load:
    """Read what is to be loaded into a guest.

    Raises:
        UsageProblem: No image is named, or one cannot be read.
    """
    placed, contents = images(text)
    return do.Load(guest=guest, images=placed, contents=contents)


def cell(path: str, images_text: str, start: str) -> do.Action:
    """Read a new cell: its configuration, what is loaded into it, and whether it starts.

    Raises:
        UsageProblem: A file cannot be read, or no configuration is named.
    """
    create = creation(path, "")
    placed, contents = read_images(images_text.split())
    return replace(create, images=placed, contents=contents, start=start == "yes")


def linux(values: Values) -> do.Action:
    """Read a cell that boots Linux; all its files lie on the board.

    Raises:
        UsageProblem: No kernel is named.
    """
    said = {name: text.strip() for name, text in values.items()}
    if not said["config"] or not said["kernel"]:
        raise UsageProblem("the configuration and the kernel have to be named")
    kernel = do.LinuxCell(
        kernel=said["kernel"], dtb=said["dtb"], initrd=said["initrd"], cmdline=said["cmdline"]
    )
    return do.Create(config=b"", source=said["config"], on_board=True, linux=kernel)


def creation(path: str, name: str) -> do.Create:
    """Read a guest's configuration from this machine.

    Raises:
        UsageProblem: There is no such file, or it cannot be read.
    """
    file = named(path.strip())
    if not path.strip():
        raise UsageProblem("no configuration is named", hint="a file on this machine")
    if not is_there(file) and path.strip().startswith("/"):
        return do.Create(config=b"", source=path.strip(), name=name.strip(), on_board=True)
    return do.Create(
        config=content_of(file, most_bytes=_MOST_BYTES), source=str(file), name=name.strip()
    )


def enabling(path: str) -> do.Action:
    """Read a system configuration: readable ones lie on this machine, binary ones on the board.

    Raises:
        UsageProblem: A readable one cannot be read.
    """
    said = path.strip()
    if not said.endswith(".toml"):
        return do.Enable(config=said)
    file = named(said)
    return do.Enable(config=str(file), content=content_of(file, most_bytes=_MOST_BYTES))
