"""virsh, lkvm, renice, chrt and taskset of a board that plays by a script: run as programs.

Which of them is meant is told by the name that this is called by; the board's state lies in the
file that KVM_BOARD names. Answers and errors are those of libvirt 9.0 and kvmtool 3.18, as the
transcripts have them. Imports nothing but Python's own library: it starts hundreds of times.
"""

import json
import os
import re
import shlex
import sys
from pathlib import Path

NO_QUOTA = 17592186044415
CPUS = 2


class RefusedError(Exception):
    """What virsh says after ``error: ``."""


def say(*words):
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def complain(line):
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def mask(text):
    cpus = set()
    for part in text.split(","):
        low, _, high = part.partition("-")
        cpus.update(range(int(low), int(high or low) + 1))
    if max(cpus) >= CPUS:
        raise RefusedError(f"CPU {max(cpus)} in cpulist '{text}' exceed the maxcpu {CPUS}")
    return ",".join(map(str, sorted(cpus)))


class Virsh:
    def __init__(self, board):
        self.board = board
        self.failed = False

    def run(self, words):
        if words[:2] != ["-c", "qemu:///system"]:
            return 0  # another user's: an empty list
        if self.board.get("down"):
            complain("error: failed to connect to the hypervisor")
            complain(f"error: {self.board['down']}")
            return 1
        words = words[2:]
        lines = [words] if len(words) > 1 else [shlex.split(one) for one in words[0].split(";")]
        for line in lines:
            self.one(line[0], line[1:])
        return int(self.failed)

    def one(self, name, words):
        self.failed = False
        try:
            self.find_command(name)(*words)
        except RefusedError as refused:
            self.failed = True
            say()
            for line in str(refused).splitlines():
                complain(f"error: {line}")
        else:
            if name != "echo":
                say()

    def find_command(self, name):
        found = getattr(self, f"do_{name}", None)
        if found is None:
            raise RefusedError(f"unknown command: '{name}'")
        return found

    def find(self, key):
        for one in self.board["domains"]:
            if key in {str(one["id"]), one["uuid"], one["name"]}:
                return one
        raise RefusedError(f"failed to get domain '{key}'")

    def active(self, key, before):
        one = self.find(key)
        if one["state"] == "shut off":
            raise RefusedError(f"{before}\nRequested operation is not valid: domain is not running")
        return one

    def do_echo(self, *words):
        say(*words)

    def do_list(self, *words):
        assert words == ("--all", "--uuid"), words
        for one in self.board["domains"]:
            say(one["uuid"])

    def do_version(self):
        say("Compiled against library: libvirt 9.0.0\nUsing library: libvirt 9.0.0")
        say("Using API: QEMU 9.0.0\nRunning hypervisor: QEMU 7.2.22")

    def do_dominfo(self, key):
        one = self.find(key)
        live = one["state"] != "shut off"
        say(f"{'Id:':<15} {one['id'] if live else '-'}")
        say(f"{'Name:':<15} {one['name']}\n{'UUID:':<15} {one['uuid']}\n{'OS Type:':<15} hvm")
        say(f"{'State:':<15} {one['state']}\n{'CPU(s):':<15} {one['vcpus']}")
        if live:
            say(f"{'CPU time:':<15} 11.5s")
        say(f"{'Max memory:':<15} 131072 KiB\n{'Used memory:':<15} 131072 KiB")

    def do_domstate(self, key, *_):
        one = self.find(key)
        say(one["state"] + (f" ({one['reason']})" if _ else ""))

    def do_domstats(self, key, *_):
        one = self.find(key)
        live = one["state"] != "shut off"
        say(f"Domain: '{one['name']}'\n  state.state={1 if live else 5}\n  state.reason=1")
        say(f"  vcpu.current={one['vcpus']}\n  vcpu.maximum={one['maximum']}")
        for vcpu in range(one["vcpus"] if live else 0):
            self.board["clock"] += 100
            say(f"  vcpu.{vcpu}.state=1\n  vcpu.{vcpu}.time=11220000000")
            say(f"  vcpu.{vcpu}.hvc_exit_stat.sum=34\n  vcpu.{vcpu}.halt_wait_ns.sum=4002795312")
            say(f"  vcpu.{vcpu}.exits.sum={4415 + self.board['clock']}")
            say(f"  vcpu.{vcpu}.wfi_exit_stat.sum={36 + self.board['clock'] // 2}")
            say(f"  vcpu.{vcpu}.mmio_exit_user.sum=1550\n  vcpu.{vcpu}.blocking.cur=no")

    def do_schedinfo(self, key, *words):
        one = self.find(key)
        for word in words:
            if "=" not in word:
                continue
            name, _, value = word.partition("=")
            if name == "cpu_shares" and not 1 <= int(value) <= 10000:
                raise RefusedError(
                    f"invalid argument: value of '{value}' is out of range [1, 10000]"
                )
            number = NO_QUOTA if name == "vcpu_quota" and int(value) < 0 else int(value)
            if not self.board.get("lies"):
                one["sched"][name] = number
        say("Scheduler      : posix")
        for name, value in one["sched"].items():
            say(f"{name:<15}: {value}")

    def do_vcpupin(self, key, vcpu=None, cpus=None, *_):
        one = self.find(key)
        if vcpu is None:
            say(" VCPU   CPU Affinity\n----------------------")
            for index in range(one["maximum"]):
                say(f" {index}      {one['pins'].get(str(index), '0-1')}")
            return
        if int(vcpu) >= one["maximum"]:
            raise RefusedError(
                f"invalid argument: vcpu {vcpu} is out of range of live cpu count {one['vcpus']}"
            )
        one["pins"][vcpu] = mask(cpus)

    def do_emulatorpin(self, key):
        say("emulator: CPU Affinity\n----------------------------------")
        say(f"       *: {self.find(key).get('emulator', '0-1')}")

    def do_define(self, path):
        text = Path(path).read_text()
        if "<nosense" in text:
            raise RefusedError(f"Failed to define domain from {path}\nXML error: nosense")
        name = re.search("<name>(.*)</name>", text)[1]
        same = [one for one in self.board["domains"] if one["name"] == name]
        assert not same, "defined again without a word"
        self.board["made"] += 1
        vcpus = int(re.search("<vcpu>(.*)</vcpu>", text)[1])
        self.board["domains"].append(domain(name, self.board["made"], vcpus))
        say(f"Domain '{name}' defined from {path}")

    def do_undefine(self, key):
        one = self.find(key)
        self.board["domains"].remove(one)
        say(f"Domain '{key}' has been undefined")

    def do_start(self, key):
        one = self.find(key)
        if one["state"] != "shut off":
            raise RefusedError("Domain is already active")
        if self.board.get("no_kvm"):
            raise RefusedError(
                f"Failed to start domain '{key}'\nunsupported configuration: Domain requires KVM, "
                "but it is not available. Check that virtualization is enabled in the host BIOS, "
                "and host configuration is setup to load the kvm modules."
            )
        self.board["ids"] += 1
        one.update(id=self.board["ids"], state="running", reason="booted")
        one["threads"] = [new_thread(self.board) for _ in range(one["vcpus"])]
        say(f"Domain '{key}' started")

    def off(self, one, reason):
        one.update(id=-1, state="shut off", reason=reason, threads=[])

    def do_shutdown(self, key):
        one = self.active(key, f"Failed to shutdown domain '{key}'")
        if not one.get("deaf"):
            self.off(one, "shutdown")
        say(f"Domain '{key}' is being shutdown")

    def do_reboot(self, key):
        self.active(key, f"Failed to reboot domain '{key}'")
        say(f"Domain '{key}' is being rebooted")

    def do_destroy(self, key):
        self.off(self.active(key, f"Failed to destroy domain '{key}'"), "destroyed")
        say(f"Domain '{key}' destroyed")

    def do_suspend(self, key):
        one = self.active(key, f"Failed to suspend domain '{key}'")
        if not self.board.get("lies"):
            one.update(state="paused", reason="user")
        say(f"Domain '{key}' suspended")

    def do_resume(self, key):
        one = self.active(key, f"Failed to resume domain '{key}'")
        if one["state"] == "running":
            raise RefusedError(
                f"Failed to resume domain '{key}'\n"
                "Requested operation is not valid: domain is already running"
            )
        one.update(state="running", reason="unpaused")
        say(f"Domain '{key}' resumed")

    def do_setvcpus(self, key, count, mode):
        if mode == "--live":
            raise RefusedError("Operation not supported: cpu hotplug is not supported")
        self.find(key)["vcpus"] = int(count)


