"""`xl help`, and what xl says to a command it does not know."""

from __future__ import annotations

from typing import Final

TEXT: Final = {
    "create": "Create a domain from config file <filename>",
    "list": "List information about all/some domains",
    "destroy": "Terminate a domain immediately",
    "shutdown": "Issue a shutdown signal to a domain",
    "reboot": "Issue a reboot signal to a domain",
    "pause": "Pause execution of a domain",
    "unpause": "Unpause a paused domain",
    "console": "Attach to domain's console",
    "rename": "Rename a domain",
    "mem-max": "Set the maximum amount reservation for a domain",
    "mem-set": "Set the current memory usage for a domain",
    "vcpu-list": "List the VCPUs for all/some domains",
    "vcpu-pin": "Set which CPUs a VCPU can use",
    "vcpu-set": "Set the number of active VCPUs allowed for the domain",
    "sched-credit": "Get/set credit scheduler parameters",
    "sched-credit2": "Get/set credit2 scheduler parameters",
    "sched-rtds": "Get/set rtds scheduler parameters",
    "domid": "Convert a domain name to domain id",
    "domname": "Convert a domain id to domain name",
    "info": "Get information about Xen host",
    "uptime": "Print uptime for all/some domains",
    "dmesg": "Read and/or clear dmesg buffer",
    "debug-keys": "Send debug keys to Xen",
    "cpupool-create": "Create a new CPU pool",
    "cpupool-list": "List CPU pools on host",
    "cpupool-destroy": "Deactivates a CPU pool",
    "cpupool-rename": "Renames a CPU pool",
    "cpupool-cpu-add": "Adds a CPU to a CPU pool",
    "cpupool-cpu-remove": "Removes a CPU from a CPU pool",
    "cpupool-migrate": "Moves a domain into a CPU pool",
    "cpupool-numa-split": "Splits up the machine into one CPU pool per NUMA node",
}


def everything() -> str:
    """Return the list of commands."""
    rows = "".join(f" {name:<19} {about}\n" for name, about in TEXT.items())
    return (
        "Usage xl [-vfNtT] <subcommand> [args]\n\nxl full list of subcommands:\n\n"
        f"{rows}\n<domain> can either be the Domain Name or Id.\n"
        "For more help on 'xl' see the xl(1) man page.\n"
        "For more help on 'xl create' see the xl.cfg(5) man page.\n"
    )


def of(name: str) -> str:
    """Return one command's help."""
    return f"Usage: xl [-vfNtT] {name} [options] <arguments>\n\n{TEXT[name]}.\n\n"
