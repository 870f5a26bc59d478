"""The server: a page, and behind each open page a console of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shlex
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import WSMsgType, web
from textual_serve.app_service import AppService
from textual_serve.server import Server

from hvconsole.web.guard import guard

MOST_PAGES = 8
_SMALLEST, _LARGEST = 10, 1000
# Leaving a board as it was found may take a while; a dead link is given up long before.
_END_S = 30.0
_log = logging.getLogger("hvconsole.web")


class _Console(AppService):
    """A console behind a page. A page that goes away must not keep it from tidying up."""

    async def on_data(self, payload: bytes) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            await super().on_data(payload)

    async def on_meta(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            await super().on_meta(data)

    async def end(self) -> None:
        """Ask it to leave, and see that it has."""
        process = self._process
        stopped = asyncio.create_task(self.stop())
        try:
            async with asyncio.timeout(_END_S):
                await asyncio.shield(stopped)
                if process is not None:
                    await process.wait()
        except TimeoutError:
            if process is not None and process.returncode is None:
                process.terminate()
            await asyncio.gather(stopped, return_exceptions=True)


class ConsoleServer(Server):
    """Serves consoles.

    Args:
        words: The command that each page gets a process of.
        host: Address to listen on.
        port: Port; 0 lets the system choose.
        token: Secret that a browser must bring.
        public_url: Address that browsers reach it under, where a proxy stands before it.
    """

    def __init__(
        self, words: Sequence[str], *, host: str, port: int, token: str, public_url: str = ""
    ) -> None:
        super().__init__(
            shlex.join(words),
            host=host,
            port=port,
            title="hvconsole",
            public_url=public_url or None,
        )
        self._token = token
        self._own_url = public_url
        self._open = 0
        self._runner: web.AppRunner | None = None

    async def begin(self) -> str:
        """Listen; return the address with the token in it.

        Raises:
            OSError: The address or the port cannot be had.
        """
        app = web.Application()
        app.add_routes(
            [
                web.get("/", self.handle_index, name="index"),
                web.get("/ws", self.handle_websocket, name="websocket"),
                web.get("/download/{key}", self.handle_download, name="download"),
                web.static("/static", self.statics_path, name="static"),
                web.static("/own", Path(__file__).parent / "static", name="own"),
            ]
        )
        aiohttp_jinja2.setup(app, loader=jinja2.FileSystemLoader(Path(__file__).parent))
        self._runner = web.AppRunner(app, shutdown_timeout=_END_S)
        # The port is known only once we listen; nobody is let in before the guard stands.
        app.middlewares.append(_late(lambda: guard(self._token, self._origins())))
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.public_url = self._own_url.rstrip("/") or f"http://{_written(self.host)}:{self.port}"
        return f"{self.public_url}/?token={self._token}"

    async def end(self) -> None:
        """Close all pages, and wait until their consoles have left."""
        if self._runner is not None:
            await self._runner.cleanup()

    def _origins(self) -> list[str]:
        here = [f"http://{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]")]
        return [self.public_url, *here]

    @aiohttp_jinja2.template("page.html")
    async def handle_index(self, request: web.Request) -> dict[str, object]:
        """Return what the page needs to know."""
        scheme = "wss" if self.public_url.startswith("https") else "ws"
        size = request.query.get("fontsize", "")
        return {
            "websocket": f"{scheme}://{request.host}/ws",
            "font_size": int(size) if size.isdecimal() and 4 <= int(size) <= 64 else 15,  # noqa: PLR2004  # readable
        }

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Give a page its console, for as long as the page is open."""
        websocket = web.WebSocketResponse(heartbeat=15)
        await websocket.prepare(request)
        if self._open >= MOST_PAGES:
            await websocket.close(message=b"too many consoles are open")
            return websocket
        self._open += 1
        console = _Console(
            self.command,
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=lambda: _close(websocket),
            download_manager=self.download_manager,
        )
        try:
            await console.start(_size(request, "width", 80), _size(request, "height", 24))
            await self._listen(websocket, console)
        finally:
            self._open -= 1
            await asyncio.shield(console.end())
        return websocket

    async def _listen(self, websocket: web.WebSocketResponse, console: _Console) -> None:
        """Hand on what the page says; what is nonsense is passed over."""
        async for message in websocket:
            if message.type != WSMsgType.TEXT:
                continue
            try:
                await self._heard(websocket, console, message.json())
            except (ValueError, TypeError, KeyError, IndexError, AttributeError):
                _log.warning("a page sent what makes no sense")

    async def _heard(
        self, websocket: web.WebSocketResponse, console: _Console, said: list[object]
    ) -> None:
        kind, *rest = said
        match kind:
            case "stdin" if isinstance(rest[0], str):
                await console.send_bytes(rest[0].encode())
            case "resize" if isinstance(rest[0], dict):
                width, height = int(rest[0]["width"]), int(rest[0]["height"])
                await console.set_terminal_size(_bounded(width), _bounded(height))
            case "ping":
                await websocket.send_json(["pong", rest[0]])
            case "blur":
                await console.blur()
            case "focus":
                await console.focus()


async def _close(websocket: web.WebSocketResponse) -> None:
    await websocket.close()


def _late(
    make: Callable[[], Callable[..., Awaitable[web.StreamResponse]]],
) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Return a middleware that is made when the first request comes."""
    made: list[Callable[..., Awaitable[web.StreamResponse]]] = []

    @web.middleware
    async def first(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if not made:
            made.append(make())
        return await made[0](request, handler)

    return first


def _size(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return _bounded(int(text)) if text.isdecimal() and len(text) < 6 else default  # noqa: PLR2004


def _bounded(cells: int) -> int:
    return min(max(cells, _SMALLEST), _LARGEST)


def _written(host: str) -> str:
    return f"[{host}]" if ":" in host else host
