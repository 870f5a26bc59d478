"""QEMU's monitor on a unix socket: one command, and what it says."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from hvconsole.model.problem import Problem

_PROMPT = b"(qemu) "
_ESCAPES = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")


def command(path: Path, words: str, timeout: float = 60.0) -> str:
    """Give QEMU a command; return its answer, which most commands leave empty.

    Raises:
        Problem: QEMU does not answer, or reports an error.
    """
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(timeout)
            line.connect(str(path))
            _until_prompt(line)
            line.sendall(words.encode() + b"\n")
            said = _until_prompt(line)
    except OSError as error:
        raise Problem(f"QEMU does not answer: {words}", detail=str(error)) from error
    # The monitor repeats what it was told, with the escapes of a line editor.
    answer = _ESCAPES.sub(b"", said).decode("ascii", "replace").partition("\n")[2].strip()
    if answer.startswith("Error"):
        raise Problem(f"QEMU refused: {words}", detail=answer)
    return answer


def _until_prompt(line: socket.socket) -> bytes:
    said = b""
    while not said.endswith(_PROMPT):
        part = line.recv(1 << 16)
        if not part:
            raise ConnectionError("the monitor was closed")
        said += part
    return said.removesuffix(_PROMPT)
