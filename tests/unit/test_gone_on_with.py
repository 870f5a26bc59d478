"""A campaign that is gone on with on a simulated board made anew: no run is the same run twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from hvconsole.campaign.log import CampaignLog
from hvconsole.commands.targets import SimWords, gone_on_with
from hvconsole.sim import keep


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE", "CONFIG"):
        monkeypatch.setenv(f"HVCONSOLE_{name}_DIR", str(tmp_path / name.lower()))


def test_each_time_it_gets_a_seed_of_its_own() -> None:
    assert gone_on_with("sim", None, 0) is None
    words = SimWords(seed=7, speed=5.0)
    assert gone_on_with("sim", words, 0) == words
    again = [gone_on_with("sim", words, times) for times in (1, 2)]
    seeds = [one.seed for one in again if one is not None and one.seed is not None]
    # Each boot takes the next seed: they have to lie further apart than a campaign has boots.
    assert [later - sooner > 1000 for sooner, later in zip([7, *seeds], seeds, strict=False)] == [
        True,
        True,
    ]
    assert all(one is not None and one.speed == 5.0 for one in again)


def test_other_boards_and_one_that_is_kept_stay_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert gone_on_with("lab-virt", None, 3) is None
    monkeypatch.setattr(keep, "kept_board", object)
    assert gone_on_with("sim", None, 3) is None


def test_how_often_it_was_begun(tmp_path: Path) -> None:
    for times in range(3):
        log = CampaignLog(tmp_path)
        assert log.times_begun == times
        log.begin("sim", "", "")
