"""Nothing heavy is imported before it is needed: looked at in fresh interpreters."""

import json
import subprocess
import sys

import pytest

HEAVY = ("polars", "asyncssh", "plotext", "textual", "numpy", "tomlkit", "rich")


def loaded_by(code: str) -> set[str]:
    script = f"import sys, json\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import hvconsole.cli", ()),
        ("import hvconsole.cli as c; c.build_parser(['--help'])", ()),
        ("import hvconsole.wire.stream", ("numpy",)),
        ("import hvconsole.stream.live", ("numpy",)),
        ("import hvconsole.commands.config", ("numpy",)),
        ("import hvconsole.ui.app, hvconsole.commands.connect", ("textual", "rich")),
        ("import hvconsole.session.session", ("numpy",)),
        ("import hvconsole.record.capture", ("numpy", "tomlkit")),
    ],
)
def test_imports_stay_light(code: str, allowed: tuple[str, ...]) -> None:
    loaded = {name for name in HEAVY if name in loaded_by(code)}
    assert loaded <= set(allowed)
