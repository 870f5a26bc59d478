r"""A shell on a serial line made dependable: numbered lines to it, marked replies from it. Sans-IO.

The board runs a small loop of POSIX shell. It takes lines ``@TOKEN NUMBER LENGTH TEXT``, each in
its turn, once and only if its length is right, so that a line may be sent again whenever its
answer is late. It replies ``~TOKENkBODY.``, where k is a letter. The kernel writes to the same
line and may cut a reply in two anywhere; no body holds a full stop or a line end, so a reply
that was cut is no reply, and is asked for again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

MAX_TEXT = 640
"""Characters of a line's text; far below what a terminal in canonical mode holds (4,095)."""

LEAVE = "@hvconsole leave"
"""Ends the loop of any console, whatever number it is at: one that died may have left it behind."""

_KEPT = 8192
_POLYNOMIAL = 0x04C11DB7
_STRANGE = re.compile(r"[^ -~]")

# Functions of the loop. d: folder, k: number of the last line taken, c: the command's text.
#   R reply · B encode · D decode a file · S status and checksums · O output by name
#   X run the command · Z run it in the foreground of the line
#   C checksum in decimal, by what there is (t)
_FOLDER = (
    "umask 077; d=; for f in /tmp /run /dev/shm /var/tmp; do "
    'd=$f/.hvconsole.$T; mkdir "$d" 2>/dev/null && break; d=; done'
)
_FOREGROUND = (
    'Z() { : >"$d/o"; stty -icanon -onlcr min 1 time 0; R g; sh -c "$c" 2>"$d/e"; '
    r"s=$?; stty icanon onlcr; printf '\n'; S; }"
)
_SETUP = (
    r"""R() { printf '\n~%s%s.\n' "$T" "$1"; }""",
    _FOLDER,
    r"n=$(printf '\nx'); n=${n%x}",
    """H() { command -v "$1" >/dev/null 2>&1; }""",
    "if H base64; then B() { base64; }; m=b; else B() { od -An -v -tx1; }; m=h; fi",
    "if H gzip; then g=z; else g=n; fi; H cksum || H sha256sum || d=",
    """t=s; C() { echo $((0x$(sha256sum | cut -c 1-8))); }""",
    """if H cksum; then t=c; C() { cksum | cut -d ' ' -f 1; }; fi""",
    """K() { set -- $(wc -c <"$d/$1") "$d/$1"; printf '%s' "$(C <"$2") $1"; }""",
    """S() { R "s$s $(K o) $(K e)"; }""",
    r"""O() { B <"$d/$1" | grep -n '' | sed "s/^/~$T$1/;s/\$/./"; R "f$1"; }""",
    """X() { sh -c "$c" <"$d/i" >"$d/o" 2>"$d/e"; s=$?; S; }""",
    _FOREGROUND,
)


@cache
def _table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        crc = value << 24
        for _ in range(8):
            crc = (crc << 1 ^ (_POLYNOMIAL if crc & 0x80000000 else 0)) & 0xFFFFFFFF
        table.append(crc)
    return tuple(table)


def posix_crc(data: bytes) -> int:
    """Return what ``cksum`` prints first (POSIX.1-2017, cksum: CRC of the bytes and the length)."""
    table = _table()
    crc = 0
    size = len(data)
    tail = bytearray()
    while size:
        tail.append(size & 0xFF)
        size >>= 8
    for byte in (*data, *tail):
        crc = (crc << 8 & 0xFFFFFFFF) ^ table[crc >> 24 ^ byte]
    return crc ^ 0xFFFFFFFF


def short_sha(data: bytes) -> int:
    """Return the first 32 bits of SHA-256: the checksum of boards that have no ``cksum``."""
    return int.from_bytes(hashlib.sha256(data).digest()[:4], "big")


CHECKSUMS: dict[str, Callable[[bytes], int]] = {"c": posix_crc, "s": short_sha}
"""How a board counts a checksum, by the letter that its loop tells."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply of the loop: a letter and what follows it."""

    kind: str
    body: str


class Replies:
    """Bytes of the line in, replies out, whatever else is written among them.

    Args:
        token: Letters and digits that nothing else on the line writes.
    """

    def __init__(self, token: str) -> None:
        self._pattern = re.compile(rb"~" + token.encode() + rb"([a-z])([0-9A-Za-z+/=: -]*)\.")
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Reply]:
        """Take bytes in any portions and return the replies they complete."""
        return [reply for reply, _ in self.cut(data)]

    def cut(self, data: bytes) -> list[tuple[Reply, int]]:
        """Take bytes; return replies, each with how much of `data` it and what precedes took."""
        before = len(self._buffer)
        self._buffer += data
        found = []
        end = 0
        for match in self._pattern.finditer(self._buffer):
            reply = Reply(match[1].decode(), match[2].decode())
            end = match.end()
            found.append((reply, max(end - before, 0)))
        del self._buffer[:end]
        del self._buffer[:-_KEPT]
        return found


