"""Checks of everything but memory: names, CPUs, interrupts, consoles, what a file is for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hvconsole.cell.document import Document
from hvconsole.cell.finding import Finding, error, regions, warning
from hvconsole.cell.model import NAME_BYTES, Console
from hvconsole.cell.names import CONSOLE_MMIO, IVSHMEM, VIRTUAL_CONSOLE, VIRTUAL_DEBUG_CONSOLE
from hvconsole.cell.quantities import format_address, format_numbers
from hvconsole.cell.spans import missing, sized

_SHARED_FIRST = 32  # GIC ID of the first interrupt that is not a CPU's own
_LINES = 4  # interrupts of a PCI host
_MIN_CPUS = 2


def check_cell(root: Document, cells: Sequence[Document]) -> Iterator[Finding]:
    """Check a set, apart from its memory."""
    for document in (root, *cells):
        yield from check_name(document)
    yield from _debug_console(root)
    yield from _same_names(root, cells)
    yield from _root_cpus(root)
    for cell in cells:
        yield from _kind(root, cell)
        yield from _cpus(root, cell)
        yield from _console(cell)
        yield from _virtual_interrupts(cell)
    for position, cell in enumerate(cells):
        for other in cells[:position]:
            yield from _shared_cpus(other, cell)
            yield from _shared_interrupts(other, cell)


def check_name(document: Document) -> Iterator[Finding]:
    """Check a cell's name."""
    name, place = document.cell.name, document.place("name")
    if not name:
        yield error("name", place, "the cell has no name", "", 'write name = "…"')
    elif len(name.encode()) > NAME_BYTES:
        yield error(
            "name",
            place,
            f"the name '{document.title}' has {len(name.encode())} bytes",
            f"Jailhouse keeps {NAME_BYTES}, and finds a cell by its whole name only",
            "shorten it",
        )
    elif not name.isprintable():
        yield error(
            "name",
            place,
            f"the name '{document.title}' has characters that cannot be shown",
            "commands and logs would show another name",
            "take them out",
        )


def _debug_console(root: Document) -> Iterator[Finding]:
    system = root.system
    if system and not system.debug_console.type and not system.flags & VIRTUAL_DEBUG_CONSOLE:
        yield warning(
            "no-debug-console",
            root.place("system"),
            "the hypervisor has no UART and no console that the root cell may read",
            "why it parks a CPU is then said nowhere",
            'add a debug_console to [system], or flags = ["virtual-debug-console"]',
        )


def _same_names(root: Document, cells: Sequence[Document]) -> Iterator[Finding]:
    seen = {root.cell.name: root}
    for cell in cells:
        other = seen.setdefault(cell.cell.name, cell)
        if other is not cell:
            yield error(
                "name-twice",
                cell.place("name"),
                f"two cells are called '{cell.title}'",
                f"the other: {other.place('name')}\n'cell create' refuses the second: EEXIST",
                "rename one",
            )


def _kind(root: Document, cell: Document) -> Iterator[Finding]:
    """Compare what the files are for."""
    if cell.system is not None:
        yield error(
            "second-root",
            cell.place("system"),
            f"'{cell.title}' is a root cell's configuration, and so is '{root.title}'",
            "",
            "check one root cell with the cells that it makes room for",
        )
    mine, theirs = cell.configuration, root.configuration
    if None not in {mine.architecture, theirs.architecture} and (
        mine.architecture != theirs.architecture
    ):
        yield error(
            "architecture",
            cell.place("architecture"),
            f"'{cell.title}' is for {mine.architecture}, the root cell for {theirs.architecture}",
            "'cell create' says that it succeeded, and creates nothing",
            f'write architecture = "{theirs.architecture}"',
        )
    if mine.revision != theirs.revision:
        yield error(
            "revision",
            cell.place("revision"),
            f"'{cell.title}' has revision {mine.revision}, the root cell {theirs.revision}",
            "one of the two is refused: 'Configuration revision mismatch'",
            "build both with the same --revision",
        )


def _root_cpus(root: Document) -> Iterator[Finding]:
    if len(root.cell.cpus) < _MIN_CPUS:
        yield error(
            "root-cpus",
            root.place("cpus"),
            f"the root cell has {len(root.cell.cpus) or 'no'} CPU",
            "with one CPU 'enable' fails (ENODEV), and no cell could have one",
            "list every CPU that is online",
        )


