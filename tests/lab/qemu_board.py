"""Emulated boards for tests: a process that ends with its test, a serial line on a socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path


@contextlib.asynccontextmanager
async def running(*arguments: str, qemu: str, folder: Path) -> AsyncIterator[Path]:
    """Run QEMU's virt board until the block ends; yield the socket of its serial line.

    The board waits for somebody to connect before it starts, so that nothing is missed.
    """
    serial = folder / "serial.sock"
    process = await asyncio.create_subprocess_exec(
        qemu,
        *("-M", "virt", "-display", "none", "-nodefaults", "-no-user-config", "-no-reboot"),
        *("-chardev", f"socket,id=s,path={serial},server=on,wait=on", "-serial", "chardev:s"),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(20):
            while not serial.exists() and process.returncode is None:
                await asyncio.sleep(0.02)
        assert process.returncode is None, "QEMU ended at once"
        yield serial
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
