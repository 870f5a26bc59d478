"""Xvisor's answers as values, and its refusals as cause and fix, on what real boards wrote."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from test_xvisor_terminal import RECORDED, recorded
from xvisor_board import XvisorLine

from hvconsole.board.facts_xvisor import parse
from hvconsole.commands.hv_xvisor import Moment, irq_rates, shares
from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.carry_out import carry_out
from hvconsole.hypervisor.plan import Step
from hvconsole.hypervisor.xvisor import text
from hvconsole.hypervisor.xvisor.document import read
from hvconsole.hypervisor.xvisor.driver import XvisorDriver
from hvconsole.hypervisor.xvisor.explain import cause_of, explain
from hvconsole.hypervisor.xvisor.survey import Known, look
from hvconsole.link.protocol import Completed
from hvconsole.link.xvisor import XvisorLink
from hvconsole.model.problem import BoardProblem, Problem, UsageProblem
from hvconsole.wire.xvisor import Answer, Line, Terminal
from hvconsole.wire.xvisor_command import MAX_COMMAND, command_line


def told(name: str) -> list[tuple[str, Answer]]:
    """Return a recorded session's commands, each with its answer."""
    out: list[tuple[str, Answer]] = []
    command, lines = "", []
    for one in [*Terminal().feed(recorded(name)), Line("XVisor# ")]:
        if not isinstance(one, Line):
            continue
        if one.text.startswith("XVisor# "):
            out.append((command, Answer(tuple(lines))))
            command, lines = one.text.removeprefix("XVisor# "), []
        else:
            lines.append(one.text)
    return out


def said(name: str, command: str) -> list[str]:
    return next(list(answer.lines) for what, answer in told(name) if what == command)


def test_guests_vcpus_and_consoles() -> None:
    guests = text.guests(said("02-basic", "guest list"))
    assert [(one.id, one.name, one.path) for one in guests] == [
        (0, "guest0", "/guests/guest0"),
        (1, "guest1", "/guests/guest1"),
    ]
    rows = text.vcpus(said("02-basic", "vcpu list"))
    assert len(rows) == 19
    assert (rows[6].name, rows[6].state, rows[6].affinity) == ("mterm", "Running", {0, 1})
    assert (rows[15].id, rows[15].cpu, rows[15].prio) == (15, 1, 3)
    normal = text.vcpus(said("08-lifecycle", "vcpu normal_list"))
    assert {one.name for one in normal} == {"guest0/vcpu0", "guest1/vcpu0", "guest1/vcpu1"}
    assert len(text.vcpus(said("08-lifecycle", "vcpu orphan_list"))) == 15
    assert text.ports(said("02-basic", "vserial list"))[:2] == [
        "guest0/uart0",
        "guest0/virtio-con0",
    ]


def test_a_name_wider_than_its_column_is_read_whole() -> None:
    long = "a-guest-with-a-very-long-name"
    row = f" 3      {long} little        /guests/{long}"
    [guest] = text.guests([row])
    assert (guest.name, guest.path) == (long, f"/guests/{long}")
    [spaced] = text.guests([" 3      two words         little        /guests/two words"])
    assert spaced.name == "two words"
    [vcpu] = text.vcpus([f" 107    1      3       Running    {long}/vcpu0 {{0,1}}"])
    assert vcpu.name == f"{long}/vcpu0"


def test_host_and_times() -> None:
    cpus = text.host_cpus(said("06-guestok", "host cpu stats"))
    assert [(one.cpu, one.busy, one.irqs, one.vcpus) for one in cpus] == [
        (0, 26.6, 1.4, 2),
        (1, 24.8, 0.5, 2),
    ]
    irqs = {one.name: one for one in text.irqs(said("02-basic", "host irq stats"))}
    assert irqs["pl011@9000000"].counts == (121, 0)
    assert irqs["gen-hyp-timer"].chip == "GIC"
    one = text.times(said("08-lifecycle", "vcpu dumpstat 15"))
    assert one is not None
    assert (one.name, one.state, one.resets) == ("guest0/vcpu0", "Running", 0)
    assert (one.running, one.ready, one.paused) == (71.278, 0.012, 0.314)
    assert text.seconds("1:02:03:004") == 3723.004
    assert text.seconds("soon") is None
    assert text.times(["Name             : x"]) is None
    version, built = text.version(said("02-basic", "version"))
    assert (version, built) == ("v0.3.2-56-g8713a802", "Nov 23 2026 07:10:35")


