"""Files onto a board: by SFTP, or through a shell where there is no SFTP. Whole or not at all."""

from __future__ import annotations

import contextlib
import posixpath
import secrets
from typing import TYPE_CHECKING

import asyncssh

from hvconsole.link.local import cannot_write

if TYPE_CHECKING:
    from hvconsole.link.protocol import Link

# sh and not the login shell reads this; the paths travel as arguments, not as program text.
# mv would move the file into a folder of that name.
_BY_COMMAND = (
    'umask 077; [ ! -d "$3" ] || { echo "is a folder" >&2; exit 1; }; '
    'cat > "$1" && chmod "$2" "$1" && mv -f -- "$1" "$3" || { rm -f -- "$1"; exit 1; }'
)

# One block after another: asyncssh's own parallel writing leaves tasks behind when the link dies,
# and their errors would be written across the screen. Every server takes blocks of this size.
_BLOCK = 32 << 10

_NO_SFTP = (
    asyncssh.SFTPEOFError,
    asyncssh.SFTPBadMessage,
    asyncssh.SFTPNoConnection,
    asyncssh.SFTPConnectionLost,
)


async def upload_by_sftp(
    connection: asyncssh.SSHClientConnection, where: str, data: bytes, path: str, mode: int
) -> bool:
    """Write a file beside its place, then rename it; return False where there is no SFTP.

    Raises:
        BoardProblem: The file cannot be written.
        asyncssh.Error: The connection failed.
    """
    try:
        client = await connection.start_sftp_client()
    except (asyncssh.ChannelOpenError, *_NO_SFTP):
        if connection.is_closed():
            raise
        return False
    async with client:
        beside = _beside(path)
        try:
            attributes = asyncssh.SFTPAttrs(permissions=0o600)
            async with client.open(beside, "xb", attrs=attributes, block_size=0) as file:
                for start in range(0, len(data), _BLOCK):
                    await file.write(data[start : start + _BLOCK])
            await client.chmod(beside, mode)
            await client.posix_rename(beside, path)
        except asyncssh.SFTPOpUnsupported:
            await _remove(client, beside)
            return False
        except _NO_SFTP:
            raise
        except asyncssh.SFTPError as error:
            await _remove(client, beside)
            raise cannot_write(path, where, str(error) or type(error).__name__) from error
    return True


async def upload_by_command(link: Link, data: bytes, path: str, mode: int) -> None:
    """Write a file by ``cat`` and ``mv`` on the board.

    Raises:
        BoardProblem: The file cannot be written.
        LinkProblem: The link was lost.
    """
    words = ["sh", "-c", _BY_COMMAND, "sh", _beside(path), f"{mode:o}", path]
    done = await link.run(words, stdin=data, timeout=120.0)
    if done.status != 0:
        reason = done.error_text or f"its shell ended with status {done.status}"
        raise cannot_write(path, link.name, reason)


def _beside(path: str) -> str:
    folder, name = posixpath.split(path)
    return posixpath.join(folder, f".{name[:200]}.{secrets.token_hex(4)}")


async def _remove(client: asyncssh.SFTPClient, path: str) -> None:
    with contextlib.suppress(asyncssh.SFTPError):
        await client.remove(path)
