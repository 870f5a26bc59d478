import sys, asyncio, msgspec, traceback
from servers import *
from hvconsole.link.ssh import SshLink

done = [False]


def prof(frame, event, arg):
    if event == "call" and not done[0]:
        d = 0
        f = frame
        while f:
            d += 1
            f = f.f_back
        if d > 400:
            done[0] = True
            sys.setprofile(None)
            print("".join(traceback.format_stack(frame)[-24:]), file=sys.__stderr__)


async def test_x(sshd, proxy, tmp_path):
    known = f"[127.0.0.1]:{proxy.port} {sshd.host_key}\n"
    address = msgspec.structs.replace(sshd.address, port=proxy.port, keepalive_s=0.2)
    link = SshLink(address, files=sshd.files(known))
    await link.open()
    (tmp_path / "file").write_bytes(b"before")
    putting = asyncio.create_task(link.put(bytes(256) * 100_000, str(tmp_path / "file")))
    await eventually(lambda: len(list(tmp_path.glob(".file.*"))) == 1, "it has begun")
    proxy.freeze()
    pass
    try:
        await putting
    except Exception as e:
        print(repr(e), getattr(e, "lines", lambda: 0)())
    sys.setprofile(None)
    await link.close()
    del putting, link
    import gc; gc.collect(); await asyncio.sleep(0.1); gc.collect()
    import logging
    print("tasks", [t for t in asyncio.all_tasks()])
