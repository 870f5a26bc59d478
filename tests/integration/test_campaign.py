"""Campaigns as a person starts them: here and on the simulated board, killed, resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LOCAL = """
name = "quick"
repetitions = 2
warm_up_s = 0.2
[measure]
seconds = 0.4
threshold_ns = 2000
[[conditions]]
name = "idle"
[[conditions]]
name = "loaded"
measure = {loads = ["burn@0"]}
[[conditions]]
name = "elsewhere"
mode = "xen-credit"
"""

SIM = """
name = "modes"
board = "sim"
repetitions = 1
warm_up_s = 0.2
retries = 0
[measure]
seconds = 1
cpus = [1]
[[conditions]]
name = "native"
mode = "native"
governor = "performance"
[[conditions]]
name = "busy"
mode = "xen-credit"
do = [
    ["create", "busy.cfg"],
    ["pin", "busy", "--hard", "1"],
    ["pin", "Domain-0", "--vcpu", "1", "--hard", "1"],
    ["sched", "Domain-0", "weight=512"],
]
"""


def hvconsole(*words: str, cwd: Path, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hvconsole", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env=os.environ | {"XDG_STATE_HOME": str(cwd / "state")},
    )


def lines(folder: Path) -> list[dict[str, object]]:
    found = [json.loads(text) for text in (folder / "campaign.jsonl").read_text().splitlines()]
    return [one for one in found if one["kind"] == "run"]


def test_a_campaign_on_this_machine(tmp_path: Path) -> None:
    plan = tmp_path / "quick.toml"
    plan.write_text(LOCAL)
    done = hvconsole("run", str(plan), "--out", "here", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert "no boot mode 'xen-credit'" in told["not_available"]["elsewhere"]
    assert [run["condition"] for run in told["runs"]].count("idle") == 2
    assert len(told["sessions"]) == 4
    kept = [one for one in lines(tmp_path / "here") if one["outcome"] == "kept"]
    assert sorted((one["block"], one["condition"]) for one in kept) == [
        (1, "idle"),
        (1, "loaded"),
        (2, "idle"),
        (2, "loaded"),
    ]
    again = hvconsole("run", str(plan), "--resume", "here", cwd=tmp_path)
    assert again.returncode == 0
    assert "0 runs to go" in again.stderr
    other = hvconsole("run", "local-noise", "--resume", "here", cwd=tmp_path)
    assert other.returncode == 2
    assert "was begun with another plan" in other.stderr


def test_a_campaign_that_is_killed_goes_on(tmp_path: Path) -> None:
    plan = tmp_path / "quick.toml"
    plan.write_text(LOCAL)
    with subprocess.Popen(
        [sys.executable, "-m", "hvconsole", "run", str(plan), "--out", "here"],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as running:
        log = tmp_path / "here" / "campaign.jsonl"
        end = time.monotonic() + 60
        while not (log.exists() and '"kept"' in log.read_text()):
            assert time.monotonic() < end
            time.sleep(0.05)
        running.send_signal(signal.SIGKILL)
    before = [one["number"] for one in lines(tmp_path / "here") if one["outcome"] == "kept"]
    done = hvconsole("run", str(plan), "--resume", "here", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    kept = [one["number"] for one in lines(tmp_path / "here") if one["outcome"] == "kept"]
    assert kept[: len(before)] == before, "what was kept is not measured again"
    assert len(kept) == len(set(kept)) == 4


def test_boot_modes_guests_and_governor_on_the_simulated_board(tmp_path: Path) -> None:
    plan = tmp_path / "modes.toml"
    plan.write_text(SIM)
    done = hvconsole("run", str(plan), "--out", "here", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    by_name = {one["condition"]: one for one in lines(tmp_path / "here")}
    native, busy = by_name["native"]["proof"], by_name["busy"]["proof"]
    assert isinstance(native, dict)
    assert isinstance(busy, dict)
    assert native["hypervisor"] == "none"
    assert native["frequency"].startswith("performance")
    assert busy["scheduler"] == "credit"
    assert "busy running" in busy["guests"]
    assert "weight=512" in busy["guests"]
    longest = {run["condition"]: run["max_ns"] for run in json.loads(done.stdout)["runs"]}
    assert longest["busy"] > 10 * longest["native"], "the busy guest is seen in the samples"


@pytest.mark.parametrize("words", [["--repetitions", "0"], ["--seconds", "-1"], ["--seed", "3"]])
def test_wrong_words(tmp_path: Path, words: list[str]) -> None:
    done = hvconsole("run", "local-noise", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*.hvc"))


def test_the_papers_campaign_killed_between_boots_and_gone_on_with(tmp_path: Path) -> None:
    words = ["run", "paper", "--repetitions", "1", "--seconds", "1", "--speed", "5"]
    with subprocess.Popen(
        [sys.executable, "-m", "hvconsole", *words, "--out", "here"],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")},
    ) as running:
        end = time.monotonic() + 120
        # In the middle of a run: a folder is there that the log does not know yet.
        while len(list((tmp_path / "here").glob("*.hvs"))) < 2:
            assert time.monotonic() < end
            time.sleep(0.05)
        running.send_signal(signal.SIGKILL)
    before = [one["number"] for one in lines(tmp_path / "here")]
    assert len(before) == 1
    done = hvconsole(*words, "--resume", "here", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert sorted(run["condition"] for run in told["runs"]) == [
        "jailhouse",
        "native",
        "xen-credit",
        "xen-rtds",
    ]
    made = hvconsole("report", "here", "-o", "paper.html", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    page = (tmp_path / "paper.html").read_text()
    assert page.count("<strong>simulated</strong>") == page.count("<figcaption>") > 8
    assert "hvconsole sim start" in page  # Jailhouse was enabled before its run
