"""Campaigns that are loaded when they are first asked for: the first frame needs none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hvconsole.ui.campaigns import CampaignCard, PlanCard, Progress

if TYPE_CHECKING:
    from hvconsole.commands.campaigns import CommandCampaigns
    from hvconsole.model.campaign import Preview


class LaterCampaigns:
    """Stands for `CommandCampaigns` until it is needed (the `Campaigns` of `ui.campaigns`)."""

    def __init__(self) -> None:
        self._made: CommandCampaigns | None = None

    @property
    def _real(self) -> CommandCampaigns:
        if self._made is None:
            from hvconsole.commands.campaigns import CommandCampaigns

            self._made = CommandCampaigns()
        return self._made

    @property
    def progress(self) -> Progress | None:
        """The campaign of this console."""
        return self._made.progress if self._made is not None else None

    def cards(self) -> tuple[list[PlanCard], list[CampaignCard]]:
        """Return the plans, and the campaigns that were begun."""
        return self._real.cards()

    def text_of(self, path: Path) -> str:
        """Return a plan as it is written."""
        return self._real.text_of(path)

    def check(self, text: str, path: Path) -> tuple[Preview, str]:
        """Return what a plan would be, and the board it is for."""
        return self._real.check(text, path)

    def modes(self, board: str) -> tuple[str, ...]:
        """Return the boot modes of a board, as far as that is known without reaching it."""
        return self._real.modes(board)

    def save(self, text: str, path: Path) -> None:
        """Write a plan."""
        self._real.save(text, path)

    def may_begin(self, path: Path, board: str) -> None:
        """Say whether a campaign on a board could begin here and now."""
        self._real.may_begin(path, board)

    def begin(self, text: str, path: Path, board: str, folder: Path | None = None) -> None:
        """Begin a campaign, or go on with one."""
        self._real.begin(text, path, board, folder)

    async def stop(self) -> None:
        """End the campaign in order."""
        if self._made is not None:
            await self._made.stop()
