"""Columns of the Hypervisor screen: beside the names, exactly as wide as the screen."""

from __future__ import annotations

from hypothesis import given, strategies as st

from hvconsole.model.text import width
from hvconsole.ui.view.aligned import aligned
from hvconsole.ui.view.line import Part, row_width

ROWS = [
    (Part("▶ dom0"), [Part("running", keep=90), Part("512 MiB", keep=30), Part("", keep=0)]),
    (Part("  ╰ vCPU 0"), [Part("on CPU 0", keep=80), Part("", keep=0), Part("", keep=0)]),
    (Part("▶ guest"), [Part("paused", keep=90), Part("64 MiB", keep=30), Part("", keep=0)]),
]


def shown(at: int) -> list[str]:
    return ["".join(text for text, _ in row) for row in aligned(ROWS, at)]


def test_columns_stand_beside_the_names_however_wide_the_screen_is() -> None:
    for wide in (60, 120, 300):
        first, second, third = shown(wide)
        assert first.rstrip() == "▶ dom0        running     512 MiB"
        assert second.rstrip() == "  ╰ vCPU 0    on CPU 0"
        assert third.rstrip() == "▶ guest       paused       64 MiB"


def test_where_room_is_scarce_gaps_shrink_and_then_columns_go() -> None:
    assert shown(30)[0].rstrip() == "▶ dom0      running   512 MiB"
    assert shown(24)[0].rstrip() == "▶ dom0        running"
    assert shown(12)[0].rstrip() == "▶ dom0"


texts = st.text("ab1 é漢▶", max_size=12)
lines = st.integers(0, 4).flatmap(
    lambda columns: st.lists(
        st.tuples(texts, st.lists(texts, min_size=columns, max_size=columns)), max_size=5
    )
)


@given(lines, st.integers(0, 90))
def test_rows_are_exactly_as_wide_as_there_is_room(told: list, room: int) -> None:
    rows = aligned([(Part(name), [Part(one) for one in parts]) for name, parts in told], room)
    assert [row_width(row) for row in rows] == [room] * len(told)
    for row, (name, _) in zip(rows, told, strict=True):
        if width(name) <= room:
            assert "".join(text for text, _ in row).startswith(name)
