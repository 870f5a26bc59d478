"""A real browser for tests: headless Chromium, driven over its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import itertools
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
_NAMED = {"Escape": 27, "Enter": 13, "Tab": 9, "F2": 113, "F3": 114}


class Page:
    """One page of the browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.said: list[str] = []

    async def call(self, method: str, **words: Any) -> dict[str, Any]:
        """Call a method of the protocol."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": words})
        while True:
            message = await self._socket.receive_json(timeout=30)
            if message.get("method") == "Runtime.consoleAPICalled":
                self.said.append(str(message["params"]["args"]))
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(str(message["error"]))
                return dict(message["result"])

    async def open(self, address: str) -> None:
        """Go to an address."""
        await self.call("Page.navigate", url=address)

    async def ask(self, script: str) -> Any:
        """Return what an expression of JavaScript gives."""
        found = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        return found["result"].get("value")

    async def until(self, script: str, seconds: float = 30.0) -> Any:
        """Wait until an expression is true."""
        async with asyncio.timeout(seconds):
            while not (value := await self.ask(script)):
                await asyncio.sleep(0.1)
        return value

    async def press(self, key: str) -> None:
        """Press a key: a character, or one of those that have a name."""
        code = _NAMED.get(key, 0)
        words: dict[str, Any] = {"key": key, "windowsVirtualKeyCode": code}
        words |= {"type": "rawKeyDown"} if code else {"type": "keyDown", "text": key}
        await self.call("Input.dispatchKeyEvent", **words)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def click(self, x: int, y: int, *, times: int = 1) -> None:
        """Click with the left button, `times` in a row."""
        for count in range(1, times + 1):
            for kind in ("mousePressed", "mouseReleased"):
                await self.call(
                    "Input.dispatchMouseEvent",
                    type=kind, x=x, y=y, button="left", clickCount=count,
                )  # fmt: skip

    async def picture(self) -> bytes:
        """Return a PNG of what is seen."""
        shot = await self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(shot["data"])


@asynccontextmanager
async def browser(width: int = 1280, height: int = 800) -> AsyncIterator[Page]:
    """Have a page of a fresh browser."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            CHROMIUM,
            "--headless=new",
            "--remote-debugging-port=0",
            *QUIET,
            f"--window-size={width},{height}",
            f"--user-data-dir={folder}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            port = await _port(process, Path(folder))
            async with aiohttp.ClientSession() as http:
                async with http.get(f"http://127.0.0.1:{port}/json") as answer:
                    pages = await answer.json(content_type=None)
                address = next(one for one in pages if one["type"] == "page")
                async with http.ws_connect(
                    address["webSocketDebuggerUrl"], max_msg_size=1 << 26
                ) as socket:
                    page = Page(socket)
                    await page.call("Page.enable")
                    await page.call("Runtime.enable")
                    await page.call("Emulation.setFocusEmulationEnabled", enabled=True)
                    yield page
        finally:
            process.kill()
            await process.wait()


async def _port(process: asyncio.subprocess.Process, folder: Path) -> int:
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while line := await process.stderr.readline():
            if match := re.search(rb"ws://127\.0\.0\.1:(\d+)/", line):
                return int(match[1])
    raise RuntimeError(f"Chromium did not start in {folder}")
