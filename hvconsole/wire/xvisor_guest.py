"""What a guest writes while Xvisor's terminal is given to its console: each line tagged with it."""

from __future__ import annotations

import re

_TAG = re.compile(rb"\[(?P<port>[!-.0-Z^-~]{1,64}/[!-Z^-~]{1,64})\] ")


class Untagged:
    r"""A bound guest console in, what the guest itself wrote out.

    Xvisor begins each line with ``[guest0/uart0] ``, after a return as after a newline, and puts a
    return before each newline. What stands before the first such sign is not the guest's. Faults
    in between are left where they are.

    Args:
        port: The console that is bound.
    """

    def __init__(self, port: str) -> None:
        self._tag = f"[{port}] ".encode("ascii", "replace")
        self._rest = b""
        self._begun = False

    def feed(self, data: bytes) -> bytes:
        """Take bytes and return the guest's, in the same order."""
        text = self._rest + data
        if not self._begun:
            begin = text.find(self._tag)
            self._begun = begin >= 0
            if not self._begun:
                self._rest = text[-len(self._tag) :]
                return b""
            text = text[begin:]
        out = bytearray()
        at = 0
        while at < len(text):
            if text.startswith(self._tag, at):
                at += len(self._tag)
            elif text.startswith(b"\r\n", at):
                out += b"\n"
                at += 2
            elif self._may_begin(text[at : at + len(self._tag)]):
                break
            else:
                out.append(text[at])
                at += 1
        self._rest = text[at:]
        return bytes(out)

    def _may_begin(self, text: bytes) -> bool:
        """Whether more has to come before it is known what this is."""
        return text == b"\r" or (len(text) < len(self._tag) and self._tag.startswith(text))


def guest_of_line(line: bytes) -> tuple[str, bytes]:
    """Return the guest's console that wrote a line and the line without its tag; empty for none."""
    match = _TAG.match(line)
    return (match["port"].decode(), line[match.end() :]) if match is not None else ("", line)
