"""The report's page: self-contained, escaped, and the same figures as everywhere else."""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from sessions import make_session, run_values
from values import HZ, START, heartbeat, hello, switches

from hvconsole.analysis.report.page import write_report
from hvconsole.analysis.report.svg import linear_axis, log_axis, nines_axis
from hvconsole.commands import report as command
from hvconsole.model.problem import RecordProblem, UsageProblem
from hvconsole.wire.values import End

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=y>\x1b[2J\u202e"
_VOID = {"meta", "br"}


class Page(HTMLParser):
    """Checks that elements nest, and collects what could reach outside or run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def sessions(folder: Path, *conditions: str, n: int = 5) -> list[Path]:
    return [
        make_session(
            folder / f"{i}-{place}.hvs",
            [run_values((1,), each=200 * (place + 1), seed=i)],
            [condition],
            labels=("simulated",),
        )
        for i in range(n)
        for place, condition in enumerate(conditions)
    ]


def written(tmp_path: Path, paths: list[Path], **options: object) -> str:
    out = tmp_path / "r.html"
    write_report(paths, out, **options)
    return out.read_text(encoding="utf-8")


def test_the_page_is_whole_and_reaches_nowhere(tmp_path: Path) -> None:
    text = written(tmp_path, sessions(tmp_path, "native", "credit"))
    page = Page(text)
    assert page.open == []
    assert not page.tags & {"script", "link", "img", "iframe", "object", "form", "base", "a"}
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "src"]
    assert "url(" not in text
    assert "http://" not in text
    assert "https://" not in text
    assert "default-src 'none'" in text
    assert "simulated" in page.words.split("What the runs show")[0]


def test_everything_from_a_board_is_escaped(tmp_path: Path) -> None:
    facts = {"kernel": EVIL, EVIL: {EVIL: [EVIL]}, "clocks": [{"governor": EVIL}]}
    paths = [
        make_session(
            tmp_path / f"<b>{i}.hvs",
            None,
            [EVIL],
            facts=facts,
            kind=EVIL,
            probes={EVIL: EVIL},
            built_by={EVIL: EVIL},
            labels=(EVIL,),
        )
        for i in range(2)
    ]
    text = written(tmp_path, paths, title=EVIL)
    page = Page(text)
    assert page.open == []
    assert not page.tags & {"script", "img", "b"}
    assert "alert(1)" in page.words
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_provenance_goes_down_to_the_bytes(tmp_path: Path) -> None:
    paths = sessions(tmp_path, "native", n=1)
    text = written(tmp_path, paths)
    for name in ("frames.bin", "manifest.toml"):
        assert hashlib.sha256((paths[0] / name).read_bytes()).hexdigest() in text


def test_the_commands_are_those_that_made_it(tmp_path: Path) -> None:
    paths = sessions(tmp_path, "it's; rm -rf $HOME", n=1)
    words = Page(written(tmp_path, paths, reference=None)).words
    lines = [line for line in words.splitlines() if line.startswith("hvconsole ")]
    record, report = (shlex.split(line) for line in lines)
    assert record[:3] == ["hvconsole", "record", "local"]
    assert record[record.index("--label") + 1] == "it's; rm -rf $HOME"
    assert record[record.index("--seconds") + 1] == "5"
    assert report == ["hvconsole", "report", str(paths[0]), "--out", str(tmp_path / "r.html")]


def test_artefacts_stand_in_their_own_section(tmp_path: Path) -> None:
    gap = HZ // 20
    pairs = [(START + s * HZ + HZ // 2, gap) for s in range(4)]
    values = [
        msgspec.structs.replace(hello(), fifo=10),
        switches(1, [*pairs, (START + 4 * HZ, 240)]),
        heartbeat(1, START + 5 * HZ, detected=5, recorded=5, lost_ticks=4 * gap + 240),
        End(reason="time"),
    ]
    path = make_session(tmp_path / "a.hvs", [values], ["fifo"])
    text = written(tmp_path, [path])
    assert "RT throttle or fair server" in text
    assert text.count('class="artefact"') == 4


def test_runs_without_switches_make_a_page_too(tmp_path: Path) -> None:
    path = make_session(tmp_path / "a.hvs", [[hello(), heartbeat(1, START + HZ)]], ["native"])
    page = Page(written(tmp_path, [path]))
    assert "upper bound 3 a second" in page.words
    assert "nan" not in page.words.lower().split()


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    paths = sessions(tmp_path, "native", n=1)
    out = tmp_path / "r.html"
    out.write_text("mine")
    with pytest.raises(UsageProblem, match="exists already"):
        write_report(paths, out)
    assert out.read_text() == "mine"
    write_report(paths, out, force=True)
    with pytest.raises(RecordProblem, match="cannot be written"):
        write_report(paths, tmp_path / "missing" / "r.html")


def test_the_command_tells_what_it_wrote(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    out, runs = tmp_path / "r.html", tmp_path / "runs.csv"
    words = [*map(str, sessions(tmp_path, "native", n=2)), "--out", str(out), "--json"]
    assert command.run(parser.parse_args([*words, "--runs", str(runs)])) == 0
    assert json.loads(capsys.readouterr().out)["runs"] == 2
    assert runs.read_text().count("\n") == 3


def test_scales_keep_their_promises() -> None:
    log = log_axis([30.0, 20_000.0], str, "")
    assert log.ticks == (10.0, 100.0, 1000.0, 10_000.0, 100_000.0)
    assert log.share(1000.0) == pytest.approx(0.5)
    assert log.share(1.0) == 0
    linear = linear_axis(0.0, 3.0, str, "")
    assert linear.ticks == pytest.approx((0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0))
    nines = nines_axis("", 3)
    steps = [nines.share(1 - 10.0**-n) for n in (1, 2, 3)]
    assert steps[2] - steps[1] == pytest.approx(steps[1] - steps[0])
    assert nines.share(1.0) == 1


def test_every_chart_says_what_its_figures_are(tmp_path: Path) -> None:
    text = written(tmp_path, sessions(tmp_path, "native", "credit"))
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", text)
    assert len(captions) > 10
    assert all(caption.startswith("<strong>simulated</strong> ") for caption in captions)


def test_what_a_campaign_could_not_have_is_told_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "a.hvc"
    sessions(folder, "native", n=1)
    lines = [
        {"kind": "run", "outcome": "kept", "session": "0-0.hvs"},
        {"kind": "run", "outcome": "not available", "condition": "jailhouse", "why": "no <mode>"},
    ]
    (folder / "campaign.jsonl").write_text("\n".join(map(json.dumps, lines)))
    text = written(tmp_path, [folder])
    assert "jailhouse: not available: no &lt;mode&gt;" in text
