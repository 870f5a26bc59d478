"""A guest's memory, as ``guest region`` and ``guest dumpmem`` show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hvconsole.sim.hypervisor.xvisor.core import FAILED

if TYPE_CHECKING:
    from hvconsole.sim.hypervisor.xvisor.call import Call
    from hvconsole.sim.hypervisor.xvisor.guest import Guest

_RAM: Final = 0x40000000
_RAM_SIZE: Final = 128 << 20
_HOST: Final = 0x46000000
_MAP: Final = 2 << 20
_LINE: Final = 16
_MOST: Final = 1 << 16


def region(call: Call, guest: Guest, where: str) -> int:
    """Print the region around an address; only that of memory is known here."""
    address = address_of(where)
    if not _RAM <= address < _RAM + _RAM_SIZE:
        call.out(f"Region not found for guest physical address 0x{address:x}\n")
        return FAILED
    first = _HOST + guest.number * _RAM_SIZE
    facts = {
        "Region node name": "mem0",
        "Region guest physical address": f"0x{_RAM:016X}",
        "Region alias physical address": f"0x{_RAM:016X}",
        "Region physical size": f"{_RAM_SIZE >> 20} MB",
        "Region flags": "0x00001169",
        "Region align order": "21",
        "Region map order": "21",
        "Region maps count": str(_RAM_SIZE // _MAP),
        "Region mappings": "",
    }
    for name, value in facts.items():
        call.out(f"{name:<29}:{f' {value}' if value else ''}\n")
    for at in range(0, _RAM_SIZE, _MAP):
        call.out(f"\t0x{_RAM + at:016X} => 0x{first + at:016X} ({_MAP >> 20} MB)\n")
    call.out("\n")
    return 0


def dump_memory(call: Call, guest: Guest, where: str, size: str) -> int:
    """Print memory in lines of 16 bytes; it holds nothing here."""
    begin = address_of(where)
    count = min(-(-address_of(size) // _LINE) * _LINE, _MOST)
    if not _RAM <= begin <= begin + count <= _RAM + _RAM_SIZE:
        return FAILED
    call.out(f"{guest.name} physical memory 0x{begin:016x} - 0x{begin + count:016x}:\n")
    for at in range(begin, begin + count, _LINE):
        call.out(f"0x{at:016x}: {' '.join(['00000000'] * 4)}\n")
    return 0


def address_of(text: str) -> int:
    """Read an address as C's strtoull does with any base; what is none is 0."""
    try:
        return int(text, 0) & ((1 << 64) - 1)
    except ValueError:
        return 0