def domain(name, number, vcpus=1):
    """Return a domain that is shut off."""
    return {
        "name": name,
        "uuid": f"26aa9b9d-39cb-45da-acce-{number:012x}",
        "id": -1,
        "state": "shut off",
        "reason": "unknown",
        "vcpus": vcpus,
        "maximum": vcpus,
        "sched": {"cpu_shares": 100, "vcpu_period": 100000, "vcpu_quota": NO_QUOTA,
                  "emulator_period": 100000, "emulator_quota": NO_QUOTA},
        "pins": {},
        "threads": [],
    }  # fmt: skip


def new_thread(board):
    """Return a vCPU's thread; its number is above all that Linux gives away."""
    board["tids"] += 1
    return {"tid": board["tids"], "nice": 0, "fifo": 0, "allowed": "0-1"}


def threads(board):
    """Yield each vCPU's thread with its name, its process and the domain's UUID."""
    for one in board["domains"]:
        for index, thread in enumerate(one["threads"]):
            yield thread, f"CPU {index}/KVM", one["threads"][0]["tid"] - 1, one["uuid"]
    for one in board["lkvm"]:
        yield one["thread"], "kvm-vcpu-0", one["pid"], ""


def find_thread(board, tid):
    found = [thread for thread, *_ in threads(board) if str(thread["tid"]) == tid]
    if not found:
        sys.exit(f"failed: No such process ({tid})")
    return found[0]


