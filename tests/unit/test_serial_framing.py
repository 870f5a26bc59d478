"""The framing of the shell on a serial line."""

from __future__ import annotations

import base64
import subprocess

from hypothesis import given, settings, strategies as st

from hvconsole.wire import shell

BODIES = st.from_regex(r"[0-9A-Za-z+/=: -]{0,40}", fullmatch=True)
NOISE = st.binary(max_size=30).filter(lambda data: b"~" not in data)


@given(st.lists(st.tuples(NOISE, BODIES), max_size=12), st.integers(1, 50))
def test_replies_are_found_in_any_portions(pieces: list[tuple[bytes, str]], step: int) -> None:
    data = b"".join(noise + f"\n~t0kena{body}.\r\n".encode() for noise, body in pieces)
    replies = shell.Replies("t0ken")
    found = [
        reply for at in range(0, len(data), step) for reply in replies.feed(data[at : at + step])
    ]
    assert [reply.body for reply in found] == [body for _, body in pieces]


@given(st.binary(max_size=400))
def test_the_sum_is_that_of_cksum(data: bytes) -> None:
    said = subprocess.run(["cksum"], input=data, capture_output=True, check=True).stdout
    assert shell.posix_crc(data) == int(said.split()[0])


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=900))
def test_a_shell_reads_back_what_is_assigned(text: str) -> None:
    texts = [*shell.assignments("c", text), 'printf %s "$c"']
    assert all(len(one) <= shell.MAX_TEXT and one.isascii() for one in texts)
    script = "n=$(printf '\\nx'); n=${n%x}\n" + "\n".join(texts)
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    assert done.stdout == text.encode()


@given(st.binary(min_size=1, max_size=300), st.booleans())
def test_an_output_is_whole_or_none(data: bytes, hexadecimal: bool) -> None:
    text = data.hex() if hexadecimal else base64.b64encode(data).decode()
    lines = [text[at : at + 76] for at in range(0, len(text), 76)]
    transfer = shell.Transfer(shell.posix_crc(data), len(data), hexadecimal)
    for number, line in reversed(list(enumerate(lines, 1))[1:]):
        transfer.take(f"{number}:{line}")
    assert transfer.data() is None
    transfer.take(f"1:{lines[0]}")
    assert transfer.data() == data
