import asyncio, gc
from test_ssh import *
from test_ssh import test_a_link_that_dies_while_a_file_is_put as t
async def test_y(sshd, proxy, tmp_path):
    loop=asyncio.get_running_loop()
    got=[]
    loop.set_exception_handler(lambda l,c: got.append(c))
    await t(sshd, proxy, tmp_path)
    gc.collect(); await asyncio.sleep(.2); gc.collect()
    for c in got[:3]: print(c)
    print(len(got), len(gc.garbage))