def _cpus(root: Document, cell: Document) -> Iterator[Finding]:
    place, cpus, roots = cell.place("cpus"), set(cell.cell.cpus), set(root.cell.cpus)
    if not cpus:
        yield error("no-cpu", place, f"'{cell.title}' has no CPU", "", "write cpus = [1]")
    elif cpus - roots:
        yield error(
            "cpu-not-in-root",
            place,
            f"'{cell.title}' wants CPU {format_numbers(cpus - roots)}, which the root cell has not",
            f"the root cell has {format_numbers(roots) or 'none'} ({root.place('cpus')})",
            "a cell takes its CPUs from the root cell",
        )
    elif cpus == roots:
        yield error(
            "no-cpu-left",
            place,
            f"'{cell.title}' takes every CPU: none is left for the root cell",
            "",
            "leave the root cell one, CPU 0 by custom",
        )


def _shared_cpus(one: Document, other: Document) -> Iterator[Finding]:
    both = set(one.cell.cpus) & set(other.cell.cpus)
    if both:
        yield error(
            "cpu-twice",
            other.place("cpus"),
            f"'{other.title}' and '{one.title}' both want CPU {format_numbers(both)}",
            f"the other: {one.place('cpus')}\n'cell create' refuses the second: EBUSY",
            "give one another CPU, or check them apart if they never run together",
        )


def _interrupts(document: Document) -> set[tuple[int, int]]:
    """Return each interrupt with the address of its controller."""
    return {
        (chip.address, number)
        for chip in document.cell.irqchips
        for number in chip.interrupts()
        if number >= _SHARED_FIRST
    }


def _shared_interrupts(one: Document, other: Document) -> Iterator[Finding]:
    both = _interrupts(one) & _interrupts(other)
    if both:
        numbers = format_numbers(number for _, number in both)
        yield error(
            "interrupt-twice",
            other.place("irqchips"),
            f"'{other.title}' and '{one.title}' both take interrupt {numbers}",
            f"the other: {one.place('irqchips')}\nonly the cell created last gets them",
            "leave them to one; another vpci_irq_base moves those of the virtual PCI host",
        )


def _virtual_interrupts(cell: Document) -> Iterator[Finding]:
    """Find devices made by the hypervisor whose interrupts the cell does not have."""
    numbers = {number for _, number in _interrupts(cell)}
    for index, device in enumerate(cell.cell.pci_devices):
        # A device's number on the bus says which of the host's four lines is its own.
        line = (device.bdf >> 3) % _LINES
        wanted = _SHARED_FIRST + cell.cell.vpci_irq_base + line
        if device.type == IVSHMEM and not device.num_msix_vectors and wanted not in numbers:
            yield warning(
                "virtual-interrupt",
                cell.place("pci_devices", index),
                f"'{cell.title}' does not have interrupt {wanted} of its shared memory",
                f"vpci_irq_base {cell.cell.vpci_irq_base} + {_SHARED_FIRST} + line {line}",
                f"add {wanted} to the interrupts of its irqchips",
            )


def _console(cell: Document) -> Iterator[Finding]:
    """Find a console that the cell cannot reach, or none at all."""
    console, place = cell.cell.console, cell.place("console")
    if not console.type:
        if not cell.cell.flags & VIRTUAL_CONSOLE:
            yield warning(
                "no-console",
                place,
                f"'{cell.title}' has no UART and may not use the hypervisor's console",
                "nobody sees what it prints",
                "add a [console], or the flag virtual-console-permitted",
            )
        return
    if not console.flags & CONSOLE_MMIO:
        return
    for what, address in _registers(console):
        spans = [region.span for region in regions(cell) if region.is_io]
        if missing(sized(address, 4), spans):
            yield error(
                "uart-missing",
                place,
                f"'{cell.title}' has no region with {what}: {format_address(address)}",
                "its first output is a forbidden access, which parks its CPU",
                f"add to memory: {{ phys = {format_address(address & ~0x3FF)}, "
                'size = "1KiB", flags = ["read", "write", "io", "io-32"] }',
            )


def _registers(console: Console) -> Iterator[tuple[str, int]]:
    yield "its UART", console.address
    if console.clock_reg:
        yield "the clock of its UART", console.clock_reg
