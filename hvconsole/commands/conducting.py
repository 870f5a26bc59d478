"""A campaign's runs on a board that is reached: each in a session of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from hvconsole import __version__
from hvconsole.campaign.conduct import Conductor, Event
from hvconsole.campaign.log import CampaignLog
from hvconsole.campaign.plan import Plan
from hvconsole.commands.sessions import live_session
from hvconsole.model.board import BoardProfile


def conductor_of(
    plan: Plan,
    profile: BoardProfile,
    folder: Path,
    log: CampaignLog,
    *,
    accept_new_host_key: bool,
    tell: Callable[[Event], None],
) -> Conductor:
    """Note in the log that a plan is begun on a board; return who makes its runs.

    Args:
        plan: The plan.
        profile: The board.
        folder: The campaign's.
        log: Of that folder.
        accept_new_host_key: Take a host key that no file knows yet.
        tell: Told of each event.
    """
    log.begin(profile.name, hashlib.sha256(plan.text.encode()).hexdigest(), __version__)
    return Conductor(
        plan,
        profile.modes,
        folder,
        log,
        make=lambda settings, path: live_session(
            profile, settings, record_to=path, accept_new_host_key=accept_new_host_key
        ),
        tell=tell,
    )
