"""What Xvisor v0.3.2 prints of itself: its commands, their usages, its version and its banner."""

from __future__ import annotations

from typing import Final

VERSION: Final = "Xvisor v0.3.2-56-g8713a802 (Nov 23 2026 07:10:35)"
PROMPT: Final = "XVisor# "
BANNER: Final = (
    r"",
    r"ooooooo  ooooo oooooo     oooo ooooo  .oooooo..o   .oooooo.   ooooooooo.  ",
    r" `8888    d8'   `888.     .8'  `888' d8P'    `Y8  d8P'  `Y8b  `888   `Y88.",
    r"   Y888..8P      `888.   .8'    888  Y88bo.      888      888  888   .d88'",
    r"    `8888'        `888. .8'     888    `Y8888o.  888      888  888ooo88P' ",
    r"   .8PY888.        `888.8'      888        `Y88b 888      888  888`88b.   ",
    r"  d8'  `888b        `888'       888  oo     .d8P `88b    d88'  888  `88b. ",
    r"o888o  o88888o       `8'       o888o 8''88888P'   `Y8bood8P'  o888o  o888o",
    r"",
    r"",
)
COMMANDS: Final = {
    "help": "displays list of all commands",
    "vsdaemon": "commands for vserial daemons",
    "mii": "MII-tool commands",
    "net": "network commands",
    "i2c": "control commands for i2c devices",
    "rbd": "ram backed block device commands",
    "fb": "frame buffer commands",
    "gpio": "Interact with GPIOs",
    "input": "input device commands",
    "clk": "clk commands",
    "vscreen": "virtual screen commands",
    "vinput": "virtual input device commands",
    "vdisplay": "virtual display commands",
    "vdisk": "virtual disk commands",
    "vmsg": "virtual messaging commands",
    "module": "module related commands",
    "wallclock": "wall-clock commands",
    "heap": "show heap status",
    "stdio": "standard I/O configuration",
    "chardev": "character device commands",
    "thread": "control commands for threads",
    "shmem": "shared memory commands",
    "memory": "memory manipulation commands",
    "guest": "control commands for guest",
    "vcpu": "control commands for vcpu",
    "devtree": "traverse the device tree",
    "iommu": "iommu commands",
    "host": "host information",
    "shutdown": "shutdown hypervisor",
    "reset": "reset hypervisor",
    "echo": "Echo given message on standard output",
    "sleep": "Make the terminal thread sleep for given time",
    "version": "show version of hypervisor",
    "vserial": "virtual serial port commands",
    "blockdev": "block device commands",
    "rtcdev": "rtc device commands",
    "vfs": "vfs related commands",
}
"""Each command's line in ``help``, in its order."""

_USAGES: Final = {
    "guest": """\
help
list
create  <guest_name>
destroy <guest_name>
reset   <guest_name>
kick    <guest_name>
pause   <guest_name>
resume  <guest_name>
halt    <guest_name>
dumpmem <guest_name> <gphys_addr> [mem_sz]
region_list <guest_name>
region  <guest_name> <gphys_addr>
""",
    "vcpu": """\
help
list
orphan_list
normal_list
monitor [<output_chardev_name>]
reset   <vcpu_id>
kick    <vcpu_id>
pause   <vcpu_id>
resume  <vcpu_id>
halt    <vcpu_id>
set_hcpu <vcpu_id> <hcpu>
set_affinity <vcpu_id> <hcpu0> <hcpu1> <hcpu2> ...
dumpreg <vcpu_id>
dumpstat <vcpu_id>
""",
    "vserial": """\
bind <name>
dump <name> [<byte_count>]
help
list
""",
    "host": """\
help
info
cpu info
cpu poke [<hcpu>]
cpu stats
irq stats
irq set_affinity <hirq> <hcpu>
extirq stats
aspace info
ram info
ram bitmap [<column count>]
ram reserve <physaddr> <size>
vapool info
vapool state
vapool bitmap [<column count>]
pagepool info
pagepool state
resources
bus_list
bus_device_list <bus_name>
class_list
class_device_list <class_name>
""",
    "thread": "help\nlist\n",
    "stdio": """\
help
device
change_device <chardev_name>
loglevel
change_loglevel <loglevel>
""",
    "net": """\
help
policy list
switch list
switch create <policy_name> <switch_name> ...
switch destroy <switch_name>
port list
""",
    "vfs": """\
help
fslist
mplist
mount <bdev_name> <path_to_mount> [wait_sec]
umount <path_to_unmount>
ls <path_to_dir>
cat <path_to_file>
run <path_to_file>
guest_load_list <guest_name> <path_to_list_file>
""",
    "wallclock": "help\nget_time\nset_time <hh> <mm> <ss> <dd> <mm> <yyyy>\nget_timezone\n",
    "heap": "help\ninfo\nstate\ndma_info\ndma_state\n",
    "chardev": "help\nlist\n",
    "shmem": "help\nlist\n",
}
_VSDAEMON: Final = """\
   vsdaemon help
   vsdaemon transport_list
   vsdaemon list
   vsdaemon create <transport_name> <vserial_name> <daemon_name> ...
      vsdaemon create mterm <vserial_name> <daemon_name>
      vsdaemon create chardev <vserial_name> <daemon_name> <chardev_name>
      vsdaemon create telnet <vserial_name> <daemon_name> <port_number>
   vsdaemon destroy <daemon_name>
"""
_GUEST_NOTE: Final = "Note:\n   <guest_name> = node name under /guests device tree node\n"


def usage(command: str) -> str:
    """Return what a command prints about itself, ``Usage:`` and its lines."""
    if command == "vsdaemon":
        return f"Usage:\n{_VSDAEMON}"
    words = _USAGES.get(command, "help\n").splitlines()
    lines = "".join(f"   {command} {line}\n" for line in words)
    return f"Usage:\n{lines}" + (_GUEST_NOTE if command == "guest" else "")


def listed(head: str, rows: list[str], dashes: int = 79) -> str:
    """Return a list as Xvisor prints it: a head and rows between rules."""
    rule = "-" * dashes
    return "".join(f"{line}\n" for line in (rule, head, rule, *rows, rule))
