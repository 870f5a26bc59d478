"""Checks against a running board: what Linux uses there, what it would touch without having it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hvconsole.cell.boards import Device
from hvconsole.cell.check_memory import intercepted
from hvconsole.cell.document import Document
from hvconsole.cell.finding import Finding, Region, error, hypervisor_span, regions, warning
from hvconsole.cell.quantities import format_numbers
from hvconsole.cell.running import Resource, RunningBoard
from hvconsole.cell.spans import Span, missing, sized
from hvconsole.model.text import plain

_MIB = 1 << 20
_SHOWN = 40  # terminal cells of a name from a board
_LISTED = 12  # devices named in one line


def check_board(
    root: Document, cells: Sequence[Document], board: RunningBoard
) -> Iterator[Finding]:
    """Check a set against a running board."""
    for document in (root, *cells):
        yield from _kind(document, board)
    yield from _cpus(root, board)
    yield from _linux(root, cells, board)
    yield from _interrupts(cells, board)
    yield from _uncovered(root, board)


def check_known_devices(root: Document) -> Iterator[Finding]:
    """Warn of devices that are dangerous to touch, where only the board's name is known."""
    board = root.board
    for name, device in board.devices.items() if board else ():
        if device.risk and missing(sized(device.start, device.size), _reachable(root)):
            yield _risk(root, name, sized(device.start, device.size), device)


def _kind(document: Document, board: RunningBoard) -> Iterator[Finding]:
    configuration = document.configuration
    if board.architecture and configuration.architecture not in {None, board.architecture}:
        yield error(
            "board-architecture",
            document.place("architecture"),
            f"'{document.title}' is for {configuration.architecture}, "
            f"{board.name} is {board.architecture}",
            "'cell create' says that it succeeded, and creates nothing",
            "use the configuration of this board",
        )
    if board.revision is not None and configuration.revision != board.revision:
        # A text can still be built for either; a binary is what it is.
        tell = warning if document.origin.lines else error
        yield tell(
            "board-revision",
            document.place("revision"),
            f"'{document.title}' has revision {configuration.revision}, "
            f"the Jailhouse of {board.name} wants {board.revision}",
            "it is refused: 'Configuration revision mismatch'",
            f"hvconsole cell build … --revision {board.revision}",
        )


def _cpus(root: Document, board: RunningBoard) -> Iterator[Finding]:
    """Compare the root cell's CPUs with those online; not while cells hold some of them."""
    online, mine = set(board.cpus_online), set(root.cell.cpus)
    if not online or board.jailhouse_active:
        return
    if online - mine:
        yield error(
            "cpus-fewer",
            root.place("cpus"),
            f"CPU {format_numbers(online - mine)} of {board.name} is online, "
            "and not in the root cell",
            "'enable' then hangs the whole board without a word",
            f"write cpus = [{format_numbers(online)}], or take the CPU offline before",
        )
    if mine - online:
        yield error(
            "cpus-more",
            root.place("cpus"),
            f"the root cell has CPU {format_numbers(mine - online)}, "
            f"which is not online on {board.name}",
            "'enable' fails: EINVAL; the serial console stops after 'CPU n... OK'",
            f"write cpus = [{format_numbers(online)}], or bring the CPU online before",
        )


def _linux(root: Document, cells: Sequence[Document], board: RunningBoard) -> Iterator[Finding]:
    """Find memory that Linux uses: of the hypervisor, of cells, and shared with them."""
    own = hypervisor_span(root)
    taken = [region for cell in cells for region in regions(cell) if not region.is_io]
    taken += [region for region in regions(root) if region.is_shared and not region.is_io]
    lowest = min([region.span.start for region in taken] + ([own.start] if own else []), default=0)
    hint = _mem(board.linux_ram, lowest)
    common = _first_common(own, board.linux_ram)
    if common is not None:
        yield error(
            "linux-hypervisor",
            root.place("system", "hypervisor_memory"),
            f"Linux on {board.name} uses the hypervisor's memory: {common}",
            "'enable' fails: 'request_mem_region failed', EINVAL",
            hint,
        )
    told: set[Span] = set()
    for region in taken:
        common = _first_common(region.span, board.linux_ram)
        if common is not None and common not in told:
            told.add(common)  # what two cells share is told once
            yield _used_by_linux(region, common, board, hint)


