"""Measurements in virtual time, run side by side and recorded as one session."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from hvconsole.lab import qemu as qemus
from hvconsole.lab.arch import ARM64, Arch
from hvconsole.lab.image import Image, built_image
from hvconsole.lab.kernel import built_kernel
from hvconsole.lab.measure.conditions import Condition
from hvconsole.lab.measure.guest_counter import guest_counter
from hvconsole.lab.measure.image import SAMPLER, MeasureImage, measure_image
from hvconsole.lab.measure.virtual import VIRTUAL_TIME, Measured, measure
from hvconsole.lab.places import ARM64_BOARD, VIRT_BOARD, Tell, quiet
from hvconsole.lab.store import Store
from hvconsole.model.problem import Problem
from hvconsole.model.run import RunSettings
from hvconsole.record.capture import SessionWriter
from hvconsole.record.manifest import new_manifest

LABELS = ("emulated", "virtual time")
_MOST_AT_ONCE = 4  # each takes up to 1.5 GB


def measure_all(
    conditions: Sequence[Condition], out: Path, tell: Tell = quiet, *, repeat: int = 1
) -> list[Measured]:
    """Measure conditions and record them, one run each, in their order.

    Args:
        conditions: What to measure.
        out: The session to write.
        tell: Called when something begins or ends.
        repeat: Measure each so many times and compare; one of them is recorded.

    Returns:
        One measurement for each condition.

    Raises:
        Problem: The lab is not built, a board did not come to its end, or a repetition differs.
    """
    store = Store()
    tell("what is booted", 0.0)
    qemu = qemus.for_hypervisors(store)
    arches = list(dict.fromkeys(one.arch for one in conditions))
    booted = {
        arch: _Booted(built_image(store, arch), measure_image(store, arch)) for arch in arches
    }
    jobs = [one for one in conditions for _ in range(repeat)]
    done = _run(jobs, booted, qemu, tell)
    for number, condition in enumerate(conditions):
        _must_be_equal(condition, done[number * repeat : (number + 1) * repeat])
    measured = done[::repeat]
    _record(measured, booted, qemu, out)
    tell("done", 1.0)
    return measured


@dataclass(frozen=True, slots=True)
class _Booted:
    """What the boards of one architecture boot."""

    disk: Image
    image: MeasureImage


def _run(
    jobs: Sequence[Condition], booted: Mapping[Arch, _Booted], qemu: qemus.Qemu, tell: Tell
) -> list[Measured]:
    """Run as many at once as there are CPUs: virtual time does not mind."""
    with (
        tempfile.TemporaryDirectory(prefix="hvconsole-") as scratch,
        ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_AT_ONCE)) as pool,
        _Started() as started,
    ):
        waiting = []
        for number, job in enumerate(jobs):
            folder = Path(scratch) / str(number)
            folder.mkdir()
            of = booted[job.arch]
            waiting.append(pool.submit(measure, job, of.image, of.disk.xen, qemu, folder, started))
        try:
            done = []
            for number, (job, future) in enumerate(zip(jobs, waiting, strict=True)):
                tell(job.name, 0.05 + 0.9 * number / len(jobs))
                done.append(future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return done


class _Started:
    """The processes that were started, so that none outlives a failure or Ctrl-C."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._over = False

    def __call__(self, process: subprocess.Popen[bytes]) -> None:
        self._processes.append(process)
        if self._over:  # a thread was about to start it when another one failed
            process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._over = True
        for process in self._processes:
            process.kill()


def _must_be_equal(condition: Condition, repetitions: Sequence[Measured]) -> None:
    if len({one.sha256 for one in repetitions}) > 1:
        raise Problem(
            f"{condition.name} gave other figures when it was repeated",
            detail="\n".join(f"frames {one.sha256}" for one in repetitions),
            hint="is another QEMU or kernel being installed meanwhile?",
        )


def _record(
    measured: Sequence[Measured], booted: Mapping[Arch, _Booted], qemu: qemus.Qemu, out: Path
) -> None:
    first = next(iter(booted))
    samplers = {_of(SAMPLER, arch, first): of.image for arch, of in booted.items()}
    manifest = new_manifest(
        ARM64_BOARD if first is ARM64 else VIRT_BOARD,
        kind="QEMU's virt board, counting instructions",
        labels=LABELS,
        facts=_facts(measured, booted, qemu),
        probes={name: image.sampler for name, image in samplers.items()},
        built_by={name: image.compiler for name, image in samplers.items()},
    )
    writer = SessionWriter.create(out, manifest)
    try:
        for one in measured:
            writer.begin_run(_settings(one.condition), one.condition.name)
            writer.frames(one.frames)
            writer.serial(one.console)
            writer.end_run("time")
    except BaseException:
        writer.close("interrupted")
        raise
    writer.close()


def _of(name: str, arch: Arch, first: Arch) -> str:
    """Return the name of what belongs to one of several architectures; plain for the first."""
    return name if arch is first else f"{name}-{arch.debian}"


def _settings(condition: Condition) -> RunSettings:
    return RunSettings(
        seconds=condition.seconds,
        threshold_ns=1000,
        cpus=(0,),
        counter="cntpct",
        window_ms=60_000,
        label=condition.name,
    )


def _facts(
    measured: Sequence[Measured], booted: Mapping[Arch, _Booted], qemu: qemus.Qemu
) -> dict[str, Any]:
    first = next(iter(booted))
    facts: dict[str, Any] = {
        "qemu": str(qemu),
        "virtual_time": " ".join(VIRTUAL_TIME),
        "frames": {one.condition.name: one.sha256 for one in measured},
        "qemu_words": {one.condition.name: list(one.words) for one in measured},
    }
    inside = {
        one.condition.name: guest_counter(one.frames) for one in measured if one.condition.guest
    }
    if inside:
        facts["guest_counter"] = {name: one.as_dict() for name, one in inside.items() if one}
    for arch, of in booted.items():
        told = _versions(arch, of)
        facts |= {_of(name, arch, first): value for name, value in told.items()}
    return facts


def _versions(arch: Arch, of: _Booted) -> dict[str, str]:
    store = Store()
    told = {
        "kernel": of.image.release,
        "kernel_package": built_kernel(store, arch).version,
        "disk": of.disk.product,
        "image": of.image.product,
    }
    if arch.xen:
        told["xen_package"] = Store.ingredients(store.latest("xen-full"))["version"]
    else:
        told["packages"] = Store.ingredients(store.latest(f"root{arch.suffix}"))["versions"]
    return told
