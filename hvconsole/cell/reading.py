"""From the readable form to plain values.

The form says what the binary says, in words: flags by name, sizes as ``64KiB``, interrupts as
numbers and ranges. `docs/cells.md` lists the keys.
"""

from __future__ import annotations

import tomllib
from pathlib import Path as FilePath

from hvconsole.cell import names
from hvconsole.cell.boards import BOARDS, Board
from hvconsole.cell.document import Document
from hvconsole.cell.layouts import MAX_BYTES, MAX_CPU_SET_BYTES
from hvconsole.cell.lines import positions
from hvconsole.cell.model import (
    CURRENT_REVISION,
    NAME_BYTES,
    NAME_FIELD_BYTES,
    REVISIONS,
    Cache,
    Cell,
    Configuration,
    Console,
    IrqChip,
    Memory,
    PciCapability,
    PioRange,
)
from hvconsole.cell.reading_pci import read_pci_device
from hvconsole.cell.reading_system import read_console, read_device, read_system
from hvconsole.cell.table import CellTextProblem, Origin, Table

_CELL_KEYS = (
    "architecture", "board", "console", "caches", "cpu_reset_address", "cpu_set_size", "cpus",
    "flags", "id", "irqchips", "memory", "msg_reply_timeout", "name", "pci_capabilities",
    "pci_devices", "pio", "revision", "stream_ids", "system", "vpci_irq_base",
)  # fmt: skip
_MEMORY_KEYS = ("device", "flags", "name", "phys", "size", "virt")
_PINS = 128
_MAX_TEXT = 16 * MAX_BYTES  # a region takes 32 bytes, and a line


def read_toml(text: str, path: str | FilePath) -> Document:
    """Read a configuration's readable form.

    Args:
        text: The TOML.
        path: What to call it in messages; it is not opened.

    Raises:
        CellTextProblem: It is no TOML, or a key or value is wrong; file, line and the nearest
            right spelling are named.
    """
    if len(text) > _MAX_TEXT:
        raise CellTextProblem(f"{path} is too long for a cell configuration")
    try:
        data, lines = tomllib.loads(text), positions(text)
    except (ValueError, RecursionError) as error:  # a number of 5000 digits is no TOMLDecodeError
        raise CellTextProblem(f"{path} is not valid TOML", detail=str(error)) from error
    table = Table(data, (), Origin(str(path), lines)).only(*_CELL_KEYS)
    board_name = table.one_of("board", BOARDS) if "board" in table else ""
    return _document(table, board_name)


def _document(table: Table, board_name: str) -> Document:
    board = BOARDS.get(board_name)
    system = table.table("system")
    configuration = Configuration(
        revision=_revision(table),
        architecture=_architecture(table),
        cell=_cell(table, board),
        system=None if system is None else read_system(system, board),
    )
    called = tuple(
        region.text("name") or region.text("device") for region in table.tables("memory")
    )
    return Document(configuration, table.origin, called, board_name)


def _revision(table: Table) -> int:
    revision = table.number("revision", 16, CURRENT_REVISION)
    if revision not in REVISIONS:
        known = "12 (v0.12) and 14 (master since 2023)"
        raise table.wrong("revision", f"revision {revision} is not supported", detail=known)
    return revision


def _architecture(table: Table) -> str | None:
    """Return what the file says; a file of revision 12 need not say it."""
    if "architecture" not in table:
        if _revision(table) == CURRENT_REVISION:
            table.need("architecture")
        return None
    code = table.choice("architecture", names.ARCHITECTURES, 8)
    for name, number in names.ARCHITECTURES.items():
        if number == code:
            return name
    raise table.wrong("architecture", f"architecture {code} is not known")


