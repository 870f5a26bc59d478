"""The lab, as commands use it: build, list, start, stop."""

from __future__ import annotations

from hvconsole.lab.build import build, tidy
from hvconsole.lab.inventory import Condition, LabBoard, board, list_boards, profile, stop
from hvconsole.lab.module import build_module, kernel_tree
from hvconsole.lab.start import start

__all__ = [
    "Condition",
    "LabBoard",
    "board",
    "build",
    "build_module",
    "kernel_tree",
    "list_boards",
    "profile",
    "start",
    "stop",
    "tidy",
]
