"""What virsh, lkvm, perf and Linux say, from real transcripts; and what is made of their errors."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from hvconsole.board.boot_proof import Evidence, failures
from hvconsole.board.doctor_kvm import look_at_kvm
from hvconsole.board.facts import BoardFacts
from hvconsole.commands.hv_kvm import by_vcpu, causes_text, exits_text
from hvconsole.hypervisor.kvm import document, text
from hvconsole.hypervisor.kvm.command import lkvm, virsh
from hvconsole.hypervisor.kvm.explain import cause_of, explain, no_answer
from hvconsole.hypervisor.kvm.guests import key_of
from hvconsole.hypervisor.kvm.perf import parse_report
from hvconsole.hypervisor.kvm.survey import Constant, make_survey, split
from hvconsole.hypervisor.plan import Step
from hvconsole.hypervisor.rates import exit_rates
from hvconsole.link.protocol import Completed
from hvconsole.model.boot import BootProof
from hvconsole.model.problem import BoardProblem, UsageProblem
from tests.unit import transcripts

UUID = "26aa9b9d-39cb-45da-acce-2d64ff4c2666"
STAT = (
    "416 (CPU 0/KVM) S 1 410 410 0 -1 4194624 900 0 0 0 651 400 0 0 20 0 4 0 8891 1265 35960 "
    "18446744073709551615 1 1 0 0 0 0 268444224 4096 16963 0 0 0 -1 1 0 0 0 0 0 0 0 0 0 0 0 0 0"
)


def lines(command: str) -> list[str]:
    return transcripts.answer("kvm/virsh", command).stdout.splitlines()


def test_a_transcript_as_a_survey() -> None:
    """The board of the transcripts, asked by our script."""
    answers = {
        "online": ["0-1"],
        "memory": ["1000836"],
        "tools": ["/usr/bin/virsh"],
        "device": ["there"],
        "list": [UUID],
        "list =": ["0"],
        f"info {UUID}": lines("virsh dominfo vg1"),
        f"state {UUID}": ["running (booted)"],
        f"stats {UUID}": lines("virsh domstats vg1"),
        f"sched {UUID}": lines("virsh schedinfo vg1 --set cpu_shares=512"),
        f"pin {UUID}": lines("virsh vcpupin vg1 0 1; virsh vcpupin vg1"),
        "thread 410 416": [STAT, "1"],
        "process 410": [UUID],
        "end": [],
    }
    seen = make_survey(answers, Constant("QEMU 7.2.22", "nVHE"))
    guest = seen.guest("vg1")
    assert guest is not None
    assert seen.incomplete == ()
    assert (guest.state, guest.time_s, guest.memory_kib) == ("running", 11.5, 131_072)
    assert guest.values == {
        "cpu_shares": 512,
        "vcpu_period": 100_000,
        "vcpu_quota": -1,
        "nice": 0,
        "fifo": 0,
    }
    assert guest.counters["total"] == guest.counters["vcpu0 total"] == 4415
    assert {name: guest.counters[name] for name in ("wfi", "hvc", "mmio user", "mmio kernel")} == {
        "wfi": 36, "hvc": 34, "mmio user": 1550, "mmio kernel": 489,
    }  # fmt: skip
    assert "signal" in guest.counters
    [vcpu] = guest.vcpus
    assert (vcpu.hard, vcpu.cpu, vcpu.thread, vcpu.time_s) == ({1}, 1, 416, 11.22)
    assert (guest.cpus, seen.pools[0].cpus, seen.guests[0].role) == ({1}, {0, 1}, "control")


def test_an_old_qemus_counters_come_from_debugfs() -> None:
    told = [
        "/sys/kernel/debug/kvm/410-11/exits:6103",
        "/sys/kernel/debug/kvm/410-11/wfi_exit_stat:631",
        "/sys/kernel/debug/kvm/410-12/exits:1",
        "/sys/kernel/debug/kvm/410-11/vgic-state:Distributor",
    ]
    counters = text.debug_counters(told)
    assert counters == {410: {"exits": 6104, "wfi_exit_stat": 631}}
    assert text.exit_counters(counters[410]) == {"total": 6104, "wfi": 631}


def test_lkvms_list() -> None:
    listed = [one for one in transcripts.read("kvm/lkvm") if one.command == "lkvm list"]
    rows = [text.lkvm_rows(one.stdout.splitlines()) for one in listed]
    assert rows[:2] == [[], [text.LkvmRow(226, "busy1", "running")]]
    wide = f"{7:6} {'a name of two words, longer than its column':<20} shut off"
    assert text.lkvm_rows([wide]) == [
        text.LkvmRow(7, "a name of two words, longer than its column", "shut off")
    ]


def test_a_thread() -> None:
    one = text.thread("410", "416", [STAT, "0-1"])
    assert one is not None
    assert (one.vcpu, one.cpu, one.nice, one.policy, one.priority) == (0, 1, 0, "OTHER", 0)
    assert one.allowed == {0, 1}
    fifo = STAT.replace("CPU 0/KVM", "kvm-vcpu-3").replace("-1 1 0 0 0", "-1 0 50 1 0")
    other = text.thread("226", "232", [fifo])
    assert other is not None
    assert (other.vcpu, other.policy, other.priority) == (3, "FIFO", 50)
    assert text.thread("1", "2", [STAT.replace("CPU 0/KVM", "CPU 0/KVM) x (qemu")]) is None


@pytest.mark.parametrize(
    ("command", "cause", "fix"),
    [
        ("virsh dominfo nosuch", "the domain is gone", "list"),
        ("virsh resume vg1; virsh resume vg1", "it is not paused", ""),
        ("virsh vcpupin vg1 0 9", "the board has no such CPU", "list"),
        ("virsh vcpupin vg1 7 0", "no such vCPU", "list"),
        ("virsh start vg1", "it runs already", "stop"),
        ("virsh frobnicate", "", ""),
        ("virsh -c qemu:///system list --all", "libvirtd does not answer", "systemctl start"),
        (
            "mv /dev/kvm /dev/kvm.no; virsh start vg1; echo rc=$?; mv /dev/kvm.no /dev/kvm",
            "cannot open /dev/kvm",
            "group kvm",
        ),
    ],
)
def test_the_transcripts_errors_have_cause_and_fix(command: str, cause: str, fix: str) -> None:
    told = [one for one in transcripts.read("kvm/virsh") if one.command == command]
    entry = next(one for one in told if "error:" in one.stderr)
    found, hint = cause_of(entry.stderr)
    assert cause in found
    assert fix in hint
    done = Completed(("virsh",), entry.status, entry.stdout.encode(), entry.stderr.encode())
    problem = explain(Step(about="try", argv=virsh("x")), done)
    assert "error: " in problem.detail
    assert problem.title.startswith("could not try: ")


def test_the_second_destroy_in_a_transcript() -> None:
    second = [one for one in transcripts.read("kvm/virsh") if one.command == "virsh destroy vg1"][1]
    assert cause_of(second.stderr) == ("the domain is shut off", "start it first")


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (("error: Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or "
         "directory"), "libvirtd does not answer"),
        (("error: failed to connect to the hypervisor\nerror: authentication unavailable: no "
         "polkit agent available to authenticate"), "does not let us in"),
        ("error: Operation not supported: cpu hotplug is not supported", "while it runs"),
        (("error: unsupported configuration: failed to find appropriate hotpluggable vcpus to "
         "reach the desired target vcpu count"), "while it runs"),
        (("error: unsupported configuration: Emulator '/usr/bin/qemu-system-aarch64' does not "
         "support virt type 'kvm'"), "cannot run this guest"),
        ("error: (domain_definition):1: Start tag expected, '<' not found", "take the XML"),
        ("error: Cannot access storage file '/x.img': No such file or directory", "not on the"),
        ("env: 'timeout': No such file or directory", "not on the board"),
        ("  Fatal: Failed locating instance", "lkvm knows no such guest"),
        ("error: invalid argument: value of '9' is out of range [1, 8]", "board's range"),
    ],
)  # fmt: skip
def test_other_words_of_libvirt(said: str, cause: str) -> None:
    assert cause in cause_of(said)[0]


def test_a_command_that_was_ended_is_said_to_have_hung() -> None:
    ended = Completed((), 124, b"", b"")
    assert (
        "lkvm did not come back"
        in explain(Step(about="pause", argv=lkvm("pause", "b")), ended).title
    )
    assert "did not answer in time" in explain(Step(about="x", argv=virsh("x")), ended).title
    assert "did not answer in time" in no_answer("", 124).title


def test_every_command_ends_by_itself_and_says_which_libvirtd() -> None:
    for argv in (virsh("list"), lkvm("list", "b")):
        assert argv[:5] == ("env", "LC_ALL=C", "timeout", "-k", "5")
        assert int(argv[5]) <= 120
    assert virsh("list")[6:9] == ("virsh", "-c", "qemu:///system")


@pytest.mark.parametrize("name", ["7", "", "-x", "a b", "d" * 32, UUID, "ü", "x/y", "x" * 65])
def test_what_could_be_taken_for_something_else_goes_by_uuid(name: str) -> None:
    assert key_of(name, UUID) == UUID


def test_perfs_report() -> None:
    [entry] = [one for one in transcripts.read("kvm/perf") if "stat report" in one.command]
    _, _, report = entry.stdout.partition("Analyze events")
    causes = parse_report(f"m record\nm report\n{report}\nm end\n", "m")
    assert [(one.name, one.samples, one.time_share) for one in causes] == [
        ("IRQ", 26, 59.7),
        ("WFx", 20, 24.97),
        ("DABT_LOW", 48, 15.33),
    ]
    assert (causes[0].low_us, causes[0].high_us, causes[0].mean_us) == (141.5, 4253.79, 1797.77)
    assert "1,797.8 µs" in causes_text(causes)
    with pytest.raises(BoardProblem, match="perf is not on the board"):
        parse_report("m none\n", "m")
    with pytest.raises(BoardProblem, match="perf told no exits") as caught:
        parse_report("m record\nError: no permission\nm report\n\nm end\n", "m")
    assert "no permission" in caught.value.detail


def test_exits_a_second_by_vcpu() -> None:
    def look(exits: int) -> list[str]:
        return ["vcpu.current=1", f"vcpu.0.exits.sum={exits}", f"vcpu.0.wfi_exit_stat.sum={exits}"]

    def seen(exits: int) -> dict[str, list[str]]:
        return {
            "online": ["0"], "tools": ["/bin/virsh"], "list =": ["0"], "end": [],
            f"info {UUID}": ["Name: vg1"], f"stats {UUID}": look(exits),
        }  # fmt: skip

    before, after = (make_survey(seen(count), Constant()) for count in (100, 350))
    rates = exit_rates(before, after, 2.5)
    assert by_vcpu(rates["vg1"]) == [("vcpu0", {"total": 100.0, "wfi": 100.0})]
    shown = exits_text(after, ["vg1"], rates, 2.5)
    assert "vg1    0     100.0    100.0  350" in shown


def test_a_document_is_read_and_renamed() -> None:
    xml = (
        b"<!-- <name>no</name> --><domain type='kvm'>\n <uuid>x</uuid><metadata><name>m</name>"
        b"</metadata><name > old </name><os><kernel>/k</kernel></os></domain>"
    )
    one = document.read(xml, "f")
    assert (one.name, one.kind, one.files, one.content) == ("old", "kvm", ("/k",), xml)
    two = document.read(xml, "f", name="new")
    assert b"<name>new</name>" in two.content
    assert b"<uuid>" not in two.content
    assert b"<metadata><name>m</name>" in two.content
    assert document.read(two.content, "f").name == "new"


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        (b"", "is no XML"),
        (b"name = 'busy'", "is no XML"),
        (b"<network><name>x</name></network>", "no domain's XML"),
        (b"<domain type='kvm'/>", "names no domain"),
        (b"<!DOCTYPE d [<!ENTITY a 'b'>]><domain><name>&a;</name></domain>", "document type"),
        (b"<domain>" + b" " * document.MOST_BYTES, "too large"),
    ],
)
def test_what_is_no_domain_is_refused(xml: bytes, said: str) -> None:
    with pytest.raises(UsageProblem, match=said):
        document.read(xml, "f")


@given(st.text(max_size=300), st.sampled_from(["stats", "sched", "pin", "state", "emulator"]))
def test_no_answer_is_an_error(said: str, what: str) -> None:
    answers = split(f"m online\n0-1\nm info {UUID}\nName: x\nm {what} {UUID}\n{said}\nm end\n", "m")
    make_survey(answers, Constant())


@given(st.lists(st.text(max_size=120), max_size=4))
def test_no_thread_is_an_error(said: list[str]) -> None:
    text.thread("1", "2", said)
    text.lkvm_rows(said)
    text.debug_counters(said)


def test_a_boot_into_kvm_is_proven_by_its_device() -> None:
    wanted = BootProof(hypervisor="kvm")
    assert failures(wanted, Evidence(kvm=True)) == []
    assert failures(wanted, Evidence()) == ["wanted Linux with KVM, seen: no /dev/kvm"]
    assert "under xen" in failures(wanted, Evidence(hypervisor="xen", kvm=True))[0]
    assert dict(Evidence(kvm=True).as_pairs())["hypervisor"] == "none, with KVM"


class Answering:
    """A link on which every command ends in the same way."""

    def __init__(self, status: int, out: bytes = b"", error: bytes = b"") -> None:
        self._done = Completed((), status, out, error)

    async def run(self, *_: object, **__: object) -> Completed:
        return self._done


@pytest.mark.parametrize(
    ("link", "state", "why"),
    [
        (Answering(0, b"vg1\nother\n\n"), "ok", "2 domains"),
        (Answering(127, error=b"env: virsh: No such file"), "skipped", "virsh is not"),
        (Answering(1, error=b"error: failed to connect\x1b[2J"), "warning", "failed to connect"),
    ],
)
async def test_the_doctor_says_whether_guests_can_be_managed(
    link: Answering, state: str, why: str
) -> None:
    found = await look_at_kvm(link, BoardFacts(kvm=True), sudo=False)
    assert found[0] == state
    assert why in found[1]
    assert "\x1b" not in found[1]
    assert (await look_at_kvm(link, BoardFacts(), sudo=False))[0] == "skipped"
