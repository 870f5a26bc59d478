"""The sampler says what its counter says when it is asked: a tick after the question came."""

import time
from itertools import pairwise

import pytest
from probe_runs import CPU, check_accounts, ended, of

from hvconsole.stream.clock_join import ClockJoin
from hvconsole.wire.stream import StreamDecoder
from hvconsole.wire.values import Heartbeat, Hello, Note, NoteCode

pytestmark = pytest.mark.compiler

QUIET = ("--cpu", CPU, "--threshold-ns", "100000")


@pytest.mark.parametrize("window", ["0", "200"])
def test_each_question_is_counted_and_answered_after_it_came(start, window: str) -> None:
    process = start(*QUIET, "--window-ms", window)
    time.sleep(1.0)  # it begins to listen once it has calibrated itself
    for _ in range(3):
        process.stdin.write(b"htt")
        process.stdin.flush()
        time.sleep(0.3)
    process.stdin.write(b"q")
    process.stdin.flush()
    values = ended(process, 20)
    answers = [note for note in of(Note, values) if note.code == NoteCode.ANSWER]
    assert [note.value for note in answers] == [2, 4, 6]
    ticks = [note.start for note in answers]
    assert ticks == sorted(ticks)
    hello = of(Hello, values)[0]
    gaps = [(b - a) / hello.frequency_hz for a, b in pairwise(ticks)]
    assert all(0.25 < gap < 3.0 for gap in gaps)
    check_accounts(values)


def test_two_samplers_of_one_counter_are_joined_with_an_offset_of_nothing(start) -> None:
    """Host and guest in the same machine: the bounds must hold 0, and be narrow."""
    both = [start(*QUIET), start(*QUIET)]
    decoders = [StreamDecoder(), StreamDecoder()]

    def hear(which: int) -> list:
        return decoders[which].feed(both[which].stdout.read1(65536))

    hellos: list[Hello] = []
    for which in (0, 1):
        while not (found := of(Hello, hear(which))):
            pass
        hellos += found
    join = ClockJoin(*hellos)
    ticked = (join.host_ticked, join.guest_ticked)
    answered = (join.host_answered, join.guest_answered)
    asked = (join.host_asked, join.guest_asked)
    counts = [0, 0]
    for which in (0, 1, 0) * 4:
        counts[which] += 1
        asked[which](counts[which])
        both[which].stdin.write(b"t")
        both[which].stdin.flush()
        done = False
        while not done:
            for value in hear(which):
                if isinstance(value, Heartbeat):
                    ticked[which](value.tick)
                elif isinstance(value, Note) and value.code == NoteCode.ANSWER:
                    answered[which](value.value, value.start)
                    done = True
    clock = join.clock
    assert clock.relation == "constant offset"  # it is not known to be one counter: not claimed
    assert clock.offset_ticks is not None
    assert clock.uncertainty_ticks is not None
    assert abs(clock.offset_ticks) <= clock.uncertainty_ticks
    assert (clock.uncertainty_ns or 0) < 1e9
