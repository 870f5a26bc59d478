"""The form of our files as JSON Schema: every key is in it, with the words that we have on it."""

from __future__ import annotations

import argparse
import json
import tomllib
from pathlib import Path

import msgspec
import pytest

from hvconsole.commands import config
from hvconsole.commands.config_schema import SCHEMAS, schema
from hvconsole.model.problem import UsageProblem

ROOT = Path(__file__).parents[2]


def words(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    config.add_arguments(parser)
    return parser.parse_args(given)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_printed_as_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert config.run(words("schema", name)) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(msgspec.json.encode(schema(name)))


@pytest.mark.parametrize(
    ("name", "main", "files"), [("theme", "ThemeFile", "themes"), ("plan", "PlanFile", "plans")]
)
def test_every_key_of_what_comes_along_is_in_it(name: str, main: str, files: str) -> None:
    known = schema(name)["$defs"][main]["properties"]
    for path in (ROOT / files).glob("*.toml"):
        assert tomllib.loads(path.read_text()).keys() <= known.keys(), path


def test_keys_have_their_words() -> None:
    keys = schema("settings")["$defs"]["Settings"]["properties"]
    assert keys["frames_per_second"]["description"].startswith("How often the console paints")


def test_what_takes_no_file_says_so() -> None:
    with pytest.raises(UsageProblem, match="takes no file"):
        config.run(words("show", "plan"))
