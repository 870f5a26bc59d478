"""What asyncssh and the network raise, told as problems: what was seen, and what to do."""

from __future__ import annotations

import errno
import re
import socket

import asyncssh

from hvconsole.link.ssh_auth import AuthenticationTry
from hvconsole.model.board import SshAddress
from hvconsole.model.problem import LinkProblem

_ERRNO = re.compile(r"\[Errno (\d+)\]")
_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}


def settings_problem(error: Exception, address: SshAddress) -> LinkProblem:
    """Return the problem of settings or keys that cannot be used at all."""
    detail = _said(error)
    if isinstance(error, OSError):
        detail = f"{error.filename}: {error.strerror}" if error.filename else detail
        title = f"a file for the connection to {address} cannot be read"
        hint = "correct the board's 'identity' in boards.toml, or the file's permissions"
    elif isinstance(error, asyncssh.KeyImportError):
        title = f"the key for {address} cannot be used"
        hint = f"{address.identity or 'IdentityFile'} must be a private key that ssh can read"
    else:
        title = f"the settings for the connection to {address} cannot be used"
        hint = "correct the board's entry in boards.toml, or ssh_config; 'ssh -G HOST' shows it"
    return LinkProblem(title, detail=detail, hint=hint)


def connect_problem(
    error: Exception,
    address: SshAddress,
    options: asyncssh.SSHClientConnectionOptions,
    timeout_s: float,
) -> LinkProblem:
    """Return the problem of a connection that did not come about, keys on either side aside."""
    where = f"{options.host}, port {options.port}"
    if isinstance(error, TimeoutError):
        return LinkProblem(
            f"{address} does not answer",
            detail=f"nothing usable came from {where} within {timeout_s:g} s",
            hint="is the board powered and on the network? Its serial console tells",
        )
    if isinstance(error, OSError):
        return _network(error, address, where)
    if isinstance(error, asyncssh.ChannelOpenError):
        return LinkProblem(
            f"the jump host cannot reach {address}",
            detail=f"{where}: {_said(error)}",
            hint="try from the jump host: ssh there, then ssh to the board",
        )
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return LinkProblem(
            f"the host certificate of {address} is not accepted",
            detail=_said(error),
            hint="have the host key signed anew, or correct @cert-authority in known_hosts",
        )
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return LinkProblem(
            f"{address} and this machine share no algorithm",
            detail=_said(error),
            hint="update the board's SSH server, or allow an older algorithm in ssh_config",
        )
    return _broken_off(address, where, _said(error))


def lost_problem(error: Exception | None, name: str, keepalive_s: float, count: int) -> LinkProblem:
    """Return the problem of a connection that ended without our doing."""
    if isinstance(error, asyncssh.ConnectionLost) and "keepalive" in str(error):
        return LinkProblem(
            f"the link to {name} is dead",
            detail=f"{count} keepalives, {keepalive_s:g} s apart, were not answered",
            hint="look at the board's power, network and serial console",
        )
    return LinkProblem(
        f"the link to {name} was lost",
        detail=_said(error) if error else "the board closed the connection",
        hint="if the board restarts, connect again; its serial console says more",
    )


def session_problem(error: Exception, name: str) -> LinkProblem:
    """Return the problem of a command that the server does not let begin."""
    return LinkProblem(
        f"{name} does not begin another session",
        detail=_said(error),
        hint="MaxSessions of its sshd must be 10 or more, and commands must be allowed there",
    )


def _network(error: OSError, address: SshAddress, where: str) -> LinkProblem:
    number = _number(error)
    detail = f"{where}: {error.strerror or error}"
    if isinstance(error, socket.gaierror):
        return LinkProblem(
            f"no machine is named '{address.host}'",
            detail=detail,
            hint="check the spelling, or give the board's address; ssh_config aliases work too",
        )
    if number == errno.ECONNREFUSED:
        return LinkProblem(
            f"{address} refuses the connection",
            detail=f"{where}: nothing listens there",
            hint="start sshd on the board, or correct the port",
        )
    if number in _UNREACHABLE:
        return LinkProblem(
            f"{address} cannot be reached",
            detail=detail,
            hint="check the cable, the address, and the route to the board's network",
        )
    if number in {errno.ECONNRESET, errno.EPIPE}:
        return _broken_off(address, where, str(error.strerror))
    return LinkProblem(
        f"the connection to {address} failed",
        detail=detail,
        hint="check the board's address and network",
    )


def _broken_off(address: SshAddress, where: str, said: str) -> LinkProblem:
    return LinkProblem(
        f"{address} broke the connection off",
        detail=f"{where}: {said}",
        hint="is it an SSH server, and does it allow this machine? Its own log says more",
    )


def _number(error: OSError) -> int | None:
    """Return the error number, also of asyncio's summary over several addresses."""
    if error.errno is not None:
        return error.errno
    numbers = {int(text) for text in _ERRNO.findall(str(error))}
    return numbers.pop() if len(numbers) == 1 else None


def is_authentication(error: Exception) -> bool:
    """Return whether the server let nobody in."""
    too_many = isinstance(error, asyncssh.DisconnectError) and "authentication" in str(error)
    return isinstance(error, asyncssh.PermissionDenied) or too_many


def not_let_in(error: Exception, address: SshAddress, tried: AuthenticationTry) -> LinkProblem:
    """Return the problem of a server that took none of the keys."""
    keys = [f"key offered: {key}" for key in tried.keys] or ["no key file was offered"]
    locked = [f"not offered: {path} (it needs a passphrase)" for path in tried.locked]
    methods = [f"it asked for: {', '.join(tried.methods)}"] if tried.methods else []
    if tried.locked:
        hint = f"unlock the key for the agent: ssh-add {tried.locked[0]}"
    else:
        hint = f"put a public key into ~{tried.user}/.ssh/authorized_keys on the board "
        hint += "(ssh-copy-id), or name another key with 'identity'"
    return LinkProblem(
        f"{address.host} does not let '{tried.user}' in",
        detail="\n".join([_said(error), *keys, *locked, tried.agent, *methods]),
        hint=hint,
    )


def _said(error: Exception) -> str:
    """Return what an error says. Its text may come from the board; whoever shows it sanitises."""
    return str(error).strip() or type(error).__name__