def lkvm(board, words):
    if words == ["list"]:
        say(f"{'PID':>6} {'NAME':<20} STATE\n" + "-" * 36)
        for one in board["lkvm"]:
            say(f"{one['pid']:6} {one['name']:<20} {one['state']}")
        return 0
    what, _, name = words
    found = [one for one in board["lkvm"] if one["name"] == name]
    if not found:
        complain("  Fatal: Failed locating instance")
        return 128
    if what == "stop":
        board["lkvm"].remove(found[0])
    else:
        found[0]["state"] = {"pause": "paused", "resume": "running"}[what]
    return 0


def main():
    place = Path(os.environ["KVM_BOARD"])
    board = json.loads(place.read_text())
    name, words = Path(sys.argv[0]).name, sys.argv[1:]
    board["said"].append([name, *words])
    status = 0
    if name == "virsh":
        status = Virsh(board).run(words)
    elif name == "lkvm":
        status = lkvm(board, words)
    elif name == "renice":
        find_thread(board, words[-1])["nice"] = int(words[1])
    elif name == "chrt":
        find_thread(board, words[-1])["fifo"] = int(words[-2]) if words[0] == "-f" else 0
    elif name == "taskset":
        find_thread(board, words[-1])["allowed"] = words[2]
    elif name == "cat":
        tid = re.fullmatch(r"/proc/(\d+)/comm", words[0])[1]
        say(next((comm for one, comm, *_ in threads(board) if str(one["tid"]) == tid), ""))
    # In one step: a test may be reading it.
    new = place.with_name(f"{place.name}.{os.getpid()}")
    new.write_text(json.dumps(board))
    new.replace(place)
    sys.exit(status)


if __name__ == "__main__":
    main()
