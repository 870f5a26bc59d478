"""Themes: strict files, errors that name the place, a palette for every role."""

from itertools import pairwise
from pathlib import Path

import pytest
from contrast import contrast
from rich.color import ColorType

from hvconsole.config.resources import resource_dir
from hvconsole.config.themes import ANSI_COLOURS, Roles, load_themes, read_theme, read_themes
from hvconsole.model.problem import Problem, UsageProblem
from hvconsole.ui.chart.cells import RAMP_STEPS, ROLES, Role, band, ramp, selected
from hvconsole.ui.theme import palette, textual_theme

OURS = ("ansi16", "colour-blind", "dark", "high-contrast", "light", "mono")

SMALL = """
title = "Small"
ramp = ["#0000ff", "#ffff00"]

[colors]
foreground = "#eeeeee"
background = "#000000"
surface = "#111111"
panel = "#222222"
primary = "#3355ff"
secondary = "#33ccaa"
accent = "#ffaa00"
success = "#00cc66"
warning = "#ffcc00"
error = "#ff3355"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HVCONSOLE_CONFIG_DIR", str(tmp_path))
    (tmp_path / "themes").mkdir()
    return tmp_path / "themes"


def write(folder: Path, text: str, name: str = "own.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_ours_are_all_there_and_right(folder: Path) -> None:
    themes = load_themes()
    assert tuple(sorted(themes.files)) == OURS
    assert not themes.broken


def test_the_roles_of_files_are_those_of_cells() -> None:
    assert set(Roles.__struct_fields__) == {role.name.lower() for role in Role}


@pytest.mark.parametrize("name", OURS)
def test_every_role_has_a_style(name: str) -> None:
    styles = palette(read_theme(resource_dir("themes") / f"{name}.toml"))
    assert len(styles.body) == len(styles.bar) == 2 * ROLES
    assert all(style.color is not None and style.bgcolor is not None for style in styles.body)


@pytest.mark.parametrize("name", ["ansi16", "mono"])
def test_terminal_themes_name_no_fixed_colour(name: str) -> None:
    styles = palette(read_theme(resource_dir("themes") / f"{name}.toml"))
    kinds = {colour.type for style in styles.body for colour in (style.color, style.bgcolor)}
    assert kinds <= {ColorType.DEFAULT, ColorType.STANDARD}


def test_mono_names_no_colour_at_all() -> None:
    styles = palette(read_theme(resource_dir("themes") / "mono.toml"))
    assert all(
        style.color.is_default and style.bgcolor.is_default for style in (*styles.body, *styles.bar)
    )


@pytest.mark.parametrize("name", ["dark", "light", "high-contrast", "colour-blind"])
def test_text_and_lengths_can_be_read_on_their_background(name: str) -> None:
    theme = read_theme(resource_dir("themes") / f"{name}.toml")
    styles = palette(theme)
    background = theme.colors.background
    for role in (Role.TEXT, Role.STRONG, Role.TITLE, Role.LABEL, Role.GOOD, Role.WARN, Role.BAD):
        colour = styles.body[role].color.get_truecolor().hex
        assert contrast(colour, background) >= 4.5, role.name
    for step in range(RAMP_STEPS):
        colour = styles.body[ramp(step)].color.get_truecolor().hex
        assert contrast(colour, background) >= 4.5, step  # figures are written in them


@pytest.mark.parametrize("name", ["dark", "light", "high-contrast", "colour-blind"])
def test_the_selected_row_can_be_read_as_well(name: str) -> None:
    styles = palette(read_theme(resource_dir("themes") / f"{name}.toml"))
    roles = [role for role in Role if role not in {Role.AREA, Role.HEADER}]
    for role in [*roles, *map(ramp, range(RAMP_STEPS))]:
        style = styles.body[selected(role)]
        front, back = (one.get_truecolor().hex for one in (style.color, style.bgcolor))
        assert contrast(front, back) >= 4.5, role


def test_a_colour_of_ones_own_is_kept_where_it_can_be_read(folder: Path) -> None:
    styles = palette(read_theme(write(folder, SMALL)))
    assert styles.body[selected(Role.WARN)].color == styles.body[Role.WARN].color
    assert styles.body[selected(Role.KEY)].color != styles.body[Role.KEY].color
    chip = styles.body[selected(Role.CHIP)]
    assert chip.bgcolor == styles.body[Role.CHIP].bgcolor


@pytest.mark.parametrize("name", ["ansi16", "mono"])
def test_a_reversed_row_is_one_bar(name: str) -> None:
    """A reversed colour is a patch of background, and dim words fade into a reversed row."""
    styles = palette(read_theme(resource_dir("themes") / f"{name}.toml"))
    for role in [*Role, *map(ramp, range(RAMP_STEPS))]:
        style = styles.body[selected(role)]
        assert style.reverse
        assert not style.dim
        assert style.color.is_default, role
        assert style.bgcolor.is_default, role
    assert styles.body[selected(Role.STRONG)].bold


@pytest.mark.parametrize("name", ["dark", "light", "high-contrast", "colour-blind"])
def test_longer_is_never_less_visible(name: str) -> None:
    """The ramp moves away from the background all the way, so grey vision keeps its order."""
    theme = read_theme(resource_dir("themes") / f"{name}.toml")
    styles = palette(theme)
    seen = [
        contrast(styles.body[ramp(step)].color.get_truecolor().hex, theme.colors.background)
        for step in range(RAMP_STEPS)
    ]
    assert all(b >= a * 0.97 for a, b in pairwise(seen))
    assert seen[-1] > 1.5 * seen[0]


def test_a_small_file_makes_a_whole_theme(folder: Path) -> None:
    theme = read_theme(write(folder, SMALL))
    styles = palette(theme)
    assert styles.body[ramp(0)].color.get_truecolor().hex == "#0000ff"
    assert styles.body[ramp(RAMP_STEPS - 1)].color.get_truecolor().hex == "#ffff00"
    assert styles.body[band(RAMP_STEPS - 1)].color.get_truecolor().hex == "#808000"
    assert styles.body[selected(Role.TEXT)].bgcolor.get_truecolor().hex == "#222222"
    assert styles.bar[Role.TEXT].bgcolor.get_truecolor().hex == "#111111"
    assert textual_theme("own", theme).primary == "#3355ff"


def test_a_users_theme_joins_and_may_replace(folder: Path) -> None:
    write(folder, SMALL)
    write(folder, SMALL.replace("Small", "My dark"), "dark.toml")
    themes = load_themes()
    assert sorted(themes.files) == sorted((*OURS, "own"))
    assert themes.files["dark"].title == "My dark"


@pytest.mark.parametrize(
    ("change", "title", "hint"),
    [
        (("foreground", "foregruond"), "unknown key 'foregruond'", "'foreground'"),
        (("[colors]", '[roles]\nthresold = "#ffffff"\n[colors]'), "'thresold'", "'threshold'"),
        (('"#eeeeee"', '"#eeeeeg"'), "colors.foreground = '#eeeeeg' is no colour", "#rrggbb"),
        (('"#eeeeee"', '"#eee"'), "colors.foreground = '#eee' is no colour", "#rrggbb"),
        (("#ffff00", "#ffff00 blod"), "ramp[1] = 'blod' is no colour", "'bold'"),
        (('["#0000ff", "#ffff00"]', "[]"), "ramp is empty", "at least one"),
        (('"#eeeeee"', '"ansi_white"'), "leaves the colour to the terminal", "ansi = true"),
        (("title", "dark = 3\ntitle"), "dark is not what it should be", ""),
        (('foreground = "#eeeeee"\n', ""), "colors is not what it should be", ""),
        (("[colors]", "[colors"), "is not valid TOML", ""),
    ],
)
def test_mistakes_are_named_with_file_key_and_spelling(
    folder: Path, change: tuple[str, str], title: str, hint: str
) -> None:
    path = write(folder, SMALL.replace(*change))
    with pytest.raises(UsageProblem) as caught:
        read_theme(path)
    assert str(path) in caught.value.title
    assert title in caught.value.title
    assert hint in caught.value.hint


def test_fixed_colours_in_a_terminal_theme_are_refused(folder: Path) -> None:
    with pytest.raises(UsageProblem, match="fixed colour"):
        read_theme(write(folder, "ansi = true\n" + SMALL))


def test_terminal_colours_have_suggestions(folder: Path) -> None:
    text = (resource_dir("themes") / "ansi16.toml").read_text()
    path = write(folder, text.replace('primary = "ansi_bright_blue"', 'primary = "ansi_blu"'))
    with pytest.raises(UsageProblem) as caught:
        read_theme(path)
    assert caught.value.hint == "did you mean 'ansi_blue'?"


def test_a_broken_file_spares_the_others(folder: Path) -> None:
    write(folder, "title = 3", "a.toml")
    write(folder, SMALL, "b.toml")
    themes = read_themes([folder])
    assert list(themes.files) == ["b"]
    assert list(themes.broken) == [folder / "a.toml"]


def test_a_folder_that_is_not_there_has_no_themes(tmp_path: Path) -> None:
    assert not read_themes([tmp_path / "nowhere"]).files


def test_style_words_keep_their_place(folder: Path) -> None:
    roles = '[roles]\nchip = "#000000 on #ffffff bold underline"\n[colors]'
    style = palette(read_theme(write(folder, SMALL.replace("[colors]", roles)))).body[Role.CHIP]
    assert (style.bold, style.underline) == (True, True)
    assert style.bgcolor.get_truecolor().hex == "#ffffff"


def test_a_missing_resource_is_told() -> None:
    with pytest.raises(Problem, match="folder of nothings is missing"):
        resource_dir("nothings")


def test_every_terminal_colour_can_be_painted(folder: Path) -> None:
    text = (resource_dir("themes") / "mono.toml").read_text()
    for colour in ANSI_COLOURS:
        theme = read_theme(write(folder, text.replace('frame = "dim"', f'frame = "{colour}"')))
        assert palette(theme).body[Role.FRAME].color is not None
