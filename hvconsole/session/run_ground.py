"""Where a run is made: on the board itself, or in the one guest that can be reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from hvconsole.link.protocol import Link
from hvconsole.link.serial_name import goes_over
from hvconsole.model.problem import BoardProblem, UsageProblem
from hvconsole.model.run import RunSettings
from hvconsole.session.guests import GuestDesk
from hvconsole.session.link_keeper import LinkKeeper
from hvconsole.session.parts import Workbench
from hvconsole.session.standing import Standing


@dataclass(frozen=True, slots=True)
class Ground:
    """A place that is ready to be measured in.

    Attributes:
        link: The way there.
        programs: Paths of what the run needs there, by name.
        settings: The run, as it is made there.
    """

    link: Link
    programs: Mapping[str, str]
    settings: RunSettings


class RunGround:
    """Has the sampler, and what else a run needs, where it is needed.

    Args:
        bench: Builds and deploys.
        guests: The guests that are sampled as well.
        keeper: The way to the board.
        serial: What the board's console is called; empty for a board without one.
        standing: Knows the board's name and its way.
    """

    def __init__(
        self,
        bench: Workbench,
        guests: GuestDesk,
        keeper: LinkKeeper,
        serial: str,
        standing: Standing,
    ) -> None:
        self._bench, self._guests, self._keeper = bench, guests, keeper
        self._serial, self._standing = serial, standing

    async def made_ready(self, link: Link, settings: RunSettings) -> Ground:
        """Make the place ready.

        Raises:
            Problem: It cannot be measured in, and why.
        """
        if settings.guest:
            self._guests.want((settings.guest,))
        if self._keeper.is_alone:
            return await self._in_guest(settings)
        self.refuse_guests()
        programs = await self._bench.programs(link, settings)
        await self._guests.prepare(settings, self._bench.guest_sampler)
        return Ground(link, programs, settings)

    async def _in_guest(self, settings: RunSettings) -> Ground:
        """Have the sampler in the one guest that is measured.

        Raises:
            Problem: No guest is named, or more than one; or it cannot be measured in.
        """
        if len(self._guests.wanted) != 1:
            status = self._standing.status
            some = " more than one" if self._guests.wanted else ""
            raise BoardProblem(
                f"nothing can be measured on {status.link_detail} itself",
                detail="the hypervisor's terminal runs no programs; the sampler runs in a guest"
                + (f", and not in{some}" if some else ""),
                hint=f"hvconsole record {status.board} --guest GUEST",
            )
        if settings.loads:
            raise BoardProblem(
                "a load cannot run beside the sampler in a guest",
                detail="both would share the guest's one console",
                hint="start another guest that is busy, and record without --load",
            )
        await self._guests.prepare(settings, self._bench.guest_sampler)
        [stream] = self._guests.streams
        place = stream.place
        self._bench.measures_in(stream.guest.name, place.told, place.probe)
        programs = {place.probe.name: place.probe.path}
        there = msgspec.structs.replace(settings, guest=stream.guest.name)
        return Ground(place.link, programs, there)

    def refuse_guests(self) -> None:
        """Refuse guests beside a run that has the board's only line.

        Raises:
            UsageProblem: There is but that line.
        """
        link = self._keeper.link
        over = link is not None and bool(self._serial) and goes_over(link.name, self._serial)
        if self._guests.wanted and over and not self._keeper.is_alone:
            board = self._standing.status.board
            raise UsageProblem(
                f"--guest needs a console beside the run, and '{board}' has one serial line",
                hint='give the board an address, ssh = "root@ADDRESS", or record without --guest',
            )
