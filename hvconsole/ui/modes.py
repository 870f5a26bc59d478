"""The console's screens by name. Each is imported when it is wanted: the first frame needs one."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

from textual.screen import Screen

from hvconsole.ui.screens.base import ConsoleScreen
from hvconsole.ui.screens.opening import OpeningScreen

CHARTS = "hvconsole.ui.screens.measure"
# Loading numpy must not keep the loop waiting.
WITH_CHARTS = {"measure": CHARTS, "compare": "hvconsole.ui.screens.compare"}
# What these show belongs to one board or recording; another one gets fresh ones.
OF_A_BOARD = ("measure", "hypervisor", "serial", "board")

_CLASSES = {
    "measure": "MeasureScreen",
    "hypervisor": "HypervisorScreen",
    "serial": "SerialScreen",
    "boards": "BoardsScreen",
    "sessions": "SessionsScreen",
    "board": "BoardScreen",
    "log": "LogScreen",
    "compare": "CompareScreen",
    "campaigns": "CampaignsScreen",
}


def _made(name: str) -> ConsoleScreen:
    module = importlib.import_module(f"hvconsole.ui.screens.{name}")
    screen: ConsoleScreen = getattr(module, _CLASSES[name])()
    return screen


MODES: dict[str, str | Callable[[], Screen[Any]]] = {
    "opening": OpeningScreen,
    **{name: partial(_made, name) for name in _CLASSES},
}
