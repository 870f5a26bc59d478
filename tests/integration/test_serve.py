"""The console in a browser: who is let in, and that it moves, in a real Chromium."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from browser import CHROMIUM, Page, browser

TOKEN = "a-token-that-is-long-enough"  # noqa: S105  # the test's own


class Served:
    """A running ``hvconsole serve``."""

    def __init__(self, address: str, process: asyncio.subprocess.Process) -> None:
        self.address = address
        self.url = address.partition("/?")[0]
        self.process = process

    def consoles(self) -> list[int]:
        """Return the processes of open consoles."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(word) for word in children.split()]


@asynccontextmanager
async def serve(tmp_path: Path, *words: str) -> AsyncIterator[Served]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hvconsole",
        "serve",
        *words,
        "--port",
        "0",
        stdout=asyncio.subprocess.PIPE,
        env=os.environ
        | {
            "HVCONSOLE_TOKEN": TOKEN,
            "XDG_STATE_HOME": str(tmp_path),
            "XDG_DATA_HOME": str(tmp_path),
        },
    )
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        yield Served(line.strip(), process)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.wait(), 40)


async def test_who_is_let_in(tmp_path: Path) -> None:
    async with serve(tmp_path, "local") as served, aiohttp.ClientSession() as stranger:
        assert re.fullmatch(rf"http://127\.0\.0\.1:\d+/\?token={TOKEN}", served.address)
        for path in ("/", "/?token=wrong", "/ws", "/static/js/textual.js", "/own/page.js"):
            async with stranger.get(served.url + path) as answer:
                assert answer.status == 403, path
                assert TOKEN not in await answer.text()
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as person:
            async with person.get(served.address, allow_redirects=False) as answer:
                assert answer.status == 303
                assert answer.headers["Location"] == "/"
                cookie = answer.headers["Set-Cookie"]
                assert "HttpOnly" in cookie
                assert "SameSite=Strict" in cookie
            async with person.get(served.url) as answer:
                assert answer.status == 200
                assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
                assert "http" not in (await answer.text()).replace("http-equiv", "")
            for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
                async with person.get(served.url + "/ws", headers=headers) as answer:
                    assert answer.status == 403, headers
        assert served.consoles() == []


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt install chromium")
async def test_charts_move_and_keys_work_in_a_browser(tmp_path: Path) -> None:
    async with serve(tmp_path, "sim") as served, browser() as page:
        await page.open(served.address)
        await page.until("document.body.classList.contains('-first-byte')", 60)
        assert "token" not in str(await page.ask("location.href"))
        await _until(lambda: any(one.stat().st_size for one in tmp_path.rglob("frames.bin")))
        first = await _changed(page, await page.picture())
        second = await _changed(page, first)
        edge = await page.ask("innerHeight - 1")
        await page.click(640, edge)  # beside the terminal: keys still reach it
        assert await page.ask("document.activeElement.className") == "xterm-helper-textarea"
        await page.press("c")  # the figures: the page is a canvas, their file is text
        await _until(lambda: list(tmp_path.rglob("clipboard.txt")))
        copied = next(tmp_path.rglob("clipboard.txt")).read_text()
        await page.press("?")
        await asyncio.sleep(1.5)
        helped = await page.picture()
        await page.press("Escape")
        await asyncio.sleep(1.0)  # at once with a key it would be Alt and that key
        Path(os.environ.get("HVCONSOLE_PICTURES", tmp_path), "console-in-chromium.png").write_bytes(
            helped
        )
        assert len({hashlib.sha256(one).digest() for one in (first, second, helped)}) == 3
        assert re.search(r"^cpu\d+\t\d+\t", copied, re.MULTILINE), copied
        assert len(served.consoles()) == 1
        await page.press("q")
        await page.until("document.body.classList.contains('-closed')", 60)
        async with asyncio.timeout(30):
            while served.consoles():
                await asyncio.sleep(0.1)
    manifest = next(tmp_path.rglob("manifest.toml")).read_text()
    assert 'state = "complete"' in manifest, "what was measured is kept"


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt install chromium")
async def test_a_board_is_opened_and_left_by_mouse_in_a_browser(tmp_path: Path) -> None:
    async with serve(tmp_path) as served, browser() as page:
        await page.open(served.address)
        await page.until("document.body.classList.contains('-first-byte')", 60)
        await _standing(page)
        high = await page.ask("document.querySelector('.xterm-screen').clientHeight")

        def recording() -> bool:
            return any(one.stat().st_size for one in tmp_path.rglob("frames.bin"))

        for _ in range(6):  # if what stood still were not the boards yet, nothing was hit
            await page.click(80, 90, times=2)  # the fifth row, whatever font there is: the first
            with contextlib.suppress(TimeoutError):
                await _until(recording, 15)
                break
        assert recording()
        (manifest,) = tmp_path.rglob("manifest.toml")
        assert 'board = "sim"' in manifest.read_text()
        await page.click(12, high - 8)  # the first hint: s ends the run
        await _until(lambda: 'reason = "stop"' in manifest.read_text())
        await page.press("q")
        await page.until("document.body.classList.contains('-closed')", 60)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt install chromium")
async def test_a_page_that_goes_away_ends_its_console(tmp_path: Path) -> None:
    async with serve(tmp_path, "local") as served:
        async with browser() as page:
            await page.open(served.address)
            await page.until("document.body.classList.contains('-first-byte')", 60)
            await _until(lambda: list(tmp_path.rglob("manifest.toml")))
            assert len(served.consoles()) == 1
        async with asyncio.timeout(45):
            while served.consoles():
                await asyncio.sleep(0.1)
    manifest = next(tmp_path.rglob("manifest.toml")).read_text()
    assert 'state = "complete"' in manifest, "the console ended its session"
    left = await asyncio.create_subprocess_exec("pgrep", "-f", str(tmp_path))
    assert await left.wait() == 1


async def _changed(page: Page, before: bytes) -> bytes:
    """Return a picture that differs from another one."""
    async with asyncio.timeout(60):
        while (now := await page.picture()) == before:
            await asyncio.sleep(0.1)
    return now


async def _standing(page: Page) -> None:
    """Wait until the page has stood still for a second: there is no more to come by itself."""
    async with asyncio.timeout(60):
        before, same = await page.picture(), 0
        while same < 4:
            await asyncio.sleep(0.25)
            now = await page.picture()
            before, same = now, same + 1 if now == before else 0


async def _until(seen: Callable[[], object], seconds: float = 90) -> None:
    """Wait until something is there."""
    async with asyncio.timeout(seconds):
        while not seen():
            await asyncio.sleep(0.1)
