"""From plain values to the readable form; reading it again gives the same bytes.

Only what differs from a default is written, each region and device on a line of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import msgspec

from hvconsole.cell import names
from hvconsole.cell.document import Document
from hvconsole.cell.model import (
    ArmPlatform,
    Cell,
    Configuration,
    Console,
    Iommu,
    IrqChip,
    Memory,
    PciDevice,
    System,
    X86Platform,
)
from hvconsole.cell.quantities import format_address, format_bdf, format_size, runs

_TOML_MAX = (1 << 63) - 1  # what every TOML reader takes as a number
_FEW = 3  # shorter runs of numbers are listed
_BIG = ("address", "base", "clock_reg", "_start", "mask", "features", "start")

_QUOTED = json.JSONEncoder(ensure_ascii=False).encode

Pairs = list[tuple[str, str]]


def write_toml(configuration: Configuration | Document) -> str:
    """Return the readable form.

    Args:
        configuration: What to write; a document keeps the names of its regions and its board.
    """
    document = configuration if isinstance(configuration, Document) else None
    if document is not None:
        configuration = document.configuration
    assert isinstance(configuration, Configuration)  # noqa: S101  # the other one had it inside
    cell, system = configuration.cell, configuration.system
    called = document.names if document else ()
    pairs: Pairs = [("name", _text(cell.name))]
    if configuration.architecture is not None:
        pairs.append(("architecture", _text(configuration.architecture)))
    pairs.append(("revision", str(configuration.revision)))
    if document is not None and document.board_name:
        pairs.append(("board", _text(document.board_name)))
    parts = ["".join(_lines(pairs + _scalars(cell))), _sections(cell, called)]
    if cell.console != Console():
        parts.append("[console]\n" + "".join(_lines(_console(cell.console))))
    if system is not None:
        parts.append("[system]\n" + _system(system))
    return "\n".join(part for part in parts if part)


def _scalars(cell: Cell) -> Pairs:
    pairs: Pairs = [("cpus", _numbers(cell.cpus))]
    if cell.cpu_set_size != Cell().cpu_set_size:
        pairs.append(("cpu_set_size", str(cell.cpu_set_size)))
    pairs += _flags("flags", cell.flags, names.CELL_FLAGS)
    pairs += _if("id", cell.id, str(cell.id))
    pairs += _if("vpci_irq_base", cell.vpci_irq_base, str(cell.vpci_irq_base))
    pairs += _if("cpu_reset_address", cell.cpu_reset_address, _hex(cell.cpu_reset_address))
    pairs += _if("msg_reply_timeout", cell.msg_reply_timeout, _decimal(cell.msg_reply_timeout))
    if cell.stream_ids:
        pairs.append(("stream_ids", f"[{', '.join(map(_hex, cell.stream_ids))}]"))
    return pairs


def _sections(cell: Cell, called: tuple[str, ...]) -> str:
    calls = called + ("",) * (len(cell.memory) - len(called))
    rows = {
        "memory": [_memory(*pair) for pair in zip(cell.memory, calls, strict=True)],
        "caches": [
            _any(one, {"type": names.CACHE_TYPES}, {"flags": names.CACHE_FLAGS})
            for one in cell.caches
        ],
        "irqchips": [_irqchip(one) for one in cell.irqchips],
        "pio": [_any(one, {}, {}, always=("base", "length")) for one in cell.pio],
        "pci_devices": [_pci_device(one) for one in cell.pci_devices],
        "pci_capabilities": [
            _any(one, {}, {"flags": names.CAPABILITY_FLAGS}, always=("id",))
            for one in cell.pci_capabilities
        ],
    }
    return "\n".join(
        f"{key} = [\n" + "".join(f"  {_inline(row)},\n" for row in found) + "]\n"
        for key, found in rows.items()
        if found
    )


def _memory(region: Memory, called: str = "") -> Pairs:
    pairs: Pairs = [("name", _text(called))] if called else []
    pairs.append(("phys", _hex(region.phys_start)))
    if region.virt_start != region.phys_start:
        pairs.append(("virt", _hex(region.virt_start)))
    pairs.append(("size", _size(region.size)))
    return pairs + _flags("flags", region.flags, names.MEMORY_FLAGS)


def _irqchip(chip: IrqChip) -> Pairs:
    pairs: Pairs = [("address", _hex(chip.address))]
    pairs += _if("id", chip.id, str(chip.id))
    pairs += _if("pin_base", chip.pin_base != 32, str(chip.pin_base))  # noqa: PLR2004  # the default
    return [*pairs, ("interrupts", _numbers(chip.interrupts()))]


def _pci_device(device: PciDevice) -> Pairs:
    plain = msgspec.structs.replace(device, bdf=0, bar_mask=(0, 0, 0, 0, 0, 0))
    choices = {"type": names.PCI_TYPES, "shmem_protocol": names.SHMEM_PROTOCOLS}
    first, *rest = _any(plain, choices, {"msi_flags": names.MSI_FLAGS}, always=("type",))
    place = [first, ("bdf", _text(format_bdf(device.bdf)))]
    return [*place, *_if("bar_mask", any(device.bar_mask), _bar_mask(device)), *rest]


def _bar_mask(device: PciDevice) -> str:
    for name, masks in names.BAR_MASKS.items():
        if masks == device.bar_mask:
            return _text(name)
    return f"[{', '.join(map(_hex, device.bar_mask))}]"


def _console(console: Console) -> Pairs:
    return _any(
        console, {"type": names.CONSOLE_TYPES}, {"flags": names.CONSOLE_FLAGS}, always=("type",)
    )


def _system(system: System) -> str:
    memory = system.hypervisor_memory
    own: Pairs = [("phys", _hex(memory.phys_start))]
    own += _if("virt", memory.virt_start, _hex(memory.virt_start))
    own += [("size", _size(memory.size)), *_flags("flags", memory.flags, names.MEMORY_FLAGS)]
    pairs: Pairs = _flags("flags", system.flags, names.SYSTEM_FLAGS)
    pairs.append(("hypervisor_memory", _inline(own)))
    if system.debug_console != Console():
        pairs.append(("debug_console", _inline(_console(system.debug_console))))
    pci: Pairs = _if("mmconfig_base", system.pci_mmconfig_base, _hex(system.pci_mmconfig_base))
    pci += _if("end_bus", system.pci_mmconfig_end_bus, str(system.pci_mmconfig_end_bus))
    is_virtual = {1: "true"}.get(system.pci_is_virtual, str(system.pci_is_virtual))
    pci += _if("virtual", system.pci_is_virtual, is_virtual)
    pci += _if("domain", system.pci_domain, str(system.pci_domain))
    pairs += _if("pci", pci, _inline(pci))
    pairs.append(_platform(system.platform))
    if system.iommu_units:
        units = "".join(f"  {_inline(_iommu(unit))},\n" for unit in system.iommu_units)
        pairs.append(("iommu_units", f"[\n{units}]"))
    pairs += _if("root_stamp", any(system.root_stamp), _text(system.root_stamp.hex()))
    return "".join(_lines(pairs))


def _platform(platform: ArmPlatform | X86Platform) -> tuple[str, str]:
    if isinstance(platform, X86Platform):
        return "x86", _inline(_any(platform, {"apic_mode": names.APIC_MODES}, {}))
    pairs: Pairs = [("version", str(platform.gic_version))]
    pairs += _if("maintenance_irq", platform.maintenance_irq, str(platform.maintenance_irq))
    for key, value in msgspec.structs.asdict(platform).items():
        if key.endswith("_base"):
            pairs += _if(key, value, _hex(value))
    return "gic", _inline(pairs)


def _iommu(unit: Iommu) -> Pairs:
    return _any(unit, {"type": names.IOMMU_TYPES}, {}, always=("type",))


def _any(
    value: msgspec.Struct,
    choices: Mapping[str, Mapping[str, int]],
    flags: Mapping[str, Mapping[str, int]],
    always: tuple[str, ...] = (),
) -> Pairs:
    """Return fields that are not 0, in their order; those of `choices` and `flags` by name."""
    pairs: Pairs = []
    for key, number in msgspec.structs.asdict(value).items():
        if key in flags:
            pairs += _flags(key, number, flags[key])
        elif not isinstance(number, int) or (not number and key not in always):
            continue
        elif key in choices:
            pairs.append((key, _choice(number, choices[key])))
        else:
            is_place = any(key.endswith(word) for word in _BIG)
            pairs.append((key, _hex(number) if is_place else _decimal(number)))
    # What is chosen says what the rest means, so it comes first.
    return sorted(pairs, key=lambda pair: pair[0] != "type")


def _flags(key: str, bits: int, known: Mapping[str, int]) -> Pairs:
    words = [_text(name) for name, bit in known.items() if bits & bit == bit]
    rest = bits & ~sum(bit for bit in known.values() if bits & bit == bit)
    if rest:
        words.append(_hex(rest))
    return [(key, f"[{', '.join(words)}]")] if words else []


def _choice(code: int, known: Mapping[str, int]) -> str:
    return next((_text(name) for name, one in known.items() if one == code), str(code))


def _numbers(numbers: Iterable[int]) -> str:
    """Return a list where long runs stand as ``"32-159"``."""
    words: list[str] = []
    for run in runs(numbers):
        if len(run) < _FEW:
            words += map(str, run)
        else:
            words.append(_text(f"{run.start}-{run[-1]}"))
    return f"[{', '.join(words)}]"


def _if(key: str, wanted: object, value: str) -> Pairs:
    return [(key, value)] if wanted else []


def _hex(number: int) -> str:
    return format_address(number) if number <= _TOML_MAX else f'"{number:#x}"'


def _decimal(number: int) -> str:
    return str(number) if number <= _TOML_MAX else f'"{number}"'


def _size(size: int) -> str:
    return f'"{format_size(size)}"' if size else "0"


def _text(text: str) -> str:
    """Return a TOML string. JSON's escapes are TOML's; what a terminal would act on is escaped."""
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in _QUOTED(text))


def _lines(pairs: Pairs) -> list[str]:
    return [f"{key} = {value}\n" for key, value in pairs]


def _inline(pairs: Pairs) -> str:
    return "{ " + ", ".join(f"{key} = {value}" for key, value in pairs) + " }" if pairs else "{}"
