"""What was done in the console, as the command that does the same. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hvconsole.hypervisor import actions as do
from hvconsole.model.run import RunSettings

_PROGRAM = "hvconsole"


def connect_words(board: str) -> tuple[str, ...]:
    """Return what opens the console on a board."""
    return (_PROGRAM, "connect", board)


def replay_words(session: str) -> tuple[str, ...]:
    """Return what plays a recording."""
    return (_PROGRAM, "replay", session)


def boot_words(board: str, mode: str) -> tuple[str, ...]:
    """Return what boots a board into a mode."""
    return (_PROGRAM, "boot", board, mode)


def record_words(board: str, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what measures such a run.

    Args:
        board: Name of the board.
        settings: The run's settings as a manifest has them (`RunSettings`); whatever is not as it
            should be is left out.
    """
    usual = RunSettings()
    words = [_PROGRAM, "record", board]
    for name, option in (("seconds", "--seconds"), ("threshold_ns", "--threshold"),
                         ("window_ms", "--window-ms"), ("fifo", "--fifo")):  # fmt: skip
        value = settings.get(name)
        if isinstance(value, int | float) and value != getattr(usual, name):
            words += [option, f"{value:g}" if isinstance(value, float) else str(value)]
    cpus = settings.get("cpus")
    if isinstance(cpus, list | tuple) and cpus:
        words += ["--cpu", ",".join(map(str, cpus))]
    for name, option in (("counter", "--counter"), ("label", "--label")):
        value = settings.get(name)
        if isinstance(value, str) and value != getattr(usual, name):
            words += [option, value]
    loads = settings.get("loads")
    guest = settings.get("guest")
    words += ["--guest", guest] if isinstance(guest, str) and guest else []
    for load in loads if isinstance(loads, list | tuple) else ():
        if isinstance(load, Mapping):
            words += ["--load", f"{load.get('name')}@{load.get('cpu')}"]
    return (*words, "--fence") if settings.get("fenced") is True else tuple(words)


def act_words(
    board: str, what: str, details: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    """Return what does a recorded action again; nothing where no command does.

    Args:
        board: Name of the board.
        what: The action as actions.jsonl has it.
        details: What else its line says.
        runs: Settings of the session's runs, by number.
    """
    if what == "run start":
        run = details.get("run")
        known = isinstance(run, int) and 0 <= run < len(runs)
        return record_words(board, runs[run] if known and isinstance(run, int) else {})
    if what == "doctor":
        return (_PROGRAM, "doctor", board)
    verb, _, mode = what.partition(" ")
    if verb == "boot" and mode and ":" not in mode and " " not in mode:
        return boot_words(board, mode)
    return ()


def hv_words(board: str, action: do.Action) -> tuple[str, ...]:
    """Return ``hvconsole hv`` with the words of an action."""
    return (_PROGRAM, "hv", board, *_WORDS[type(action)](action))


def _cpus(cpus: do.Cpus) -> str:
    return ",".join(map(str, sorted(cpus)))


def _values(values: Mapping[str, int]) -> list[str]:
    return [f"{name}={value}" for name, value in values.items()]


def _create(action: do.Create) -> list[str]:
    if action.linux is not None:
        return _linux(action.source, action.linux)
    words = ["create", action.source]
    words += ["--on-board"] if action.on_board else []
    words += ["--name", action.name] if action.name else []
    words += ["--paused"] if action.paused else []
    words += [word for image in _images(action.images) for word in ("--load", image)]
    return words + (["--start"] if action.start else [])


def _linux(source: str, linux: do.LinuxCell) -> list[str]:
    words = ["linux", source, linux.kernel]
    words += ["--dtb", linux.dtb] if linux.dtb else []
    words += ["--initrd", linux.initrd] if linux.initrd else []
    return words + (["--cmdline", linux.cmdline] if linux.cmdline else [])


def _images(images: do.Images) -> list[str]:
    return [path if at is None else f"{path}@{at:#x}" for path, at in images]


def _schedule(action: do.Schedule) -> list[str]:
    target = ["--pool", action.pool] if action.pool else [action.guest]
    vcpu = ["--vcpu", str(action.vcpu)] if action.vcpu is not None else []
    return ["sched", *target, *_values(action.values), *vcpu]


def _switch(action: do.SwitchScheduler) -> list[str]:
    cpus = ["--cpus", _cpus(action.cpus)] if action.cpus else []
    return ["sched", action.guest, *_values(action.values), "--to", action.scheduler, *cpus]


def _pin(action: do.Pin) -> list[str]:
    words = ["pin", action.guest]
    words += ["--vcpu", str(action.vcpu)] if action.vcpu is not None else []
    words += ["--hard", _cpus(action.hard)] if action.hard is not None else []
    return words + (["--soft", _cpus(action.soft)] if action.soft is not None else [])


def _pool(action: do.MakePool) -> list[str]:
    cpus = ["--cpus", _cpus(action.cpus)] if action.cpus else []
    return ["pool", "create", action.name, "--sched", action.scheduler, *cpus]


_WORDS: dict[type, Callable[[Any], list[str]]] = {
    do.Enable: lambda action: ["enable", action.config],
    do.Disable: lambda _: ["disable"],
    do.Create: _create,
    do.Load: lambda action: ["load", action.guest, *_images(action.images)],
    do.Start: lambda action: ["start", action.guest],
    do.Stop: lambda action: ["stop", action.guest],
    do.Restart: lambda action: ["restart", action.guest],
    do.Pause: lambda action: ["pause", action.guest],
    do.Resume: lambda action: ["resume", action.guest],
    do.Destroy: lambda action: ["destroy", action.guest],
    do.Schedule: _schedule,
    do.SwitchScheduler: _switch,
    do.Pin: _pin,
    do.SetVcpus: lambda action: ["vcpus", action.guest, str(action.count)],
    do.MakePool: _pool,
    do.DestroyPool: lambda action: ["pool", "destroy", action.name],
    do.AddCpu: lambda action: ["pool", "add", action.pool, str(action.cpu)],
    do.RemoveCpu: lambda action: ["pool", "remove", action.pool, str(action.cpu)],
    do.Move: lambda action: ["pool", "move", action.guest, action.pool],
}