def test_what_a_guest_wrote_without_the_consoles_name() -> None:
    lines = said("06-guestok", "vserial dump guest0/uart0")
    assert text.guest_text(lines, "guest0/uart0") == [
        "ARM Virt-v7 Basic Firmware",
        "",
        "autoboot: disabled",
        "",
        "basic# ",
    ]
    tag = "[g/uart0] "
    assert text.guest_text([f"{tag}one", f"{tag}two", tag, f"{tag}three"], "g/uart0") == [
        "one",
        "two",
        "",
        "three",
    ]


@given(st.lists(st.text(max_size=60), max_size=8))
def test_no_answer_is_an_error(lines: list[str]) -> None:
    for read_one in (text.guests, text.vcpus, text.ports, text.host_cpus, text.irqs):
        read_one(lines)
    text.fields(lines)
    text.times(lines)
    text.version(lines)
    text.guest_text(lines, "guest0/uart0")
    parse("\n".join(lines))


def refusals() -> list[tuple[str, Answer]]:
    found = {}
    for name in RECORDED:
        for command, answer in told(name):
            if answer.status:
                found.setdefault(f"{command} · {answer.lines[0][:40]}", (command, answer))
    return list(found.values())


@pytest.mark.parametrize(("command", "answer"), refusals(), ids=lambda one: str(one)[:40])
def test_each_refusal_of_the_sessions_has_cause_and_fix(command: str, answer: Answer) -> None:
    why, how = cause_of("\n".join(answer.lines))
    assert why, command
    assert how, command


def test_a_refused_state_says_from_where_and_keeps_no_trace_of_calls() -> None:
    refused = next(one for what, one in told("03-lifecycle-crashed-guest")
                   if what == "guest kick guest0" and one.status)  # fmt: skip
    step = Step(about="start guest 'guest0'", argv=("guest", "kick", "guest0"))
    done = Completed(step.argv, refused.status, refused.text.encode(), b"")
    problem = explain(step, done)
    assert "vCPU guest0/vcpu0 is Halted, and cannot become Ready" in problem.title
    assert "reset" in problem.hint
    assert "0x1003BEC8" not in problem.detail
    assert "guest0: Failed to kick" in problem.detail


def test_a_guest_that_faults_on_its_start_is_told_as_that() -> None:
    step = Step(about="start guest 'guest0'", argv=("guest", "kick", "guest0"))
    fault = b"do_hyp_trap: ec=0x24, il=0x0, iss=0x46, fipa=0x4401AFF010B98F64, error=0\n"
    problem = explain(step, Completed(step.argv, 0, b"guest0: Kicked\n", fault))
    assert "the guest's address 0x4401aff0" in problem.title
    assert "image loaded" in problem.hint
    lied = explain(step, Completed(step.argv, 0, b"guest0: Kicked\n", b""))
    assert "said it was done" in lied.title


def test_facts_of_a_board() -> None:
    answer = "\n".join(
        line
        for command in ("version", "host info", "host cpu info", "host ram info")
        for line in said("02-basic", command)
    )
    facts = parse(answer)
    assert facts["hypervisor"] == "xvisor"
    assert facts["machine"] == "armv7l"
    assert facts["cpus_online"] == (0, 1)
    assert facts["memory_kib"] == (1024 * 1024, 191029 * 4)
    assert parse("bananapi login: ") == {}


def test_a_look_always_fits_into_the_line() -> None:
    marker = "0" * 8
    first, asked = look(marker, Known(), [])
    assert asked == []
    assert len(command_line(first)) <= MAX_COMMAND
    argv, asked = look(marker, Known(version="v1"), list(range(100, 200)))
    assert 4 < len(asked) < 20
    assert len(command_line(argv)) <= MAX_COMMAND


async def test_the_times_of_many_vcpus_are_asked_for_in_turn() -> None:
    line = XvisorLine(made={"guest0": 30})
    link = XvisorLink(line)
    await link.open()
    driver = XvisorDriver(link)
    for _ in range(8):
        seen = await driver.survey()
    assert all(one.time_s is not None for one in seen.guests[1].vcpus)
    await link.close()


async def two_vcpus() -> tuple[XvisorLine, XvisorDriver, XvisorLink]:
    line = XvisorLine(made={"guest0": 2})
    link = XvisorLink(line)
    await link.open()
    await link.run(("guest", "kick", "guest0"))
    return line, XvisorDriver(link), link


async def test_a_guest_with_a_vcpu_in_reset_is_paused_and_resumed_without_starting_it() -> None:
    line, driver, link = await two_vcpus()
    seen = await driver.survey()
    plan = driver.plan(do.Pause(guest="guest0"), seen)
    assert [one.argv for one in plan.steps] == [("vcpu", "pause", "2")]
    seen = await carry_out(plan, driver, link, tell=lambda _: None)
    plan = driver.plan(do.Resume(guest="guest0"), seen)
    assert [one.argv for one in plan.steps] == [("vcpu", "resume", "2")]
    seen = await carry_out(plan, driver, link, tell=lambda _: None)
    assert [one.state for one in seen.guests[1].vcpus] == ["Running", "Reset"]
    assert not any(one.startswith("guest resume") for one in line.terminal.lines)
    await link.close()


