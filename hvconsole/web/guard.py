"""Who may use the console in a browser: whoever knows the token, from a page of ours.

Other programs and other people's pages on the same machine can connect to loopback as well. So a
secret is asked for once, kept in a cookie that no page can read; a WebSocket is accepted only from
a page that we served, since browsers let any page open one; and a name that is not ours is refused,
since a name of an attacker's may lead here (DNS rebinding).
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web

COOKIE = "hvconsole"
TOKEN = "token"  # noqa: S105  # the word's name in the address
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "script-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_REFUSED = (
    "This console wants its token.\n\n"
    "Open the address that 'hvconsole serve' printed; its end is the token.\n"
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guard(
    token: str, origins: Iterable[str]
) -> Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]:
    """Return the middleware that lets the right people in.

    Args:
        token: The secret.
        origins: Addresses that the pages are reached under: ``http://127.0.0.1:8421``.
    """
    known = frozenset(origins)
    hosts = frozenset(origin.partition("://")[2] for origin in known)

    @web.middleware
    async def checked(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.host not in hosts:
            raise web.HTTPForbidden(text=f"This console is not at {request.host!r}.\n")
        if request.headers.get("Origin", next(iter(known))) not in known:
            raise web.HTTPForbidden(text="This console takes no calls from other pages.\n")
        if request.path == "/" and (said := request.query.get(TOKEN)) is not None:
            return _let_in(request, said, token)
        if not _same(request.cookies.get(COOKIE, ""), token):
            raise web.HTTPForbidden(text=_REFUSED)
        response = await handler(request)
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response

    return checked


def _let_in(request: web.Request, said: str, token: str) -> web.StreamResponse:
    """Keep the token in a cookie, and get it out of the address."""
    if not _same(said, token):
        raise web.HTTPForbidden(text=_REFUSED)
    response = web.HTTPSeeOther("/")
    response.set_cookie(
        COOKIE, token, httponly=True, samesite="Strict", secure=request.scheme == "https", path="/"
    )
    return response


def _same(said: str, token: str) -> bool:
    return hmac.compare_digest(said.encode("utf-8", "replace"), token.encode())
