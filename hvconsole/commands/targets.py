"""From a board's name to a board that can be connected to: the user's, the lab's, the simulated.

Boards of boards.toml are only looked up. Lab boards have been started by another command and are
looked up as well. The simulated board is started here, unless one is kept running, and ends with
the command that reached it.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from hvconsole.config.boards import find_board
from hvconsole.model.board import BoardProfile
from hvconsole.model.problem import UsageProblem

if TYPE_CHECKING:
    from hvconsole.sim.options import SimOptions

SIM = "sim"
LAB = "lab-"
SIMULATED = ("simulated",)
_SEEDS_APART = 10_000  # each boot of a board takes the next seed


@dataclass(frozen=True, slots=True)
class SimWords:
    """What the command line says about the simulated board; None and empty: not said.

    Attributes:
        seed: Of everything random on it.
        speed: Simulated seconds a second.
        mode: Boot mode to begin with.
        faults: What goes wrong, as ``--fault`` has it.
    """

    seed: int | None = None
    speed: float | None = None
    mode: str = ""
    faults: str = ""


def add_sim_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what can be said about the simulated board."""
    group = parser.add_argument_group("the simulated board (BOARD is 'sim')")
    group.add_argument("--seed", type=int, metavar="N", help="the same seed, the same switches")
    group.add_argument("--speed", type=float, metavar="X", help="simulated seconds a second")
    group.add_argument("--mode", default="", metavar="MODE", help="begin in this boot mode")
    group.add_argument(
        "--fault",
        default="",
        metavar="WHAT[@TIME][,…]",
        help="let things go wrong: link-drop@10s,corrupt=0.1%% ('help' lists them)",
    )


def sim_options(arguments: argparse.Namespace) -> SimWords:
    """Return what `add_sim_arguments` read.

    Raises:
        UsageProblem: It was said about another board.
    """
    words = SimWords(arguments.seed, arguments.speed, arguments.mode, arguments.fault)
    if arguments.board != SIM and words != SimWords():
        raise UsageProblem(
            f"--seed, --speed, --mode and --fault are of the simulated board, not of "
            f"'{arguments.board}'",
            hint="leave them out, or use the board 'sim'",
        )
    return words


def labels_of(name: str) -> tuple[str, ...]:
    """Return the labels that a board's results will carry, before it is reached.

    Raises:
        UsageProblem: There is no such board.
    """
    return SIMULATED if name == SIM else profile_of(name).labels


def profile_of(name: str) -> BoardProfile:
    """Return the profile of a board that is there already.

    Raises:
        UsageProblem: There is none of that name, or it has to be started first.
    """
    if name.startswith(LAB):
        from hvconsole.lab.profiles import lab_profile

        return lab_profile(name)
    if name == SIM:
        from hvconsole.sim.keep import kept_board

        kept = kept_board()
        if kept is None:
            raise UsageProblem(
                "no simulated board is kept running", hint="start one: hvconsole sim start"
            )
        return kept
    return find_board(name)


def gone_on_with(name: str, words: SimWords | None, times: int) -> SimWords | None:
    """Return how a board is to be for a campaign that is gone on with.

    A simulated board that is made anew would make the switches of its first boots again, and runs
    would be counted twice that are the same run. So it gets a seed of its own.

    Args:
        name: The board.
        words: What was said about it.
        times: How often the campaign was begun before.
    """
    if name != SIM or not times:
        return words
    from hvconsole.sim.keep import kept_board

    if kept_board() is not None:
        return words  # it goes on from where it is
    words = words or SimWords()
    return replace(words, seed=(words.seed or 0) + times * _SEEDS_APART)


@contextlib.asynccontextmanager
async def reach(
    name: str, words: SimWords | None = None, *, over: str = ""
) -> AsyncIterator[BoardProfile]:
    """Have a board for as long as the context lasts.

    Args:
        name: The board.
        words: How the simulated board is to be, where that is meant.
        over: ``serial`` for its serial line in place of the network.

    Raises:
        UsageProblem: There is none of that name, or it has to be started first.
    """
    if name != SIM:
        yield _over(profile_of(name), over)
        return
    from hvconsole.sim.keep import kept_board

    words = words or SimWords()
    kept = kept_board()
    if kept is not None:
        if words != SimWords():
            raise UsageProblem(
                "a simulated board is kept running, and cannot be changed any more",
                hint="hvconsole sim stop, then say it again; or hvconsole sim start with it",
            )
        yield _over(kept, over)
        return
    from hvconsole.sim.start import simulated_board

    async with simulated_board(words_as_options(words)) as profile:
        yield _over(profile, over)


def add_over_argument(parser: argparse.ArgumentParser) -> None:
    """Add by which way a board is reached that has two."""
    parser.add_argument(
        "--over",
        choices=("ssh", "serial"),
        default="",
        help="reach the board over its network, or over its serial line alone",
    )


def _over(profile: BoardProfile, way: str) -> BoardProfile:
    if way != "serial" or profile.kind == "serial":
        return profile
    if profile.serial is None:
        raise UsageProblem(
            f"board '{profile.name}' has no serial line",
            hint='add to its table: serial = "/dev/ttyUSB0"',
        )
    return msgspec.structs.replace(profile, kind="serial", ssh=None)


def words_as_options(words: SimWords) -> SimOptions:
    """Return the simulated board's options.

    Raises:
        UsageProblem: There is no such fault, or a value is out of range.
    """
    from hvconsole.sim.options import SimOptions, parse_faults

    given: dict[str, Any] = {"faults": parse_faults(words.faults)} if words.faults else {}
    if words.seed is not None:
        given["seed"] = words.seed
    if words.speed is not None:
        given["speed"] = words.speed
    if words.mode:
        given["mode"] = words.mode
    return SimOptions(**given)


def others() -> Mapping[str, str]:
    """Return the boards that are in no file: name, and what each is or needs."""
    from hvconsole.lab.profiles import lab_names

    labs = dict.fromkeys(lab_names(), "a board in QEMU: hvconsole lab")
    return {SIM: "the simulated Banana Pi"} | labs
