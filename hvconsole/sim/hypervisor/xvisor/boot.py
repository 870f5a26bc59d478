"""What Xvisor says while it boots."""

from __future__ import annotations

from typing import Final

from hvconsole.sim.hypervisor.xvisor.place import Place
from hvconsole.sim.hypervisor.xvisor.texts import VERSION

_EARLY_END: Final = "\r\r\n"
_END: Final = "\r\n"
# Until standard I/O is set up an early console prints, which ends lines in its own way.
_FIRST: Final = "standard I/O"
_INITS: Final = (
    "heap management",
    "device tree",
    "device tree reserved-memory",
    "DMA heap management",
    "CPU nascent",
    "PSCI v1.0 detected in firmware.",
    "board nascent",
    "nascent funtions",
    "page pool",
    "exception table",
    "discover secondary CPUs",
    "per-CPU areas",
    "CPU hotplug",
    "host irq subsystem",
    "CPU early",
    "board early",
    "early funtions",
    "standard I/O",
    "clocksource manager",
    "clockchip manager",
    "hypervisor timer",
    "hypervisor soft delay",
    "hypervisor shared memory",
    "hypervisor manager",
    "synchronus inter-processor interrupts",
    "hypervisor scheduler",
    "asynchronus inter-processor interrupts",
    "hypervisor threads",
    "workqueue framework",
    "wallclock subsystem",
    "start secondary CPUs",
    "command manager",
    "device driver framework",
    "device emulation framework",
    "character device framework",
    "iommu framework",
    "hypervisor modules",
)


def boot_log(place: Place, cpus: int) -> list[str]:
    """Return the lines up to the first boot command, with their ends."""
    begin, size = place.ram
    early = [
        "",
        VERSION,
        "",
        "INIT: host address space",
        "INIT: vapool: base=0x10000000 size=67108864",
        "INIT: vapool: hkbase=0x10295000 hksize=262144",
        f"INIT: ram: bank0 phys=0x{begin:016X} size={size}",
        "INIT: ram: bank0 hkbase=0x102D5000 hksize=32768",
        f"INIT: ram_reserve: phys=0x{begin + 0x10000:016X} size=1658880",
        f"INIT: ram_reserve: phys=0x{begin + 0x2A5000:016X} size=622592",
        f"INIT: ram_reserve: phys=0x{begin + 0x1A5000:016X} size=1048576",
        "INIT: vapool_reserve: virt=0x10000000 size=3330048",
        f"INIT: ram_reserve: phys=0x{begin + 0x8800000:016X} size=36864",
    ]
    at = _INITS.index(_FIRST) + 1
    early += [f"INIT: {what}" for what in _INITS[:at]]
    late = [
        *(f"INIT: {what}" for what in _INITS[at:]),
        "INFO: pinctrl core: initialized pinctrl subsystem",
        "vgic_v2: hctrl=0x1c84000 vcpu=0x1c86000",
        "vgic_v2: lr_cnt=4 maint_irq=25",
        "vgic: emulator available",
        "INIT: block device framework",
        "INIT: network switch framework",
        "INIT: network port framework",
        f"initrd: RBD created at 0x{begin + 0x8000000:08x} - 0x{begin + 0x8800000:08x}",
        "INIT: CPU final",
        "INIT: board final",
        "INIT: final functions",
        *(f"INIT: CPU{cpu} online" for cpu in range(cpus)),
        f"INIT: brought-up {cpus} CPUs",
        "INIT: freeing init memory 60K",
        f"INIT: change stdio device to {place.stdio}",
        f"INIT: syncup wallclock using {place.rtc}",
        "INIT: bootcmd: vfs mount initrd /",
        "Trying: ext4WARNING: ext4: directory indexing is not available",
        "",
        "Mounted initrd using ext4 at /",
    ]
    return [f"{line}{_EARLY_END}" for line in early] + [f"{line}{_END}" for line in late]
