"""The state of affairs of one board, for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hvconsole.model.problem import Problem

LinkState = Literal["connecting", "connected", "booting", "reconnecting", "lost", "replay", "none"]
RunState = Literal["idle", "preparing", "running", "ending", "ended"]

ASKED_ENDS = frozenset({"time", "stop"})
"""Reasons of an end frame (docs/wire-format.md) for which a run ended as it was asked to."""


@dataclass(frozen=True, slots=True)
class Status:
    """What is known about the board, the way to it and the run. Texts are not yet sanitised.

    Attributes:
        board: Name of the profile: ``bpi``, ``sim``, ``local``.
        kind: What it is: ``Banana Pi M1``, ``this machine``.
        identity: Further lines on what it is (kernel, system), most important first.
        link: State of the way to the board; ``none`` while no board was chosen.
        link_detail: Why, or over what: ``root@192.0.2.7``, ``attempt 3, next in 4 s``,
            ``into xen-rtds``.
        labels: What a reader of the figures must know: ``SIMULATED``, ``virtual time``.
        recording: The session that is written, or None.
        recorded_bytes: How much of it there is.
        run: State of the measured run.
        run_detail: Why, or what is being done: ``deploying the sampler``.
        read_only: Nothing may be changed on the board.
        serial: How the board's serial console is: empty where there is none.
        terminal: A hypervisor's own terminal answers on the serial line; it can be given to a
            guest's console.
        typing_to: The guest's console that keys on the Serial screen go to: ``guest0/uart0``,
            ``the console of busy``; empty for none.
        problem: The newest problem, for as long as it stands.
    """

    board: str
    kind: str = ""
    identity: tuple[str, ...] = ()
    link: LinkState = "connecting"
    link_detail: str = ""
    labels: tuple[str, ...] = ()
    recording: Path | None = None
    recorded_bytes: int = 0
    run: RunState = "idle"
    run_detail: str = ""
    read_only: bool = False
    serial: str = ""
    terminal: bool = False
    typing_to: str = ""
    problem: Problem | None = None
