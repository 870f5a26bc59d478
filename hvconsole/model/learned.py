"""msgspec's types, got ready by one thread at a time."""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_lock = threading.Lock()
_ready: set[Any] = set()


def learned(kind: T) -> T:
    """Return the type once msgspec knows all of its fields.

    msgspec learns a type when it is first used, and hangs what it has learned so far on the
    class before it is through. A second thread that meets the class in that moment reads
    pointers that are not set yet, and the process dies. So every type that holds others, or may
    be read by more than one thread, goes through here before it is given to msgspec:
    ``msgspec.convert(data, learned(PlanFile))``.

    Args:
        kind: A `msgspec.Struct` or a dataclass, or a union of such.
    """
    if kind not in _ready:
        with _lock:
            if kind not in _ready:
                msgspec.json.Decoder(kind)
                _ready.add(kind)
    return kind
