"""How often the sampler looks, against a loop that does nothing but read the counter."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.measure import Result, interleaved, ratio
from hvconsole.config.resources import resource_dir
from hvconsole.wire.stream import StreamDecoder
from hvconsole.wire.values import Heartbeat, Hello

BARE = r"""
#include <stdint.h>
#include <stdio.h>
#include <time.h>
static inline uint64_t tsc(void) { uint32_t a, d; __asm__ volatile("rdtsc" : "=a"(a), "=d"(d));
	return (uint64_t)d << 32 | a; }
int main(void) { uint64_t first = tsc(), sum = 0; const uint64_t reads = 40000000;
	for (uint64_t i = reads; i; i--) sum ^= tsc();
	printf("%f\n", (double)(tsc() - first) / reads); return sum == 1; }
"""


def run() -> Iterator[Result]:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or platform.machine() != "x86_64":
        return
    with tempfile.TemporaryDirectory() as folder:
        bare, source = Path(folder, "bare"), Path(folder, "bare.c")
        source.write_text(BARE)
        subprocess.run([compiler, "-O2", "-o", bare, source], check=True)
        make = ["make", "-s", f"BUILD={folder}"]
        subprocess.run(make, cwd=resource_dir("probes"), check=True)
        cpu = str(max(os.sched_getaffinity(0)))

        def bare_ticks() -> float:
            done = subprocess.run(["taskset", "-c", cpu, bare], capture_output=True, check=True)
            return float(done.stdout)

        def sampler_ticks() -> float:
            words = [f"{folder}/hvsampler", "--no-guard", "--cpu", cpu, "--seconds", "0.6"]
            done = subprocess.run(words, capture_output=True, check=True)
            return _ticks_a_read(done.stdout)

        costs = interleaved([sampler_ticks, bare_ticks], 5)
        yield Result(
            "a read of the sampler, net of switches",
            ratio(costs[0], costs[1]),
            "a bare rdtsc loop",
            1.25,
            f"{min(costs[0]):.1f} against {min(costs[1]):.1f} ticks",
        )


def _ticks_a_read(data: bytes) -> float:
    values = StreamDecoder().feed(data)
    hello = next(v for v in values if isinstance(v, Hello))
    beat = [v for v in values if isinstance(v, Heartbeat)][-1]
    watched = beat.watched_until - hello.start_tick - beat.blind_ticks - beat.lost_ticks
    return watched / beat.loops
