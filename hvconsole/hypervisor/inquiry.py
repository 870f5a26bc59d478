"""Asking a hypervisor for what it knows, in its own words; nothing is changed by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hvconsole.hypervisor.xen import asking as xen
from hvconsole.hypervisor.xvisor import command as xvisor
from hvconsole.link.protocol import Completed, Link
from hvconsole.model.hypervisor import Survey
from hvconsole.model.problem import BoardProblem
from hvconsole.model.text import plain
from hvconsole.wire.xvisor_command import is_typable

_ASKING_S = 60.0


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Something to ask for.

    Attributes:
        name: What it is called on the command line.
        about: What is answered.
        argv: Asks.
        log: Shows the log that the answer is written to, where it does not come at once.
        binds: The guest's console that keys are to go to; nothing is asked then.
        joins: The guest whose console they are to go to, likewise.
    """

    name: str
    about: str
    argv: tuple[str, ...]
    log: tuple[str, ...] = ()
    binds: str = ""
    joins: str = ""


def inquiries(system: str) -> tuple[Inquiry, ...]:
    """Return what a system can be asked for."""
    if system == "jailhouse":
        return (Inquiry("console", "what Jailhouse said", ("jailhouse", "console")),)
    if system == "xvisor":
        return tuple(Inquiry(" ".join(argv), about, argv) for argv, about in xvisor.INQUIRIES)
    if system != "xen":
        return ()
    return (
        Inquiry("info", "what this Xen is", xen.info()),
        Inquiry("dmesg", "what Xen said", xen.log()),
        *(
            Inquiry(f"debug-keys {key}", about, xen.debug_keys(key), xen.log())
            for key, about in xen.DEBUG_KEYS.items()
        ),
    )


def console_inquiries(survey: Survey) -> tuple[Inquiry, ...]:
    """Return what shows what guests have written, where the hypervisor keeps that for us."""
    if survey.system != "xvisor":
        return ()
    return tuple(
        Inquiry(
            f"console {port}",
            f"what {guest.name} wrote; it is shown once",
            xvisor.dump(port),
        )
        for guest in survey.guests
        for port in guest.consoles
        if is_typable(port)
    )


def guest_console_choices(survey: Survey) -> tuple[Inquiry, ...]:
    """Return what can be done with guests' consoles, by whatever way the system has."""
    if survey.system != "xvisor":
        return tuple(
            Inquiry(f"type to {plain(one.name, 40)}", "keys go to it until it is left", (),
                    joins=one.key)
            for one in survey.guests
            if one.role == "guest"
        )  # fmt: skip
    shows = console_inquiries(survey)
    types = (
        Inquiry(f"type to {one.argv[-1]}", "keys go to it until it is left", (), binds=one.argv[-1])
        for one in shows
    )
    return (*types, *shows)


async def ask(link: Link, inquiry: Inquiry, *, root: Sequence[str] = ()) -> list[str]:
    """Ask, and return the lines of the answer, safe to show.

    Args:
        link: The way to the board.
        inquiry: What to ask.
        root: Words before root's commands.

    Raises:
        BoardProblem: The system's tools do not answer, or said nothing.
        LinkProblem: The board was lost.
    """
    if not inquiry.log:
        said = (await _run(link, (*root, *inquiry.argv))).text.splitlines()
    else:
        before = (await _run(link, (*root, *inquiry.log))).text
        await _run(link, (*root, *inquiry.argv))
        said = xen.new_lines(before, (await _run(link, (*root, *inquiry.log))).text)
    if not said:
        raise BoardProblem(
            f"nothing was answered to '{inquiry.name}'",
            hint="the log may be full of older lines: conring_size= on Xen's command line"
            if inquiry.log
            else "",
        )
    return [plain(line, 2000) for line in said]


async def _run(link: Link, argv: tuple[str, ...]) -> Completed:
    done = await link.run(argv, timeout=_ASKING_S)
    if done.status != 0:
        said = plain(done.error_text or done.text, 300)
        raise BoardProblem(f"'{' '.join(argv)}' failed", detail=said)
    return done
