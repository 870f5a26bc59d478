"""Whatever is typed into a form becomes an action, or is refused with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from desks import xen
from hypothesis import given, strategies as st
from sessions import make_session
from shelf import draw, opened, press, settled
from textual.widgets import Input

from hvconsole.model.problem import UsageProblem
from hvconsole.ui.screens.fields import FieldsScreen
from hvconsole.ui.view.form import Form
from hvconsole.ui.view.forms import forms
from hvconsole.ui.view.guests import items

TYPED = [
    *("", " ", "~", "~0", "~nobody/x", ".", "..", "/", "//", "-", "-1", "99999999999999999999"),
    *("[bold]x[/]", "[/", "\x1b]0;x\x07", "a\0b", "\ud800", "x" * 5000, "/dev/null/x", "/dev/zero"),
    *("0-", ",", "0-9999", "3-1", "yes", "a@0x", "@@", "a=b=c", "1e9", "٣", "%s", "$(id)"),
    *(".parquet", "/.csv", "x.parquet/", "~0.csv", "x" * 300 + ".arrow", ".hvs", "x.hvc"),
]


KINDS = (
    *("create", "load", "enable", "make pool", "destroy pool", "add cpu", "remove cpu"),
    *("move", "pin", "schedule", "switch scheduler"),
)


def offered() -> Iterator[Form]:
    """Yield each form of each hypervisor once."""
    survey, seen = xen(), set()
    for system, active in (("xen", True), ("jailhouse", True), ("jailhouse", False), ("kvm", True)):
        there = replace(survey, system=system, active=active, abilities=dict.fromkeys(KINDS, ""))
        for item in (None, *items(there)):
            for form in forms(there, item):
                if (key := (form.kind, form.title)) not in seen:
                    seen.add(key)
                    yield form


FORMS = [form for form in offered() if form.fields]


@given(st.sampled_from(FORMS), st.data())
def test_every_form_takes_any_word_or_refuses_it(form: Form, data: st.DataObject) -> None:
    values = {}
    for field in form.fields:
        chosen = [name for name, _ in field.choices]
        words = st.sampled_from(chosen) if chosen else st.sampled_from(TYPED) | st.text(max_size=30)
        values[field.name] = data.draw(words | st.just(field.value))
    with suppress(UsageProblem):
        form.build(values)


def test_no_form_is_left_out() -> None:
    assert {form.kind for form in FORMS} >= set(KINDS) - {"destroy pool", "remove cpu"}


@pytest.mark.parametrize("keys", [("f6", "e"), ("f9", "o")], ids=["export", "compare"])
async def test_a_file_is_judged_whatever_is_typed(
    keys: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HVCONSOLE_SESSIONS_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    make_session(tmp_path / "a.hvs")
    async with opened() as driver:
        for key in keys:
            await press(driver, key)
            await settled(driver)
        form = driver.app.screen
        assert isinstance(form, FieldsScreen)
        for text in TYPED:
            form.query_one("#file", Input).value = text
            await draw(driver.pilot)
            assert driver.app.screen is form


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_a_board_is_judged_whatever_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("HVCONSOLE_CONFIG_DIR", str(tmp_path))
    async with opened(size=size) as driver:
        await press(driver, "f5", "a")
        form = driver.app.screen
        fields = list(form.query(Input))
        assert len(fields) > 3
        for text in TYPED:
            for field in fields:
                field.value = text
            await draw(driver.pilot)
            assert driver.app.screen is form