def _cell(table: Table, board: Board | None) -> Cell:
    table.need("name")
    table.need("cpus")
    console = table.table("console")
    return Cell(
        name=_name(table),
        id=table.number("id", 32),
        flags=table.flags("flags", names.CELL_FLAGS, 32),
        cpus=_cpus(table),
        cpu_set_size=_cpu_set_size(table),
        vpci_irq_base=table.number("vpci_irq_base", 32),
        cpu_reset_address=table.number("cpu_reset_address", 64),
        msg_reply_timeout=table.number("msg_reply_timeout", 64),
        console=Console() if console is None else read_console(console, board),
        memory=tuple(_memory(one, board) for one in table.tables("memory")),
        caches=tuple(_cache(one) for one in table.tables("caches")),
        irqchips=tuple(_irqchip(one, board) for one in table.tables("irqchips")),
        pio=tuple(_pio(one) for one in table.tables("pio")),
        pci_devices=tuple(read_pci_device(one) for one in table.tables("pci_devices")),
        pci_capabilities=tuple(_capability(one) for one in table.tables("pci_capabilities")),
        stream_ids=table.numbers_of_any_count("stream_ids", 32),
    )


def _name(table: Table) -> str:
    name = table.text("name")
    try:
        length = len(name.encode())
    except UnicodeEncodeError as error:
        raise table.wrong("name", "the name is not text") from error
    if length > NAME_FIELD_BYTES:
        raise table.wrong(
            "name",
            f"the name has {length} bytes",
            detail=f"Jailhouse keeps {NAME_BYTES}, and finds a cell by its whole name only",
            hint="shorten it",
        )
    return name


def _cpu_set_size(table: Table) -> int:
    size = table.number("cpu_set_size", 32, 8)
    if size > MAX_CPU_SET_BYTES:
        raise table.wrong("cpu_set_size", f"{size} bytes of CPUs are more than any board has")
    return size


def _cpus(table: Table) -> tuple[int, ...]:
    cpus = table.range_list("cpus")
    room = _cpu_set_size(table) * 8
    if cpus and cpus[-1] >= room:
        raise table.wrong("cpus", f"CPU {cpus[-1]}: cpu_set_size has room for {room}")
    return cpus


def _memory(table: Table, board: Board | None) -> Memory:
    """Read a region; a device of the board fills in what is not said, `virt` follows `phys`."""
    table.only(*_MEMORY_KEYS)
    table.text("name")
    device = read_device(table, board)
    start, size, flags = (device.start, device.size, device.flags) if device else (0, 0, 0)
    phys = table.number("phys", 64, start)
    return Memory(
        phys_start=phys,
        virt_start=table.number("virt", 64, phys),
        size=table.number("size", 64, size),
        flags=table.flags("flags", names.MEMORY_FLAGS, 64) if "flags" in table else flags,
    )


def _cache(table: Table) -> Cache:
    table.only("start", "size", "type", "flags")
    return Cache(
        start=table.number("start", 32),
        size=table.number("size", 32),
        type=table.choice("type", names.CACHE_TYPES, 8),
        flags=table.flags("flags", names.CACHE_FLAGS, 16),
    )


def _irqchip(table: Table, board: Board | None) -> IrqChip:
    table.only("address", "id", "pin_base", "interrupts")
    base = table.number("pin_base", 32, 32)
    interrupts = table.range_list("interrupts", board.interrupts if board else None)
    for interrupt in interrupts:
        if not base <= interrupt < base + _PINS:
            raise table.wrong(
                "interrupts",
                f"interrupt {interrupt} is not among the {_PINS} from pin_base = {base} on",
                hint="add another entry to irqchips, with a pin_base of its own",
            )
    return IrqChip(
        address=table.number("address", 64),
        id=table.number("id", 32),
        pin_base=base,
        pins=sum(1 << interrupt - base for interrupt in interrupts),
    )


def _pio(table: Table) -> PioRange:
    table.only("base", "length")
    return PioRange(table.number("base", 16), table.number("length", 16))


def _capability(table: Table) -> PciCapability:
    table.only("id", "start", "length", "flags")
    return PciCapability(
        id=table.number("id", 16),
        start=table.number("start", 16),
        length=table.number("length", 16),
        flags=table.flags("flags", names.CAPABILITY_FLAGS, 16),
    )