def _used_by_linux(region: Region, common: Span, board: RunningBoard, hint: str) -> Finding:
    said = f" (mem={board.mem_limit // _MIB}M)" if board.mem_limit else ""
    ends = max(span.end for span in board.linux_ram)
    return error(
        "linux-memory",
        region.place,
        f"Linux on {board.name} uses the memory of {region.title}: {common}",
        f"Linux has memory up to {ends:#x}{said}\n"
        "Jailhouse accepts this: Linux and the cell then overwrite each other",
        hint,
    )


def _mem(linux_ram: Sequence[Span], lowest: int) -> str:
    """Say with which mem= Linux leaves everything free from `lowest` on."""
    begin = min((span.start for span in linux_ram), default=0)
    mebibytes = (lowest - begin) // _MIB
    if mebibytes <= 0:
        return "move the region up; Linux needs the memory's beginning"
    return f"boot Linux with mem={mebibytes}M or less, or move the region"


def _first_common(span: Span | None, others: Sequence[Span]) -> Span | None:
    found = (span.common(other) for other in others) if span else ()
    return next((common for common in found if common), None)


def _interrupts(cells: Sequence[Document], board: RunningBoard) -> Iterator[Finding]:
    used = {one.number: one.name for one in board.interrupts}
    for cell in cells:
        for index, chip in enumerate(cell.cell.irqchips):
            for number in sorted(set(chip.interrupts()) & used.keys()):
                yield warning(
                    "linux-interrupt",
                    cell.place("irqchips", index),
                    f"'{cell.title}' takes interrupt {number}, which Linux on {board.name} uses",
                    f"its driver there: {plain(used[number], _SHOWN)}; it will hear no more of it",
                    "unbind that driver before creating the cell",
                )


def _reachable(root: Document) -> list[Span]:
    """Return what the root cell can touch: its regions, and what the hypervisor answers for."""
    spans = [region.span for region in regions(root)]
    return spans + [span for _, span in intercepted(root)]


def _uncovered(root: Document, board: RunningBoard) -> Iterator[Finding]:
    """Find devices that Linux knows and the root cell does not cover."""
    own = hypervisor_span(root)
    reachable = _reachable(root) + ([own] if own else [])
    known = root.board.devices if root.board else {}
    rest: list[Resource] = []
    told: set[str] = set()
    for resource in board.devices:
        if not missing(resource.span, reachable):
            continue
        name = next(
            (
                name
                for name, device in known.items()
                if device.risk and resource.span.common(sized(device.start, device.size))
            ),
            "",
        )
        if not name:
            rest.append(resource)
        elif name not in told:
            told.add(name)
            yield _risk(root, name, resource.span, known[name])
    for name, device in known.items():
        span = sized(device.start, device.size)
        if device.risk and name not in told and missing(span, reachable):
            yield _risk(root, name, span, device)
    if rest:
        yield _rest(root, rest, board)


def _risk(root: Document, name: str, span: Span, device: Device) -> Finding:
    size, flags = ("1KiB" if device.size <= 0x400 else "4KiB"), '["read", "write", "io", "io-32"]'  # noqa: PLR2004  # one kibibyte
    return warning(
        "device-uncovered",
        root.place("memory"),
        f"the root cell does not cover {name}: {span}",
        device.risk,
        f'add to memory: {{ name = "{name}", phys = {device.start:#010x}, size = "{size}", '
        f"flags = {flags} }}",
    )


def _rest(root: Document, rest: Sequence[Resource], board: RunningBoard) -> Finding:
    names = [f"{plain(one.name, _SHOWN)} at {one.start:#x}" for one in rest[:_LISTED]]
    more = f" and {len(rest) - _LISTED} more" if len(rest) > _LISTED else ""
    return warning(
        "devices-uncovered",
        root.place("memory"),
        f"Linux on {board.name} knows {len(rest)} devices that the root cell does not cover",
        f"{', '.join(names)}{more}\nan access to one of them parks the CPU that makes it",
        "add regions for those that are used, or unbind their drivers before 'enable'",
    )
