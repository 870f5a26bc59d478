"""The inside of the simulated Banana Pi: files, a shell, programs; one boot after the other.

    board = Board(seed=7, speed=1.0)
    board.boot("native")
    board.timekeeper.start()                      # needs a running event loop
    board.attach(hypervisor)                      # after each boot: its tools become commands
    board.install(tools)                          # those that are on the card in any boot

    pipe = Pipe()                                 # standard input: pipe.write(...), pipe.end()
    streams = Streams(pipe, Call(send), Call(send_error))
    status = await board.shell(streams=streams).execute("uname -a")
    status = await Interactive(board.shell(streams=streams)).run()

    board.tree.stat("/tmp"), board.tree.open("/tmp/x", write=True, create=True).write(0, b"…")

    board.log.lines                               # the kernel's messages of the boot, to be paced
    board.log.listener = serial_line              # then each further one, and what others write
    board.on_reboot, board.on_power_off, board.on_crash, board.on_device_read = …

    board.tree.room = board.tree.used             # faults: a full disk,
    board.refuse_modules = True                   # a kernel that wants signed modules,
    board.processes.named("hvsampler")[0].kill(9) # a program that is killed
    board.crash(reboot_after_s=5.0)               # everything stops

`Board` is reached over nothing: SSH, SFTP and the serial line are `hvconsole.sim`'s. What its CPUs
do follows from `hvconsole.sim.machine`. See docs/simulator.md.
"""
