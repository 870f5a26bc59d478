"""What several commands share: the words for a run, output, and the way into asyncio."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from hvconsole.model.problem import Cancelled
from hvconsole.model.run import LoadRequest, RunSettings

T = TypeVar("T")

_LOAD = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]*)@(?P<cpu>\d{1,4})")
_TIME = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>ns|us|µs|ms|s)?")
_UNITS_NS = {None: 1, "ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9}
MAX_CPU = 4095


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that describe a measured run."""
    group = parser.add_argument_group("the run")
    group.add_argument(
        "--threshold",
        type=_threshold,
        default=None,
        metavar="auto|NS",
        help="a switch is longer than this: nanoseconds, or with a unit (5us); "
        "auto (the default) calibrates it",
    )
    group.add_argument(
        "--cpu",
        type=cpu_list,
        default=(),
        metavar="N[,N…]",
        help="CPUs to sample; by default the last one the board has",
    )
    group.add_argument(
        "--counter",
        choices=["auto", "cntpct", "cntvct", "tsc"],
        default="auto",
        help="counter to read; auto takes the best that can be read, and says which",
    )
    group.add_argument(
        "--load",
        type=_load,
        action="append",
        default=[],
        metavar="NAME@CPU",
        help="load to run meanwhile, repeatable: cpuburn-a8@1, burn@0",
    )
    group.add_argument(
        "--fifo",
        type=_priority,
        default=0,
        metavar="PRIO",
        help="sample under SCHED_FIFO at this priority, 1 to 99 (needs the permission)",
    )
    group.add_argument(
        "--fence", action="store_true", help="order the reads by a barrier: slower, sharper edges"
    )
    group.add_argument(
        "--window-ms",
        type=_window,
        default=None,
        metavar="N",
        help="sample in windows of N ms and write in between; 0 never; "
        "by default only where no CPU is left for the writer",
    )
    group.add_argument(
        "--label", default="", metavar="TEXT", help="the condition this run belongs to"
    )


def run_settings(arguments: argparse.Namespace, seconds: float | None) -> RunSettings:
    """Return the run that the options of `add_run_arguments` describe."""
    return RunSettings(
        seconds=seconds,
        threshold_ns=arguments.threshold,
        cpus=arguments.cpu,
        counter=arguments.counter,
        loads=tuple(arguments.load),
        fifo=arguments.fifo,
        fenced=arguments.fence,
        window_ms=arguments.window_ms,
        label=arguments.label,
    )


def has_terminal() -> bool:
    """Whether a screen can be painted: on a terminal, or in a browser by ``hvconsole serve``."""
    is_served = os.environ.get("TEXTUAL_DRIVER", "").startswith("textual.drivers.web_driver:")
    return is_served or (sys.stdin.isatty() and sys.stdout.isatty())


def positive_seconds(text: str) -> float:
    """Parse a positive number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value <= 30 * 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is no length of a run; give seconds, such as 5")
    return value


def _threshold(text: str) -> int | None:
    if text == "auto":
        return None
    match = _TIME.fullmatch(text)
    value = float(match["number"]) * _UNITS_NS[match["unit"]] if match else 0
    if not 1 <= value <= 1e10:  # noqa: PLR2004  # ten seconds is no threshold any more
        raise argparse.ArgumentTypeError(f"{text!r}: give auto, nanoseconds, or a time such as 5us")
    return round(value)


def cpu_list(text: str) -> tuple[int, ...]:
    """Parse CPU numbers: ``1``, ``0,2-3``."""
    cpus: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise argparse.ArgumentTypeError(f"{text!r}: give CPU numbers, such as 1 or 0,2-3")
        cpus += range(int(first), int(last if dash else first) + 1)
        if cpus and (max(cpus) > MAX_CPU or len(cpus) > MAX_CPU):
            raise argparse.ArgumentTypeError(f"{text!r}: no board has CPUs above {MAX_CPU}")
    if not cpus or len(set(cpus)) != len(cpus):
        raise argparse.ArgumentTypeError(f"{text!r} names no CPU, or one of them twice")
    return tuple(cpus)


def _load(text: str) -> LoadRequest:
    match = _LOAD.fullmatch(text)
    if match is None or int(match["cpu"]) > MAX_CPU:
        raise argparse.ArgumentTypeError(f"{text!r}: give NAME@CPU, such as cpuburn-a8@1")
    return LoadRequest(match["name"], int(match["cpu"]))


def _priority(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 99:  # noqa: PLR2004  # POSIX on Linux
        raise argparse.ArgumentTypeError(f"{text!r}: give a priority of 1 to 99, or 0 for none")
    return int(text)


def _window(text: str) -> int:
    if not text.isdecimal() or int(text) > 60_000:  # noqa: PLR2004  # a minute holds any ring
        raise argparse.ArgumentTypeError(f"{text!r}: give milliseconds, 0 to 60000")
    return int(text)


def add_host_key_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--accept-new-host-key``."""
    parser.add_argument(
        "--accept-new-host-key",
        action="store_true",
        help="trust a board's host key that is not known yet (a changed one never)",
    )


def add_board_argument(parser: argparse.ArgumentParser) -> None:
    """Add the name of a board."""
    parser.add_argument("board", metavar="BOARD", help="which board; 'hvconsole boards' lists them")


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument(
        "--json", action="store_true", help="one JSON document on stdout, all else on stderr"
    )


def print_json(document: Any) -> None:
    """Print the one document that --json promises."""
    sys.stdout.write(json.dumps(document, indent=2, allow_nan=False, default=str) + "\n")


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end; SIGTERM and SIGHUP stop it as Ctrl-C does, so that it cleans up.

    Raises:
        Cancelled: A signal stopped it.
    """

    async def guarded() -> T:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        stopped_by: list[str] = []

        def stop(name: str) -> None:
            stopped_by.append(name)
            if task is not None:
                task.cancel()

        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop, number.name)
        try:
            return await work
        except asyncio.CancelledError:
            if stopped_by:
                raise Cancelled(f"stopped by {stopped_by[0]}") from None
            raise

    return asyncio.run(guarded())