async def test_an_undo_finds_the_vcpu_by_its_name_whatever_its_number_is() -> None:
    line, driver, link = await two_vcpus()
    seen = await driver.survey()
    plan = driver.plan(do.Pin(guest="guest0", vcpu=1, hard=frozenset({1})), seen)
    await carry_out(plan, driver, link, tell=lambda _: None)
    for words in (("guest", "destroy", "guest0"), ("guest", "create", "guest0")):
        assert (await link.run(words)).status == 0
    line.terminal.guests[0].vcpus[1].affinity = [1]
    assert (await link.run(plan.steps[0].undo)).status == 0
    assert line.terminal.guests[0].vcpus[1].affinity == [0, 1]
    assert line.terminal.lines[-1] == "vcpu set_affinity 5 0 1"
    await link.close()


async def test_a_halted_guest_is_reset_before_it_is_started() -> None:
    line, driver, link = await two_vcpus()
    line.terminal.guests[0].vcpus[0].state = "Halted"
    seen = await driver.survey()
    assert seen.guests[1].state == "stopped"
    plan = driver.plan(do.Start(guest="guest0"), seen)
    assert [one.argv[1] for one in plan.steps] == ["reset", "kick"]
    assert (await carry_out(plan, driver, link, tell=lambda _: None)).guests[1].state == "running"
    await link.close()


async def test_a_guest_that_has_no_image_faults_and_that_is_explained() -> None:
    line, driver, link = await two_vcpus()
    for words in (("guest", "destroy", "guest0"), ("guest", "create", "guest0")):
        await link.run(words)
    plan = driver.plan(do.Start(guest="guest0"), await driver.survey())
    with pytest.raises(BoardProblem, match="a guest did what it may not"):
        await carry_out(plan, driver, link, tell=lambda _: None)
    assert line.terminal.guests[0].vcpus[0].state == "Halted"
    await link.close()


async def test_a_vcpu_that_has_run_since_is_only_waiting() -> None:
    line, driver, link = await two_vcpus()
    await driver.survey()
    await driver.survey()
    vcpu = line.terminal.guests[0].vcpus[0]
    vcpu.state, vcpu.ran_ms = "Paused", vcpu.ran_ms + 5
    assert (await driver.survey()).guests[1].state == "running"
    assert (await driver.survey()).guests[1].state == "paused"
    await link.close()


@pytest.mark.parametrize("name", ["two words", "a;reset", "-x\n", "naïve", ""])
async def test_a_guest_whose_name_cannot_be_typed_is_shown_and_left_alone(name: str) -> None:
    line = XvisorLine(made={name: 1})
    link = XvisorLink(line)
    await link.open()
    driver = XvisorDriver(link)
    seen = await driver.survey()
    for action in (do.Start(guest="0"), do.Destroy(guest="0"), do.Load(guest="0", images=())):
        with pytest.raises(Problem):
            driver.plan(action, seen)
    await link.close()


def test_a_description_of_a_guest() -> None:
    one = read(
        b'name = "guest1"\nlists = ["/images/nor_flash.list"]\n'
        b'images = { "/images/linux.bin" = 0x40000000 }\n',
        "guest1.toml",
    )
    assert (one.name, one.lists) == ("guest1", ("/images/nor_flash.list",))
    assert one.images == (("/images/linux.bin", 0x40000000),)
    for bad in (b"name = ", b"nam = 'x'", b"lists = ['a b']", b"images = { '/a' = 'x' }", b"\xff"):
        with pytest.raises(UsageProblem):
            read(bad, "guest1.toml")


def test_shares_and_rates_between_two_moments() -> None:
    def vcpu(running: float, ready: float, resets: int = 0) -> text.VcpuTimes:
        return text.VcpuTimes("g/vcpu0", "Running", ready, running, 0, 0, resets)

    irq = text.Irq(26, 26, "timer", "GIC", (100, 7))
    later = text.Irq(26, 26, "timer", "GIC", (600, 7))
    before = Moment(10.0, [vcpu(1.0, 0.0)], [irq], [])
    after = Moment(12.0, [vcpu(2.5, 0.5)], [later], [])
    assert shares(before, after)["g/vcpu0"] == {
        "running": 75.0,
        "waiting": 25.0,
        "paused": 0.0,
        "halted": 0.0,
    }
    assert irq_rates(before, after) == [(later, (250.0, 0.0))]
    assert shares(before, Moment(12.0, [vcpu(0.1, 0, resets=1)], [], [])) == {}
