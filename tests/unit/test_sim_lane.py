"""How disturbances become gaps: against a walk through them one by one, and by example."""

import numpy as np
from hypothesis import given, strategies as st

from hvconsole.sim.machine.chunk import Cause, Disturbances, SwitchChunk
from hvconsole.sim.machine.lane import FLOOR_TICKS, Absence, Lane

Event = tuple[int, int]

events = st.lists(st.tuples(st.integers(0, 2_000), st.integers(1, 120)), max_size=60)
cuts = st.lists(st.integers(1, 4_999), max_size=8)
END = 5_000


def disturb(lane: Lane, when: list[Event], cause: Cause = Cause.TICK, line: int = -1) -> None:
    start, length = (np.array([event[i] for event in when], dtype=np.int64) for i in (0, 1))
    lane.add(Disturbances.of(start, length, cause, line))


def gaps(chunk: SwitchChunk) -> list[Event]:
    return list(zip(chunk.start.tolist(), chunk.length.tolist(), strict=True))


def walked(when: list[Event]) -> list[Event]:
    """What a sampler sees if each piece of work waits for the one before it."""
    found: list[list[int]] = []
    for start, length in sorted(when, key=lambda event: event[0]):
        if found and start - found[-1][1] < FLOOR_TICKS:
            found[-1][1] = max(start, found[-1][1]) + length
        else:
            found.append([start, start + length])
    return [(start, end - start) for start, end in found]


@given(events)
def test_work_queues_up_and_joins_into_gaps(when: list[Event]) -> None:
    lane = Lane(0, 0)
    disturb(lane, when)
    lane.settle(100_000)
    assert gaps(lane.take(100_000)) == walked(when)


@given(events, cuts)
def test_windows_do_not_matter(when: list[Event], stops: list[int]) -> None:
    """Also with others' turns in between, which close a window before they end."""
    aways = [Absence(500, 700, Cause.PREEMPTED), Absence(1_500, 1_900, Cause.NO_BUDGET)]
    tasks = [Absence(650, 900, Cause.TASK), Absence(1_300, 1_600, Cause.TASK)]
    assert cut(when, aways, tasks, sorted({*stops, END})) == cut(when, aways, tasks, [END])


def cut(
    when: list[Event], aways: list[Absence], tasks: list[Absence], stops: list[int]
) -> list[tuple[int, int, int]]:
    lane, found, before = Lane(0, 0), [], 0
    for stop in stops:
        disturb(lane, [event for event in when if before <= event[0] < stop])
        over = [away for away in aways if before < away.end <= stop]
        since = next((a.start for a in aways if a.start < stop < a.end), None)
        lane.add_aways(over, since)
        lane.add_tasks([task for task in tasks if before <= task.start < stop])
        lane.settle(stop)
        chunk = lane.take(stop)
        assert all(start + length <= chunk.until for start, length in gaps(chunk))
        found += [(*gap, cause) for gap, cause in zip(gaps(chunk), chunk.cause, strict=True)]
        before = stop
    return found


def test_an_interrupt_raised_again_while_another_vcpu_runs_is_handled_once_on_return() -> None:
    lane = Lane(0, 0)
    disturb(lane, [(120, 10), (140, 10), (160, 10)], line=0)
    disturb(lane, [(150, 7)], line=1)
    lane.add_aways([Absence(100, 200, Cause.PREEMPTED)], None)
    lane.settle(1_000)
    chunk = lane.take(1_000)
    assert gaps(chunk) == [(100, 117)]
    assert chunk.cause.tolist() == [Cause.PREEMPTED]


def test_an_interrupt_that_another_task_of_the_guest_handles_adds_nothing() -> None:
    lane = Lane(0, 0)
    disturb(lane, [(120, 10), (300, 10)], line=0)
    lane.add_tasks([Absence(100, 200, Cause.TASK)])
    lane.settle(1_000)
    assert gaps(lane.take(1_000)) == [(100, 100), (300, 10)]


def test_time_lost_to_a_task_and_to_another_vcpu_is_lost_once() -> None:
    lane = Lane(0, 0)
    lane.add_tasks([Absence(100, 300, Cause.TASK)])
    lane.add_aways([Absence(150, 200, Cause.PREEMPTED), Absence(280, 340, Cause.PREEMPTED)], None)
    lane.settle(1_000)
    assert gaps(lane.take(1_000)) == [(100, 240)]


def test_the_longest_part_names_the_cause() -> None:
    lane = Lane(0, 0)
    disturb(lane, [(100, 20)])
    disturb(lane, [(110, 50)], Cause.HOUSEKEEPING)
    lane.settle(1_000)
    chunk = lane.take(1_000)
    assert gaps(chunk) == [(100, 70)]
    assert chunk.cause.tolist() == [Cause.HOUSEKEEPING]


def test_a_gap_is_given_out_when_nothing_can_join_it_any_more() -> None:
    lane = Lane(0, 0)
    disturb(lane, [(100, 20)])
    lane.settle(120)
    held = lane.take(120)
    assert gaps(held) == []
    assert held.until == 100
    lane.settle(120 + FLOOR_TICKS)
    assert gaps(lane.take(122)) == [(100, 20)]


def test_nothing_is_decided_while_another_vcpu_runs() -> None:
    lane = Lane(0, 0)
    lane.add_aways([], 500)
    disturb(lane, [(600, 10)])
    lane.settle(1_000)
    assert lane.take(1_000).until == 500
    lane.add_aways([Absence(500, 1_500, Cause.PREEMPTED)], None)
    lane.settle(2_000)
    assert gaps(lane.take(2_000)) == [(500, 1_010)]


def test_an_offline_cpu_is_blind_and_says_so() -> None:
    lane = Lane(1, 0)
    disturb(lane, [(90, 50), (130, 20)])
    lane.settle(100)
    lane.blind_from(100)
    chunk = lane.take(200)
    assert (chunk.blind_since, chunk.until, chunk.blind) == (100, 200, ())
    lane.settle(300)
    lane.seen_from(300)
    disturb(lane, [(320, 5)])
    lane.settle(400)
    chunk = lane.take(400)
    assert chunk.blind == ((100, 300),)
    assert gaps(chunk) == [(320, 5)]