@dataclass(slots=True)
class Transfer:
    """An output of the board, put together from numbered lines over as many tries as it takes.

    Attributes:
        crc: What the checksum must be.
        size: How many bytes there must be.
        hexadecimal: The lines are hexadecimal, otherwise base64.
        checksum: How the board counts it.
    """

    crc: int
    size: int
    hexadecimal: bool = False
    checksum: Callable[[bytes], int] = posix_crc
    lines: dict[int, str] = field(default_factory=dict)

    def take(self, body: str) -> None:
        """Take the body of a reply: ``NUMBER:TEXT``."""
        number, colon, text = body.partition(":")
        if colon and number.isdigit():
            self.lines[int(number)] = text

    def data(self) -> bytes | None:
        """Return the output, or None while it is not whole."""
        text = "".join(self.lines[number] for number in sorted(self.lines))
        try:
            data = bytes.fromhex(text) if self.hexadecimal else base64.b64decode(text)
        except (ValueError, binascii.Error):
            return None
        whole = len(data) == self.size and self.checksum(data) == self.crc
        return data if whole else None


def knock_line(token: str) -> str:
    """Return what is typed first at a shell's prompt: it takes one more line, without an echo.

    A guest's console may take a tenth of a second for each character that a shell's line editing
    echoes, so this is short. It replies ``q``. The terminal's settings come back in the end,
    whatever becomes of the other line.
    """
    half = len(token) // 2  # in two pieces: the echo of this line must not look like a reply
    return (
        f" sh -c 'T={token[:half]}; T=${{T}}{token[half:]}; trap : INT QUIT; q=$(stty -g); "
        'stty -echo icanon; printf "\\n~${T}q.\\n"; read -r l; (eval "$l"); stty "$q"\'\n'
    )


def start_line(token: str) -> str:
    """Return what starts the loop, once the shell has been knocked at. It replies ``r``.

    Keys that interrupt end what runs in the loop, not the loop.
    """
    take = (
        'l=${l#*"@$T "}; i=${l%% *}; l=${l#* }; w=${l%% *}; l=${l#* }; '
        'if [ "${#l}" = "$w" ] && [ "$i" = "$((k+1))" ]; then k=$i; eval "$l"; fi; '
        'printf "\\n~${T}a$k.\\n"'
    )
    return (
        f"T={token}; trap : INT QUIT; stty -echo icanon -ixon; d=; k=0; "
        'printf "\\n~${T}r.\\n"; '
        f'while IFS= read -r l; do case $l in *"@$T "*) {take};; *"{LEAVE}"*) break;; esac; done; '
        '[ -z "$d" ] || rm -rf "$d"\n'
    )


def setup_texts() -> list[str]:
    """Return the texts that teach the loop its functions, in order."""
    return list(_SETUP)


def numbered(token: str, number: int, text: str) -> bytes:
    """Return one line for the loop. The text must be printable ASCII."""
    return f"@{token} {number} {len(text)} {text}\n".encode("ascii")


def assignments(variable: str, text: str) -> Iterator[str]:
    """Yield shell texts of at most `MAX_TEXT` characters that put any text into a variable.

    Args:
        variable: Its name.
        text: Any characters but NUL; those outside printable ASCII travel as octal.
    """
    yield f"{variable}="
    room = MAX_TEXT - len(variable) * 2 - 8
    out = ""
    for char in text:
        piece = _spelt(char)
        if len(out) + len(piece) > room:
            yield f"{variable}=${{{variable}}}{out}"
            out = ""
        out += piece
    if out:
        yield f"{variable}=${{{variable}}}{out}"


def _spelt(char: str) -> str:
    r"""Return a character as a word of shell: ``'a'``, ``"$n"``, ``"$(printf '\303\244')"``."""
    if char == "\n":
        return '"$n"'
    if _STRANGE.match(char):
        octal = "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))
        return f"\"$(printf '{octal}')\""
    return char if char.isalnum() or char in "/_,:+%@-." else f"\\{char}"


def file_texts(data: bytes, *, hexadecimal: bool) -> Iterator[str]:
    """Yield shell texts that write a file's content, encoded, to ``$d/b``; then decode to ``$d/i``.

    Args:
        data: The content.
        hexadecimal: The board has no ``base64``: octal escapes for ``printf``, four times as long.
    """
    yield ': >"$d/b"'
    if hexadecimal:
        step = (MAX_TEXT - 30) // 4
        for at in range(0, len(data), step):
            octal = "".join(f"\\{byte:03o}" for byte in data[at : at + step])
            yield f"printf '{octal}' >>\"$d/b\""
        yield 'mv "$d/b" "$d/i"'
        return
    step = (MAX_TEXT - 30) // 4 * 3
    for at in range(0, len(data), step):
        yield f'echo {base64.b64encode(data[at : at + step]).decode()} >>"$d/b"'
    yield 'base64 -d "$d/b" >"$d/i"; rm -f "$d/b"'
